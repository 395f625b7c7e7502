"""A service that runs as a host: one process tree on 127.0.0.1, seen from the pytest process."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.host.channel import ChannelClosedError
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.host.processes import Keeper, Slots, channel_pair
from pytest_seedstate.services.host.tally import Tally
from pytest_seedstate.services.ports import HOST, ReservedPort
from pytest_seedstate.services.python_child import PythonChild
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.changes import Change

_START_SECONDS = 60.0


class HostService(ABC):
    """An embedded service whose states are processes.

    A service is a subclass with a name, a title and the module whose ``main`` is the root process.

    Args:
        rundir: the run's folder; the log and the counters go there.
        port: the TCP port on 127.0.0.1, or None for a free one.
        config: what the root process is told besides what every root is.

    Raises:
        SeedstateError: this system cannot fork.
    """

    name: str
    title: str
    root_module: str

    def __init__(
        self, rundir: RunDir, *, port: int | None = None, config: Mapping[str, Any]
    ) -> None:
        if not hasattr(os, "fork"):
            raise SeedstateError(
                f"{self.title} keeps states by forking, which this system cannot",
                fix="run under Linux or WSL",
            )
        self._rundir = rundir
        self._wanted_port = port
        self._config = config
        self._owner = os.getpid()
        self._reserving = threading.Lock()
        self._port: ReservedPort | None = None
        self._root: PythonChild | None = None
        self._tally: Tally | None = None
        self._journal: HostJournal | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """``url``, ``host`` and ``port``.

        Raises:
            SeedstateError: the port is taken.
        """
        with self._reserving:
            if self._port is None:
                self._port = ReservedPort(
                    self._wanted_port, service=self.title, setting=f"seedstate_{self.name}_port"
                )
        number = str(self._port.number)
        return {"url": f"http://{HOST}:{number}", "host": HOST, "port": number}

    @property
    def journal(self) -> HostJournal:
        """What rewinds all that the host holds, since it was started.

        Raises:
            SeedstateError: it does not run, or belongs to the process that this one was forked of.
        """
        if self._journal is None or os.getpid() != self._owner:
            raise SeedstateError(f"{self.title} does not run in this process")
        return self._journal

    @abstractmethod
    def describe(self, at: Touch, before: Any, after: Any) -> Change:
        """The change of a record, from what is held for it before and after; None for nothing."""

    def start(self) -> None:
        """Start the host and wait until it serves; harmless when it runs.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
            MissingExtraError: something that it needs is not installed.
        """
        if self._journal is not None:
            return
        _ = self.variables
        folder = self._rundir.folder(self.name)
        self._tally = Tally.create(folder / "tally")
        channel, theirs = channel_pair()
        with theirs:
            root = self._root = self._spawn(theirs.fileno(), folder)
        self._rundir.record(root.pid, signal.SIGTERM)
        atexit.register(self.stop)
        try:
            answer = channel.receive(_START_SECONDS)
        except (ChannelClosedError, TimeoutError):
            answer = None
        if answer is None or "ready" not in answer:
            channel.close()
            error = root.failed("did not start") if answer is None else self.not_made(answer)
            self.stop()
            raise error
        assert self._port is not None
        # It listens now: with a copy of ours, requests to a host that died would wait for ever.
        self._port.close()
        self._journal = HostJournal(
            self.name,
            self.title,
            root=Keeper(channel, segment=0),
            slots=Slots(self._tally),
            describe=self.describe,
            died=lambda: root.failed("ended unasked"),
        )

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a host that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """
        if self._journal is None or self._root is None:
            return None
        return self._root.failure(patience)

    def stop(self) -> None:
        """Stop it; harmless when it does not run, or in a forked child."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._root is not None:
            self._root.end()
            self._root = None
        if self._tally is not None:
            self._tally.close()
            self._tally = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have it outlive this process, see `Service.give_to`."""
        descriptors = self.journal.give_to(pid, start)
        atexit.unregister(self.stop)
        self.journal.close()
        self._journal = None
        if self._tally is not None:
            self._tally.close()
            self._tally = None
        if self._root is not None:
            self._root.disown()
            self._root = None
        return descriptors

    def not_made(self, answer: Mapping[str, Any]) -> SeedstateError:
        """Why the root process could not make what it was to serve, from its answer."""
        if answer["missing"]:
            return MissingExtraError("embedded", answer["missing"], self.title)
        lines = self._root.log_tail() if self._root is not None else None
        return SeedstateError(f"{self.title} did not start: {answer['failed']}", detail=lines)

    def _spawn(self, control: int, folder: Path) -> PythonChild:
        assert self._port is not None
        listener = self._port.socket.fileno()
        config = {
            "control": control,
            "listener": listener,
            "tally": str(folder / "tally"),
            "owner": [self._owner, platform.process_start(self._owner)],
            **self._config,
        }
        return PythonChild(
            self.title,
            self.root_module,
            config,
            descriptors=(control, listener),
            log=folder / "log",
        )

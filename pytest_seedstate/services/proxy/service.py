"""The recording proxy as the pytest process sees it."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.host.channel import Channel, ChannelClosedError, Message
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.processes import channel_pair
from pytest_seedstate.services.host.tally import Tally
from pytest_seedstate.services.ports import HOST, ReservedPort
from pytest_seedstate.services.proxy.slots import BEGUN, ENDED
from pytest_seedstate.services.python_child import PythonChild
from pytest_seedstate.services.rundir import RunDir

_START_SECONDS = 60.0
_PATIENCE = 30.0
_ENDING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written through the proxy since the record was last taken.

    Attributes:
        touches: records and whole collections that may have changed, with who wrote to them.
        notes: what else changed, as phrases.
        writers: all who wrote, the first few.
        written: what `RecordingProxy.written` was at the end of this record; a later value means
            later writes, or writes that were in flight at that moment: those are in the next
            record again, since their effect may come after this one.
    """

    touches: Mapping[Touch, tuple[str, ...]]
    notes: Sequence[str]
    writers: Sequence[str]
    written: int


class RecordingProxy:
    """A process between applications and a service, which notes what they write.

    Args:
        rundir: the run's folder; the log and the counters go there.
        title: how it is called in messages, e.g. ``the recording proxy of LocalStack``.
        upstream: the variables of the service, asked for when the proxy starts: ``url`` (``http``
            or ``https``), with ``ca_file`` (a path) where its certificate is signed by an
            authority of one's own; for ``aws`` ``region``, ``access_key`` and ``secret_key``.
        classifier: what kind of service it is: ``aws`` or ``opensearch``.
        port: the TCP port on 127.0.0.1, or None for a free one.
    """

    def __init__(
        self,
        rundir: RunDir,
        *,
        title: str,
        upstream: Callable[[], Mapping[str, str]],
        classifier: str,
        port: int | None = None,
    ) -> None:
        self.title = title
        self._rundir = rundir
        self._upstream = upstream
        self._classifier = classifier
        self._wanted_port = port
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._reserved: ReservedPort | None = None
        self._child: PythonChild | None = None
        self._channel: Channel | None = None
        self._tally: Tally | None = None

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """The port that it listens on, known before `start`.

        Raises:
            SeedstateError: the port is taken.
        """
        # Clients are made while `start` waits with the lock.
        if (reserved := self._reserved) is not None:
            return reserved.number
        with self._lock:
            if self._reserved is None:
                self._reserved = ReservedPort(
                    self._wanted_port,
                    service=self.title,
                    setting=f"seedstate_{self._classifier}_port",
                )
            return self._reserved.number

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``; see `port`."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens; harmless when it runs. The service need not run yet.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
            MissingExtraError: a package that it needs is not installed.
        """
        with self._lock:
            if self._channel is not None:
                return
            _ = self.port
            folder = self._rundir.folder(f"{self._classifier}-proxy")
            self._tally = Tally.create(folder / "tally")
            channel, theirs = channel_pair()
            with theirs:
                child = self._child = self._spawn(theirs.fileno(), folder)
            self._rundir.record(child.pid, signal.SIGTERM)
            atexit.register(self.stop)
            answer = self._first_answer(channel, folder)
            if answer is None or "ready" not in answer:
                channel.close()
                error = self._not_started(child, answer)
                self.stop()
                raise error
            assert self._reserved is not None
            # It listens now: with a copy of ours, clients of a dead proxy would wait for ever.
            self._reserved.close()
            self._channel = channel

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a proxy that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """
        if self._channel is None or self._child is None:
            return None
        return self._child.failure(patience)

    def written(self) -> int:
        """How many writes were begun since the start: a look at shared memory, no request.

        A write is counted before the service gets the last byte of it.
        """
        return 0 if self._tally is None else self._tally.written(BEGUN)

    def settle(self, seconds: float) -> list[str]:
        """Wait until the service has answered all writes that it got.

        Args:
            seconds: how long to wait.

        Returns:
            Those that it has not answered then, one phrase each.

        Raises:
            SeedstateError: the proxy does not run.
        """
        if self._tally is not None:
            # In this order: a write that begins in between makes them differ.
            ended = self._tally.written(ENDED)
            if self._tally.written(BEGUN) == ended:
                return []
        answer = self._ask({"do": "settle", "seconds": seconds}, _PATIENCE + seconds)
        busy: list[str] = answer["busy"]
        return busy

    def take(self) -> Recorded:
        """Everything that was recorded since the last call.

        Raises:
            SeedstateError: the proxy does not run.
        """
        told = self._ask({"do": "take"})["taken"]
        touches = {Touch(*touch): tuple(names) for touch, names in told["touches"]}
        return Recorded(touches, told["notes"], told["writers"], told["written"])

    def forget_definitions(self) -> None:
        """Tables or buckets were made anew past the proxy, other than ones that it has recorded.

        Raises:
            SeedstateError: the proxy does not run.
        """
        self._ask({"do": "forget"})

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have it outlive this process, see `Service.give_to`."""
        with self._lock:
            self._ask({"do": "change owner", "owner": [pid, start]})
            assert self._channel is not None
            descriptor = os.dup(self._channel.fileno())
            atexit.unregister(self.stop)
            self._close_channel()
            if self._child is not None:
                self._child.disown()
                self._child = None
        return [descriptor]

    def stop(self) -> None:
        """Stop it; harmless when it does not run, or in a forked child."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        with self._lock:
            self._close_channel()
            if self._child is not None:
                self._child.end()
                self._child = None
            if self._reserved is not None:
                self._reserved.close()
                self._reserved = None

    def _close_channel(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._tally is not None:
            self._tally.close()
            self._tally = None

    def _spawn(self, control: int, folder: Path) -> PythonChild:
        assert self._reserved is not None
        listener = self._reserved.socket.fileno()
        return PythonChild(
            self.title,
            "pytest_seedstate.services.proxy.process",
            {"control": control, "listener": listener},
            descriptors=(control, listener),
            log=folder / "log",
        )

    def _first_answer(self, channel: Channel, folder: Path) -> Message | None:
        config = {
            "upstream": dict(self._upstream()),
            "classifier": self._classifier,
            "tally": str(folder / "tally"),
            "owner": [self._owner, platform.process_start(self._owner)],
        }
        try:
            channel.send(config)
            return channel.receive(_START_SECONDS)
        except (ChannelClosedError, TimeoutError):
            return None

    def _ask(self, message: Message, patience: float = _PATIENCE) -> Message:
        with self._lock:
            if self._channel is None or os.getpid() != self._owner:
                raise SeedstateError(f"{self.title} does not run in this process")
            try:
                self._channel.send(message)
                return self._channel.receive(patience)
            except (ChannelClosedError, TimeoutError):
                assert self._child is not None
                error = self._child.failure(_ENDING_SECONDS)
                raise error or self._child.failed("does not answer") from None

    def _not_started(self, child: PythonChild, answer: Mapping[str, Any] | None) -> SeedstateError:
        if answer is None:
            return child.failed("did not start")
        if answer["missing"]:
            return MissingExtraError("containers", answer["missing"], self.title)
        return SeedstateError(
            f"{self.title} did not start: {answer['failed']}", detail=child.log_tail()
        )

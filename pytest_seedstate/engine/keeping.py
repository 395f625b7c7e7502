"""``--seedstate-keep=failed``: the state of the first failed test stays, also after the run.

At the failure what the stores hold becomes a baseline. The run goes on. At its end the stores go
back to that baseline, and a process that stays takes the services over, on their own ports.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_seedstate.engine.endpoint_urls import Endpoint
from pytest_seedstate.engine.states import SCHEMA_ONLY
from pytest_seedstate.engine.uprun import SOURCE_OF_KEPT, take_down_kept, up_data
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.project_runs import beside_runs

if TYPE_CHECKING:
    from pytest_seedstate.engine.fleet import Fleet

BASELINE = "kept of a failed test"
_PACKAGE_FOLDER = Path(__file__).parents[2]
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class KeptState:
    """The state of a failed test, served by a process of its own.

    Attributes:
        test: its node id.
        pid: the process that holds the services.
        replaced: the test whose state was kept before, by an earlier run; None where none was.
    """

    test: str
    pid: int
    replaced: str | None = None


class Keeping:
    """Keeps the state of one test of a project.

    Args:
        fleet: the services and stores.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._lock: platform.FileLock | None = None
        self._journals: set[str] = set()
        self.test: str | None = None

    def may_keep(self) -> bool:
        """Whether nothing is kept yet, by another worker of this run either."""
        if self.test is not None:
            return False
        lock = platform.FileLock(beside_runs(self._fleet.settings.root, "keeping.lock"))
        if not lock.acquire(create=True):
            return False
        self._lock = lock
        return True

    def keep(self, test: str) -> None:
        """Keep what all stores hold now.

        Raises:
            SeedstateError: a request or transaction goes on; nothing is kept.
        """
        self._journals.clear()
        try:
            for journal in self._fleet.journals:
                journal.keep(BASELINE)
                self._journals.add(journal.name)
        except SeedstateError:
            self.close()
            raise
        self.test = test

    def begins(self, test: str) -> None:
        """A test begins; where it is run again, what its last run leaves counts."""
        if test == self.test:
            self.test = None
            self.close()

    def hand_over(self) -> KeptState:
        """Go back to the kept state, and leave the services to a process that stays.

        Raises:
            SeedstateError: why that failed; the services still belong to this process.
        """
        assert self.test is not None
        root = self._fleet.settings.root
        for journal in self._fleet.journals:
            journal.switch(BASELINE if journal.name in self._journals else SCHEMA_ONLY)
        replaced = take_down_kept(root)
        endpoints = [
            Endpoint(name, variables, SOURCE_OF_KEPT)
            for name, variables in self._fleet.running.items()
        ]
        since = datetime.now(UTC).isoformat(timespec="seconds")
        pid = self._start_holder(up_data(since, endpoints, {}, kept=self.test))
        return KeptState(self.test, pid, replaced)

    def _start_holder(self, told: Mapping[str, object]) -> int:
        # The package may be importable here only through a path that pytest added.
        code = (
            f"import sys; sys.path.insert(0, {str(_PACKAGE_FOLDER)!r}); "
            "from pytest_seedstate.engine.holder import main; main()"
        )
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", code, str(theirs.fileno())],
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            # Nobody here will wait for it, which would warn.
            process.returncode = 0
            ours.settimeout(_ANSWER_SECONDS)
            try:
                self._answer(ours)
                start = platform.process_start(process.pid) or ""
                given = self._fleet.give_to(process.pid, start)
                names = [name for name, descriptors in given.items() for _ in descriptors]
                descriptors = [each for some in given.values() for each in some]
                message = {
                    "folders": [str(folder) for folder in self._fleet.folders],
                    "root": str(self._fleet.settings.root),
                    "names": names,
                    "up": told,
                }
                socket.send_fds(ours, [json.dumps(message).encode() + b"\n"], descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                self._answer(ours)
                self._fleet.leave_folder_to(process.pid, start)
                ours.sendall(b"yours\n")
                self._answer(ours)
            except (OSError, BrokenPipeError) as error:
                raise SeedstateError(
                    "the process that should keep the failed test's state has ended",
                    detail=str(error),
                ) from error
        return process.pid

    def _answer(self, ours: socket.socket) -> None:
        if ours.recv(1) == b"":
            raise BrokenPipeError("it closed its pipe")

    def close(self) -> None:
        """Let others keep a state; what was handed over stays."""
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._lock.path.unlink()
            self._lock.release()
            with contextlib.suppress(OSError):
                self._lock.path.parent.rmdir()
            self._lock = None

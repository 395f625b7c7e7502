"""The run of ``seedstate up``, seen from other processes: its file, its end, and what is in it.

In the run's folder, ``up.json`` says what runs and ``last.json`` what was loaded last. Beside the
run folders, ``<digest>-up`` says who is up, also after a kill, and ``<digest>-up.lock`` is held
while a run starts or stops.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_seedstate.engine.endpoints import Endpoint
from pytest_seedstate.engine.standing import SOURCE
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.project_runs import beside_runs, folders_of, owner_of
from pytest_seedstate.services.rundir import end_processes, remove_if_abandoned

WORKER = "up"
"""What stands for the worker in the name of the run's folder."""

_FILE, _LAST, _WORKING = "up.json", "last.json", "working.lock"
_ENDING_SECONDS = 30.0
_LOCK_SECONDS = 5.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class UpRun:
    """Services that stay up.

    Attributes:
        folder: the run's folder.
        pid: the process that holds the services.
        start: its start, see `platform.process_start`.
        since: when they were up, ISO 8601 in UTC.
        endpoints: what runs.
        failures: why services have ended meanwhile, by name.
    """

    folder: Path
    pid: int
    start: str
    since: str
    endpoints: tuple[Endpoint, ...]
    failures: Mapping[str, str]

    @property
    def log(self) -> Path:
        """What the process that holds the services has printed."""
        return self.folder / "log"

    @property
    def last(self) -> dict[str, Any] | None:
        """What the last command loaded or cleared, None where there was none."""
        told = _read(self.folder / _LAST)
        return told or None

    def remember(self, told: Mapping[str, Any]) -> None:
        """Note what a command has done.

        Raises:
            SeedstateError: the services have been stopped.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._there():
            write_file(self.folder / _LAST, {**told, "at": at})

    @contextmanager
    def working(self) -> Iterator[None]:
        """Write to the stores while no other command does.

        Raises:
            SeedstateError: another one does, or the services have been stopped.
        """
        lock = platform.FileLock(self.folder / _WORKING)
        with self._there():
            taken = lock.acquire(create=True)
        if not taken:
            raise SeedstateError(
                "another seedstate command is writing to these services",
                fix="wait for it to end, and try again",
            )
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _there(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise SeedstateError(
                "the services have been stopped meanwhile",
                where=str(self.folder),
                fix="seedstate up starts new ones, empty",
            ) from None


def write_file(path: Path, told: Mapping[str, Any]) -> None:
    """Write JSON that only this user may read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(told), "utf-8")
    fresh.replace(path)


def write_up(
    folder: Path, since: str, endpoints: list[Endpoint], failures: Mapping[str, str]
) -> None:
    """Say what runs; by the process that holds it."""
    told = {
        "since": since,
        "services": {one.service: dict(one.variables) for one in endpoints},
        "failures": dict(failures),
    }
    write_file(folder / _FILE, told)


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told


# -- finding it


def find_up(root: Path) -> UpRun | None:
    """The run of a project that is up, None where there is none."""
    for folder in folders_of(root, WORKER):
        told, owner = _read(folder / _FILE), owner_of(folder)
        if told and owner is not None:
            endpoints = tuple(
                Endpoint(name, variables, SOURCE) for name, variables in told["services"].items()
            )
            return UpRun(folder, *owner, told["since"], endpoints, told["failures"])
    return None


def marker(root: Path) -> Path:
    """The file that says that a project is up, also after its process was killed."""
    return beside_runs(root, WORKER)


def write_marker(root: Path, since: str) -> None:
    """Say that a project is up."""
    write_file(marker(root), {"since": since})


def killed_since(root: Path) -> str | None:
    """Since when a run was up that is gone without ``seedstate down``; None where none is."""
    since = _read(marker(root)).get("since")
    return str(since) if since else None


# -- starting and stopping


@contextmanager
def changing(root: Path) -> Iterator[None]:
    """Start or stop while no other command does; waits for one that does."""
    lock = _lock_changes(root)
    try:
        yield
    finally:
        lock.path.unlink(missing_ok=True)
        _tidy(root)
        lock.release()


def _lock_changes(root: Path) -> platform.FileLock:
    while True:
        # Whoever holds it takes the folder along at its end, where nothing else is in it.
        lock = platform.FileLock(beside_runs(root, f"{WORKER}.lock"))
        with contextlib.suppress(FileNotFoundError):
            if lock.acquire(create=True):
                return lock
        time.sleep(_POLL_SECONDS)


def take_down(root: Path) -> bool:
    """End the run of a project, and remove all that it, or a killed one, has left.

    Returns:
        Whether there was one.
    """
    folders = folders_of(root, WORKER)
    found = bool(folders)
    for folder in folders:
        owner = owner_of(folder)
        if owner is not None:
            end_processes([(*owner, signal.SIGTERM)], seconds=_ENDING_SECONDS)
        remove_if_abandoned(folder, wait=_LOCK_SECONDS)
    path = marker(root)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        found = True
    return found


def _tidy(root: Path) -> None:
    """Remove the folder of all runs where nothing is left in it."""
    with contextlib.suppress(OSError):
        marker(root).parent.rmdir()

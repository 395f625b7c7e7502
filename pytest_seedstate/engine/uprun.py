"""The run of ``seedstate up``, seen from other processes: its file, its end, and what is in it.

A run of pytest that has left the state of a failed test is one too (`UpRun.kept`), in the folder
that pytest has made. In the run's folder, ``up.json`` says what runs and ``last.json`` what was loaded last. Beside the
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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_seedstate.engine.endpoint_urls import Endpoint
from pytest_seedstate.engine.standing import SOURCE
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.project_runs import beside_runs, folders_of, owner_of
from pytest_seedstate.services.rundir import end_processes, remove_if_abandoned

WORKER = "up"
"""What stands for the worker in the name of the run's folder."""

SOURCE_OF_KEPT = "seedstate-keep"
"""What stands for `SOURCE` in a run that has left the state of a failed test."""

LOG = "log"
_FILE, _LAST, _WORKING = "up.json", "last.json", "working.lock"
_ANY = "*"
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
        kept: the failed test whose state it is; None for ``seedstate up``.
        providers: who provides each service that ``seedstate up`` has started.
    """

    folder: Path
    pid: int
    start: str
    since: str
    endpoints: tuple[Endpoint, ...]
    failures: Mapping[str, str]
    kept: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the process that holds the services has printed."""
        return self.folder / LOG

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
    folder: Path,
    since: str,
    endpoints: list[Endpoint],
    failures: Mapping[str, str],
    providers: Mapping[str, str],
) -> None:
    """Say what runs; by the process that holds it."""
    write_up_data(folder, {**up_data(since, endpoints, failures), "providers": dict(providers)})


def up_data(
    since: str,
    endpoints: list[Endpoint],
    failures: Mapping[str, str],
    kept: str | None = None,
) -> dict[str, Any]:
    """What `write_up_data` writes; `kept` as in `UpRun`."""
    return {
        "since": since,
        "services": {one.service: dict(one.variables) for one in endpoints},
        "failures": dict(failures),
        "kept": kept,
    }


def write_up_data(folder: Path, told: Mapping[str, Any]) -> None:
    """Say what runs; by the process that holds it."""
    write_file(folder / _FILE, told)


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told


# -- finding it


def find_up(root: Path) -> UpRun | None:
    """The run of a project that is up, None where there is none.

    One of ``seedstate up`` comes before the kept state of a failed test.
    """
    for folder in folders_of(root, WORKER):
        run = _run_of(folder)
        if run is not None:
            return run
    return find_kept(root)


def find_kept(root: Path) -> UpRun | None:
    """The kept state of a failed test; None where there is none."""
    runs = [_run_of(folder) for folder in folders_of(root, _ANY)]
    return next((run for run in runs if run is not None and run.kept is not None), None)


def _run_of(folder: Path) -> UpRun | None:
    told, owner = _read(folder / _FILE), owner_of(folder)
    if not told or owner is None:
        return None
    kept = told.get("kept")
    endpoints = tuple(
        Endpoint(name, variables, SOURCE_OF_KEPT if kept else SOURCE)
        for name, variables in told["services"].items()
    )
    providers = told.get("providers", {})
    return UpRun(folder, *owner, told["since"], endpoints, told["failures"], kept, providers)


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
        _end(folder)
    found = take_down_kept(root) is not None or found
    path = marker(root)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        found = True
    return found


def take_down_kept(root: Path) -> str | None:
    """Drop the kept state of a failed test, also of one whose process was killed.

    Returns:
        The test; None where there was none.
    """
    test = None
    for folder in folders_of(root, _ANY):
        kept = _read(folder / _FILE).get("kept")
        if kept is not None:
            test = str(kept)
            _end(folder)
    return test


def _end(folder: Path) -> None:
    owner = owner_of(folder)
    if owner is not None:
        end_processes([(*owner, signal.SIGTERM)], seconds=_ENDING_SECONDS)
    remove_if_abandoned(folder, wait=_LOCK_SECONDS)


def _tidy(root: Path) -> None:
    """Remove the folder of all runs where nothing is left in it."""
    with contextlib.suppress(OSError):
        marker(root).parent.rmdir()

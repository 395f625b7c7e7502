"""What runs of this machine have made at services of others, so that the next run can remove it.

Nothing is marked at the service itself, where marks would be seen by tests: each run has a file of
its own beside the project's run folders. A line of it says that something was made and when; it is
removed when the run has tidied up. What a killed run has left is ours where a living process has no
claim to the file, and where the service says that the thing is as old as the line.

    <run folders>/<project>-made-<service>/
        RANDOM PID START     lines of JSON: where, what kind of thing, its region and name, when
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_seedstate.services import platform
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.project_runs import beside_runs

_SAME_MOMENT = 60.0
"""Seconds that the clock of a service may differ from ours: what was made at another moment is
somebody else's thing of the same name."""


class Made:
    """What this run makes at one service.

    Args:
        project: the project's root folder.
        service: ``aws`` or ``opensearch``.
        place: host and port of the service.

    Raises:
        SeedstateError: there is no place for the file.
    """

    def __init__(self, project: Path, service: str, place: str) -> None:
        self._folder = beside_runs(project, f"made-{service}")
        self._place = place
        self.path = self._own(os.getpid(), platform.process_start(os.getpid()) or "")
        self._make_folder()
        self.path.touch(mode=0o600)

    def left(self) -> Left:
        """What killed runs have made there; it is this run's to remove from now on."""
        found = Left()
        for path in sorted(self._folder.iterdir()):
            _, pid, start = path.name.split(" ")
            if platform.is_same_process(int(pid), start):
                continue
            claimed = self._own(os.getpid(), platform.process_start(os.getpid()) or "")
            try:
                path.rename(claimed)
            except FileNotFoundError:
                # Another run was quicker.
                continue
            found.add(claimed, self._place)
        return found

    def note(self, at: Touch) -> None:
        """Something was made just now."""
        note_made(self.path, self._place, at)

    def leave_to(self, pid: int, start: str) -> None:
        """Have what was made stay for as long as another process lives."""
        self.path = self.path.rename(self._own(pid, start))

    def end(self) -> None:
        """Everything was removed."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()
            self._folder.parent.rmdir()

    def _own(self, pid: int, start: str) -> Path:
        return self._folder / f"{secrets.token_hex(4)} {pid} {start}"

    def _make_folder(self) -> None:
        while True:
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
            except FileNotFoundError:
                # A run that has just ended took the empty folder above along.
                self._folder.parent.mkdir(mode=0o700, exist_ok=True)
            else:
                return


def note_made(path: Path, place: str, at: Touch) -> None:
    """Add a line to the file of a run; from whichever process of it."""
    told = {"place": place, "at": [at.store, at.region, at.collection], "when": time.time()}
    # One write, so that lines of two processes do not mix.
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(told).encode() + b"\n")


class Left:
    """What killed runs have made at one service, as far as it is still theirs."""

    def __init__(self) -> None:
        self._when: dict[Touch, list[float]] = {}
        self._files: list[Path] = []

    def add(self, path: Path, place: str) -> None:
        """Read the file of a run; lines about other services stay in it."""
        others = []
        for line in path.read_bytes().splitlines():
            told = _read(line)
            if told is None:
                continue
            if told["place"] == place:
                self._when.setdefault(Touch(*told["at"]), []).append(told["when"])
            else:
                others.append(line)
        if others:
            path.write_bytes(b"\n".join(others) + b"\n")
        else:
            self._files.append(path)

    def __iter__(self) -> Iterator[Touch]:
        return iter(sorted(self._when))

    def is_ours(self, at: Touch, made: float | None) -> bool:
        """Whether a thing that the service says was made then (Unix time) is that of a killed run."""
        return made is not None and any(
            abs(made - when) < _SAME_MOMENT for when in self._when.get(at, ())
        )

    def removed(self) -> None:
        """All of it was removed, or is somebody else's by now."""
        for path in self._files:
            path.unlink(missing_ok=True)


def _read(line: bytes) -> dict[str, Any] | None:
    """A line; None for half of one, which a killed process has left."""
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return told

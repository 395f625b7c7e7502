"""A project's containers that stay for later runs: which there are, and who uses them now.

    <run folders>/<project>-containers-<service>/
        choosing       held while containers are chosen, made or removed
        TOKEN.json     a container that is there, or is about to be
        TOKEN.*.user   a process that uses it: pids and starts of the process and of its guard,
                       and a second line once it has seen to it that nothing of others is in it

Beside the run folders, in a folder that only this user may enter: an entry holds a password.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_seedstate.services import platform
from pytest_seedstate.services.containers.labels import run_label
from pytest_seedstate.services.project_runs import beside_runs

# Not the name of a run's lock: such a folder is swept when nobody holds it.
_LOCK = "choosing"
_POLL_SECONDS = 0.005

# A file lock is one of the whole process, and tests may have several runs in one.
_locking: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Entry:
    """A container that stays.

    Attributes:
        token: names it.
        service: what it runs.
        recipe: the digest of what it is made from.
        port: where it is published on 127.0.0.1.
        secret: its password.
    """

    token: str
    service: str
    recipe: str
    port: int
    secret: str


class Register:
    """The containers of one project and service.

    Args:
        folder: where it is kept; see `register_of`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Look and change while nobody else does; waits for those who do."""
        with _locking[self.folder]:
            lock = self._lock()
            try:
                yield
            finally:
                self._tidy()
                lock.release()

    def _lock(self) -> platform.FileLock:
        while True:
            # Whoever leaves the folder empty takes it along, with the one above.
            with contextlib.suppress(FileNotFoundError):
                for folder in (self.folder.parent, self.folder):
                    folder.mkdir(mode=0o700, exist_ok=True)
                lock = platform.FileLock(self.folder / _LOCK)
                if lock.acquire(create=True):
                    return lock
            time.sleep(_POLL_SECONDS)

    def _tidy(self) -> None:
        if [path.name for path in self.folder.iterdir()] == [_LOCK]:
            (self.folder / _LOCK).unlink()
            self.folder.rmdir()
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()

    # -- to be called while it is locked

    def entries(self) -> list[Entry]:
        """All containers, in an order that does not change: processes that share choose alike."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            # A process that was killed may have left half of one.
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(Entry(**json.loads(path.read_text("utf-8"))))
        return found

    def add(self, entry: Entry) -> None:
        """Enter a container, also one with another port than before."""
        path = self._file(entry.token)
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(entry)), "utf-8")
        fresh.replace(path)

    def forget(self, token: str) -> None:
        """Strike a container out."""
        self._file(token).unlink(missing_ok=True)

    def users(self, token: str, *, within: bool = False) -> list[int]:
        """Pids of the processes that use a container, or, where those have ended, of guards.

        Args:
            token: names it.
            within: only of those that work in it, and do not just wait for it to start.
        """
        found = []
        for path in self.folder.glob(f"{token}.*.user"):
            processes, _, said = path.read_text("ascii").partition("\n")
            told = processes.split()
            if within and not said:
                continue
            pairs = zip(told[::2], told[1::2], strict=False)
            alive = [int(pid) for pid, start in pairs if platform.is_same_process(int(pid), start)]
            if alive:
                found.append(alive[0])
            else:
                path.unlink(missing_ok=True)
        return found

    def unused_for(self, token: str) -> float:
        """Seconds since a container was chosen or let go for the last time."""
        try:
            return time.time() - self._file(token).stat().st_mtime
        except OSError:
            return float("inf")

    # -- at any time

    def use(self, token: str) -> Use:
        """Note that this process uses a container; while it is locked."""
        self._touch(token)
        return Use(self, self.folder / f"{token}.{secrets.token_hex(4)}.user", token)

    def _touch(self, token: str) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._file(token))

    def _file(self, token: str) -> Path:
        return self.folder / f"{token}.json"


def register_of(project: Path, service: str) -> Register:
    """The register of a project and a service.

    Raises:
        SeedstateError: there is no place for it.
    """
    return Register(beside_runs(project, f"containers-{service}"))


class Use:
    """A process's use of a container: it lasts as long as the process, or another that it names."""

    def __init__(self, register: Register, path: Path, token: str) -> None:
        self._register = register
        self._path = path
        self._token = token
        self.pid = os.getpid()
        self._own = (self.pid, platform.process_start(self.pid) or "unknown")
        self._processes = [self._own]
        self._within = self._left = False
        self._write()

    def lasts_with(self, others: Iterable[tuple[int, str]]) -> None:
        """Have it last as long as one of these processes or this one runs."""
        self._processes = [self._own, *others]
        self._write()

    def enter(self) -> None:
        """Note that what is in the container is this process's own; while the register is locked."""
        self._within = True
        self._write()

    def leave_to(self, process: tuple[int, str]) -> None:
        """Have it last as long as another process runs; it is not ours to end any more."""
        self._processes = [process]
        self._write()
        self._left = True

    def end(self) -> None:
        """Let the container go."""
        if not self._left:
            self._register._touch(self._token)
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        said = "\nwithin" if self._within else ""
        fresh.write_text(run_label(self._processes) + said, "ascii")
        fresh.replace(self._path)

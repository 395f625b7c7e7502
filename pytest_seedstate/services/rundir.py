"""The folder of a run: everything the run puts on disk, and how the next run finds leftovers.

    <root>/pytest-seedstate-<uid>/<project>-<pid>-<worker>/
        lock        held by the owner for as long as it lives
        owner       the owner's pid and start
        processes   one line for each process that the run started: pid, start, signal to end it
        heir        pid and start of a process that is about to take the folder over
        ...         the services' folders

A folder whose lock is free belongs to nobody: `sweep` ends what it still runs and removes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import stat
import time
from pathlib import Path
from types import TracebackType

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform

LOCK, OWNER, PROCESSES, HEIR = "lock", "owner", "processes", "heir"

#: Bytes that a run folder's path may have. Unix sockets lie below it: sun_path holds 103 bytes on
#: macOS, 107 on Linux (unix(4), unix(7)), and "/pg/s/.s.PGSQL.65535" are 20 of them.
_LONGEST_FOLDER = 83

#: Seconds that a leftover process has to end before it is killed.
_ENDING_SECONDS = 2.0


class RunDir:
    """A folder that only this user may enter, guarded by a lock that dies with this process.

    Args:
        project: the project's root folder; two checkouts never meet.
        worker: the xdist worker's name.
        root: the folder to make it below; None for the quickest one (`platform.run_roots`).

    Attributes:
        project: the project's root folder.

    Raises:
        SeedstateError: no folder can be made: no space, no rights, or a stranger's folder is there.
    """

    def __init__(self, project: Path, *, worker: str = "main", root: Path | None = None) -> None:
        self._owner_pid = os.getpid()
        self.project = project
        self._worker = worker
        self._companion: RunDir | None = None
        called = re.sub(r"[^A-Za-z0-9]", "", worker)[:12] or "main"
        stem = f"{project_digest(project)}-{self._owner_pid}-{called}"
        roots = [root] if root is not None else platform.run_roots()
        failures: list[str] = []
        for candidate in roots:
            if root is None and len(os.fsencode(base_folder(candidate) / stem)) > _LONGEST_FOLDER:
                failures.append(f"{candidate}: too long a path for a Unix socket")
                continue
            try:
                self.path, self._lock = _make_folder(candidate, stem)
            except OSError as error:
                failures.append(f"{candidate}: {error.strerror or error}")
            else:
                return
        raise SeedstateError(
            "no folder can be made for the files of this run",
            checked="; ".join(failures) or "no temporary folder is writable",
            fix="free space there, or set TMPDIR to a writable folder",
        )

    @property
    def folders(self) -> list[Path]:
        """The run's folder and, where programs had to be put elsewhere, that one."""
        return [self.path] if self._companion is None else [self.path, self._companion.path]

    def folder(self, name: str) -> Path:
        """Make the subfolder `name`, which only this user may enter, and return it.

        Raises:
            SeedstateError: it cannot be made (a full disk).
        """
        path = self.path / name
        try:
            path.mkdir(mode=0o700)
        except OSError as error:
            raise no_space(path, error) from None
        return path

    def record(self, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Remember a process of this run, for the sweep after a killed one.

        Args:
            pid: a process that runs.
            stop_signal: what ends it at once; after two seconds SIGKILL follows.
        """
        start = platform.process_start(pid)
        if start is not None:
            with (self.path / PROCESSES).open("a", encoding="ascii") as file:
                file.write(f"{pid} {start} {int(stop_signal)}\n")

    def open_to_others(self) -> None:
        """Let other users pass through (not list) this folder, for a server that runs as one."""
        for folder in (self.path.parent, self.path):
            folder.chmod(0o711)

    def program_folder(self, name: str) -> Path:
        """Like `folder`, at a place from which programs may be run.

        Raises:
            SeedstateError: there is none.
        """
        if platform.allows_programs(self.path):
            return self.folder(name)
        if self._companion is None:
            for root in platform.run_roots():
                if platform.allows_programs(root):
                    self._companion = RunDir(self.project, worker=self._worker, root=root)
                    self._companion.open_to_others()
                    break
            else:
                raise SeedstateError(
                    "no temporary folder allows programs to be run from it",
                    checked=", ".join(f"{root} (noexec)" for root in platform.run_roots()),
                    fix="set TMPDIR to a folder on a file system mounted without noexec",
                )
        return self._companion.folder(name)

    def give_to(self, pid: int, start: str) -> None:
        """Leave the folder to another process, which takes it over by `handover.take_over`."""
        for each in (self, self._companion):
            if each is not None:
                (each.path / HEIR).write_text(f"{pid} {start}\n", encoding="ascii")
                each._lock.release()
                each._owner_pid = 0

    def close(self) -> None:
        """Remove the folder with all that is in it; harmless when done, or in a forked child."""
        if os.getpid() != self._owner_pid:
            return
        if self._companion is not None:
            self._companion.close()
        remove_tree(self.path, last=LOCK)
        self._lock.release()
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()

    def __enter__(self) -> RunDir:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def project_digest(project: Path) -> str:
    """What the names of a project's run folders begin with."""
    return hashlib.sha256(os.fsencode(project.absolute())).hexdigest()[:8]


def no_space(path: Path, error: OSError) -> SeedstateError:
    """The error for a file of the run that cannot be written."""
    return SeedstateError(
        f"cannot write {path}: {error.strerror or error}",
        fix="free space there, or set TMPDIR to a folder with room for the test data",
    )


def base_folder(root: Path) -> Path:
    """The folder of this user's runs below a root of `platform.all_roots`."""
    return root / f"pytest-seedstate-{os.geteuid()}"


def _make_folder(root: Path, stem: str) -> tuple[Path, platform.FileLock]:
    base = base_folder(root)
    # Locked before it gets its name: a sweeper never meets a run folder without its lock.
    fresh = _make_below(base, f".new-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        lock = platform.FileLock(fresh / LOCK)
        lock.acquire(create=True)
        pid = os.getpid()
        (fresh / OWNER).write_text(f"{pid} {_own_start()}\n", encoding="ascii")
        for number in range(1, 1000):
            path = base / (stem if number == 1 else f"{stem}-{number}")
            # Another folder of this process, or of an earlier one of its pid that awaits a sweep.
            if not path.exists():
                fresh.rename(path)
                return path, lock
        raise FileExistsError(f"{base / stem} and 999 more exist")
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _make_below(base: Path, name: str) -> Path:
    """Make `name` in the folder of this user's runs, which is made when missing.

    Raises:
        OSError: no rights, no space, or the folder is a stranger's.
    """
    for attempts_left in reversed(range(10)):
        with contextlib.suppress(FileExistsError):
            base.mkdir(mode=0o700)
        try:
            check_own(base)
            (base / name).mkdir(mode=0o700)
            break
        except FileNotFoundError:
            # Another run that just ended has removed the empty folder.
            if not attempts_left:
                raise
    return base / name


def check_own(base: Path) -> None:
    """Refuse a folder of runs that is not this user's.

    Raises:
        OSError: it is a stranger's, or is not there.
    """
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{base.name} is there and does not belong to this user")
    if found.st_mode & 0o066:
        base.chmod(0o700)


# -- sweeping -------------------------------------------------------------------------------------


def sweep(roots: list[Path] | None = None) -> list[Path]:
    """Remove what killed runs of this user, of any project, have left.

    Processes that such a run recorded and that still run are ended first. Runs that live, and what
    belongs to others, are left alone. Two sweepers at once do no harm.

    Args:
        roots: where to look; None for every place a run may have used.

    Returns:
        The folders that were removed.
    """
    removed: list[Path] = []
    for root in platform.all_roots() if roots is None else roots:
        base = base_folder(root)
        try:
            check_own(base)
            entries = sorted(base.iterdir())
        except OSError:
            continue
        removed.extend(path for path in entries if path.is_dir() and remove_if_abandoned(path))
    return removed


def remove_if_abandoned(path: Path, *, wait: float = 0.0) -> bool:
    """Remove one run folder when its owner is gone, after ending the processes it recorded.

    Args:
        path: a run folder.
        wait: seconds to wait for the owner's lock: a process that is just ending closes its pipes
            a moment before its locks are free.

    Returns:
        Whether it was removed by this call.
    """
    owner = first_process(path / OWNER)
    # To look at our own lock would free it: closing any descriptor of it does.
    if owner == (os.getpid(), _own_start()):
        return False
    lock = platform.FileLock(path / LOCK)
    deadline = time.monotonic() + wait
    while True:
        try:
            taken = lock.acquire()
        except OSError:
            return _remove_half_made(path)
        if taken or time.monotonic() >= deadline:
            break
        time.sleep(0.005)
    if not taken:
        return False
    heir = first_process(path / HEIR)
    if heir is not None and platform.is_same_process(*heir):
        lock.release()
        return False
    try:
        end_processes(recorded(path / PROCESSES), seconds=_ENDING_SECONDS)
        _remove_shared_memory(path)
        remove_tree(path, last=LOCK)
    finally:
        lock.release()
    return not path.exists()


def _remove_half_made(path: Path) -> bool:
    """Remove a folder without a lock unless the process that its name tells may be making it."""
    named = re.match(r"(?:\.new|[0-9a-f]{8})-(\d+)-", path.name)
    if named is None or platform.process_start(int(named[1])) is not None:
        return False
    remove_tree(path)
    return not path.exists()


def _own_start() -> str:
    return platform.process_start(os.getpid()) or "unknown"


def first_process(path: Path) -> tuple[int, str] | None:
    """Pid and start of a process as a file tells them; None where it does not."""
    try:
        pid, start = path.read_text(encoding="ascii").split()[:2]
        return int(pid), start
    except (OSError, ValueError):
        return None


def recorded(path: Path) -> list[tuple[int, str, int]]:
    """Pid, start and ending signal of each process that a run recorded."""
    found: list[tuple[int, str, int]] = []
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            # The last line of a run that was killed while it wrote is no whole one.
            with contextlib.suppress(ValueError):
                pid, start, signum = line.split()
                found.append((int(pid), start, int(signum)))
    return found


def end_processes(processes: list[tuple[int, str, int]], *, seconds: float) -> None:
    """End processes that still are the same ones, and wait until they are gone.

    Args:
        processes: pid, start (`platform.process_start`) and the signal that ends it, for each.
        seconds: how long they have before SIGKILL.
    """
    alive: dict[int, str] = {}
    for pid, start, signum in processes:
        if pid > 0 and pid != os.getpid() and platform.is_same_process(pid, start):
            # Not ours to end: a pid that another user's process has got.
            with contextlib.suppress(OSError):
                os.kill(pid, signum)
                alive[pid] = start
    deadline = time.monotonic() + seconds
    while alive := {p: start for p, start in alive.items() if platform.is_same_process(p, start)}:
        if time.monotonic() >= deadline:
            for pid in alive:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.005)


def _remove_shared_memory(path: Path) -> None:
    """Remove the shared memory of a PostgreSQL server that had no time to do so itself."""
    for pid_file in path.glob("*/data/postmaster.pid"):
        # Line 7 holds the System V key and identifier, as PostgreSQL's pidfile.h lists them.
        with contextlib.suppress(OSError, ValueError, IndexError):
            identifier = pid_file.read_text(encoding="ascii").splitlines()[6].split()[1]
            platform.remove_shared_memory(int(identifier))


def remove_tree(path: Path, *, last: str | None = None) -> None:
    """Remove a folder even while something still writes into it.

    Args:
        path: the folder; it need not exist.
        last: an entry that goes after all others.
    """
    for _ in range(20):
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if last is None else _empty(path, last)
        if not path.exists():
            return
        time.sleep(0.01)


def _empty(path: Path, last: str) -> None:
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != last:
            entry.unlink(missing_ok=True)
    (path / last).unlink(missing_ok=True)
    path.rmdir()

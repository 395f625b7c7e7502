"""The only module with calls that other systems than Linux lack; a portable path beside each.

Every portable path is marked "untested": it is written from the documentation of macOS and the
BSDs and has not run there. Windows is not served: the services need ``fork`` and Unix sockets.

This module imports the standard library only and raises ``OSError``, so that the supervisor, a
bare interpreter without site-packages, can load it in a few milliseconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import signal
import sys
from array import array
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

LINUX = sys.platform.startswith("linux")

#: Free bytes that a memory file system must have before the run's files go there: a server with
#: room for test data. Docker's default /dev/shm of 64 MB is too small for a PostgreSQL cluster.
MEMORY_FOLDER_BYTES = 512 * 1024 * 1024

# Shared by all users; what we put there lies in a folder that only its owner may enter.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_TEMPORARY = Path("/tmp")  # noqa: S108

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IPC_RMID = 0
_POPULATE_WRITE = 23
_MAPPED_ONCE = 1 << 63 | 1 << 56


# -- where the files of a run go ------------------------------------------------------------------


def run_roots() -> list[Path]:
    """Folders below which a run may put its files, the quickest first; each exists.

    Linux: ``/dev/shm`` when it is writable and has `MEMORY_FOLDER_BYTES` free, then the temporary
    folder, then ``/tmp``. Elsewhere (untested) the last two.
    """
    candidates = _disk_roots()
    if LINUX and _has_room(_SHARED_MEMORY):
        candidates.insert(0, _SHARED_MEMORY)
    return _existing(candidates)


def all_roots() -> list[Path]:
    """Every folder that `run_roots` may ever have named, full or not: where leftovers may lie."""
    return _existing([_SHARED_MEMORY, *_disk_roots()])


def _disk_roots() -> list[Path]:
    import tempfile

    try:
        return [Path(tempfile.gettempdir()), _TEMPORARY]
    except FileNotFoundError:
        return [_TEMPORARY]


def _existing(candidates: list[Path]) -> list[Path]:
    return [path for path in dict.fromkeys(candidates) if os.access(path, os.W_OK | os.X_OK)]


def _has_room(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= MEMORY_FOLDER_BYTES


def allows_programs(folder: Path) -> bool:
    """Whether programs may be run from `folder`: Docker mounts ``/dev/shm`` with ``noexec``."""
    # os.ST_NOEXEC is missing outside Linux; 0 (untested) then means "allowed".
    return not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)


# -- processes ------------------------------------------------------------------------------------


def process_start(pid: int) -> str | None:
    """When process `pid` started, as text to compare; None when it does not run (any more).

    Together with the pid it names one process for good: pids are used again. A process that has
    ended and was not waited for (a zombie) counts as gone. Linux: boot id and clock ticks of
    ``/proc/<pid>/stat`` (proc(5), fields 3 and 22); elsewhere (untested) what ``ps`` says.
    """
    if LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The second field is the program's name and may hold blanks and brackets.
        fields = stat.rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else f"{_boot_id()}:{fields[19].decode()}"
    import subprocess

    told = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return None if not told or told[0].startswith("Z") else "-".join(told[1:])


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return "boot"


def is_same_process(pid: int, start: str) -> bool:
    """Whether the process that had `start` (see `process_start`) as `pid` still runs."""
    return process_start(pid) == start


def process_space() -> str:
    """Names the processes among which pids are told apart: a container has others than its host.

    Linux: the process namespace, pid_namespaces(7). Elsewhere (untested) there is one.
    """
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "one"


def die_with_parent(parent: int, signum: int) -> None:
    """Ask the kernel to send `signum` to this process when its parent, pid `parent`, ends.

    To be called by a forked child just before it becomes another program, after any change of
    user: that forgets the wish. Linux: prctl(2) PR_SET_PDEATHSIG. Elsewhere nothing is done
    (untested): there a killed supervisor's server runs until the next run's sweep.
    """
    if not LINUX:
        return
    _libc().prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, instead of process 1.

    In a container, process 1 may be a program that never reaps. Linux: prctl(2)
    PR_SET_CHILD_SUBREAPER. Elsewhere (untested) process 1 is an init that reaps.
    """
    if LINUX:
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def thread_count() -> int:
    """Threads of this process as the system counts them; elsewhere (untested) as Python does."""
    if LINUX:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    import threading

    return threading.active_count()


def private_memory() -> int:
    """Bytes of this process's memory that no other process shares; 0 where that is not known.

    Linux: ``/proc/self/smaps_rollup`` (proc(5)), which takes about 10 ms for each GB. Elsewhere
    (untested) nothing tells.
    """
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return 0


def writable_memory() -> list[tuple[int, int]]:
    """Private writable memory of this process: pairs of start and end address.

    Linux: ``/proc/self/maps`` (proc(5)). Elsewhere (untested) nothing tells.
    """
    found = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            addresses, rights = line.split()[:2]
            if rights == "rw-p":
                start, _, end = addresses.partition("-")
                found.append((int(start, 16), int(end, 16)))
    return found


def private_pages(memory: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pages that only this process has mapped: pairs of start address and number of pages.

    Linux: ``/proc/self/pagemap`` (proc(5)), bits 63 (present) and 56 (mapped once). Elsewhere
    (untested) nothing tells.

    Args:
        memory: where to look, as `writable_memory`.
    """
    size, entry = mmap.PAGESIZE, 8
    found: list[tuple[int, int]] = []
    with contextlib.suppress(OSError), Path("/proc/self/pagemap").open("rb") as pagemap:
        for start, end in memory:
            pagemap.seek(start // size * entry)
            for number, flags in enumerate(array("Q", pagemap.read((end - start) // size * entry))):
                if flags & _MAPPED_ONCE != _MAPPED_ONCE:
                    continue
                address = start + number * size
                if found and found[-1][0] + found[-1][1] * size == address:
                    found[-1] = (found[-1][0], found[-1][1] + 1)
                else:
                    found.append((address, 1))
    return found


def make_private(pages: Iterable[tuple[int, int]]) -> None:
    """Let pages be as if this process had written to them: it no longer shares them.

    Linux 5.14 and later: madvise(2) MADV_POPULATE_WRITE. It changes no contents, and what it cannot
    do (an address where nothing is now) does not matter. Elsewhere (untested) nothing is done.

    Args:
        pages: as `private_pages` gives them.
    """
    if not LINUX:
        return
    import ctypes

    madvise = _libc().madvise
    for start, count in pages:
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(count * mmap.PAGESIZE), _POPULATE_WRITE)


def usable_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or less in a container.

    Linux: also ``memory.max`` of the control group (cgroup v2) that is seen as the root.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return machine


def _libc() -> ctypes.CDLL:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def load_system_calls() -> None:
    """Import what the calls above need, so that a forked child has nothing left to import."""
    if LINUX:
        _libc()


# -- other users ----------------------------------------------------------------------------------


def enter_user_namespace(uid: int, gid: int) -> None:
    """Make this process a user of its own namespace, in which its user is called `uid`, `gid`.

    Files keep their owners: what root owns outside is what `uid` owns inside, so a program that
    refuses to run as root runs in place, even below a folder that only root may enter. The process
    must have one thread. user_namespaces(7).

    Raises:
        OSError: the kernel or the container forbids it (always outside Linux).
    """
    if not LINUX:
        raise OSError("there are no user namespaces on this system")
    import ctypes

    outside_uid, outside_gid = os.geteuid(), os.getegid()
    if _libc().unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with contextlib.suppress(FileNotFoundError):
        # Without it the kernel lets nobody but a privileged parent write the group map.
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outside_gid} 1")


def remove_shared_memory(identifier: int) -> None:
    """Remove a System V shared memory segment; harmless when it is gone or not ours. shmctl(2).

    PostgreSQL holds one of 56 bytes for each server and cannot remove it when it is killed.
    Elsewhere (untested) nothing is done.
    """
    if LINUX:
        _libc().shmctl(identifier, _IPC_RMID, None)


# -- locks ----------------------------------------------------------------------------------------


class FileLock:
    """An exclusive lock on a file that ends with the process that took it, however that ends.

    POSIX record locks (fcntl(2)): a forked child does not inherit them, so a child that outlives
    its parent does not keep the parent's lock. Their trap: closing *any* descriptor of the file in
    this process frees the lock, so nobody else in the process may open the file. The same call is
    there on macOS and the BSDs (untested).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, create: bool = False) -> bool:
        """Take the lock without waiting.

        Returns:
            Whether it was free, and the file is still the one at `path`.

        Raises:
            OSError: the file cannot be opened (FileNotFoundError: it is not there).
        """
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed the file between our open and its release.
            ours, there = os.fstat(descriptor), self.path.lstat()
            taken = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
        except OSError:
            taken = False
        if taken:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return taken

    def release(self) -> None:
        """Free the lock; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

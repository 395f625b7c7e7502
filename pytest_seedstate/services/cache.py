"""What one run keeps for the next: a folder of the user's, and no run fails for lack of it."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

Note = Callable[[str], None]

#: Where notes go when nobody asks for them: pytest shows them with a failing test, a command on
#: its standard error.
log_note: Note = logging.getLogger("pytest_seedstate").warning


def cache_dir(configured: Path | None, note: Note = log_note) -> Path | None:
    """The folder for what later runs can use again; made when missing, for this user only.

    Args:
        configured: the folder that the configuration names; None for ``pytest-seedstate`` in
            ``$XDG_CACHE_HOME``, or else in ``~/.cache`` (XDG Base Directory Specification).
        note: is told once why there is no cache.

    Returns:
        The folder, or None where there is none: then work goes on without. It may be read-only.
    """
    try:
        folder = configured if configured is not None else _default_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if configured is None:
            # A server is started from what lies there: strangers must not be able to put it there.
            _refuse_strangers(folder)
        next(folder.iterdir(), None)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = configured or "the user's cache folder"
        note(f"seedstate: nothing is cached for the next run: {where}: {reason}")
        return None
    return folder


def _default_folder() -> Path:
    told = os.environ.get("XDG_CACHE_HOME", "")
    # The specification: a relative path is to be ignored.
    base = Path(told) if Path(told).is_absolute() else Path.home() / ".cache"
    return base / "pytest-seedstate"


def _refuse_strangers(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise PermissionError("another user may write there")


def write_atomically(path: Path, chunks: list[bytes], note: Note = log_note) -> bool:
    """Write a cache file so that it is seen whole or not at all, also by runs at the same time.

    Args:
        path: the file; its folder exists.
        chunks: its content.
        note: is told why it could not be written.

    Returns:
        Whether it was written.
    """
    fresh = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        fresh.touch(mode=0o600, exist_ok=False)
        with fresh.open("wb") as file:
            file.writelines(chunks)
        fresh.replace(path)
    except OSError as error:
        note(f"seedstate: not cached for the next run: {path}: {error.strerror or error}")
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


def forget_old(
    folder: Path,
    suffix: str,
    *,
    keep: int,
    most_bytes: int | None = None,
    most_days: float | None = None,
) -> None:
    """Remove all but the files used last, and what killed runs left half-written.

    Args:
        folder: the cache folder, or one below it.
        suffix: how the names of the files end.
        keep: how many to keep.
        most_bytes: how many bytes all of them may have, None for any.
        most_days: how long ago they may have been used last, None for any.
    """
    with contextlib.suppress(OSError):
        files = {path: path.stat() for path in folder.iterdir() if path.is_file()}
        whole = [path for path in files if path.name.endswith(suffix) and path.name[0] != "."]
        whole.sort(key=lambda path: files[path].st_mtime, reverse=True)
        now = time.time()
        oldest = -math.inf if most_days is None else now - most_days * 86400
        room = math.inf if most_bytes is None else most_bytes
        for number, path in enumerate(whole):
            room -= files[path].st_size
            if number >= keep or room < 0 or files[path].st_mtime < oldest:
                path.unlink(missing_ok=True)
        for path, about in files.items():
            if f"{suffix}-" in path.name and about.st_mtime < now - 3600:
                path.unlink(missing_ok=True)

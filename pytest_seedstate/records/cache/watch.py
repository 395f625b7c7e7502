"""What code reads while it runs: files, folders, environment variables; and what it does besides.

Python tells such things to audit hooks. A hook stays for the life of the process, so it is added
when something is watched for the first time, and does nothing while nothing is.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.util import source_from_cache
from types import FrameType
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Seen:
    """What was seen.

    Attributes:
        files: paths that were opened for reading, whether they existed or not.
        folders: paths that were listed.
        variables: environment variables that were read, None for those that were not set.
        beyond: what else the code did that is not repeated when its result is taken from
            elsewhere, or that depends on more than can be seen; None if nothing.
    """

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    variables: dict[str, str | None] = field(default_factory=dict)
    beyond: str | None = None

    def goes_beyond(self, what: str) -> None:
        """Note the first such thing."""
        self.beyond = self.beyond or what


@dataclass(frozen=True)
class _Block:
    seen: Seen
    own_thread: str
    reads_variables: Callable[[str], bool]


_BLOCK: ContextVar[_Block | None] = ContextVar("seedstate_watched_block", default=None)
_changing = threading.Lock()
_watching = 0
_hooked = False
_patches = ExitStack()


@contextmanager
def watching(
    *, own_thread: str = "", reads_variables: Callable[[str], bool] = lambda _: True
) -> Iterator[Seen]:
    """Watch the code of a block, also in threads that run in a copy of its context.

    Args:
        own_thread: the name of a thread of ours, which does run in such a copy.
        reads_variables: of which source files the reading of variables counts.
    """
    seen = Seen()
    _begin()
    try:
        token = _BLOCK.set(_Block(seen, own_thread, reads_variables))
        try:
            yield seen
        finally:
            _BLOCK.reset(token)
    finally:
        _end()


def _begin() -> None:
    global _hooked, _watching
    with _changing:
        if not _hooked:
            _hooked = True
            sys.addaudithook(_hook)
        # Blocks of several threads may overlap: if each put back what it has found, the last to
        # end could put back what another one had patched in.
        if not _watching:
            _patches.enter_context(_environment_watched())
            _patches.enter_context(_threads_watched())
        _watching += 1


def _end() -> None:
    global _watching
    with _changing:
        _watching -= 1
        if not _watching:
            _patches.close()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    note = _EVENTS.get(event)
    if note is not None:
        block = _BLOCK.get()
        if block is not None:
            note(block.seen, *arguments)


_LOADERS = ("<frozen importlib", "<frozen zipimport")
_ASKED = frozenset({"get_data", "get_source", "get_code", "exec_module"})
_METADATA = f"{os.sep}importlib{os.sep}metadata{os.sep}"
_NEAR = 8


def _path(given: Any) -> str | None:
    """The full path; None for an open file's number, and for what Python reads for itself."""
    if not isinstance(given, (str, bytes, os.PathLike)):
        return None
    # Frames: this function, the note, the hook, the code that Python reports.
    frame: FrameType | None = sys._getframe(3)
    loading = list(_loading(frame))
    if loading and (loading[-1] not in _ASKED or "set_data" in loading):
        return None
    for _ in range(_NEAR):
        # It looks into every folder of the path; which distributions there are is known anyway.
        if frame is None:
            break
        if _METADATA in frame.f_code.co_filename:
            return None
        frame = frame.f_back
    path = os.path.abspath(os.fsdecode(given))  # noqa: PTH100 - may be anything that open takes
    if loading and path.endswith(".pyc"):
        # Compiled again only when somebody loads it again: an edit changes the source alone.
        with suppress(ValueError):
            return source_from_cache(path)
    return path


def _loading(frame: FrameType | None) -> Iterator[str]:
    """The functions of Python's loaders that are at work, the one that other code called last.

    An import calls another one than code that asks a loader for a file's content, or to run a
    module which nobody may find in `sys.modules` afterwards.
    """
    while frame is not None and frame.f_code.co_filename.startswith(_LOADERS):
        yield frame.f_code.co_name
        frame = frame.f_back


def _opened(seen: Seen, given: Any, _mode: Any, flags: int) -> None:
    path = _path(given)
    if path is None:
        return
    if flags & _WRITING:
        if path != os.devnull:
            seen.goes_beyond("it writes files")
    else:
        seen.files.add(path)


def _listed(seen: Seen, given: Any = None) -> None:
    path = _path("." if given is None else given)
    if path is not None:
        seen.folders.add(path)


def _changed(seen: Seen, given: Any = None, *_: Any) -> None:
    if _path(given) is not None:
        seen.goes_beyond("it changes files")


def _beyond(what: str) -> Callable[..., None]:
    return lambda seen, *_: seen.goes_beyond(what)


_EVENTS: Mapping[str, Callable[..., None]] = {
    "open": _opened,
    "os.listdir": _listed,
    "os.scandir": _listed,
    "sqlite3.connect": _beyond("it opens a database"),
    **dict.fromkeys(
        ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo"),
        _beyond("it uses the network"),
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec"),
        _beyond("it runs programs"),
    ),
    **dict.fromkeys(
        ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
        _changed,
    ),
}


_OF_MAPPINGS = ("os.py", "<frozen os>", "_collections_abc.py", "<frozen _collections_abc>")


def _reader() -> str:
    """The source file that asked for a variable, through whatever method of the mapping."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(_OF_MAPPINGS):
        frame = frame.f_back
    return frame.f_code.co_filename


@contextmanager
def _environment_watched() -> Iterator[None]:
    # Nothing is audited about `os.environ`, so its class is watched.
    kind: Any = type(os.environ)
    get, walk = kind.__getitem__, kind.__iter__

    def getitem(self: Any, name: Any) -> Any:
        block = _BLOCK.get()
        # The same variables as bytes, where the platform has them so.
        ours = self is os.environ or self is getattr(os, "environb", None)
        if block is None or not ours or not block.reads_variables(_reader()):
            return get(self, name)
        value = None
        try:
            value = get(self, name)
            return value
        finally:
            block.seen.variables.setdefault(_text(name), None if value is None else _text(value))

    def iterate(self: Any) -> Any:
        block = _BLOCK.get()
        if block is not None:
            block.seen.goes_beyond("it reads all environment variables")
        return walk(self)

    kind.__getitem__, kind.__iter__ = getitem, iterate
    try:
        yield
    finally:
        kind.__getitem__, kind.__iter__ = get, walk


def _text(given: Any) -> str:
    return os.fsdecode(given) if isinstance(given, bytes) else str(given)


@contextmanager
def _threads_watched() -> Iterator[None]:
    # A thread does not inherit its starter's context, so what it does is not seen.
    start = threading.Thread.start

    def noted(self: threading.Thread) -> None:
        block = _BLOCK.get()
        if block is not None and self.name != block.own_thread:
            block.seen.goes_beyond("it starts threads, which cannot be watched")
        start(self)

    threading.Thread.start = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]

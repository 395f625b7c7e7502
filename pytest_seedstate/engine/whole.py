"""Doing as a whole what a signal's handler would leave half done, such as that of a time limit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, TypeVar

KindT = TypeVar("KindT", bound=type)

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGALRM", "SIGHUP", "SIGINT", "SIGPROF", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_IMPATIENT = (signal.SIGINT, signal.SIGTERM)


def whole(*names: str) -> Callable[[KindT], KindT]:
    """Have signals wait until a method is done; a second Ctrl-C or SIGTERM does not.

    A handler that raises in the middle of a question to a service would leave its answer to
    whoever asks next. pytest-timeout has one, and users have.

    Args:
        names: methods of the class that are done in a moment.
    """

    def made_whole(kind: KindT) -> KindT:
        for name in names:
            setattr(kind, name, _whole(vars(kind)[name]))
        return kind

    return made_whole


def _whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def undisturbed(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with _signals_wait():
            return method(*args, **kwargs)

    return undisturbed


@contextmanager
def _signals_wait() -> Iterator[None]:
    # Python runs handlers in the main thread alone, and lets no other set them.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {n: h for n in _SIGNALS if callable(h := signal.getsignal(n))}
    if not handlers or any(getattr(each, "waits", False) for each in handlers.values()):
        yield
        return
    came: dict[int, FrameType | None] = {}

    def note(number: int, frame: FrameType | None) -> None:
        if number in came and number in _IMPATIENT:
            handlers[number](number, frame)
        came[number] = frame

    note.waits = True  # type: ignore[attr-defined]
    try:
        for number in handlers:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came.items():
            handlers[number](number, frame)

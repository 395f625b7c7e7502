"""Doing one thing at a time with an object that several threads call."""

from __future__ import annotations

import inspect
import os
import threading
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

KindT = TypeVar("KindT", bound=type)


def one_at_a_time(kind: KindT) -> KindT:
    """Have every public method of a class wait while another thread is in one of the same object.

    Args:
        kind: the class; its instances can be hashed and weakly referred to.
    """
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(kind, name, _alone(method))
    return kind


def _alone(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def waiting(self: object, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with _turns_of(self):
            return method(self, *args, **kwargs)

    return waiting


class _Turns:
    """A lock that its owner may take again, and that goes to whoever has waited longest.

    With `threading.RLock`, a thread that asks in a loop keeps all others waiting for ever.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with self._changing:
            if self._owner in (None, thread):
                self._owner = thread
                self._depth += 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((thread, turn))
        try:
            turn.acquire()
        except BaseException:
            # Ctrl-C, or a test's time limit.
            self._leave(thread, turn)
            raise

    def __exit__(self, *error: object) -> None:
        with self._changing:
            self._depth -= 1
            if not self._depth:
                self._hand_over()

    def _leave(self, thread: int, turn: threading.Lock) -> None:
        with self._changing:
            if self._owner == thread:
                self._hand_over()
            else:
                self._waiting.remove((thread, turn))

    def _hand_over(self) -> None:
        self._owner, self._depth = None, 0
        if self._waiting:
            self._owner, turn = self._waiting.popleft()
            self._depth = 1
            turn.release()


_turns: WeakKeyDictionary[object, _Turns] = WeakKeyDictionary()


def _turns_of(one: object) -> _Turns:
    # Two threads that are the first at once are given the same.
    return _turns.get(one) or _turns.setdefault(one, _Turns())


if hasattr(os, "register_at_fork"):
    # The threads that hold them are not in a forked child.
    os.register_at_fork(after_in_child=_turns.clear)

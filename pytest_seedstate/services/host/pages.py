"""Which memory pages a server writes to as soon as it serves: learnt once, got ready after each fork.

A forked process shares its memory with its parent until it writes, and pays for each page's first
write with an interruption, in the middle of a request. Common requests, carried out in advance, pay
for that before it matters; they always write to the same pages, so that one process can tell all
later ones which. Getting these ready then takes about half the time (12 instead of
22 ms of processor time for moto).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable

from pytest_seedstate.services import platform

_MOST = 8_192
"""Ranges that are remembered, at most; what is left out is made private when it is written to."""
_RANGE = struct.Struct("=QI")
_COUNT = struct.Struct("=I")
_AT_ONCE = 64


class WarmPages:
    """Shared by all processes that are forked from the one that makes it."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _COUNT.size + _MOST * _RANGE.size)
        self._inherited: list[tuple[int, int]] = []

    @property
    def are_known(self) -> bool:
        """Whether a process has told them."""
        return self._count() > 0

    def begin_to_learn(self) -> None:
        """The process was just forked; what it writes to from now on is looked for."""
        self._inherited = platform.writable_memory()

    def learn(self) -> None:
        """Remember what this process has written to since `begin_to_learn`."""
        found = platform.private_pages(self._inherited)[:_MOST]
        for number, (start, pages) in enumerate(found):
            _RANGE.pack_into(self._shared, _COUNT.size + number * _RANGE.size, start, pages)
        # The count makes them known, so it comes last.
        _COUNT.pack_into(self._shared, 0, len(found))

    def get_ready(self, is_wanted: Callable[[], bool]) -> None:
        """Make the known pages private; give up when this process is wanted elsewhere."""
        area = memoryview(self._shared)[_COUNT.size :][: self._count() * _RANGE.size]
        ranges = list(_RANGE.iter_unpack(area))
        for first in range(0, len(ranges), _AT_ONCE):
            if is_wanted():
                return
            platform.make_private(ranges[first : first + _AT_ONCE])

    def _count(self) -> int:
        count: int = _COUNT.unpack_from(self._shared, 0)[0]
        return count

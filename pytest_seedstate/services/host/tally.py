"""Counters in shared memory: whether a server has written is read without asking it.

A server of the host counts a write before it is carried out, so that a reader never sees a changed
service with an unchanged count.
"""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path

SLOTS = 1024
_FIELDS = 2
_STARTED, _VOID = range(_FIELDS)
SIZE = SLOTS * _FIELDS * 8
"""Bytes of the file: one slot for every server that can be alive at once, two numbers each."""


class Tally:
    """The file of counters, mapped.

    Args:
        descriptor: the open file; it may be closed afterwards.
    """

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, SIZE)
        # Items of a cast view are stored as one machine word each, so that no reader in another
        # process sees half of one.
        self._numbers = memoryview(self._map).cast("Q")

    @classmethod
    def create(cls, path: Path) -> Tally:
        """A new file with all counters at 0."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, SIZE)
            return cls(descriptor)
        finally:
            os.close(descriptor)

    @classmethod
    def open(cls, path: Path) -> Tally:
        """The file that another process made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            return cls(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        self._numbers.release()
        self._map.close()

    def clear(self, slot: int) -> None:
        """Make a slot ready for a new server."""
        for field in range(_FIELDS):
            self._numbers[slot * _FIELDS + field] = 0

    def written(self, slot: int) -> int:
        """Writes that a server has begun, without those that turned out to change nothing."""
        at = slot * _FIELDS
        # A write is voided after it was counted: read in this order, a sum may be too high for a
        # moment, never too low.
        void = self._numbers[at + _VOID]
        return self._numbers[at + _STARTED] - void


class Writes:
    """The side of one server: counts its writes, from several threads."""

    def __init__(self, tally: Tally, slot: int) -> None:
        self._numbers = tally._numbers
        self._at = slot * _FIELDS
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Count a write; call before it is carried out."""
        self._add(_STARTED)

    def void(self) -> None:
        """A write that was counted is known to have changed nothing."""
        self._add(_VOID)

    def void_all(self) -> None:
        """What was written is gone; nobody is writing."""
        with self._lock:
            self._numbers[self._at + _VOID] = self._numbers[self._at + _STARTED]

    def _add(self, field: int) -> None:
        with self._lock:
            self._numbers[self._at + field] += 1

"""What factories built on the way to a record: sub-records and related records.

A factory that fills a field from another factory, or makes related records afterwards, would have
saved those too. So a scenario that yields such a record yields its company as well: what was
built for it before it, then itself, then what was built after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from pytest_seedstate.records.record import Record

T = TypeVar("T")


class Company:
    """Remembers for one run which records were built together."""

    def __init__(self) -> None:
        self._depth = 0
        self._built: list[object] = []
        self._groups: dict[int, list[Record]] = {}

    def built(self, instance: object) -> None:
        """Note what a factory of any depth has just built."""
        self._built.append(instance)

    def around(self, generate: Callable[[], T]) -> T:
        """Run one call of a factory; what it built belongs together."""
        self._depth += 1
        try:
            return self._grouped(generate())
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._built.clear()

    def of(self, record: Record) -> list[Record]:
        """The stored records built together with one, itself included, in order."""
        return self._groups.get(id(record), [record])

    def _grouped(self, made: T) -> T:
        if self._depth == 1 and len(self._built) > 1 and isinstance(made, Record):
            # The list keeps its records alive, so that no id is used again during the run.
            self._groups[id(made)] = [
                member
                for member in self._built
                if member is made or (isinstance(member, Record) and member.placements())
            ]
        return made


_CURRENT: ContextVar[Company | None] = ContextVar("seedstate_company", default=None)


def current_company() -> Company | None:
    """The running scenario's, None where factories are used outside of a scenario."""
    return _CURRENT.get()


@contextmanager
def keeping_company() -> Iterator[Company]:
    """Remember what is built together until the block ends."""
    company = Company()
    token = _CURRENT.set(company)
    try:
        yield company
    finally:
        _CURRENT.reset(token)

"""Space that undone changes leave behind: nobody else takes it back, where autovacuum is off."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.stores.postgres.catalog import Table
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.names import SCHEMA

_ENTRIES = 2_000
"""Entries of all logs after which it is looked for."""

_BYTES = 1 << 18
"""Size of a log from which it is worth taking back."""


class Vacuum:
    """Keeps logs, and tables that many changes were undone in, as small as what is in them.

    Args:
        control: the journal's connection.

    Attributes:
        entry: the last entry so far.
    """

    def __init__(self, control: Control) -> None:
        self.entry = 0
        self._control = control
        self._last = 0

    @property
    def is_due(self) -> bool:
        """Whether many entries were made since the last time."""
        # A clone may count from a smaller number.
        return abs(self.entry - self._last) > _ENTRIES

    def run(self, tables: Mapping[int, Table]) -> None:
        """Take it back where there is much; of a table that somebody has locked later."""
        self._last = self.entry
        large = self._control.connection.execute(
            f"SELECT relid::int8 FROM {SCHEMA}.tables WHERE pg_relation_size(log) > {_BYTES}"
        ).fetchall()
        for (oid,) in large:
            self._control.run(f"VACUUM {SCHEMA}.log_{oid}")
            if oid in tables:
                # Each entry stands for a dead row or two there.
                self._control.run(f"VACUUM (SKIP_LOCKED) {tables[oid].sql}")

"""Materialised views: which there are, what they read, and how they follow their tables.

A baseline holds them as they are once refreshed. A rewind can only refresh what a test has
refreshed, so a state that held anything else would change during a run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.catalog import USER_SCHEMA
from pytest_seedstate.stores.postgres.foreign_keys import loading_order
from pytest_seedstate.stores.postgres.names import SCHEMA

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.control import Control

ANYTHING = 0
"""In place of an oid: a view reads, or somebody has written, what the catalogue does not tell."""

LATER = sys.maxsize
"""In place of an entry's number: after any refresh."""

# Another role's cannot be refreshed, so those are left alone.
_VIEWS = f"""
SELECT c.oid::int8, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relispopulated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND {USER_SCHEMA} AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.oid
"""

# The body of a function, and where a foreign table leads, are nothing that the catalogue knows.
_READS = f"""
SELECT r.ev_class::int8,
       CASE WHEN d.refclassid = 'pg_class'::regclass AND NOT EXISTS (
           SELECT FROM pg_class f WHERE f.oid = d.refobjid AND f.relkind = 'f'
       ) THEN d.refobjid::int8 ELSE {ANYTHING} END
FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
WHERE r.ev_class >= 16384 AND d.refobjid <> r.ev_class
  AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
UNION SELECT inhparent::int8, inhrelid::int8 FROM pg_inherits
-- Rows that are loaded into the parent may arrive in the child.
UNION SELECT inhrelid::int8, inhparent::int8 FROM pg_inherits
"""

_REFRESHED = f"""
SELECT object, max(entry) FROM {SCHEMA}.ddl WHERE tag = 'REFRESH MATERIALIZED VIEW' GROUP BY object
"""


@dataclass(frozen=True, slots=True)
class View:
    """One materialised view.

    Attributes:
        sql: its name as SQL.
        populated: whether it can be read.
        reads: oids of all that it reads, directly or through other views; perhaps `ANYTHING`.
    """

    oid: int
    sql: str
    populated: bool
    reads: frozenset[int]


def read_views(connection: psycopg.Connection[Any]) -> tuple[View, ...]:
    """The materialised views, each after those that it reads."""
    found = {oid: (sql, full) for oid, sql, full in connection.execute(_VIEWS).fetchall()}
    if not found:
        return ()
    uses: dict[int, list[int]] = {}
    for relation, used in connection.execute(_READS).fetchall():
        uses.setdefault(relation, []).append(used)
    reads = {oid: _reached(oid, uses) for oid in found}
    order, _ = loading_order(
        list(found), [(oid, other) for oid in found for other in reads[oid] & found.keys()]
    )
    return tuple(View(oid, *found[oid], reads[oid]) for oid in order)


def _reached(start: int, uses: Mapping[int, Iterable[int]]) -> frozenset[int]:
    reached: set[int] = set()
    ahead = [start]
    while ahead:
        for used in uses.get(ahead.pop(), ()):
            if used not in reached:
                reached.add(used)
                ahead.append(used)
    return frozenset(reached - {start})


def refresh_views(connection: psycopg.Connection[Any], views: Sequence[View]) -> None:
    """Compute views anew, those that are populated; empty the others.

    Args:
        connection: in a transaction.
        views: each after those that it reads.

    Raises:
        SeedstateError: a view's query fails on the rows that are there.
    """
    read = {oid for view in views if view.populated for oid in view.reads}
    for view in views:
        if view.populated or view.oid in read:
            _refresh(connection, view, "")
    for view in views:
        if not view.populated:
            _refresh(connection, view, " WITH NO DATA")


def _refresh(connection: psycopg.Connection[Any], view: View, how: str) -> None:
    try:
        connection.execute(f"REFRESH MATERIALIZED VIEW {view.sql}{how}".encode())
    except errors.OperationalError:
        raise
    except psycopg.Error as error:
        raise SeedstateError(
            f"the materialised view {view.sql} cannot be refreshed",
            checked="a state holds its views as they are once refreshed",
            fix="see what its query makes of these rows, or create it WITH NO DATA",
            detail=str(error),
        ) from error


def refresh_after(connection: psycopg.Connection[Any], written: Iterable[int]) -> None:
    """Refresh the views whose contents depend on what was just written.

    Args:
        connection: in a transaction.
        written: oids of tables, or `ANYTHING`.
    """
    views = read_views(connection)
    refresh_views(connection, _stale(views, dict.fromkeys(written, LATER), {}))


def refresh_stale(control: Control, touched: Iterable[int], unknown: Iterable[int]) -> None:
    """Refresh the views whose tables were written to since the view was refreshed, by the logs.

    Args:
        control: the journal's connection.
        touched: oids of tables of which the logs have entries.
        unknown: oids of tables that may have been written to without a log.
    """
    with control.transaction() as connection:
        views = read_views(connection)
        if not views:
            return
        written = {oid: _last_entry(connection, oid) for oid in touched}
        written.update(dict.fromkeys(unknown, LATER))
        refreshed = dict(connection.execute(_REFRESHED).fetchall())
        refresh_views(connection, _stale(views, written, refreshed))


def _last_entry(connection: psycopg.Connection[Any], oid: int) -> int:
    row = connection.execute(f"SELECT coalesce(max(entry), 0) FROM {SCHEMA}.log_{oid}").fetchone()
    assert row is not None
    return int(row[0])


def _stale(
    views: Sequence[View], written: Mapping[int, int], refreshed: Mapping[str, int]
) -> list[View]:
    """The populated views that are older than what they read, and what must be filled for them.

    Args:
        views: each after those that it reads.
        written: the last entry of each table that was written to.
        refreshed: the entry at which a view was refreshed, by its name as SQL.
    """
    last = dict(written)
    stale: list[View] = []
    for view in views:
        if ANYTHING in view.reads or ANYTHING in written:
            entries = list(last.values())
        else:
            entries = [last[oid] for oid in view.reads if oid in last]
        refresh = refreshed.get(view.sql, 0)
        if view.populated and entries and max(entries) > refresh:
            stale.append(view)
            last[view.oid] = LATER
        elif refresh:
            last[view.oid] = refresh
    read = {oid for view in stale for oid in view.reads}
    return [view for view in views if view in stale or (not view.populated and view.oid in read)]

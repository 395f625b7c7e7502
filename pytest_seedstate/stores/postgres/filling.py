"""Bringing tables and sequences from one kept baseline to another, in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from psycopg import errors

from pytest_seedstate.stores.postgres.baselines import Content, ContentFiles
from pytest_seedstate.stores.postgres.catalog import Table
from pytest_seedstate.stores.postgres.names import SCHEMA
from pytest_seedstate.stores.postgres.server_sql import PATIENCE

if TYPE_CHECKING:
    import psycopg

LARGE = 5_000
"""Rows from which a table is emptied by TRUNCATE, which takes about as long as DELETE of so many
rows and has no row to visit later."""

_REFERENCES = """
SELECT DISTINCT confrelid::int8, conrelid::int8 FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid
"""


def lock_tables(connection: psycopg.Connection[Any], tables: Iterable[Table]) -> None:
    """Keep writers off `tables` until the transaction ends; waits for those who are at it.

    To be the first statement of the transaction, so that its snapshot sees what they committed.
    """
    names = ", ".join(f"ONLY {table.sql}" for table in tables)
    connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}ms'")
    if names:
        connection.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def fill_tables(
    connection: psycopg.Connection[Any],
    files: ContentFiles,
    tables: Mapping[int, Table],
    wanted: Mapping[int, Content | None],
    held: Mapping[int, int],
) -> None:
    """Give tables other contents, and empty their logs; in a transaction that has locked them.

    Args:
        connection: in ``replica`` mode.
        files: where contents are read from.
        tables: all tables by oid.
        wanted: the new contents, of the tables to change only.
        held: about how many rows they hold, to choose how to empty them.
    """
    forced = [switch for oid in wanted for switch in tables[oid].forced]
    for off, _ in forced:
        connection.execute(off)
    large = _truncatable(connection, tables, {o for o in wanted if held.get(o, 0) >= LARGE})
    statements = [f"DELETE FROM ONLY {tables[oid].sql}" for oid in wanted if oid not in large]
    if large:
        statements.append("TRUNCATE " + ", ".join(f"ONLY {tables[oid].sql}" for oid in large))
    statements.extend(f"DELETE FROM {tables[oid].log}" for oid in wanted)
    if statements:
        connection.execute(";\n".join(statements))
    for oid, content in wanted.items():
        files.fill(connection, tables[oid], content)
    for _, on in forced:
        connection.execute(on)


def _truncatable(
    connection: psycopg.Connection[Any], tables: Mapping[int, Table], large: set[int]
) -> set[int]:
    """Those of `large` that TRUNCATE takes, locked for it."""
    if large:
        # It refuses a table that one outside the statement refers to.
        referenced = connection.execute(_REFERENCES).fetchall()
        while kept := {target for target, source in referenced if source not in large} & large:
            large = large - kept
    if large:
        names = ", ".join(f"ONLY {tables[oid].sql}" for oid in large)
        try:
            with connection.transaction():
                connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE NOWAIT")
        except errors.LockNotAvailable:
            # Somebody reads; DELETE does not mind, and waiting might be a deadlock.
            return set()
    return large


def note_sizes(connection: psycopg.Connection[Any], contents: Mapping[int, Content | None]) -> None:
    """Tell the rewind how many rows the baseline of each of these tables has."""
    if contents:
        connection.execute(
            f"UPDATE {SCHEMA}.tables t SET kept = k.kept "
            "FROM unnest(%s::int8[], %s::int8[]) AS k(relid, kept) "
            "WHERE t.relid = k.relid::oid AND t.kept <> k.kept",
            (list(contents), list(row_counts(contents).values())),
        )


def read_cached(connection: psycopg.Connection[Any]) -> tuple[tuple[int, int], ...]:
    """The last values of sequences with a CACHE that were called."""
    return tuple(
        connection.execute(
            f"SELECT s.oid::int8, pg_sequence_last_value(s.oid) FROM {SCHEMA}.sequences s "
            "WHERE s.cached AND pg_sequence_last_value(s.oid) IS NOT NULL"
        ).fetchall()
    )


def set_cached(connection: psycopg.Connection[Any], values: tuple[tuple[int, int], ...]) -> None:
    """Move sequences with a CACHE forward to at least these values, never back.

    A pooled session may still hold values that it took: set back, they would be given out twice.
    """
    for oid, value in values:
        connection.execute(
            "SELECT setval(%(oid)s::int8::oid::regclass, greatest(%(value)s, "
            "coalesce(pg_sequence_last_value(%(oid)s::int8::oid), %(value)s)))",
            {"oid": oid, "value": value},
        )


def row_counts(contents: Mapping[int, Content | None]) -> dict[int, int]:
    """Rows by table oid."""
    return {oid: content.rows if content else 0 for oid, content in contents.items()}

"""Carrying what was written before a position over to a clone of the baseline.

The entries are signed images, so they tell the way forward as well: with their signs turned, an
undo of them writes what they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_seedstate.stores.postgres.names import SCHEMA

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.control import Control

_TOUCHED = f"SELECT relid::int8 FROM {SCHEMA}.tables WHERE pg_relation_size(log) > 0"


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries taken out of a database.

    Attributes:
        logs: by table oid, as COPY text.
        refreshes: notes of refreshed materialised views, as COPY text.
        last: the last entry's number.
    """

    logs: Mapping[int, bytes]
    refreshes: bytes
    last: int


def take_entries(control: Control, snapshot: str) -> Entries | None:
    """The entries of transactions that `snapshot` sees.

    Returns:
        None when they are not enough to go by: tables had been changed by then.
    """
    try:
        with control.transaction() as connection:
            ddl, last = control.one(
                f"SELECT EXISTS (SELECT FROM {SCHEMA}.ddl WHERE tag <> 'REFRESH MATERIALIZED VIEW' "
                "AND pg_visible_in_snapshot(xid, %s::pg_snapshot)), "
                f"(SELECT last_value FROM {SCHEMA}.entry)",
                (snapshot,),
            )
            if ddl:
                return None
            logs = {
                oid: _read(connection, f"log_{oid}", snapshot)
                for (oid,) in connection.execute(_TOUCHED).fetchall()
            }
            return Entries(
                {oid: data for oid, data in logs.items() if data},
                _read(connection, "ddl", snapshot),
                last,
            )
    except psycopg.errors.UndefinedTable:
        return None


def put_entries(connection: psycopg.Connection[Any], entries: Entries) -> None:
    """Write what the entries say to the baseline, and the entries to the logs."""
    for oid, data in entries.logs.items():
        _write(connection, f"log_{oid}", data)
        connection.execute(f"UPDATE {SCHEMA}.log_{oid} SET sign = -sign")
        connection.execute(f"SELECT {SCHEMA}.undo_{oid}(NULL, NULL)")
        _write(connection, f"log_{oid}", data)
    _write(connection, "ddl", entries.refreshes)
    # Later entries must have later numbers than these.
    connection.execute(f"SELECT setval('{SCHEMA}.entry', %s)", (entries.last,))


def _read(connection: psycopg.Connection[Any], log: str, snapshot: str) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT * FROM {SCHEMA}.{log} "
            f"WHERE pg_visible_in_snapshot(xid, '{snapshot}')) TO STDOUT"
        ) as copy,
    ):
        return b"".join(bytes(block) for block in copy)


def _write(connection: psycopg.Connection[Any], log: str, data: bytes) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {SCHEMA}.{log} FROM STDIN") as copy,
    ):
        copy.write(data)

"""All rows in one stable order and form, for comparisons and archives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.canonical import canonical, encode
from pytest_seedstate.stores.postgres.catalog import Catalog, Column, Table

if TYPE_CHECKING:
    import psycopg

_BATCH = 2_000  # rows fetched at once


def dump_tables(
    connection: psycopg.Connection[Any], catalog: Catalog
) -> Iterator[tuple[str, str, Any]]:
    """Rows of all tables at one moment: table, key as text, columns to canonical values."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in catalog.collections:
            yield from _rows(connection, table)


def _rows(connection: psycopg.Connection[Any], table: Table) -> Iterator[tuple[str, str, Any]]:
    names = [column.name for column in table.columns]
    keys = [names.index(column.name) for column in table.key or table.primary]
    only = "" if table.partitioned else "ONLY "
    listed = ", ".join(f"t.{column.sql}" for column in table.columns)
    order = ", ".join(_ordered(column) for column in table.key or table.primary)
    with connection.cursor(name="seedstate_dump") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            f"SELECT {listed} FROM {only}{table.sql} t ORDER BY {order or '(t.*)::text'}"
        )
        for row in cursor:
            values = [_canonical(value) for value in row]
            identity = [values[index] for index in keys] if keys else values
            key = encode(identity[0] if len(identity) == 1 else identity).decode()
            yield table.title, key, dict(zip(names, values, strict=True))


def _ordered(column: Column) -> str:
    """One order on every machine, whatever its collation."""
    collatable = column.log_type.removesuffix("[]") in (
        "text",
        "pg_catalog.text",
        "character varying",
    )
    return f't.{column.sql}::text COLLATE "C"' if collatable else f"t.{column.sql}"


def _canonical(value: Any) -> Any:
    try:
        return canonical(value)
    except SeedstateError:
        # A range, say: its text is as good.
        return canonical(str(value))

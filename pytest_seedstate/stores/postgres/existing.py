"""Which rows a database has already, by their primary keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.catalog import Table
from pytest_seedstate.stores.postgres.load import Row

if TYPE_CHECKING:
    import psycopg

_ROWS_AT_ONCE = 1_000
"""Keys of one query, which may have 65 535 parameters (PostgreSQL's protocol)."""


def absent_rows(
    connection: psycopg.Connection[Any], table: Table, rows: Sequence[Row]
) -> list[Row]:
    """Those rows whose primary key is not in the table, in order.

    A table without primary key has none of them, nor has it rows whose key it will make itself.

    Raises:
        psycopg.Error: a key that is no value of its column.
    """
    if not table.primary:
        return list(rows)
    names = [column.name for column in table.primary]
    keyed = [number for number, row in enumerate(rows) if all(name in row for name in names)]
    # Compared by the server: only it knows that '1' and 1 are the same numeric.
    places = ", ".join(["%s::int8", *(f"%s::{column.type}" for column in table.primary)])
    columns = ", ".join(f"k{number}" for number, _ in enumerate(names))
    same = " AND ".join(
        f"t.{column.sql} = v.k{number}" for number, column in enumerate(table.primary)
    )
    there: set[int] = set()
    for start in range(0, len(keyed), _ROWS_AT_ONCE):
        some = keyed[start:][:_ROWS_AT_ONCE]
        values = ", ".join([f"({places})"] * len(some))
        query = (
            f"SELECT v.number FROM (VALUES {values}) AS v (number, {columns}) "
            f"WHERE EXISTS (SELECT FROM {table.sql} t WHERE {same})"
        )
        parameters = [value for n in some for value in (n, *(rows[n][name] for name in names))]
        there.update(number for (number,) in connection.execute(query.encode(), parameters))
    return [row for number, row in enumerate(rows) if number not in there]

"""Loading entries: COPY, table after table, in one transaction."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from pytest_seedstate.errors import SeedstateError, closest, unknown_name
from pytest_seedstate.stores.postgres.catalog import Catalog, Column, Table
from pytest_seedstate.stores.postgres.foreign_keys import (
    ForeignKey,
    check_references,
    loading_order,
    missing_reference,
    read_foreign_keys,
)
from pytest_seedstate.stores.postgres.names import quote
from pytest_seedstate.stores.postgres.values import binary_oid, fits_binary, prepare

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Collections, Loaded

BULK = 2_000
"""Rows of a table from which its references are checked by one query at the end instead of row by
row, unless triggers of the user must see the rows."""

Row = Mapping[str, Any]


def find_table(catalog: Catalog, collection: str) -> Table:
    """The table that a collection names: ``table`` or ``schema.table``.

    Raises:
        SeedstateError: there is none, or there are several.
    """
    tables = catalog.collections
    exact = [
        table for table in tables if collection in (table.title, f"{table.schema}.{table.name}")
    ]
    found = exact or [table for table in tables if table.name == collection]
    if len(found) == 1:
        return found[0]
    if found:
        raise SeedstateError(
            f"'{collection}' is the name of several tables",
            fix=f"say which: {', '.join(sorted(table.title for table in found))}",
        )
    raise unknown_name("table", collection, [table.title for table in tables])


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What a load must know of the tables.

    Attributes:
        catalog: the tables.
        foreign_keys: all foreign keys.
        triggered: oids of tables with triggers of the user.
        sequences: by table oid: column, oid of the sequence behind it, its increment.
    """

    catalog: Catalog
    foreign_keys: tuple[ForeignKey, ...]
    triggered: frozenset[int]
    sequences: Mapping[int, Sequence[tuple[str, int, int]]]


def read_plan(connection: psycopg.Connection[Any], catalog: Catalog) -> LoadPlan:
    """Read what is not in `catalog` yet."""
    sequences: dict[int, list[tuple[str, int, int]]] = {}
    for oid, *facts in connection.execute(_SEQUENCES).fetchall():
        sequences.setdefault(oid, []).append((facts[0], facts[1], facts[2]))
    return LoadPlan(
        catalog=catalog,
        foreign_keys=read_foreign_keys(connection),
        triggered=frozenset(row[0] for row in connection.execute(_TRIGGERED).fetchall()),
        sequences=sequences,
    )


class Loading:
    """One load.

    Args:
        connection: in a transaction; that of an ordinary writer.
        plan: the tables.
        privileged: whether triggers and foreign keys may be switched off for a while.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], plan: LoadPlan, *, privileged: bool = True
    ) -> None:
        self._connection = connection
        self._privileged = privileged
        self._plan = plan

    def run(self, entries: Collections, loaded: Loaded) -> None:
        """Load all collections.

        Raises:
            SeedstateError: what does not fit, with table, column, key and value.
        """
        rows: dict[int, list[Row]] = {}
        tables: dict[int, Table] = {}
        for collection, given in entries.items():
            table = find_table(self._plan.catalog, collection)
            tables[table.oid] = table
            rows.setdefault(table.oid, []).extend(given)
        references = [(key.source, key.target) for key in self._plan.foreign_keys]
        order, circular = loading_order(list(tables), references)
        unchecked = set()
        for oid in order:
            if not rows[oid]:
                continue
            groups = list(_by_columns(tables[oid], rows[oid]))
            to_itself = len(groups) > 1 and (oid, oid) in references
            bulk = len(rows[oid]) >= BULK and oid not in self._plan.triggered
            late = oid in circular or to_itself or bulk
            if late:
                unchecked.add(oid)
            self._role("replica" if late else "origin")
            for columns, members in groups:
                self._copy(tables[oid], columns, members)
            self._move_sequences(tables[oid], rows[oid])
            loaded(len(rows[oid]))
        for key in self._plan.foreign_keys:
            if key.source in unchecked:
                check_references(self._connection, key)

    def _role(self, role: str) -> None:
        if not self._privileged:
            # Those that may be checked later are; where that is not enough, the server says which.
            self._connection.execute("SET CONSTRAINTS ALL DEFERRED")
            return
        self._connection.execute(f"SET LOCAL session_replication_role = {role}")

    def _copy(self, table: Table, columns: list[Column], rows: list[Row]) -> None:
        names = [column.name for column in columns]
        fits = [fits_binary(column) for column in columns]
        binary = all(fit is not None for fit in fits) and all(
            row[name] is None or fit(row[name])  # type: ignore[misc]
            for row in rows
            for name, fit in zip(names, fits, strict=True)
        )
        prepared = [prepare(column) for column in columns]
        listed = ", ".join(quote(name) for name in names)
        target = f"{table.sql} ({listed})" if names else table.sql
        number = 0
        try:
            with (
                self._connection.cursor() as cursor,
                cursor.copy(
                    f"COPY {target} FROM STDIN (FORMAT {'binary' if binary else 'text'})"
                ) as copy,
            ):
                if binary:
                    copy.set_types([binary_oid(column) for column in columns])
                for number, row in enumerate(rows):  # noqa: B007 - the row at fault is named below
                    copy.write_row(
                        [
                            make(row[name]) if make else row[name]
                            for name, make in zip(names, prepared, strict=True)
                        ]
                    )
        except errors.ForeignKeyViolation as error:
            raise self._broken_reference(table, error) from error
        except psycopg.Error as error:
            raise refused(table, rows, error, number) from error
        except (TypeError, ValueError) as error:
            # Of Python's own json, for a document with a set in it, say.
            raise SeedstateError(
                f"table '{table.title}' does not take the row with {_row_key(table, rows[number])}",
                detail=str(error),
            ) from error

    def _broken_reference(self, table: Table, error: psycopg.Error) -> SeedstateError:
        values = _detail_values(error)
        for key in self._plan.foreign_keys:
            if key.name == error.diag.constraint_name and key.source_title == table.title:
                return missing_reference(key, dict(zip(key.columns, values, strict=False)))
        return SeedstateError(
            f"'{table.title}' refers to a row that is not there",
            detail=f"{error.diag.message_primary}\n{error.diag.message_detail or ''}",
        )

    def _move_sequences(self, table: Table, rows: list[Row]) -> None:
        """Move the sequences behind given columns past the largest value given."""
        for name, sequence, increment in self._plan.sequences.get(table.oid, ()):
            values = [row[name] for row in rows if isinstance(row.get(name), int)]
            if values:
                furthest = max(values) if increment > 0 else min(values)
                self._connection.execute(
                    _MOVE, {"sequence": sequence, "to": furthest, "step": increment}
                )


# Identity and serial columns own their sequence; a default may use any other.
_SEQUENCES = """
SELECT a.attrelid::int8, a.attname, s.seqrelid::int8, s.seqincrement
FROM pg_attribute a
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
JOIN pg_depend d ON (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                     AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
                     AND d.deptype IN ('a', 'i'))
                 OR (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                     AND d.refclassid = 'pg_class'::regclass)
JOIN pg_sequence s ON s.seqrelid IN (d.objid, d.refobjid)
WHERE a.attnum > 0
"""
_TRIGGERED = """
SELECT DISTINCT tgrelid::int8 FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname NOT LIKE 'seedstate\\_%'
"""
_MOVE = """
SELECT setval(s.seqrelid::regclass, %(to)s)
FROM pg_sequence s WHERE s.seqrelid = %(sequence)s::int8::oid
AND %(to)s BETWEEN s.seqmin AND s.seqmax
AND (pg_sequence_last_value(s.seqrelid) IS NULL
     OR (%(to)s - pg_sequence_last_value(s.seqrelid)) * sign(%(step)s) > 0)
"""


def _by_columns(table: Table, rows: Iterable[Row]) -> Iterable[tuple[list[Column], list[Row]]]:
    """Neighbours that give the same columns; what is not given takes its default.

    Raises:
        SeedstateError: a column that the table lacks.
    """
    columns = {column.name: column for column in table.columns}
    for names, members in itertools.groupby(rows, key=_names):
        for name in names:
            if name not in columns:
                near = closest(name, list(columns))
                raise SeedstateError(
                    f"table '{table.title}' has no column '{name}'",
                    checked=f"its columns: {', '.join(columns)}",
                    fix=f"did you mean '{near}'?" if near else None,
                )
        yield [columns[name] for name in names], list(members)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(row)


_CONTEXT = re.compile(r"COPY .*?, line (\d+)(?:, column (.+?))?(?:: .*)?$", re.MULTILINE)
_KEY = re.compile(r"\((.*?)\)=\((.*)\)")


def _detail_values(error: psycopg.Error) -> list[str]:
    found = _KEY.search(error.diag.message_detail or "")
    return found.group(2).split(", ") if found else []


def refused(table: Table, rows: Sequence[Row], error: psycopg.Error, number: int) -> SeedstateError:
    """The error for rows that the server, or psycopg before it, does not take.

    Args:
        rows: what was sent.
        number: index of the last row that was sent.
    """
    diag = error.diag
    if isinstance(error, (errors.UniqueViolation, errors.ExclusionViolation)):
        found = _KEY.search(diag.message_detail or "")
        shown = f"{found.group(1)} = {found.group(2)}" if found else diag.message_detail
        return SeedstateError(
            f"two rows of '{table.title}' have the same key: {shown}",
            checked=f"constraint {diag.constraint_name}",
            fix="give each row a key of its own; a row of that key may be in the store already",
        )
    context = _CONTEXT.search(diag.context or "")
    row = rows[int(context.group(1)) - 1] if context else rows[number]
    column = diag.column_name or (context.group(2) if context else None)
    where = f"table '{table.title}'" + (f", column '{column}'" if column else "")
    key = _row_key(table, row)
    value = _shown(row[column]) if column and column in row else "the default"
    if isinstance(error, errors.NotNullViolation):
        problem = f"{where} needs a value in the row with {key}"
    elif column:
        problem = f"{where} does not take {value} in the row with {key}"
    else:
        problem = f"{where} does not take the row with {key}"
    return SeedstateError(
        problem, detail=f"{diag.message_primary or error}\n{diag.message_detail or ''}"
    )


def _row_key(table: Table, row: Row) -> str:
    names = [column.name for column in table.primary or table.key if column.name in row]
    return ", ".join(f"{name} = {_shown(row[name])}" for name in names or list(row)[:2])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + " ..."

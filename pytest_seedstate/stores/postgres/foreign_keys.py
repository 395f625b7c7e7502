"""Foreign keys: in which order tables are filled and emptied, and whether references hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.names import quote, title

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One foreign key; tables by oid, columns by name, in the order of the key."""

    name: str
    source: int
    source_title: str
    source_sql: str
    columns: tuple[str, ...]
    target: int
    target_title: str
    target_sql: str
    target_columns: tuple[str, ...]
    match_full: bool


_FOREIGN_KEYS = """
SELECT c.conname, c.conrelid::int8, sn.nspname, s.relname,
       (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k(attnum, n)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
       c.confrelid::int8, tn.nspname, t.relname,
       (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k(attnum, n)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum),
       c.confmatchtype = 'f'
FROM pg_constraint c
JOIN pg_class s ON s.oid = c.conrelid JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_class t ON t.oid = c.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.contype = 'f' AND c.conparentid = 0
ORDER BY sn.nspname, s.relname, c.conname
"""


def read_foreign_keys(connection: psycopg.Connection[Any]) -> tuple[ForeignKey, ...]:
    """All foreign keys; those that partitions inherit are left out."""
    return tuple(
        ForeignKey(
            name=name,
            source=source,
            source_title=title(source_schema, source_name),
            source_sql=f"{quote(source_schema)}.{quote(source_name)}",
            columns=tuple(columns),
            target=target,
            target_title=title(target_schema, target_name),
            target_sql=f"{quote(target_schema)}.{quote(target_name)}",
            target_columns=tuple(target_columns),
            match_full=match_full,
        )
        for (
            name, source, source_schema, source_name, columns,
            target, target_schema, target_name, target_columns, match_full,
        ) in connection.execute(_FOREIGN_KEYS).fetchall()
    )  # fmt: skip


def loading_order(
    tables: Sequence[int], references: Collection[tuple[int, int]]
) -> tuple[list[int], set[int]]:
    """The tables with those that they refer to first.

    Args:
        tables: in the order that is kept where references allow it.
        references: pairs (table, table that it refers to); one to itself does not count.

    Returns:
        The order, and the tables that refer to each other in a circle.
    """
    wanted = set(tables)
    targets: dict[int, list[int]] = {table: [] for table in tables}
    for source, target in references:
        if source != target and source in wanted and target in wanted:
            targets[source].append(target)
    order: list[int] = []
    circular: set[int] = set()
    # Tarjan's strongly connected components: each comes out after those it refers to.
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []

    for root in tables:
        if root in index:
            continue
        path = [(root, iter(targets[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        while path:
            table, remaining = path[-1]
            reached = next(remaining, None)
            if reached is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[table])
                if low[table] == index[table]:
                    start = stack.index(table)
                    component = stack[start:]
                    del stack[start:]
                    order.extend(component)
                    if len(component) > 1:
                        circular.update(component)
            elif reached not in index:
                index[reached] = low[reached] = len(index)
                stack.append(reached)
                path.append((reached, iter(targets[reached])))
            elif reached in stack:
                low[table] = min(low[table], index[reached])
    return order, circular


def check_references(connection: psycopg.Connection[Any], key: ForeignKey) -> None:
    """See that the rows written by this transaction refer to rows that are there.

    Raises:
        SeedstateError: table, column and value of one that does not, and where it points.
    """
    given = [f"s.{quote(column)}" for column in key.columns]
    match = " AND ".join(
        f"t.{quote(target)} = {source}"
        for target, source in zip(key.target_columns, given, strict=True)
    )
    null = " OR ".join(f"{column} IS NULL" for column in given)
    some = " OR ".join(f"{column} IS NOT NULL" for column in given)
    broken = f"NOT ({null}) AND NOT EXISTS (SELECT FROM {key.target_sql} t WHERE {match})"
    if key.match_full:
        broken = f"({broken}) OR (({null}) AND ({some}))"
    row = connection.execute(
        f"SELECT {', '.join(f'{column}::text' for column in given)} FROM {key.source_sql} s "
        f"WHERE s.xmin = pg_current_xact_id()::xid AND ({broken}) LIMIT 1"
    ).fetchone()
    if row is not None:
        raise missing_reference(key, dict(zip(key.columns, row, strict=True)))


def missing_reference(key: ForeignKey, values: Mapping[str, Any]) -> SeedstateError:
    """The error for a row that refers to one that is not there."""
    columns = ", ".join(key.columns)
    shown = ", ".join("NULL" if value is None else str(value) for value in values.values())
    return SeedstateError(
        f"'{key.source_title}' refers to a row of '{key.target_title}' that is not there: "
        f"{columns} = {shown}",
        checked=f"foreign key {key.name}: {key.source_title} ({columns}) to "
        f"{key.target_title} ({', '.join(key.target_columns)})",
        fix=f"let the scenario make that row of '{key.target_title}' too",
    )

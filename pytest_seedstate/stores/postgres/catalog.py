"""What the user's database has: tables with columns and keys, sequences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.names import SCHEMA, qualified, quote, title

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        number: ``attnum``: its place for good, also after other columns are dropped.
        type: its type as SQL, with schema and modifier.
        log_type: the type that holds its images in a log: always one of ``pg_catalog``, so that
            the user may drop or change their own types.
        cast: whether images must be converted to `log_type` and back.
        pinned: whether that conversion depends on settings of the writer's session.
        generated: ``''``, ``'s'`` (stored) or ``'v'`` (virtual), as in ``pg_attribute``.
        identity: ``''``, ``'a'`` (always) or ``'d'`` (by default).
        required: NOT NULL without a default.
        collation: its collation as SQL when it is not the type's own, else ``''``.
        base_oid: the type below all domains.
        enum: whether `base_oid` is an enum.
        binary: whether COPY can send and receive it in binary form.
    """

    number: int
    name: str
    type: str
    log_type: str
    cast: bool
    pinned: bool
    generated: str
    identity: str
    required: bool
    collation: str
    base_oid: int
    enum: bool
    binary: bool

    @property
    def sql(self) -> str:
        return quote(self.name)

    @property
    def image(self) -> str:
        """The column of the log that holds its images."""
        return f"c{self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table; a partitioned one has no rows of its own.

    Attributes:
        key: columns of a unique key without NULL; () when there is none. The primary key if it
            is such a key.
        primary: columns of the primary key, whatever its kind.
        partitioned: it only routes to its partitions.
        partition_of: oid of the topmost partitioned table, None when it is no partition.
        by_row: rows of other tables show up in statements on it, or its own in those on others:
            partitions and inheritance.
        unlogged: a crash empties it.
        forced: triggers and rules of the user that fire even in ``replica`` mode, as the SQL that
            switches each off and on again.
    """

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    primary: tuple[Column, ...]
    partitioned: bool
    partition_of: int | None
    by_row: bool
    unlogged: bool
    forced: tuple[tuple[str, str], ...] = ()

    @property
    def sql(self) -> str:
        return qualified(self.schema, self.name)

    @property
    def title(self) -> str:
        return title(self.schema, self.name)

    @property
    def log(self) -> str:
        """Its log table as SQL."""
        return f"{SCHEMA}.log_{self.oid}"

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that can be written: all but the generated ones."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def logged(self) -> tuple[Column, ...]:
        """The columns whose images the log keeps: the stored ones and the key's."""
        return tuple(c for c in self.columns if not c.generated or c in self.key)


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence; `cached` when sessions take more than one value at a time."""

    oid: int
    schema: str
    name: str
    cached: bool

    @property
    def sql(self) -> str:
        return qualified(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All of it, by one reading."""

    tables: tuple[Table, ...]
    sequences: tuple[Sequence, ...]

    @property
    def journaled(self) -> tuple[Table, ...]:
        """Tables that hold rows."""
        return tuple(table for table in self.tables if not table.partitioned)

    @property
    def collections(self) -> tuple[Table, ...]:
        """Tables as users see them: partitions are part of their root."""
        return tuple(table for table in self.tables if table.partition_of is None)


USER_SCHEMA = f"""
    n.nspname NOT IN ('pg_catalog', 'information_schema', '{SCHEMA}')
    AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
"""

_TABLES = f"""
SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'p', c.relpersistence = 'u',
       EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),
       CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::int8 END,
       (SELECT array_agg(tgname || '=' || tgenabled::text ORDER BY tgname) FROM pg_trigger t
        WHERE t.tgrelid = c.oid AND t.tgenabled IN ('A', 'R') AND t.tgname NOT LIKE 'seedstate\\_%'),
       (SELECT array_agg(rulename || '=' || ev_enabled::text ORDER BY rulename) FROM pg_rewrite r
        WHERE r.ev_class = c.oid AND r.ev_enabled IN ('A', 'R'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMA}
ORDER BY n.nspname, c.relname
"""

_COLUMNS = f"""
SELECT a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8,
       format_type(a.atttypid, a.atttypmod), a.attgenerated::text, a.attidentity::text,
       a.attnotnull AND NOT a.atthasdef, a.attcollation::int8,
       CASE WHEN a.attcollation <> 0 THEN (
           SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
           FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
           WHERE co.oid = a.attcollation) END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMA} AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_TYPES = """
SELECT t.oid::int8, format_type(t.oid, -1), t.typtype::text, n.nspname = 'pg_catalog',
       t.typbasetype::int8, CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END,
       t.typsend <> 0 AND t.typreceive <> 0, t.typcollation::int8
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid = ANY (%s)
"""

# Only such keys find a row again that equality answers from an index. Deferrable ones do: whatever
# a transaction does in between, a rewind sees what was committed.
_KEYS = f"""
SELECT i.indrelid::int8, i.indisprimary,
       (i.indkey::int2[])[0:i.indnkeyatts - 1],
       am.amname = 'btree' AND NOT EXISTS (
           SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid
           AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1]) AND NOT a.attnotnull)
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} AND i.indisunique AND i.indisvalid AND i.indislive
  AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""

_SEQUENCES = f"""
SELECT c.oid::int8, n.nspname, c.relname, s.seqcache > 1
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} ORDER BY c.oid
"""


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read what the database of `connection` has; ours and the system's left out."""
    columns: dict[int, list[Column]] = {}
    rows = connection.execute(_COLUMNS).fetchall()
    types = _read_types(connection, {row[3] for row in rows})
    for oid, number, name, type_oid, *facts in rows:
        columns.setdefault(oid, []).append(_column(number, name, types, type_oid, *facts))
    keys: dict[int, tuple[int, ...]] = {}
    primaries: dict[int, tuple[int, ...]] = {}
    for oid, is_primary, numbers, always in connection.execute(_KEYS).fetchall():
        if is_primary:
            primaries[oid] = tuple(numbers)
        if always:
            keys.setdefault(oid, tuple(numbers))
    tables = []
    for row in connection.execute(_TABLES).fetchall():
        oid, schema, name, partitioned, unlogged, by_row, root, triggers, rules = row
        own = tuple(columns.get(oid, ()))
        tables.append(
            Table(
                oid=oid,
                schema=schema,
                name=name,
                columns=own,
                key=_pick(own, keys.get(oid, ())),
                primary=_pick(own, primaries.get(oid, ())),
                partitioned=partitioned,
                partition_of=root,
                by_row=by_row,
                unlogged=unlogged,
                forced=(
                    *_switches(qualified(schema, name), "TRIGGER", triggers),
                    *_switches(qualified(schema, name), "RULE", rules),
                ),
            )
        )
    return Catalog(
        tables=tuple(tables),
        sequences=tuple(Sequence(*row) for row in connection.execute(_SEQUENCES).fetchall()),
    )


def _pick(columns: Iterable[Column], numbers: tuple[int, ...]) -> tuple[Column, ...]:
    by_number = {column.number: column for column in columns}
    return tuple(by_number[number] for number in numbers)


def _switches(table: str, kind: str, found: list[str] | None) -> Iterable[tuple[str, str]]:
    for entry in found or ():
        name, _, mode = entry.rpartition("=")
        how = "ALWAYS" if mode == "A" else "REPLICA"
        yield (
            f"ALTER TABLE {table} DISABLE {kind} {quote(name)}",
            f"ALTER TABLE {table} ENABLE {how} {kind} {quote(name)}",
        )


@dataclass(frozen=True, slots=True)
class _Type:
    oid: int
    name: str
    kind: str
    is_system: bool
    base: int
    element: int
    binary: bool
    collation: int


def _read_types(connection: psycopg.Connection[Any], wanted: set[int]) -> dict[int, _Type]:
    """These types, with what they are made of."""
    types: dict[int, _Type] = {}
    while wanted:
        for row in connection.execute(_TYPES, (list(wanted),)).fetchall():
            types[row[0]] = _Type(*row)
        found = list(types.values())
        wanted = {part for t in found for part in (t.base, t.element) if part} - types.keys()
    return types


def _column(
    number: int,
    name: str,
    types: dict[int, _Type],
    type_oid: int,
    type_name: str,
    generated: str,
    identity: str,
    required: bool,
    collation_oid: int,
    collation: str | None,
) -> Column:
    base = types[type_oid]
    while base.base:
        base = types[base.base]
    element = types[base.element] if base.element else None
    log_type, pinned = _log_type(base, element)
    return Column(
        number=number,
        name=name,
        type=type_name,
        log_type=log_type,
        cast=base.oid != type_oid or log_type != base.name,
        pinned=pinned,
        generated=generated,
        identity=identity,
        required=required and not identity and not generated,
        collation=collation if collation and collation_oid != base.collation else "",
        base_oid=base.oid,
        enum=base.kind == "e",
        binary=base.binary and (element is None or element.binary),
    )


def _log_type(base: _Type, element: _Type | None) -> tuple[str, bool]:
    """The type for images, and whether making them depends on the session's settings."""
    if base.kind == "e":
        return "pg_catalog.text", False
    if element is not None and element.kind == "e":
        return "pg_catalog.text[]", False
    innermost = element or base
    if innermost.is_system and innermost.kind in "brm":
        return base.name, False
    return "pg_catalog.text", True

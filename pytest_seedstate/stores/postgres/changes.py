"""What differs from a position, read from the logs alone: no row of the user's is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.changes import Change, ChangeSet
from pytest_seedstate.stores.postgres.catalog import Catalog, Table
from pytest_seedstate.stores.postgres.install_sql import image_text, value_sql
from pytest_seedstate.stores.postgres.names import SCHEMA, title

if TYPE_CHECKING:
    import psycopg

Image = Mapping[str, Any]

_TOUCHED = f"SELECT t.relid::int8 FROM {SCHEMA}.tables t WHERE pg_relation_size(t.log) > 0"


def _newer(since: str | None) -> str:
    # No query parameter: a name of the user's in the same query may have a percent sign.
    return f"NOT pg_visible_in_snapshot(l.xid, '{since}')" if since else "true"


def read_changes(
    connection: psycopg.Connection[Any],
    catalog: Catalog,
    *,
    since: str | None,
    sequences: tuple[str | None, str | None],
    large_objects_changed: bool,
) -> ChangeSet:
    """The change set since a position; in one transaction of the caller's.

    Args:
        connection: the journal's.
        catalog: the tables and sequences when the logs were made.
        since: the position's snapshot, None for the baseline.
        sequences: the check's text for sequences at the position, and now.
        large_objects_changed: whether the check found them different.
    """
    tables = {table.oid: table for table in catalog.tables}
    changes: list[Change] = []
    writers: set[str] = set()
    for (oid,) in connection.execute(_TOUCHED).fetchall():
        if oid in tables:
            found, who = _read_log(connection, tables, tables[oid], since)
            changes.extend(found)
            writers.update(who)
    notes, ddl_writers = _ddl(connection, since)
    notes.extend(_moved(catalog, *sequences))
    if large_objects_changed:
        notes.append("large objects changed")
    return ChangeSet(
        changes=tuple(sorted(_join_partitions(changes), key=_order)),
        notes=tuple(notes),
        writers=tuple(sorted(writers | ddl_writers)),
    )


def _read_log(
    connection: psycopg.Connection[Any],
    tables: Mapping[int, Table],
    table: Table,
    since: str | None,
) -> tuple[list[Change], list[str]]:
    names = [column.name for column in table.logged]
    values = "".join(f", {value_sql(column)}" for column in table.logged)
    rows = connection.execute(
        f"""
        SELECT l.seedstate_net{values} FROM (
            SELECT l.*, sum(l.sign) OVER same AS seedstate_net,
                   row_number() OVER (PARTITION BY l.image ORDER BY l.entry) AS seedstate_place
            FROM (SELECT l.*, {image_text(table)} AS image FROM {table.log} l WHERE {_newer(since)}) l
            WINDOW same AS (PARTITION BY l.image)
        ) l WHERE l.seedstate_place = 1 AND l.seedstate_net <> 0 ORDER BY l.entry
        """,
    ).fetchall()
    writers = connection.execute(
        f"SELECT DISTINCT l.application || ' ' || l.pid FROM {table.log} l WHERE {_newer(since)}",
    ).fetchall()
    shown = tables.get(table.partition_of or 0, table).title
    images: list[tuple[int, Image]] = [
        (int(row[0]), dict(zip(names, row[1:], strict=True))) for row in rows
    ]
    return list(_changes(shown, table, images)), [_writer(row[0]) for row in writers]


def _changes(collection: str, table: Table, images: list[tuple[int, Image]]) -> Iterable[Change]:
    if not table.key:
        for net, image in images:
            before, after = (image, None) if net > 0 else (None, image)
            for _ in range(abs(net)):
                yield Change("postgres", collection, image, before, after)
        return
    names = [column.name for column in table.key]
    pairs: dict[str, list[Image | None]] = {}
    for net, image in images:
        pair = pairs.setdefault(repr([image[name] for name in names]), [None, None])
        pair[0 if net > 0 else 1] = image
    for before, after in pairs.values():
        some = before if before is not None else after
        assert some is not None
        key = {name: some[name] for name in names}
        yield Change("postgres", collection, key, before, after)


def _join_partitions(changes: Iterable[Change]) -> Iterable[Change]:
    """A row that moved between two partitions was updated, not deleted and inserted."""
    joined: dict[tuple[str, str], Change] = {}
    for number, change in enumerate(changes):
        place = (change.collection, repr(change.key))
        other = joined.get(place)
        if other is not None and {change.kind, other.kind} == {"inserted", "deleted"}:
            old, new = (change, other) if change.kind == "deleted" else (other, change)
            joined[place] = Change(
                change.store, change.collection, change.key, old.before, new.after
            )
        else:
            joined[place if other is None else (*place[:1], f"{place[1]}#{number}")] = change
    return joined.values()


def _order(change: Change) -> tuple[Any, ...]:
    """Numbers by size, everything else as text."""
    return (
        change.collection,
        [
            (0, value, "") if isinstance(value, int) else (1, 0, str(value))
            for value in change.key.values()
        ],
    )


def _writer(text: str) -> str:
    name, _, pid = text.rpartition(" ")
    return f"{name or 'unnamed application'} (pid {pid})"


def _ddl(connection: psycopg.Connection[Any], since: str | None) -> tuple[list[str], set[str]]:
    rows = connection.execute(
        f"""
        SELECT concat_ws(' ', l.tag, l.object), l.application || ' ' || l.pid
        FROM {SCHEMA}.ddl l WHERE {_newer(since)} ORDER BY l.entry
        """,
    ).fetchall()
    return list(dict.fromkeys(row[0] for row in rows)), {_writer(row[1]) for row in rows}


def _moved(catalog: Catalog, before: str | None, now: str | None) -> Iterable[str]:
    if before == now:
        return
    followed = [sequence for sequence in catalog.sequences if not sequence.cached]
    old, new = ((text or "{}").strip("{}").split(",") for text in (before, now))
    if not len(followed) == len(old) == len(new):
        yield "sequences were made or dropped"
        return
    for sequence, was, has in zip(followed, old, new, strict=True):
        if was != has:
            yield f"sequence {title(sequence.schema, sequence.name)} moved"

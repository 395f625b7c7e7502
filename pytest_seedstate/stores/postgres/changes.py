"""What differs from a position, read from the logs alone: no row of the user's is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.changes import Change, ChangeSet
from pytest_seedstate.stores.postgres.catalog import Catalog, Table
from pytest_seedstate.stores.postgres.install_sql import image_text, value_sql
from pytest_seedstate.stores.postgres.names import SCHEMA, title
from pytest_seedstate.stores.postgres.values import load_all_times

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class _Image:
    """A row that is there more often, or less often, than at the position.

    Attributes:
        net: how many times it must come back; negative: go.
        fields: the row.
        writers: who wrote it.
    """

    net: int
    fields: Mapping[str, Any]
    writers: tuple[str, ...]


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
    settings_changed: bool,
) -> ChangeSet:
    """The change set since a position; in one transaction of the caller's.

    Args:
        connection: the journal's.
        catalog: the tables and sequences when the logs were made.
        since: the position's snapshot, None for the baseline.
        sequences: the check's text for sequences at the position, and now.
        large_objects_changed: whether the check found them different.
        settings_changed: whether those of the database as a whole are.
    """
    tables = {table.oid: table for table in catalog.tables}
    changes: list[Change] = []
    writers: set[str] = set()
    reader = connection.cursor()
    load_all_times(reader)
    for (oid,) in connection.execute(_TOUCHED).fetchall():
        if oid in tables:
            found, who = _read_log(reader, tables, tables[oid], since)
            changes.extend(found)
            writers.update(who)
    notes, ddl_writers = _ddl(connection, since)
    unrecorded = list(_unrecorded(connection, tables, since)) if notes else []
    notes.extend(unrecorded)
    notes.extend(_moved(catalog, *sequences))
    if large_objects_changed:
        notes.append("large objects changed")
    if settings_changed:
        notes.append("settings or rights of the database changed")
    return ChangeSet(
        changes=tuple(sorted(_join_partitions(changes), key=_order)),
        notes=tuple(notes),
        writers=tuple(sorted(writers | ddl_writers)),
        unrecorded=tuple(unrecorded),
    )


def _read_log(
    reader: psycopg.Cursor[Any],
    tables: Mapping[int, Table],
    table: Table,
    since: str | None,
) -> tuple[list[Change], list[str]]:
    names = [column.name for column in table.logged]
    values = "".join(f", {value_sql(column)}" for column in table.logged)
    rows = reader.execute(
        f"""
        SELECT l.seedstate_net, l.seedstate_by{values} FROM (
            SELECT l.*, sum(l.sign) OVER same AS seedstate_net,
                   array_agg(l.application || ' ' || l.pid) OVER same AS seedstate_by,
                   row_number() OVER (PARTITION BY l.image ORDER BY l.entry) AS seedstate_place
            FROM (SELECT l.*, {image_text(table)} AS image FROM {table.log} l WHERE {_newer(since)}) l
            WINDOW same AS (PARTITION BY l.image)
        ) l WHERE l.seedstate_place = 1 AND l.seedstate_net <> 0 ORDER BY l.entry
        """,
    ).fetchall()
    writers = reader.execute(
        f"SELECT DISTINCT l.application || ' ' || l.pid FROM {table.log} l WHERE {_newer(since)}",
    ).fetchall()
    shown = tables.get(table.partition_of or 0, table).title
    images = [
        _Image(
            int(net),
            dict(zip(names, values, strict=True)),
            tuple(dict.fromkeys(map(_writer, sorted(by)))),
        )
        for net, by, *values in rows
    ]
    return list(_changes(shown, table, images)), [_writer(row[0]) for row in writers]


def _changes(collection: str, table: Table, images: list[_Image]) -> Iterable[Change]:
    if not table.key:
        for image in images:
            fields = image.fields
            before, after = (fields, None) if image.net > 0 else (None, fields)
            for _ in range(abs(image.net)):
                yield Change("postgres", collection, fields, before, after, image.writers)
        return
    names = [column.name for column in table.key]
    pairs: dict[str, list[_Image | None]] = {}
    for image in images:
        pair = pairs.setdefault(repr([image.fields[name] for name in names]), [None, None])
        pair[0 if image.net > 0 else 1] = image
    for old, new in pairs.values():
        both = [image for image in (old, new) if image is not None]
        yield Change(
            "postgres",
            collection,
            {name: both[0].fields[name] for name in names},
            old.fields if old else None,
            new.fields if new else None,
            tuple(dict.fromkeys(writer for image in both for writer in image.writers)),
        )


def _join_partitions(changes: Iterable[Change]) -> Iterable[Change]:
    """A row that moved between two partitions was updated, not deleted and inserted."""
    joined: dict[tuple[str, str], Change] = {}
    for number, change in enumerate(changes):
        place = (change.collection, repr(change.key))
        other = joined.get(place)
        if other is not None and {change.kind, other.kind} == {"inserted", "deleted"}:
            old, new = (change, other) if change.kind == "deleted" else (other, change)
            writers = tuple(dict.fromkeys(old.writers + new.writers))
            joined[place] = replace(old, after=new.after, writers=writers)
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


def read_writers(connection: psycopg.Connection[Any], logs: Iterable[str]) -> tuple[str, ...]:
    """The sessions besides this one that have written what is in logs."""
    parts = (
        f"SELECT DISTINCT l.application || ' ' || l.pid FROM {log} l "
        "WHERE l.pid <> pg_backend_pid()"
        for log in logs
    )
    rows = connection.execute(" UNION ".join(parts)).fetchall()
    return tuple(sorted(_writer(row[0]) for row in rows))


def _ddl(connection: psycopg.Connection[Any], since: str | None) -> tuple[list[str], set[str]]:
    rows = connection.execute(
        f"""
        SELECT concat_ws(' ', l.tag, l.object),
               CASE WHEN l.pid <> pg_backend_pid() THEN l.application || ' ' || l.pid END
        FROM {SCHEMA}.ddl l WHERE {_newer(since)} ORDER BY l.entry
        """,
    ).fetchall()
    return list(dict.fromkeys(row[0] for row in rows)), {_writer(by) for _, by in rows if by}


def _unrecorded(
    connection: psycopg.Connection[Any], tables: Mapping[int, Table], since: str | None
) -> Iterable[str]:
    """Tables whose rows the logs do not know, or not any more."""
    changed = connection.execute(
        f"""
        SELECT t.relid::int8 FROM {SCHEMA}.tables t
        WHERE t.shape = '' OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relid)
        """
    ).fetchall()
    for (oid,) in changed:
        if oid in tables:
            yield f"rows of {tables[oid].title} are not recorded since the table was changed"
    made = connection.execute(
        f"""
        SELECT l.object FROM {SCHEMA}.ddl l
        WHERE {_newer(since)} AND l.tag IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
        ORDER BY l.entry
        """
    ).fetchall()
    for name in dict.fromkeys(row[0] for row in made):
        yield f"rows of {name} are not recorded: the table is new"


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

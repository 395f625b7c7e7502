"""The database under the journal: its logs, its present state, and the ways to put it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.baselines import (
    Baseline,
    Content,
    ContentFiles,
    LargeObjects,
)
from pytest_seedstate.stores.postgres.catalog import Catalog, Table
from pytest_seedstate.stores.postgres.changes import read_writers
from pytest_seedstate.stores.postgres.control import Control, NoDatabaseError
from pytest_seedstate.stores.postgres.filling import (
    fill_tables,
    lock_tables,
    note_sizes,
    read_cached,
    row_counts,
    set_cached,
)
from pytest_seedstate.stores.postgres.installation import install, read_all, write_mark
from pytest_seedstate.stores.postgres.large_objects import read_objects, write_objects
from pytest_seedstate.stores.postgres.looks import Looks
from pytest_seedstate.stores.postgres.names import SCHEMA
from pytest_seedstate.stores.postgres.position import CrashedError, LostError, Position, Undone
from pytest_seedstate.stores.postgres.redo import Entries, put_entries, take_entries
from pytest_seedstate.stores.postgres.retrying import ATTEMPTS, despite_writers
from pytest_seedstate.stores.postgres.settings import DatabaseSettings
from pytest_seedstate.stores.postgres.templates import Templates
from pytest_seedstate.stores.postgres.vacuum import Vacuum
from pytest_seedstate.stores.postgres.views import read_views, refresh_stale, refresh_views

HEAVY = 20_000
"""Entries of one table from which its kept rows are read back, where they are fewer than half:
an entry takes 10 to 12 us to undo (shared/measurements/postgres.md, "Rows changed")."""

_REWIND = f"SELECT * FROM {SCHEMA}.rewind(%s::pg_snapshot, %s::text[], %s, %s)"


class Database:
    """One user's database with our logs in it.

    Args:
        control: the journal's connection.
        spill: folder for contents.
    """

    def __init__(self, control: Control, spill: Path) -> None:
        self.control = control
        self.files = ContentFiles(spill)
        self.catalog = Catalog((), ())
        self.tables: dict[int, Table] = {}
        self.templates = Templates(control)
        self.settings = DatabaseSettings(control)
        self.generation = 0
        self._generations = 0
        self._nonce = ""
        self.vacuum = Vacuum(control)
        self._looks = Looks(control)
        self._ddl_seen = 0

    # -- what it holds now

    def check(self) -> tuple[Any, ...]:
        """What it holds in brief (mark, entry, sequences, large objects), by one round trip."""
        return self.control.one(self._looks.check)

    def is_at(self, position: Position) -> bool:
        """Whether nothing was written since `position`, and nobody may be about to."""
        if position.entry is None:
            return False
        *found, snapshot = self.control.one(self._looks.clean)
        known = [self._nonce, position.entry, position.sequences, position.objects, True]
        same = found == known and self.settings.are(position.settings, snapshot)
        return same and self._looks.is_known(snapshot)

    def entry(self) -> int:
        """The last entry so far, read together with a transaction id of our own.

        Raises:
            LostError: the logs were emptied by a crash, or are another database's.
        """
        try:
            self._looks.note_ddl()
            entry, _, nonce = self.control.one(
                "SELECT e.last_value, pg_current_xact_id()::text, m.nonce "
                f"FROM {SCHEMA}.entry e LEFT JOIN {SCHEMA}.mark m ON true"
            )
        except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
            raise LostError("the journal was dropped") from error
        except NoDatabaseError as error:
            raise LostError("the database was dropped") from error
        if nonce != self._nonce or not nonce:
            raise CrashedError("the server has crashed, or the database was replaced")
        self.vacuum.entry = int(entry)
        return int(entry)

    def here(self, connection: psycopg.Connection[Any], entry: int) -> Position:
        """The position at the snapshot of a transaction that began after `entry` was read."""
        row = connection.execute(
            f"SELECT pg_current_snapshot()::text, {SCHEMA}.settled()"
        ).fetchone()
        check = connection.execute(self._looks.check).fetchone()
        self._looks.refuse_ddl(connection)
        assert row is not None
        assert check is not None
        return Position(
            entry=entry if row[1] else None,
            snapshot=row[0],
            sequences=check[2],
            objects=check[3],
            large_objects=read_objects(connection) if check[3] is not None else (),
            views=read_views(connection),
            settings=self.settings.read(),
        )

    # -- logs in step with tables

    def renew_logs(self, positions: Iterable[Position] = ()) -> tuple[set[int], bool]:
        """Give every table a log that fits it.

        Args:
            positions: those that are to be gone back to later.

        Returns:
            The tables of which the logs do not know what has changed, and whether there was DDL
            since the last baseline.

        Raises:
            CrashedError: rows that were committed may be lost.
        """
        try:
            last, count = self.ddl()
        except LostError as lost:
            if self._nonce and isinstance(lost, CrashedError):
                raise
            self._install()
            self._nonce = write_mark(self.control)
            self._looks.prepare()
            self.settings.learn_untold()
            return set(self.tables), True
        if last <= self._ddl_seen:
            return set(), bool(count)
        for position in positions:
            # A table that was changed gets a log of its new shape, and its entries go.
            position.entries = self.entries_before(position)
        unknown = self._install()
        self._ddl_seen = last
        return unknown, True

    def ddl(self) -> tuple[int, int]:
        """The last entry of DDL since the baseline, and how many there are; see `entry`."""
        self.entry()
        self.settings.note_untold()
        last, count = self.control.one(
            f"SELECT coalesce(max(entry), 0), count(*) FROM {SCHEMA}.ddl "
            "WHERE tag <> 'REFRESH MATERIALIZED VIEW'"
        )
        return last, count

    def current_catalog(self) -> Catalog:
        """The catalogue; read again only where DDL has made the known one old."""
        try:
            if self.ddl()[0] <= self._ddl_seen:
                return self.catalog
        except LostError:
            pass
        return read_all(self.control)

    def _install(self) -> set[int]:
        for _ in range(ATTEMPTS):
            try:
                self.catalog, unknown = install(self.control)
                break
            except errors.DeadlockDetected:
                continue
        else:
            self.catalog, unknown = install(self.control)
        self.tables = {table.oid: table for table in self.catalog.journaled}
        return unknown

    def keep(
        self, held: Mapping[int, Content | None]
    ) -> tuple[Baseline, Position, tuple[str, ...]]:
        """Refresh materialised views, save what the database holds and empty the logs.

        Args:
            held: contents of the current baseline; shared where a table did not change.

        Returns:
            Also the other sessions that the logs have.

        Raises:
            CrashedError: the server has crashed since the last baseline.
        """
        unknown, ddl = self.renew_logs()
        if ddl:
            self._generations += 1
            self.generation = self._generations
        refresh_stale(self.control, self._touched(self.control.connection), unknown)
        entry = self.entry()
        with self.control.transaction() as connection:
            dirty = self._touched(connection) | unknown
            contents = {
                oid: self.files.save(connection, table)
                if oid in dirty or oid not in held
                else held[oid]
                for oid, table in self.tables.items()
            }
            logs = [self.tables[oid].log for oid in dirty] + [f"{SCHEMA}.ddl"]
            writers = read_writers(connection, logs)
            connection.execute(";".join(f"DELETE FROM {log}" for log in logs))
            note_sizes(connection, contents)
            position = self.here(connection, entry)
            position.snapshot = None
            baseline = Baseline(
                generation=self.generation,
                contents=contents,
                sequences=position.sequences,
                cached=read_cached(connection),
                large_objects=position.large_objects,
                views=position.views,
                settings=position.settings,
                untold=self.settings.untold,
            )
        self.vacuum.run(self.tables)
        return baseline, position, writers

    def _touched(self, connection: psycopg.Connection[Any]) -> set[int]:
        candidates = connection.execute(
            f"SELECT relid::int8 FROM {SCHEMA}.tables WHERE pg_relation_size(log) > 0"
        ).fetchall()
        touched = set()
        for (oid,) in candidates:
            row = connection.execute(f"SELECT EXISTS (SELECT FROM {SCHEMA}.log_{oid})").fetchone()
            if row and row[0]:
                touched.add(oid)
        return touched

    # -- the way back

    def undo(self, position: Position) -> Undone:
        """Undo what was written since a position, in one snapshot.

        Raises:
            LostError: it takes more than the logs.
        """

        def attempt() -> Undone:
            limit = HEAVY if position.snapshot is None else None
            since = (position.snapshot, position.sequences, limit, position.entry)
            return self._undone(self.entry(), self.control.one(_REWIND, since))

        undone = despite_writers(self.control, self.tables.values(), attempt)
        if undone.changed > HEAVY or undone.heavy or self.vacuum.is_due:
            self.vacuum.run(self.tables)
        return undone

    def _undone(self, entry: int, row: tuple[Any, ...]) -> Undone:
        ddl, refreshed, changed, heavy, _moved, objects, settled, writers = row
        if ddl:
            raise LostError(", ".join(ddl))
        return Undone(
            changed=changed,
            refreshed=refreshed,
            objects=objects,
            writers=tuple(sorted(set(writers or ()))),
            heavy=tuple(heavy or ()),
            entry=entry if settled else None,
        )

    def go(
        self,
        baseline: Baseline,
        wanted: Mapping[int, Content | None],
        held: Mapping[int, int],
    ) -> Position:
        """Put the database to a baseline of its generation, in place.

        Args:
            baseline: the baseline.
            wanted: contents of the tables to fill again; others are undone by their logs.
            held: about how many rows the tables hold.

        Raises:
            LostError: it takes more than that.
        """

        def attempt() -> Position:
            entry = self.entry()
            with self.control.transaction() as connection:
                lock_tables(connection, (self.tables[oid] for oid in wanted))
                fill_tables(connection, self.files, self.tables, wanted, held)
                row = connection.execute(_REWIND, (None, baseline.sequences, None, None)).fetchone()
                assert row is not None
                self._undone(entry, row)
                note_sizes(connection, wanted)
                set_cached(connection, baseline.cached)
                write_objects(connection, baseline.large_objects)
                refresh_views(connection, baseline.views)
                self._looks.accept_refresh(connection, baseline.views)
                position = self.here(connection, entry)
            position.snapshot = None
            # Not what was just read: a live writer may have moved one again meanwhile.
            position.sequences = baseline.sequences
            position.settings = baseline.settings
            return position

        position = despite_writers(self.control, self.tables.values(), attempt)
        self.settings.put(baseline.settings)
        self.vacuum.run(self.tables)
        return position

    def entries_before(self, position: Position) -> Entries | None:
        """What was written between the baseline and a position; None when it is not known."""
        if position.entries is not None or position.snapshot is None:
            return position.entries
        try:
            self.entry()
            return take_entries(self.control, position.snapshot)
        except LostError:
            return None

    def redo(self, entries: Entries, position: Position) -> None:
        """Write a position again on top of its baseline.

        Args:
            entries: those that `position` sees.
        """
        with self.control.transaction() as connection:
            put_entries(connection, entries)
            if entries.refreshes:
                refresh_views(connection, position.views)
            position.objects = self.write_objects(connection, position.large_objects)
        self.settings.put(position.settings)
        # Entries of the clone had numbers of their own.
        position.entry = None
        # Who was quick to connect again may have written already.
        position.entry = self.undo(position).entry

    def write_objects(
        self, connection: psycopg.Connection[Any], objects: LargeObjects
    ) -> str | None:
        """Put large objects back, and tell the check's text for them."""
        write_objects(connection, objects)
        row = connection.execute(self._looks.check).fetchone()
        return row[3] if row else None

    def replace(self, baseline: Baseline, reason: str) -> Position:
        """Put a clone in the place of the database and fill it; all its sessions end.

        Raises:
            SeedstateError: there is nothing to clone from.
        """
        try:
            unchanged = not self.ddl()[1]
        except (LostError, psycopg.Error):
            unchanged = False
        # Until the end nobody may take the database for one whose state is known.
        self._nonce = ""
        template = self.templates.replace(
            self.generation if unchanged else None, baseline.generation, reason
        )
        unknown = self._install()
        self.generation = baseline.generation
        self.settings.known = baseline.untold
        self._ddl_seen = 0
        self._nonce = write_mark(self.control)
        wanted = {
            oid: baseline.contents.get(oid)
            for oid, table in self.tables.items()
            if oid in unknown
            # A crash may have emptied the template's unlogged tables.
            or table.unlogged
            or oid not in template.contents
            or template.contents[oid] is not baseline.contents.get(oid)
        }
        try:
            return self.go(baseline, wanted, row_counts(template.contents))
        except LostError as error:
            raise SeedstateError(
                f"the database could not be brought back after: {reason}", detail=str(error)
            ) from error

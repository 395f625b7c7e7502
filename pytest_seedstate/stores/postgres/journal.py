"""The journal of PostgreSQL: an undo log fed by triggers, applied by one function call.

What makes "clean" and "rewound" right while others write:

- The entry sequence is read in a statement of its own that also takes a transaction id, before the
  rewind. Whoever wrote up to that entry has an older id, so the rewind's snapshot sees them as
  committed, as gone, or as running; only in the last case the entry is not taken for clean.
- The rewind has one REPEATABLE READ snapshot. It undoes what that sees and removes just those
  entries; a live writer makes it start again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import errors

from pytest_seedstate.errors import LostPositionError, SeedstateError
from pytest_seedstate.stores.base import Rewound, Taken
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.postgres.baselines import Baseline
from pytest_seedstate.stores.postgres.blockers import blocked, end_writers
from pytest_seedstate.stores.postgres.catalog import Catalog
from pytest_seedstate.stores.postgres.changes import read_changes
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.database import Database
from pytest_seedstate.stores.postgres.disposable import Disposable
from pytest_seedstate.stores.postgres.filling import LARGE, row_counts
from pytest_seedstate.stores.postgres.position import (
    CrashedError,
    LostError,
    Position,
    Undone,
)
from pytest_seedstate.stores.postgres.views import refresh_views

NOT_RECORDED = "PostgreSQL was written to; changes are not recorded in a scenario with ddl=True"
"""The note in a change set while the journal is suspended."""

WAIT_FOR_SESSIONS = 0.5
"""Seconds that a new schema's baseline waits for other sessions to leave, so that the database can
be cloned; a program that made the schema may be ending just then."""


class PostgresJournal:
    """The journal of one database.

    Args:
        control: its connection.
        spill: folder for the contents of baselines.
    """

    def __init__(self, control: Control, spill: Path) -> None:
        self._control = control
        self._database = Database(control, spill)
        self._baselines: dict[str, Baseline] = {}
        self._current = ""
        self._positions: dict[int, Position] = {}
        self._last_position = 0
        self._has_waited = False
        self._disposable = Disposable(control)
        self._is_suspended = False

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    def catalog(self) -> Catalog:
        """The tables and sequences as they are now; read again only after DDL."""
        return self._database.current_catalog()

    def replacements(self) -> int:
        """How often a clone has taken the place of the database, which cuts its connections."""
        return self._control.replacements

    # -- baselines

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the database holds now becomes `baseline`, and the current one; positions go.

        Returns:
            The other sessions that have written rows which the baseline before did not have.

        Raises:
            SeedstateError: a transaction holds a table, the server does not answer or has crashed
                since the last baseline, or the contents cannot be written.
        """
        with self.telling("keeping the baseline"):
            before = self._database.generation
            current = self._baselines.get(self._current)
            try:
                kept, position, writers = self._database.keep(current.contents if current else {})
            except CrashedError as lost:
                raise SeedstateError(
                    "what was loaded into PostgreSQL cannot be kept",
                    checked="rows that were committed may be missing",
                    detail=str(lost),
                ) from lost
            self._baselines[baseline] = kept
            self._arrived(baseline, position)
            self._database.templates.make(
                kept,
                WAIT_FOR_SESSIONS if kept.generation != before else 0,
            )
            self._sweep()
            return writers

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current, in place where its tables are those of now.

        The current baseline itself is filled again from its files, whatever the logs say.

        Raises:
            KeyError: it was never kept, or was forgotten.
            SeedstateError: an open transaction holds a table, or the server does not answer.
        """
        target = self._baselines[baseline]
        here = self._baselines[self._current]
        again = baseline == self._current
        with self.telling(f"switching to the baseline '{baseline}'"):
            if self._is_suspended:
                position = self._database.replace(target, "a test that changes tables")
            elif target.generation != self._database.generation:
                position = self._database.replace(target, "a switch to other tables")
            else:
                wanted = {
                    oid: target.contents.get(oid)
                    for oid in self._database.tables
                    if again or target.contents.get(oid) is not here.contents.get(oid)
                }
                try:
                    position = self._database.go(target, wanted, row_counts(here.contents))
                except LostError as lost:
                    position = self._database.replace(target, str(lost))
        self._arrived(baseline, position)

    def renew(self) -> None:
        """Put a clone in the place of the database, with the current baseline in it.

        Raises:
            SeedstateError: there is nothing to clone from.
        """
        with self.telling("bringing the baseline back"):
            position = self._database.replace(self._baselines[self._current], "a comparison")
        self._arrived(self._current, position)

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one."""
        if baseline == self._current:
            raise ValueError(f"'{baseline}' is the current baseline")
        forgotten = self._baselines.pop(baseline)
        with self.telling("forgetting a baseline"):
            self._disposable.forget(forgotten)
            self._sweep()

    def suspend(self) -> None:
        """Until the next switch, the database is a clone of the current baseline without a journal.

        It must be clean; its sessions end.

        Raises:
            SeedstateError: the server does not answer, or refuses the clone.
        """
        baseline = self._baselines[self._current]
        with self.telling("making a database for tests that change tables"):
            self._database.templates.make_at_once(baseline)
            self._is_suspended = True
            self._disposable.begin(baseline)

    def taken_by(self, baseline: str) -> Taken:
        """What the files and the template of a kept baseline take, without those of others."""
        kept = self._baselines[baseline]
        others = [other for name, other in self._baselines.items() if name != baseline]
        files = self._database.files.size(kept.contents, [other.contents for other in others])
        if all(other.generation != kept.generation for other in others):
            with self.telling("measuring a baseline"):
                files += self._database.templates.size(kept.generation)
        return Taken(files=files)

    def _arrived(self, baseline: str, position: Position) -> None:
        self._current = baseline
        self._is_suspended = False
        self._positions = {0: position}

    def _sweep(self) -> None:
        """Free templates and files that no baseline needs."""
        database = self._database
        needed = {kept.generation for kept in self._baselines.values()} | {database.generation}
        database.templates.drop_all_but(needed)
        database.files.sweep(
            [kept.contents for kept in self._baselines.values()] + database.templates.contents
        )

    # -- positions

    def mark(self) -> int:
        """A new position at what the database holds now: 1 or more, growing.

        Raises:
            SeedstateError: the server does not answer, its journal is lost, or is suspended.
        """
        if self._is_suspended:
            return self._mark_suspended()
        with self.telling("marking a position"):
            try:
                # Before the entry is read that the position is to have.
                self._database.ddl()
                entry = self._database.entry()
                self._database.renew_logs(self._positions.values())
                with self._control.transaction() as connection:
                    position = self._database.here(connection, entry)
            except LostError as lost:
                raise SeedstateError(
                    "the present state of PostgreSQL cannot be returned to", detail=str(lost)
                ) from lost
        self._last_position += 1
        self._positions[self._last_position] = position
        return self._last_position

    def _mark_suspended(self) -> int:
        if not self._disposable.is_clean():
            raise SeedstateError(
                "PostgreSQL cannot return to what it holds now",
                checked="the test's scenario has ddl=True: what is written to tables is not "
                "recorded",
                fix="in such tests, write in fixtures of the test's own scope, and take snapshots "
                "and seed before anything is written",
            )
        self._last_position += 1
        self._positions[self._last_position] = self._positions[0]
        return self._last_position

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position; one round trip, whatever the size."""
        position = self._positions[since]
        if self._is_suspended:
            return self._disposable.is_clean()
        try:
            return self._database.is_at(position)
        except psycopg.Error:
            # A crash, dropped tables: whatever it is, it is not known to be clean.
            return False

    def changes(self, since: int = 0) -> ChangeSet:
        """What differs from a position, as far as the logs know.

        Raises:
            SeedstateError: the server does not answer.
        """
        position = self._positions[since]
        if self._is_suspended:
            return ChangeSet() if self._disposable.is_clean() else _not_known(NOT_RECORDED)
        with self.telling("reading the changes"):
            try:
                self._database.ddl()
                with self._control.transaction() as connection:
                    _, _, sequences, objects = self._database.check()
                    return read_changes(
                        connection,
                        self._database.catalog,
                        since=position.snapshot,
                        sequences=(position.sequences, sequences),
                        large_objects_changed=objects != position.objects,
                        settings_changed=self._database.settings.read() != position.settings,
                    )
            except LostError as lost:
                return _not_known(f"not known: {lost}")
            except errors.OperationalError:
                raise
            except psycopg.Error as error:
                return _not_known(f"rows cannot be read: {str(error).splitlines()[0]}")

    def rewind(self, to: int = 0) -> Rewound:
        """Put the database back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: an open transaction holds a row that must be put back (who, and what
                to do), the server does not answer, or a position above the baseline is lost with
                the logs; the database is then at its baseline.
        """
        position = self._positions[to]
        with self.telling("the rewind"):
            if self._is_suspended:
                rewound = self._replace_clone()
            else:
                try:
                    rewound = self._undo(position)
                except LostError as lost:
                    rewound = self._replace(to, str(lost))
        for later in [number for number in self._positions if number > to]:
            del self._positions[later]
        return rewound

    def _replace_clone(self) -> Rewound:
        if not self._disposable.is_clean():
            if self._disposable.is_trusted:
                self._disposable.replace()
            else:
                self._disposable.forget()
                known = list(self._positions)
                self.switch(self._current)
                self.suspend()
                self._positions = dict.fromkeys(known, self._positions[0])
        # It was asked for, so it is no news.
        return Rewound()

    def end_writers(self) -> tuple[str, ...] | None:
        """Wait for transactions that have written; end those that stay open.

        Returns:
            Those that were ended; None where nobody was in the middle of writing.
        """
        waited, self._has_waited = self._has_waited, False
        if self._is_suspended:
            # The clone that they wrote to is gone with them.
            return None
        if not waited and all(each.entry is not None for each in self._positions.values()):
            return None
        with self.telling("waiting for open transactions"):
            # Nobody any more: whoever was has committed since, and that is to be undone.
            return end_writers(self._control, 0 if waited else self._control.lock_timeout) or ()

    def _undo(self, position: Position) -> Rewound:
        undone = self._database.undo(position)
        replaced = []
        baseline = self._baselines[self._current]
        if undone.heavy:
            wanted = {oid: baseline.contents.get(oid) for oid in undone.heavy}
            refilled = self._database.go(baseline, wanted, dict.fromkeys(wanted, LARGE))
            position.entry, position.objects = refilled.entry, refilled.objects
            replaced.append(
                "rows of "
                + ", ".join(self._database.tables[oid].title for oid in undone.heavy)
                + ": most had changed"
            )
        else:
            position.entry = undone.entry
            self._database.settings.put(position.settings)
            replaced.extend(self._beside_rows(position, undone))
        return Rewound(undone.changed, tuple(replaced), undone.writers)

    def _beside_rows(self, position: Position, undone: Undone) -> Iterator[str]:
        if undone.objects != position.objects:
            with self._control.transaction() as connection:
                position.objects = self._database.write_objects(connection, position.large_objects)
            yield "large objects"
            self._share_objects(position)
        if undone.refreshed:
            with self._control.transaction() as connection:
                refresh_views(connection, position.views)
            yield "materialised views"

    def _share_objects(self, here: Position) -> None:
        for each in self._positions.values():
            if each.large_objects == here.large_objects:
                each.objects = here.objects

    def _replace(self, to: int, reason: str) -> Rewound:
        position, start = self._positions[to], self._positions[0]
        entries = self._database.entries_before(position)
        base = self._database.replace(self._baselines[self._current], reason)
        if entries is not None:
            # Positions that were lost before are the baseline, too.
            here = self._positions.items()
            self._positions = {n: base if each is start else each for n, each in here}
            self._database.redo(entries, position)
            self._share_objects(position)
        else:
            self._positions = dict.fromkeys(self._positions, base)
        if position is not start and entries is None:
            raise LostPositionError(
                f"what a wider fixture or a snapshot holds of PostgreSQL is lost after: {reason}",
                checked="the database is at its baseline again",
                fix="let fixtures write rows, take snapshots before tables are changed, and change "
                "tables in single tests only",
            )
        return Rewound(replaced=(f"the database, after {reason}",))

    @contextmanager
    def telling(self, doing: str) -> Iterator[None]:
        """Turn the server's refusals into errors that say what to do."""
        with self._control.telling(doing):
            try:
                yield
            except errors.LockNotAvailable as error:
                self._has_waited = True
                raise blocked(self._control, doing) from error


def _not_known(why: str) -> ChangeSet:
    return ChangeSet(notes=(why,), unrecorded=(why,))

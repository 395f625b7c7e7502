"""The journal for roles that may do little more than make databases: every rewind is a clone.

It needs ``CREATEDB`` and nothing else, and puts nothing into the user's database. Whether anything
was written is known from transaction ids; what, is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.base import Rewound, Taken
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.postgres.baselines import Template
from pytest_seedstate.stores.postgres.clones import (
    drop_template,
    make_template_at_once,
    template_name,
)
from pytest_seedstate.stores.postgres.installation import read_all
from pytest_seedstate.stores.postgres.views import read_views, refresh_views
from pytest_seedstate.stores.postgres.watched_clone import Look, WatchedClone, first_look

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.catalog import Catalog
    from pytest_seedstate.stores.postgres.control import Control

NOT_RECORDED = (
    "PostgreSQL was written to; what changed is not recorded, since the role may not set "
    "session_replication_role"
)
"""The note in a change set."""

# A crash of the server empties these, in every template.
_UNLOGGED = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY 1
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A state that can be returned to: a template, how its clones look, rows of unlogged tables."""

    template: Template
    look: Look
    unlogged: tuple[tuple[str, int], ...]


class CloneJournal:
    """The journal of one database, by templates alone.

    Args:
        control: its connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._clone = WatchedClone(control)
        self._numbers = itertools.count(1)
        self._made: list[_Kept] = []
        self._baselines: dict[str, _Kept] = {}
        self._current = ""
        self._positions: dict[int, _Kept] = {}
        self._last_position = 0
        self._here: _Kept | None = None

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    def catalog(self) -> Catalog:
        """The tables and sequences as they are now."""
        return read_all(self._control)

    def replacements(self) -> int:
        """How often a clone has taken the place of the database, which cuts its connections."""
        return self._control.replacements

    # -- baselines

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the database holds now becomes `baseline`, and the current one; positions go.

        Its sessions end.

        Returns:
            Nobody: who has written is not recorded.

        Raises:
            SeedstateError: the server refuses the copy, or does not answer.
        """
        with self.telling("keeping the baseline"):
            with self._control.transaction() as connection:
                refresh_views(connection, read_views(connection))
            self._baselines[baseline] = self._copied()
        self.switch(baseline)
        return ()

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current; the database's sessions end.

        Raises:
            KeyError: it was never kept, or was forgotten.
            SeedstateError: the server refuses the clone, or does not answer.
        """
        kept = self._baselines[baseline]
        with self.telling(f"switching to the baseline '{baseline}'"):
            self._put(kept)
            self._current = baseline
            self._positions = {0: kept}
            self._sweep()

    def renew(self) -> None:
        """Put another clone in the place of the database.

        Raises:
            SeedstateError: the server refuses it, or does not answer.
        """
        self.switch(self._current)

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one."""
        if baseline == self._current:
            raise ValueError(f"'{baseline}' is the current baseline")
        del self._baselines[baseline]
        with self.telling("forgetting a baseline"):
            self._sweep()

    def taken_by(self, baseline: str) -> Taken:
        """What the template of a kept baseline takes, which is on the server."""
        name = self._baselines[baseline].template.name
        with self.telling("measuring a baseline"):
            row = self._control.one("SELECT pg_database_size(%s::name)", (name,))
        return Taken(files=int(row[0]))

    # -- positions

    def mark(self) -> int:
        """A new position at what the database holds now; where that is new, its sessions end.

        Raises:
            SeedstateError: the server refuses the copy, or does not answer.
        """
        here = self._here
        if here is None or not self._clone.is_clean():
            with self.telling("marking a position"):
                here = self._copied()
                self._put(here)
        self._last_position += 1
        self._positions[self._last_position] = here
        return self._last_position

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position, by anybody on the server."""
        return self._positions[since] is self._here and self._clone.is_clean()

    def changes(self, since: int = 0) -> ChangeSet:
        """Nothing, or that there is something."""
        if self.is_clean(since):
            return ChangeSet()
        return ChangeSet(notes=(NOT_RECORDED,), unrecorded=(NOT_RECORDED,))

    def rewind(self, to: int = 0) -> Rewound:
        """Put the database back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: the server refuses the clone, has lost rows in a crash, or does not
                answer.
        """
        with self.telling("the rewind"):
            # It was told at the start that each is a clone, so that is no news.
            if not self.is_clean(to):
                self._put(self._positions[to])
            for later in [number for number in self._positions if number > to]:
                del self._positions[later]
            self._sweep()
        return Rewound()

    def end_writers(self) -> tuple[str, ...] | None:
        """None: what they wrote to is gone with their sessions."""
        return None

    # -- copies

    def _copied(self) -> _Kept:
        name = template_name(self._control.dbname, next(self._numbers))
        template = make_template_at_once(self._control, name, {})
        with self._connected(template) as connection:
            made = _Kept(template, first_look(connection), _unlogged_rows(connection))
        self._made.append(made)
        return made

    def _put(self, kept: _Kept) -> None:
        if self._here is not None and not self._clone.is_trusted:
            self._refuse_lost_rows(kept)
        self._here = None
        self._clone.put(kept.template, kept.look)
        self._here = kept

    def _refuse_lost_rows(self, kept: _Kept) -> None:
        """After a crash; before that, all that was asked is whether our session has ended."""
        with self._connected(kept.template) as connection:
            if _unlogged_rows(connection) != kept.unlogged:
                raise SeedstateError(
                    "the server has crashed, and with it rows of UNLOGGED tables were lost",
                    checked=", ".join(name for name, _ in kept.unlogged),
                    fix="run the tests again",
                )

    @contextmanager
    def _connected(self, template: Template) -> Iterator[psycopg.Connection[Any]]:
        conninfo = make_conninfo(self._control.conninfo, dbname=template.name)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            # Row security may keep an owner from counting; then it is told.
            connection.execute("SET row_security = off")
            yield connection

    def _sweep(self) -> None:
        """Free the templates of baselines and positions that are gone."""
        kept = {id(each) for each in (*self._baselines.values(), *self._positions.values())}
        for each in [each for each in self._made if id(each) not in kept]:
            drop_template(self._control, each.template)
            self._made.remove(each)

    @contextmanager
    def telling(self, doing: str) -> Iterator[None]:
        """Turn the server's refusals into errors that say what to do."""
        with self._control.telling(doing):
            try:
                yield
            except errors.InsufficientPrivilege as error:
                raise SeedstateError(
                    f"{doing} failed: the role lacks a right",
                    fix="sessions of other roles can be ended by a member of them, or of "
                    "pg_signal_backend",
                    detail=str(error),
                ) from error


def _unlogged_rows(connection: psycopg.Connection[Any]) -> tuple[tuple[str, int], ...]:
    found = []
    for (name,) in connection.execute(_UNLOGGED).fetchall():
        row = connection.execute(f"SELECT count(*) FROM ONLY {name}".encode()).fetchone()
        found.append((str(name), int(row[0]) if row else 0))
    return tuple(found)

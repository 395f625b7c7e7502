"""The database without a journal, for tests that change tables: each rewind is another clone.

Nothing of ours is in it, so DDL does what it would do anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from pytest_seedstate.stores.postgres.clones import (
    drop_template,
    make_template_at_once,
    template_name,
)
from pytest_seedstate.stores.postgres.names import CONTROL, SCHEMA
from pytest_seedstate.stores.postgres.watched_clone import Look, WatchedClone, first_look

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.baselines import Baseline, Template
    from pytest_seedstate.stores.postgres.control import Control


class Disposable:
    """Clones without a journal, of one baseline at a time.

    Args:
        control: the journal's connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._clone = WatchedClone(control)
        self._template: Template | None = None
        self._look = Look(b"", None)
        self._of: Baseline | None = None

    def begin(self, baseline: Baseline) -> None:
        """Put a clone of the database without its journal in its place.

        Args:
            baseline: what the database holds now.
        """
        if self._of is not baseline:
            self.forget()
            name = template_name(self._control.dbname, "ddl")
            self._template = make_template_at_once(self._control, name, baseline.contents)
            self._strip(name)
            self._of = baseline
        self.replace()

    def _strip(self, name: str) -> None:
        conninfo = make_conninfo(self._control.conninfo, dbname=name)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"SET {CONTROL} = 'on'; SET client_min_messages = warning")
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
            self._look = first_look(connection)

    def replace(self) -> None:
        """Another clone; all sessions of the database end."""
        assert self._template is not None
        self._clone.put(self._template, self._look)

    def is_clean(self) -> bool:
        """Whether nothing was written to the clone, see `WatchedClone.is_clean`."""
        return self._clone.is_clean()

    @property
    def is_trusted(self) -> bool:
        """Whether the template is what it was made as; known after `is_clean`."""
        return self._clone.is_trusted

    def forget(self, baseline: Baseline | None = None) -> None:
        """Free what the clones of a baseline are made from; None for that of any."""
        if self._template is not None and (baseline is None or baseline is self._of):
            drop_template(self._control, self._template)
            self._template = self._of = None

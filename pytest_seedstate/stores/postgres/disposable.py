"""The database without a journal, for tests that change tables: each rewind is another clone.

Nothing of ours is in it, so DDL does what it would do anywhere. That nothing was written is proven
by the server's transaction ids: every write has one, but for the moves of UNLOGGED sequences. (The
first value that another sequence gives after a clone has one, since the clone took a checkpoint.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from pytest_seedstate.stores.postgres.clones import (
    drop_template,
    make_template_at_once,
    replace_by_clone,
    template_name,
)
from pytest_seedstate.stores.postgres.names import CONTROL, SCHEMA

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.baselines import Baseline, Template
    from pytest_seedstate.stores.postgres.control import Control

# Those take no transaction id when they move.
_UNLOGGED_SEQUENCES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence = 'u' ORDER BY 1
"""
_WRITING = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_xid IS NOT NULL
) OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())
"""
_LAST = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8 - 1"


class Disposable:
    """Clones without a journal, of one baseline at a time.

    Args:
        control: the journal's connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._template: Template | None = None
        self._of: Baseline | None = None
        self._session: psycopg.Connection[Any] | None = None
        self._named_by = 0
        self._look = b""
        self._looked: object = None

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
            names = connection.execute(_UNLOGGED_SEQUENCES).fetchall()
            each = [f"SELECT (last_value, is_called)::text FROM {name}" for (name,) in names]
            look = f"SELECT ARRAY({' UNION ALL '.join(each)})" if each else "SELECT NULL"
            # Bytes: a name may have a percent sign.
            self._look = f"{look}, ({_WRITING})".encode()
            self._looked = connection.execute(self._look).fetchone()

    def replace(self) -> None:
        """Another clone; all sessions of the database end."""
        assert self._template is not None
        self._session = None
        self._named_by = replace_by_clone(self._control, self._template)
        self._session = self._control.connection

    def is_clean(self) -> bool:
        """Whether nothing was written to the clone.

        False too when transactions of another database of the server have ended since.
        """
        session = self._session
        if session is None:
            return False
        try:
            # In this order: who has ended by the first look counts in the second.
            first = session.execute(self._look, prepare=True).fetchone()
            last = session.execute(_LAST, prepare=True).fetchone()
        except psycopg.Error:
            return False
        return first == self._looked and last == (self._named_by,)

    @property
    def is_trusted(self) -> bool:
        """Whether the template is what it was made as; a crash empties UNLOGGED tables in it too.

        Known after `is_clean`: no session of ours survives a crash.
        """
        return self._session is not None and not self._session.closed

    def forget(self, baseline: Baseline | None = None) -> None:
        """Free what the clones of a baseline are made from; None for that of any."""
        if self._template is not None and (baseline is None or baseline is self._of):
            drop_template(self._control, self._template)
            self._template = self._of = None

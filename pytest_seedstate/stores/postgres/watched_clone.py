"""A clone of which it is known whether anybody has written to it, without anything of ours in it.

That nothing was written is proven by the server's transaction ids: every write has one, but for the
moves of UNLOGGED sequences. (The first value that another sequence gives after a clone has one,
since the clone took a checkpoint.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_seedstate.stores.postgres.clones import replace_by_clone

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.baselines import Template
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


@dataclass(frozen=True, slots=True)
class Look:
    """What to ask a clone, and what one says to which nobody has written."""

    query: bytes
    answer: object


def first_look(connection: psycopg.Connection[Any]) -> Look:
    """How the clones of a template are looked at.

    Args:
        connection: to the template, in autocommit; nobody else writes there.
    """
    names = connection.execute(_UNLOGGED_SEQUENCES).fetchall()
    each = [f"SELECT (last_value, is_called)::text FROM {name}" for (name,) in names]
    sequences = f"SELECT ARRAY({' UNION ALL '.join(each)})" if each else "SELECT NULL"
    # Bytes: a name may have a percent sign.
    query = f"{sequences}, ({_WRITING})".encode()
    return Look(query, connection.execute(query).fetchone())


class WatchedClone:
    """The clone in the place of the database, if one is there.

    Args:
        control: the journal's connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._session: psycopg.Connection[Any] | None = None
        self._named_by = 0
        self._look = Look(b"", None)

    def put(self, template: Template, look: Look) -> None:
        """Have another clone; all sessions of the database end."""
        self._session = None
        self._named_by = replace_by_clone(self._control, template)
        self._look = look
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
            first = session.execute(self._look.query, prepare=True).fetchone()
            last = session.execute(_LAST, prepare=True).fetchone()
        except psycopg.Error:
            return False
        return first == self._look.answer and last == (self._named_by,)

    @property
    def is_trusted(self) -> bool:
        """Whether the template is what it was made as; a crash empties UNLOGGED tables in it too.

        Known after `is_clean`: no session of ours survives a crash.
        """
        return self._session is not None and not self._session.closed

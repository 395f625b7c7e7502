"""The queries that look at a database in brief, and whether its definitions are those known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.installation import is_watched
from pytest_seedstate.stores.postgres.position import LostError
from pytest_seedstate.stores.postgres.server_sql import OBJECTS_VISIBLE, check_sql, clean_sql
from pytest_seedstate.stores.postgres.shape_sql import DIFFERS, LEARN, LOOK

if TYPE_CHECKING:
    import psycopg

    from pytest_seedstate.stores.postgres.control import Control
    from pytest_seedstate.stores.postgres.views import View


class Looks:
    """Looks at the database of `control`.

    Args:
        control: the journal's connection.

    Attributes:
        check: what it holds, see `check_sql`.
        clean: the same and whether anybody writes, see `clean_sql`.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._watched = False
        self._known_at = ""
        self.check = ""
        self.clean = ""

    def prepare(self) -> None:
        """Choose the queries; the database has the journal's functions by now."""
        version = self._control.server_version
        visible = bool(self._control.one(OBJECTS_VISIBLE)[0])
        self.check = check_sql(version, objects_visible=visible)
        self.clean = clean_sql(version, objects_visible=visible)
        self._watched = is_watched(self._control)

    def note_ddl(self) -> None:
        """Have DDL noted, where no event trigger does; to be done before the notes are read."""
        if self._watched:
            # A session that somebody has ended is opened again.
            self._control.one(LOOK)

    def refuse_ddl(self, connection: psycopg.Connection[Any]) -> None:
        """See to it that a transaction's snapshot has no DDL that is not noted.

        Raises:
            LostError: it has.
        """
        if self._watched and self._differs(connection):
            raise LostError("tables are changed meanwhile")

    def accept_refresh(self, connection: psycopg.Connection[Any], views: Sequence[View]) -> None:
        """Take it for known that views have just been refreshed in a transaction of ours."""
        if self._watched and views:
            connection.execute(LEARN)

    def is_known(self, snapshot: str) -> bool:
        """Whether definitions are as known in the snapshot just taken; equal ones see the same."""
        if not self._watched or snapshot == self._known_at:
            return True
        at, differs = self._control.one(f"SELECT pg_current_snapshot()::text, ({DIFFERS})")
        if not differs:
            self._known_at = at
        return not differs

    def _differs(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute(DIFFERS).fetchone()
        return row is None or bool(row[0])

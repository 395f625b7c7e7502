"""Our own connection to a database."""

from __future__ import annotations

from collections.abc import Callable

from pytest_seedstate.stores.postgres.control import Control
from tests.postgres.conftest import Database


def test_an_abandoned_question_is_ended(new_database: Callable[..., Database]) -> None:
    """As a handler leaves one that raises; the next question waits for nothing and nobody."""
    control = Control(new_database().conninfo, lock_timeout=1.0)
    control.run("CREATE TABLE things (i int)")
    abandoned = control.connection
    asked = abandoned.info.backend_pid
    abandoned.pgconn.send_query(b"INSERT INTO things SELECT 1 FROM pg_sleep(60)")

    assert control.one("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [asked]) == (0,)
    assert control.one("SELECT count(*) FROM things") == (0,)
    control.close()

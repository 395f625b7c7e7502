"""Open transactions of the application: waited for, then named; and those that do no harm."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_seedstate.errors import SeedstateError
from tests.postgres.cases import BAG, PEOPLE
from tests.postgres.conftest import Database


def test_open_transaction_is_named(database: Database) -> None:
    """Pid, application, state, age, tables and query are told, and none of its values."""
    database.make(PEOPLE)
    journal = database.store.journal
    writer, holder = database.connect(), database.connect("order service")
    writer.execute("UPDATE people SET age = 1 WHERE id = 3")
    holder.execute("BEGIN; UPDATE people SET name = 'secret', age = 4711 WHERE id = 3")
    with pytest.raises(SeedstateError) as caught:
        journal.rewind()
    text = str(caught.value)
    assert f"pid {holder.info.backend_pid} 'order service' (idle in transaction" in text
    assert "writes people" in text
    assert "UPDATE people SET name = ?, age = ?" in text
    assert "secret" not in text
    assert "4711" not in text
    assert "waited 1 s" in text
    assert not journal.is_clean()
    holder.execute("ROLLBACK")
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_switch_waits_and_names_too(database: Database) -> None:
    """And leaves the former baseline as it was."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect("app")
    app.execute("DELETE FROM people")
    database.keep("nobody")
    app.execute("BEGIN; INSERT INTO people VALUES (1)")
    with pytest.raises(SeedstateError, match="switching to the baseline 'schema' waits") as caught:
        journal.switch("schema")
    assert "'app' (idle in transaction" in str(caught.value)
    app.execute("ROLLBACK")
    journal.rewind()
    database.assert_at("nobody")
    journal.switch("schema")
    database.assert_at("schema")


def test_transaction_that_ends_in_time_is_waited_for(database: Database) -> None:
    """A commit that comes while the rewind waits is undone with the rest."""
    database.make(PEOPLE)
    writer, holder = database.connect(), database.connect()
    writer.execute("UPDATE people SET age = 1")
    holder.execute("BEGIN; UPDATE people SET age = 2 WHERE id = 3")

    def commit_soon() -> None:
        time.sleep(0.2)
        holder.execute("COMMIT")

    ender = threading.Thread(target=commit_soon)
    ender.start()
    database.store.journal.rewind()
    ender.join()
    if not database.store.journal.is_clean():
        database.store.journal.rewind()
    database.assert_at("schema")


def test_uncommitted_rows_elsewhere_do_not_hold_a_rewind(database: Database) -> None:
    """But the database is not clean before that transaction has ended."""
    database.make(PEOPLE + BAG)
    journal = database.store.journal
    writer, holder = database.connect(), database.connect()
    holder.execute("BEGIN; INSERT INTO bag VALUES (8, 'later')")
    writer.execute("DELETE FROM people WHERE id = 1")
    assert journal.rewind().changed == 1
    database.assert_at("schema")
    assert not journal.is_clean()
    holder.execute("COMMIT")
    assert not journal.is_clean()
    assert [change.key for change in journal.changes()] == [{"a": 8, "b": "later"}]
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_readers_and_idle_connections_do_no_harm(database: Database) -> None:
    """A cursor that stays open, an old snapshot and a pooled session go on."""
    database.make(PEOPLE)
    journal = database.store.journal
    reader, pooled = database.connect(), database.connect(prepare_threshold=0)
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM people")
    query = "UPDATE people SET age = age + %s RETURNING age"
    for _ in range(3):
        pooled.execute(query, (1,))
        assert journal.rewind().replaced == ()
        assert journal.is_clean()
    row = reader.execute("SELECT sum(age) FROM people").fetchone()
    assert row == (210,)
    database.assert_at("schema")


def test_nothing_but_the_application_is_interrupted_by_a_deadlock(database: Database) -> None:
    """When a writer and the rewind wait for each other, it is the rewind that starts again."""
    database.make(PEOPLE)
    writer, other = database.connect(), database.connect()
    writer.execute("UPDATE people SET age = 0 WHERE id IN (1, 2)")
    other.execute("BEGIN; UPDATE people SET age = 5 WHERE id = 2")
    started = threading.Event()

    def close_the_circle() -> None:
        started.wait()
        time.sleep(0.15)
        other.execute("UPDATE people SET age = 6 WHERE id = 1")
        other.execute("COMMIT")

    thread = threading.Thread(target=close_the_circle)
    thread.start()
    started.set()
    database.store.journal.rewind()
    thread.join()
    if not database.store.journal.is_clean():
        database.store.journal.rewind()
    database.assert_at("schema")

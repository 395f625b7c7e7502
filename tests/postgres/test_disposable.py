"""The database without a journal, for scenarios with ``ddl=True``."""

from __future__ import annotations

import psycopg
import pytest

from pytest_seedstate.errors import SeedstateError
from tests.postgres.cases import BAG, DDL_TABLE, PEOPLE
from tests.postgres.conftest import Database
from tests.postgres.test_crashes import crash, wait_until_it_serves

SETUP = (
    PEOPLE
    + BAG
    + "CREATE UNLOGGED TABLE quick (i int); INSERT INTO quick VALUES (1); CREATE SEQUENCE tickets;"
    + "CREATE UNLOGGED TABLE quicker (i serial); ALTER SEQUENCE quicker_i_seq RENAME TO hasty;"
    + "SELECT nextval('tickets'); CREATE SEQUENCE cached CACHE 10; SELECT nextval('cached');"
    + "SELECT lo_from_bytea(4711, 'data'); CREATE MATERIALIZED VIEW m AS SELECT * FROM people;"
)


@pytest.fixture
def suspended(database: Database) -> Database:
    """At its baseline ``schema``, without a journal."""
    database.make(SETUP + DDL_TABLE)
    database.store.journal.suspend()
    return database


def test_nothing_of_ours_is_in_it(suspended: Database) -> None:
    """No schema, trigger or event trigger; and it holds what the baseline holds."""
    suspended.assert_at("schema")
    found = suspended.connect().execute(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ 'seedstate' UNION ALL "
        "SELECT tgname FROM pg_trigger WHERE tgname ~ 'seedstate' UNION ALL "
        "SELECT evtname FROM pg_event_trigger"
    )
    assert found.fetchall() == []


def test_each_clone_has_the_databases_settings(database: Database) -> None:
    """And what a test makes of them goes with the clone."""
    name = psycopg.conninfo.conninfo_to_dict(database.conninfo)["dbname"]
    database.make(SETUP)
    database.connect().execute(f"ALTER DATABASE {name} SET work_mem = '7MB'")
    database.keep("settings")
    database.close_connections()
    journal = database.store.journal
    journal.suspend()
    for _ in range(2):
        database.assert_at("settings")
        database.connect().execute(f"ALTER DATABASE {name} SET work_mem = '9MB'")
        assert not journal.is_clean()
        journal.rewind()
    database.assert_at("settings")


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE people SET age = 1 WHERE id = 1",
        "DROP TABLE people CASCADE; DROP TYPE state CASCADE; CREATE TABLE people (i int)",
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
        "SELECT nextval('tickets')",
        "SELECT nextval('cached')",
        "SELECT setval('tickets', 1, false)",
        "SELECT nextval('hasty')",
        "SELECT setval('hasty', 9, false)",
        "SELECT lo_put(4711, 0, 'D')",
        "DELETE FROM people; REFRESH MATERIALIZED VIEW m",
        "TRUNCATE quick",
        "BEGIN; INSERT INTO people VALUES (70); PREPARE TRANSACTION 'later'",
    ],
)
def test_whatever_is_written_is_gone(suspended: Database, written: str) -> None:
    """Each time by another clone, which is no news; what was written is not told."""
    journal = suspended.store.journal
    for _ in range(2):
        assert journal.is_clean()
        assert not journal.changes()
        suspended.connect().execute(written)
        assert not journal.is_clean()
        [note] = journal.changes().notes
        assert "ddl=True" in note
        rewound = journal.rewind()
        assert rewound.replaced == ()
        assert journal.end_writers() is None
        suspended.assert_at("schema")
        assert journal.is_clean()


def test_who_only_reads_costs_no_clone(suspended: Database) -> None:
    """The session of a test that reads survives the rewind."""
    journal, app = suspended.store.journal, suspended.connect()
    assert app.execute("SELECT count(*) FROM people").fetchone() == (20,)
    assert journal.is_clean()
    journal.rewind()
    assert app.execute("SELECT 1").fetchone() == (1,)


def test_open_transactions_are_never_clean(suspended: Database) -> None:
    """Nor is the state that they leave when they commit; the clone ends them."""
    journal, app = suspended.store.journal, suspended.connect()
    app.execute("BEGIN; DELETE FROM people")
    assert not journal.is_clean()
    journal.rewind()
    assert journal.is_clean()
    with pytest.raises(psycopg.OperationalError):
        app.execute("COMMIT")
    suspended.assert_at("schema")


def test_switches_lead_in_and_out(database: Database) -> None:
    """Journaled baselines are journaled again, and each of them can be suspended."""
    database.make(SETUP)
    journal = database.store.journal
    app = database.connect()
    app.execute(
        "DELETE FROM people WHERE id > 5; INSERT INTO bag VALUES (9, 'z'); "
        "REFRESH MATERIALIZED VIEW m"
    )
    database.keep("few")
    for name, ddl in (("schema", 1), ("few", 0), ("few", 1), ("few", 1), ("schema", 0), ("few", 1)):
        journal.switch(name)
        if ddl:
            journal.suspend()
        database.assert_at(name)
        assert journal.is_clean()
        for statement in ("DELETE FROM people", "DROP TABLE bag"):
            database.connect().execute(statement)
            assert bool(journal.rewind().replaced) == (not ddl and "DROP" in statement)
            database.assert_at(name)
    journal.switch("schema")
    journal.forget("few")
    database.connect().execute("DELETE FROM people WHERE id = 1")
    assert len(journal.changes()) == 1


def test_sessions_do_not_prevent_it(database: Database) -> None:
    """Of a schema that was made with others looking on there is no template yet."""
    early = database.connect()
    database.make(PEOPLE)
    journal = database.store.journal
    journal.suspend()
    with pytest.raises(psycopg.OperationalError):
        early.execute("SELECT 1")
    database.connect().execute("DROP TABLE people")
    journal.rewind()
    database.assert_at("schema")
    journal.switch("schema")
    database.assert_at("schema")


def test_positions_only_of_what_is_clean(suspended: Database) -> None:
    """A snapshot before anything is written is the baseline; later ones are refused."""
    journal = suspended.store.journal
    position = journal.mark()
    suspended.connect().execute("ALTER TABLE people ADD shoe int")
    with pytest.raises(SeedstateError, match="cannot return to what it holds now") as caught:
        journal.mark()
    assert "ddl=True" in str(caught.value)
    journal.rewind(position)
    suspended.assert_at("schema")
    assert journal.is_clean(position)


def test_loading_works_without_a_journal(suspended: Database) -> None:
    """Rows of a scenario on top, through the store as ever."""
    store = suspended.store
    store.load({"people": [{"id": 99, "name": "seeded"}]}, lambda _: None)
    assert store.counts()["people"] == 21
    assert not store.journal.is_clean()
    store.journal.rewind()
    suspended.assert_at("schema")


def test_a_crash_is_never_clean(suspended: Database) -> None:
    """It empties UNLOGGED tables, those that clones are made from too."""
    journal = suspended.store.journal
    crash(suspended)
    wait_until_it_serves(suspended)
    assert not journal.is_clean()
    journal.rewind()
    suspended.assert_at("schema")
    assert journal.is_clean()
    suspended.connect().execute("DROP TABLE quick")
    journal.rewind()
    suspended.assert_at("schema")

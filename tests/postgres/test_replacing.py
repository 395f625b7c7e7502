"""When the database is replaced by a clone: what of it stays, and what is said."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pytest_seedstate.errors import SeedstateError
from tests.postgres.cases import PEOPLE
from tests.postgres.conftest import Database


def test_settings_and_rights_of_the_database_stay(database: Database) -> None:
    """ALTER DATABASE SET, settings of roles in it, its owner and grants."""
    name = conninfo_to_dict(database.conninfo)["dbname"]
    admin = database.connect()
    admin.execute("DROP ROLE IF EXISTS clerk")
    admin.execute("CREATE ROLE clerk LOGIN")
    try:
        admin.execute(
            f"ALTER DATABASE {name} SET search_path = 'a b', public;"
            f"ALTER DATABASE {name} SET work_mem = '7MB';"
            f"ALTER ROLE clerk IN DATABASE {name} SET statement_timeout = '5s';"
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;"
            f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO clerk WITH GRANT OPTION;"
            f"ALTER DATABASE {name} CONNECTION LIMIT 50"
        )
        admin.close()
        database.make("CREATE TABLE public.t (i int)")
        before = settings(database)
        database.connect().execute("DROP TABLE public.t")
        database.store.journal.rewind()
        database.assert_at("schema")
        assert settings(database) == before
        assert "'a b', public" not in str(before)
        assert '"a b", public' in str(before)
    finally:
        database.close_connections()
        maintenance = make_conninfo(database.conninfo, dbname="postgres")
        with psycopg.connect(maintenance, autocommit=True) as cleaner:
            database.store.close()
            cleaner.execute(f"DROP DATABASE {name} WITH (FORCE)")
            cleaner.execute("DROP ROLE clerk")


def settings(database: Database) -> list[object]:
    with psycopg.connect(database.conninfo) as connection:
        return connection.execute(
            "SELECT pg_get_userbyid(datdba), datconnlimit, datacl::text, setrole, setconfig "
            "FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid "
            "WHERE datname = current_database() ORDER BY setrole"
        ).fetchall()


def test_sessions_that_keep_connecting_cannot_prevent_it(database: Database) -> None:
    """One that is just connecting escapes the first look, and must not escape the next."""
    database.make(PEOPLE)
    stop = threading.Event()

    def connect_again_and_again() -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(database.conninfo) as connection:
                    # Who has slipped in stays: it must be ended at the next look.
                    connection.execute("SELECT pg_sleep(60)")
            except psycopg.OperationalError:
                continue

    threads = [threading.Thread(target=connect_again_and_again) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            database.connect().execute("CREATE TABLE extra (i int)")
            assert database.store.journal.rewind().replaced
    finally:
        stop.set()
        while any(thread.is_alive() for thread in threads):
            end_sessions(database)
    database.assert_at("schema")


def end_sessions(database: Database) -> None:
    with psycopg.connect(make_conninfo(database.conninfo, dbname="postgres")) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_sleep\\(60'"
        )


def test_ddl_during_a_session_that_was_there_first(database: Database) -> None:
    """Without a template the message says why there is none, and what to do about it."""
    application = database.connect("early bird")
    database.make(PEOPLE)
    application.execute("DROP TABLE people")
    with pytest.raises(SeedstateError, match="cannot be brought back after: DROP TABLE") as caught:
        database.store.journal.rewind()
    assert "other sessions" in str(caught.value)
    assert not database.store.journal.is_clean()


def test_a_replacement_that_was_interrupted_is_never_clean(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template has a mark, too, and as many entries as the baseline that it was made at."""
    database.make(PEOPLE)
    journal = database.store.journal
    database.connect().execute("UPDATE people SET age = 1")
    database.keep("later")
    journal.switch("schema")
    database.connect().execute("DROP TABLE people")

    def interrupt(_: object) -> None:
        raise psycopg.OperationalError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr("pytest_seedstate.stores.postgres.database.install", interrupt)
        with pytest.raises(SeedstateError, match="interrupted"):
            journal.rewind()
        assert not journal.is_clean()
    assert not journal.is_clean()
    assert journal.rewind().replaced
    database.assert_at("schema")


def test_template_is_made_later_when_the_session_has_gone(database: Database) -> None:
    """The next baseline that is kept makes up for it."""
    application = database.connect("early bird")
    database.make(PEOPLE)
    application.execute("UPDATE people SET age = 1")
    application.close()
    database.keep("later")
    database.connect().execute("DROP TABLE people")
    database.store.journal.rewind()
    database.assert_at("later")
    database.store.journal.switch("schema")
    database.assert_at("schema")


def test_dropped_database_comes_back(database: Database) -> None:
    """Even an application that drops the whole database."""
    database.make(PEOPLE)
    name = conninfo_to_dict(database.conninfo)["dbname"]
    maintenance = make_conninfo(database.conninfo, dbname="postgres")
    with psycopg.connect(maintenance, autocommit=True) as rude:
        rude.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert not database.store.journal.is_clean()
    assert database.store.journal.rewind().replaced
    database.assert_at("schema")


def test_sessions_ended_by_the_application_are_opened_again(database: Database) -> None:
    """The journal's own too; nothing was lost with it."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("UPDATE people SET age = -1")
    position = journal.mark()
    end_all = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    app.execute(end_all)
    app.execute("UPDATE people SET age = -2")
    assert journal.rewind(position).replaced == ()
    app.execute(end_all)
    assert journal.is_clean(position)
    app.execute(end_all)
    assert journal.rewind().changed == 20
    database.assert_at("schema")


SUBSCRIBED = (
    "CREATE SUBSCRIPTION theirs CONNECTION 'host=127.0.0.1 port=1 dbname=nix' PUBLICATION p "
    "WITH (connect = false, slot_name = NONE)"
)
ACTIVE = "ALTER SUBSCRIPTION theirs SET (slot_name = 'theirs'); ALTER SUBSCRIPTION theirs ENABLE"


@pytest.mark.parametrize("suspended", [False, True], ids=["journaled", "disposable"])
@pytest.mark.parametrize("active", [False, True], ids=["idle", "active"])
def test_a_subscription_of_a_test_is_dropped(
    database: Database, *, active: bool, suspended: bool
) -> None:
    """PostgreSQL drops no database that has one; that of another database stays."""
    database.make(PEOPLE)
    journal = database.store.journal
    if suspended:
        journal.suspend()
    app = database.connect()
    app.execute(SUBSCRIBED.encode())
    if active:
        app.execute(ACTIVE.encode())
    assert not journal.is_clean()
    journal.rewind()
    assert subscriptions(database) == []
    assert journal.is_clean()
    journal.switch("schema")
    database.assert_at("schema")


def subscriptions(database: Database) -> list[object]:
    return database.connect().execute("SELECT subname FROM pg_subscription").fetchall()


def test_a_subscription_of_the_baseline_cannot_be_brought_back(database: Database) -> None:
    """Rows can; where it takes a clone, the message names the subscription at once."""
    with database.connect() as app:
        app.execute(SUBSCRIBED.encode())
    database.make(PEOPLE)
    journal = database.store.journal
    database.connect().execute("DELETE FROM people")
    assert not journal.rewind().replaced
    database.assert_at("schema")
    database.connect().execute("DROP TABLE people")
    with pytest.raises(SeedstateError, match="copies no subscriptions") as caught:
        journal.rewind()
    assert "theirs" in str(caught.value)
    assert not journal.is_clean()
    assert subscriptions(database) == [("theirs",)]
    # No database is dropped over it.
    database.connect().execute("DROP SUBSCRIPTION theirs")


def test_who_uses_a_database_is_named(database: Database) -> None:
    """The server answers, so nobody is sent to its log."""
    database.make(PEOPLE)
    template = conninfo_to_dict(database.conninfo)["dbname"] + "_seedstate_1"
    name = make_conninfo(database.conninfo, dbname=template)
    with psycopg.connect(name, autocommit=True) as intruder:
        intruder.execute("BEGIN; CREATE TABLE extra (i int); PREPARE TRANSACTION 'forgotten'")
        try:
            database.connect().execute("DROP TABLE people")
            with pytest.raises(SeedstateError, match="something uses it") as caught:
                database.store.journal.rewind()
        finally:
            with psycopg.connect(name, autocommit=True) as cleaner:
                cleaner.execute("ROLLBACK PREPARED 'forgotten'")
    assert f"'{template}'" in str(caught.value)
    assert "prepared transaction 'forgotten'" in str(caught.value)
    assert database.store.journal.rewind().replaced
    database.assert_at("schema")

"""Applications as they are: several sessions, few rights, prepared statements, two phases."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import psycopg
import pytest

from tests.postgres.cases import BAG, PEOPLE
from tests.postgres.conftest import Database

CLERK = """
CREATE TABLE orders (id serial PRIMARY KEY, what text, by text DEFAULT current_user);
INSERT INTO orders (what) VALUES ('a'), ('b');
CREATE TABLE notes (body text); INSERT INTO notes VALUES ('x'), ('x');
CREATE TABLE closed (id int PRIMARY KEY, v text); INSERT INTO closed VALUES (1, 'secret');
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO seedstate_clerk;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON orders, notes TO seedstate_clerk;
GRANT USAGE ON SEQUENCE orders_id_seq TO seedstate_clerk;
CREATE FUNCTION close(int) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ UPDATE closed SET v = 'seen' WHERE id = $1 $$;
"""


@pytest.fixture
def clerk(database: Database) -> psycopg.Connection[object]:
    """A session of a role that may write two tables and has no other rights at all."""
    with database.connect() as admin, contextlib.suppress(psycopg.errors.DuplicateObject):
        # It stays until its server ends: templates of databases keep what it may do.
        admin.execute("CREATE ROLE seedstate_clerk")
    database.make(CLERK)
    session = database.connect("clerk")
    session.execute("SET ROLE seedstate_clerk")
    return session


def test_a_role_with_few_rights_is_journaled(
    database: Database, clerk: psycopg.Connection[object]
) -> None:
    """It needs no right on anything of ours, and gets none."""
    journal = database.store.journal
    clerk.execute(
        "INSERT INTO orders (what) VALUES ('c'); UPDATE orders SET what = 'z' WHERE id = 1"
    )
    clerk.execute("DELETE FROM orders WHERE id = 2; DELETE FROM notes; SELECT close(1)")
    changes = journal.changes()
    assert {change.collection for change in changes} == {"orders", "notes", "closed"}
    assert changes.writers == (f"clerk (pid {clerk.info.backend_pid})",)
    journal.rewind()
    database.assert_at("schema")
    clerk.execute("TRUNCATE orders")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        clerk.execute("SELECT * FROM seedstate_journal.entry")
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_a_role_with_few_rights_may_change_what_is_its_own(
    database: Database, clerk: psycopg.Connection[object]
) -> None:
    """Its DDL is noticed, though it may not write the notes itself."""
    admin = database.connect()
    admin.execute("CREATE SCHEMA desk AUTHORIZATION seedstate_clerk")
    admin.close()
    clerk.close()
    database.keep("desk")
    session = database.connect("clerk")
    session.execute(
        "SET ROLE seedstate_clerk; CREATE TABLE desk.t (i int); INSERT INTO desk.t VALUES (1)"
    )
    session.execute("ALTER TABLE desk.t RENAME i TO j; UPDATE desk.t SET j = 2; DROP TABLE desk.t")
    assert not database.store.journal.is_clean()
    assert database.store.journal.rewind().replaced
    database.assert_at("desk")


def test_several_writers_of_one_row(database: Database) -> None:
    """Who waits for whom makes no difference: what they leave is undone, and each is named."""
    database.make(PEOPLE + BAG)
    sessions = [database.connect(f"writer {number}") for number in range(4)]

    def write(session: psycopg.Connection[object], number: int) -> None:
        for round_ in range(5):
            with session.transaction():
                session.execute("UPDATE people SET age = age + 1 WHERE id = 1")
                session.execute(
                    "INSERT INTO people (id, name) VALUES (50, 'w') "
                    "ON CONFLICT (id) DO UPDATE SET age = coalesce(people.age, 0) + 1"
                )
                if (number + round_) % 2:
                    session.execute("DELETE FROM people WHERE id = 50")
                session.execute("DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag LIMIT 1)")

    threads = [
        threading.Thread(target=write, args=(session, number))
        for number, session in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal = database.store.journal
    changes = journal.changes()
    assert changes.writers == tuple(
        sorted(
            f"writer {number} (pid {session.info.backend_pid})"
            for number, session in enumerate(sessions)
        )
    )
    [age] = [change for change in changes if change.key == {"id": 1}]
    assert age.fields["age"] == (1, 21)
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_prepared_statements_go_on_working(database: Database) -> None:
    """Through rewinds, positions, baselines and a log that is emptied."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect(prepare_threshold=0)
    for statement in (
        "add(int) AS INSERT INTO people (age) VALUES ($1) RETURNING id",
        "age(int) AS UPDATE people SET age = $1 WHERE id = 2 RETURNING age",
        "gone(int) AS DELETE FROM people WHERE id = $1 RETURNING age",
    ):
        app.execute(f"PREPARE {statement}")
    for round_ in range(8):
        assert app.execute("EXECUTE add(7)").fetchone() == (21,)
        assert app.execute("EXECUTE age(99)").fetchone() == (99,)
        assert app.execute("EXECUTE gone(3)").fetchone() == (3,)
        assert app.execute("SELECT age FROM people WHERE id = %s", (2,)).fetchone() == (99,)
        if round_ == 3:
            position = journal.mark()
            app.execute("EXECUTE gone(4)")
            journal.rewind(position)
        if round_ == 5:
            journal.keep("elsewhere")
            journal.switch("schema")
        assert journal.rewind().replaced == ()
        database.assert_at("schema")


def test_session_state_is_left_alone(database: Database) -> None:
    """Advisory locks, temporary tables, settings and what is listened to survive a rewind."""
    database.make(PEOPLE)
    app, other = database.connect(), database.connect()
    app.execute(
        "CREATE TEMP TABLE mine AS SELECT 1 AS i; SELECT pg_advisory_lock(42); LISTEN news;"
        "SET work_mem = '7MB'; DELETE FROM people"
    )
    other.execute("INSERT INTO people VALUES (70); NOTIFY news, 'made'")
    assert database.store.journal.rewind().replaced == ()
    database.assert_at("schema")
    assert app.execute("SELECT i, current_setting('work_mem') FROM mine").fetchone() == (1, "7MB")
    assert other.execute("SELECT pg_try_advisory_lock(42)").fetchone() == (False,)
    assert [each.payload for each in app.notifies(timeout=5, stop_after=1)] == ["made"]


@pytest.mark.parametrize("in_the_way", [False, True])
def test_a_prepared_transaction_that_stays_is_rolled_back(
    database: Database, in_the_way: bool
) -> None:
    """No session holds it, so none that ends would end it; it is told by its name."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    if in_the_way:
        app.execute("UPDATE people SET age = 0")
    app.execute("BEGIN; UPDATE people SET age = 1 WHERE id = 2; INSERT INTO people VALUES (70)")
    app.execute("PREPARE TRANSACTION 'it''s 100 %'")
    assert not journal.is_clean()
    if in_the_way:
        with pytest.raises(Exception, match="prepared transaction 'it's 100 %'"):
            journal.rewind()
    else:
        journal.rewind()
    ended = journal.end_writers()
    assert ended is not None
    assert "prepared transaction 'it's 100 %'" in ended[0]
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_a_prepared_transaction_that_only_holds_locks_is_rolled_back(database: Database) -> None:
    """It has nothing to undo, and would hold up a later test; others' ids come and go meanwhile."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("BEGIN; LOCK TABLE people IN EXCLUSIVE MODE; PREPARE TRANSACTION 'a lock'")
    for _ in range(2):
        assert not journal.is_clean()
        database.connect().execute("SELECT pg_current_xact_id()")
    journal.rewind()
    ended = journal.end_writers()
    assert ended is not None
    assert "prepared transaction 'a lock'" in ended[0]
    journal.rewind()
    assert journal.is_clean()
    app.execute("SET lock_timeout = '1s'; DELETE FROM people")


def test_a_prepared_transaction_of_another_database_is_none_of_ours(
    new_database: Callable[..., Database],
) -> None:
    """It stays, and the database is clean."""
    ours, other = new_database(lock_timeout=1.0), new_database()
    for database in (ours, other):
        database.make(PEOPLE)
    other.connect().execute("BEGIN; DELETE FROM people; PREPARE TRANSACTION 'of the other'")
    assert ours.store.journal.is_clean()
    ours.connect().execute("DELETE FROM people")
    ours.store.journal.rewind()
    assert ours.store.journal.end_writers() is None
    assert ours.store.journal.is_clean()
    assert not other.store.journal.is_clean()


def test_a_prepared_transaction_does_not_hold_up_a_clone(database: Database) -> None:
    """PostgreSQL drops no database in which one waits for its second phase."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("CREATE TABLE extra (i int)")
    app.execute("BEGIN; DELETE FROM people; PREPARE TRANSACTION 'first phase'")
    assert journal.rewind().replaced
    database.assert_at("schema")
    assert journal.is_clean()


def test_a_foreign_table_writes_through(database: Database) -> None:
    """What another session does for it is seen like that of any other; definitions are kept."""
    available = database.connect().execute(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'"
    )
    if available.fetchone() != (1,):
        pytest.skip("the wheel's server has no postgres_fdw: SEEDSTATE_TEST_POSTGRES_BIN")
    parts = psycopg.conninfo.conninfo_to_dict(database.conninfo)
    database.close_connections()
    database.make(
        PEOPLE
        + "CREATE EXTENSION postgres_fdw; CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw "
        f"OPTIONS (host '{parts['host']}', port '{parts['port']}', dbname '{parts['dbname']}');"
        f"CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user '{parts['user']}');"
        "CREATE FOREIGN TABLE abroad (id bigint, name text, age int) SERVER here "
        "OPTIONS (table_name 'people')"
    )
    journal, app = database.store.journal, database.connect()
    for _ in range(2):
        app.execute("INSERT INTO abroad VALUES (70, 'f', 1); DELETE FROM abroad WHERE id = 2")
        assert len(journal.changes()) == 2
        assert journal.rewind().replaced == ()
        database.assert_at("schema")
        assert journal.is_clean()


@pytest.mark.parametrize("later", [0, 1])
def test_rows_that_are_locked_are_not_clean(database: Database, later: int) -> None:
    """Whether or not other transactions have begun and ended since."""
    database.make(PEOPLE)
    journal, locker = database.store.journal, database.connect()
    with locker.transaction():
        locker.execute("SELECT * FROM people FOR UPDATE")
        for _ in range(later):
            database.connect().execute("SELECT pg_current_xact_id()")
        assert not journal.is_clean()
    assert journal.is_clean()

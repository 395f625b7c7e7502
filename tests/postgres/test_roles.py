"""Roles that are no superuser: what a test does comes back, by the undo log or by clones.

SEEDSTATE_TEST_POSTGRES_ROLE=granted (or plain) has the other modules use such a role.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import psycopg
import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.control import refused_settings
from pytest_seedstate.stores.postgres.journal import PostgresJournal
from tests.postgres.cases import BAG, PARTS, PEOPLE, TREE
from tests.postgres.conftest import ROLES, Database, Server, make_role

SCHEMA = (
    PEOPLE
    + BAG
    + TREE
    + PARTS
    + """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE moods (id int PRIMARY KEY, mood mood, at timestamptz DEFAULT now());
INSERT INTO moods VALUES (1, 'good');
CREATE UNLOGGED TABLE quick (v text);
INSERT INTO quick VALUES ('a'), ('b');
CREATE UNLOGGED SEQUENCE steps;
CREATE TABLE audit (what text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO audit VALUES (TG_OP); RETURN NEW; END';
CREATE TRIGGER notes AFTER INSERT ON moods FOR EACH ROW EXECUTE FUNCTION noted();
CREATE MATERIALIZED VIEW ages AS SELECT name, age FROM people;
CREATE UNIQUE INDEX ON ages (name);
SELECT lo_from_bytea(4242, 'object');
"""
)
ROWS = {
    "rows": "UPDATE people SET age = 0 WHERE id < 5; DELETE FROM nodes WHERE id = 1;"
    "INSERT INTO moods VALUES (2, 'bad'); DELETE FROM bag WHERE a = 1; UPDATE parts SET k = k + 1",
    "truncate": "TRUNCATE people RESTART IDENTITY; TRUNCATE parts",
    "sequence": "SELECT nextval('people_id_seq')",
}
"""What the undo log takes back in place."""
MORE = {
    "unlogged sequence": "SELECT nextval('steps')",
    "large object": "SELECT lo_put(4242, 0, 'changed')",
    "new column": "ALTER TABLE people ADD more text; UPDATE people SET more = 'x'",
    "renamed column": "ALTER TABLE people RENAME age TO years;"
    "INSERT INTO people (name, years) VALUES ('new', 1); ALTER TABLE people RENAME years TO age",
    "dropped column": "ALTER TABLE moods DROP at; INSERT INTO moods VALUES (3, 'bad')",
    "other type": "ALTER TABLE bag ALTER a TYPE text; INSERT INTO bag VALUES ('text', 'b')",
    "renamed table": "ALTER TABLE bag RENAME TO sack; TRUNCATE sack; ALTER TABLE sack RENAME TO bag",
    "new table": "CREATE TABLE more (id serial); INSERT INTO more DEFAULT VALUES",
    "dropped table": "DROP TABLE nodes",
    "no triggers": "ALTER TABLE bag DISABLE TRIGGER USER; DELETE FROM bag;"
    "ALTER TABLE bag ENABLE TRIGGER USER",
    "function": "ALTER FUNCTION noted() SECURITY DEFINER",
    "default": "ALTER TABLE moods ALTER at SET DEFAULT '2020-01-01'",
    "enum": "ALTER TYPE mood ADD VALUE 'so-so'",
    "rights": "GRANT SELECT ON people TO PUBLIC",
    "rights of a schema": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "comment": "COMMENT ON TABLE people IS 'other'",
    "policy": "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    "index": "CREATE INDEX ON people (age)",
    "view": "CREATE VIEW old AS SELECT * FROM people WHERE age > 3",
    "refresh": "UPDATE people SET age = 1; REFRESH MATERIALIZED VIEW ages",
    "refresh in place": "UPDATE people SET age = 1; REFRESH MATERIALIZED VIEW CONCURRENTLY ages",
    "rights on the database": "GRANT CREATE ON DATABASE {database} TO PUBLIC",
    "settings": "ALTER DATABASE {database} SET work_mem = '2MB'",
}
"""What may take a clone."""


@pytest.fixture(params=ROLES)
def database(request: pytest.FixtureRequest, new_database: Callable[..., Database]) -> Database:
    """One whose owner, who is also the application, is an ordinary role."""
    made = new_database(role=request.param, lock_timeout=1.0)
    made.make(SCHEMA)
    return made


def run(database: Database, statements: str) -> psycopg.Connection[object]:
    app = database.connect()
    for statement in statements.split(";"):
        name = psycopg.sql.Identifier(app.info.dbname)
        app.execute(psycopg.sql.SQL(statement).format(database=name))
    return app


def test_everything_comes_back(database: Database) -> None:
    """Rows, definitions, and what is neither; each is noticed, and nothing else is clean."""
    journal = database.store.journal
    for what, statements in {**ROWS, **MORE}.items():
        assert journal.is_clean(), what
        app = run(database, statements)
        assert not journal.is_clean(), what
        assert journal.changes(), what
        rewound = journal.rewind()
        database.assert_at("schema")
        assert journal.is_clean(), what
        if what in ROWS and isinstance(journal, PostgresJournal):
            assert not rewound.replaced, what
            assert app.execute("SELECT 1").fetchone() == (1,)
        database.close_connections()


def test_positions_and_baselines(database: Database) -> None:
    """Each with what was there then, also after tables were changed."""
    journal = database.store.journal
    run(database, ROWS["rows"])
    database.close_connections()
    database.keep("loaded")
    run(database, "INSERT INTO people (name) VALUES ('of a fixture')")
    first = journal.mark()
    database.remember("first")
    assert journal.is_clean(first)
    assert not journal.is_clean()
    run(database, "DELETE FROM people")
    second = journal.mark()
    run(database, ROWS["truncate"])
    journal.rewind(first)
    database.assert_at("first")
    assert second > first
    run(database, "ALTER TABLE people ADD more text")
    journal.rewind(first)
    database.assert_at("first")
    journal.rewind()
    database.assert_at("loaded")
    journal.switch("schema")
    database.assert_at("schema")
    run(database, "DROP TABLE people CASCADE")
    journal.switch("loaded")
    database.assert_at("loaded")
    journal.renew()
    database.assert_at("loaded")
    assert journal.is_clean()


def test_open_transactions_are_never_clean(database: Database, server: Server) -> None:
    """Those of other roles too, whose sessions an ordinary role sees little of."""
    journal = database.store.journal
    for conninfo in (database.conninfo, database.admin):
        with psycopg.connect(conninfo) as writer:
            writer.execute("UPDATE people SET age = 7 WHERE id = 1")
            assert not journal.is_clean()
            writer.rollback()
        # A clone proves itself by the whole server's transactions.
        journal.rewind()
        assert journal.is_clean()


def test_rows_that_a_policy_hides_are_told(new_database: Callable[..., Database]) -> None:
    """They cannot be kept, so nothing is kept without them."""
    database = new_database(role="granted")
    with pytest.raises(SeedstateError) as told:
        database.make(
            PEOPLE + "ALTER TABLE people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
    assert "row-level security" in str(told.value)


def test_a_session_that_is_not_ours_to_end_is_told(
    new_database: Callable[..., Database], server: Server
) -> None:
    """A clone would end it; a superuser's session stays, and so does what it says."""
    database = new_database(role="plain")
    database.make(PEOPLE)
    with psycopg.connect(database.admin, autocommit=True) as other:
        other.execute("DELETE FROM people")
        with pytest.raises(SeedstateError) as told:
            database.store.journal.rewind()
    assert "pg_signal_backend" in str(told.value)
    assert not database.store.journal.is_clean()
    database.store.journal.rewind()
    database.assert_at("schema")


def test_what_a_role_may_set_is_tried(server: Server) -> None:
    """By name, in a session of its own."""
    found = {}
    for role in ROLES:
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            make_role(admin, role)
        url = server.variables["url"]
        with contextlib.closing(
            psycopg.connect(url, user=role, password=role, autocommit=True)
        ) as connection:
            found[role] = "session_replication_role" in refused_settings(connection)
    assert found == {"granted": False, "plain": True}


def test_sessions_that_the_application_ends(database: Database) -> None:
    """The journal's too, which is opened again; nothing was lost with it."""
    journal = database.store.journal
    app = run(database, ROWS["rows"])
    app.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()

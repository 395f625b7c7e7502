"""Changes of definitions for which PostgreSQL fires no event trigger."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import psycopg
import pytest

from tests.postgres.cases import PEOPLE
from tests.postgres.conftest import Database
from tests.postgres.dumping import connect

pytestmark = pytest.mark.skipif(
    "SEEDSTATE_TEST_POSTGRES_ROLE" in os.environ, reason="only a superuser may do most of this"
)

SETUP = (
    PEOPLE
    + """
CREATE TABLE twins (a int, b int);
INSERT INTO twins VALUES (1, 1), (1, 2);
CREATE INDEX twins_b ON twins (b);
CREATE TABLE parts (k int PRIMARY KEY) PARTITION BY RANGE (k);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE FUNCTION say() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER theirs ON ddl_command_start EXECUTE FUNCTION say();
"""
)

INDEX_STATES = """
SELECT 'index', indexrelid::regclass::text, concat_ws(' ', indisvalid, indisready, indislive, indisclustered)
FROM pg_index WHERE indrelid >= 16384 AND indexrelid::regclass::text !~ '^(seedstate|pg_toast)'
UNION ALL
SELECT 'event trigger', evtname, concat_ws(' ', evtevent, evtenabled,
       obj_description(oid, 'pg_event_trigger')) FROM pg_event_trigger
UNION ALL SELECT 'detaching', inhrelid::regclass::text, '' FROM pg_inherits WHERE inhdetachpending
UNION ALL SELECT 'collations', count(*)::text, '' FROM pg_collation ORDER BY 1, 2
"""


NOT_VALID = "an index that is not valid, or that CLUSTER went by"


@dataclass(frozen=True)
class Act:
    """`statements` one by one; the last fails while `reader` is open, where there is one."""

    statements: tuple[str, ...]
    what: str
    reader: str = ""


ACTS = {
    "unique index that fails": Act(("CREATE UNIQUE INDEX CONCURRENTLY ON twins (a)",), NOT_VALID),
    "index whose removal is cancelled": Act(
        ("SET lock_timeout = '50ms'", "DROP INDEX CONCURRENTLY twins_b"),
        NOT_VALID,
        reader="SELECT * FROM twins",
    ),
    "index that is not built anew": Act(
        ("SET lock_timeout = '50ms'", "REINDEX INDEX CONCURRENTLY twins_b"),
        NOT_VALID,
        reader="SELECT * FROM twins",
    ),
    "clustered": Act(("CLUSTER twins USING twins_b",), NOT_VALID),
    "partition that is not detached": Act(
        ("SET lock_timeout = '50ms'", "ALTER TABLE parts DETACH PARTITION parts_low CONCURRENTLY"),
        "a partition that is being detached",
        reader="SELECT * FROM parts",
    ),
    "event trigger made": Act(
        ("CREATE EVENT TRIGGER more ON sql_drop EXECUTE FUNCTION say()",), "an event trigger"
    ),
    "event trigger switched off": Act(("ALTER EVENT TRIGGER theirs DISABLE",), "an event trigger"),
    "event trigger dropped": Act(("DROP EVENT TRIGGER theirs",), "an event trigger"),
    "event trigger explained": Act(("COMMENT ON EVENT TRIGGER theirs IS 'x'",), "an event trigger"),
    "our event triggers off for a while": Act(
        (
            "ALTER EVENT TRIGGER seedstate_ddl DISABLE",
            "CREATE TABLE extra (i int)",
            "ALTER EVENT TRIGGER seedstate_ddl ENABLE ALWAYS",
        ),
        "an event trigger",
    ),
    "collations imported": Act(("SELECT pg_import_system_collations('public')",), "new collations"),
}


def do(database: Database, act: Act) -> None:
    """As an application; the failure of the last statement is part of it."""
    with contextlib.ExitStack() as stack:
        if act.reader:
            reader = stack.enter_context(psycopg.connect(database.conninfo))
            reader.execute(act.reader.encode())
        app = stack.enter_context(psycopg.connect(database.conninfo, autocommit=True))
        for statement in act.statements:
            with contextlib.suppress(
                psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable
            ):
                app.execute(statement.encode())


def states(database: Database) -> list[tuple[object, ...]]:
    with connect(database.admin) as connection:
        return connection.execute(INDEX_STATES).fetchall()


@pytest.mark.parametrize("name", ACTS)
def test_it_is_found_and_undone(database: Database, name: str) -> None:
    """By the look that proves that nothing was written, and told by its kind."""
    act = ACTS[name]
    database.make(SETUP)
    journal = database.store.journal
    before = states(database)
    do(database, act)
    assert states(database) != before or "for a while" in name
    assert not journal.is_clean()
    changes = journal.changes()
    assert act.what in changes.notes
    assert not changes.writers
    assert_replaced(database, act, before)


@pytest.mark.parametrize("name", ["unique index that fails", "event trigger dropped"])
def test_it_is_found_by_a_rewind_of_rows(database: Database, name: str) -> None:
    """Nobody has looked at it before."""
    database.make(SETUP)
    before = states(database)
    do(database, ACTS[name])
    database.connect().execute("UPDATE people SET age = 1")
    assert_replaced(database, ACTS[name], before)


def assert_replaced(database: Database, act: Act, before: list[tuple[object, ...]]) -> None:
    """A rewind replaces the database, once."""
    journal = database.store.journal
    assert act.what in journal.rewind().replaced[0]
    database.assert_at("schema")
    assert states(database) == before
    assert journal.is_clean()
    assert not journal.rewind().replaced


def test_a_wider_fixture_may_make_one(database: Database) -> None:
    """Rows are undone in place above it, and the baseline below it comes back by a clone."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    before = states(database)
    do(database, ACTS["event trigger made"])
    position = journal.mark()
    made = states(database)
    assert journal.is_clean(position)
    app.execute("DELETE FROM people")
    assert not journal.rewind(position).replaced
    assert (states(database), journal.is_clean(position)) == (made, True)
    assert journal.rewind().replaced
    assert states(database) == before
    database.assert_at("schema")


def test_a_baseline_may_have_one(database: Database) -> None:
    """A switch between baselines that differ in nothing else takes a clone."""
    database.make(SETUP)
    journal = database.store.journal
    before = states(database)
    do(database, ACTS["unique index that fails"])
    database.keep("with an index")
    made = states(database)
    for name, wanted in (("schema", before), ("with an index", made), ("schema", before)):
        journal.switch(name)
        assert states(database) == wanted
        database.assert_at(name)
        assert journal.is_clean()

"""Positions above a baseline: layers and snapshots, and what becomes of them after DDL."""

from __future__ import annotations

import psycopg
import pytest

from pytest_seedstate.errors import SeedstateError
from tests.postgres.cases import BAG, PARTS, PEOPLE
from tests.postgres.conftest import Database

SETUP = PEOPLE + BAG + PARTS


def write(app: psycopg.Connection[object], mark: int) -> None:
    """Something in every kind of table, different for each `mark`."""
    app.execute(
        f"INSERT INTO people (name, age) VALUES ('at {mark}', {mark});"
        f"UPDATE people SET age = age + {mark} WHERE id = 2;"
        f"DELETE FROM people WHERE id = {mark + 5}; DELETE FROM bag WHERE a = {mark};"
        f"INSERT INTO bag VALUES ({mark}, 'b'), ({mark}, 'b'), (NULL, NULL);"
        f"UPDATE parts SET k = k + 101 WHERE k = {mark * 10}"
    )


def test_nested_positions_come_back_one_by_one(database: Database) -> None:
    """Each position is exact, again and again, and the baseline below them too."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    marks = []
    for number in (1, 2, 3):
        write(app, number)
        marks.append(journal.mark())
        database.remember(f"mark {number}")
    assert marks == sorted(set(marks))
    for number in (3, 2, 1):
        position = marks[number - 1]
        for _ in range(2):
            write(app, 7)
            assert not journal.is_clean(position)
            journal.rewind(position)
            database.assert_at(f"mark {number}")
            assert journal.is_clean(position)
        assert not journal.is_clean()
    journal.rewind()
    database.assert_at("schema")
    assert journal.is_clean()


def test_later_positions_are_gone_after_a_rewind(database: Database) -> None:
    """A rewind forgets what was marked after it, and new positions get new numbers."""
    database.make(PEOPLE)
    journal = database.store.journal
    first = journal.mark()
    second = journal.mark()
    journal.rewind(first)
    with pytest.raises(KeyError):
        journal.rewind(second)
    assert journal.is_clean(first)
    assert journal.mark() > second


def test_position_is_clean_until_something_is_written(database: Database) -> None:
    """A rolled-back write may look dirty, a committed one always does."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    write_nothing = journal.mark()
    assert journal.is_clean(write_nothing)
    app.execute("SELECT * FROM people; SELECT id FROM people FOR UPDATE")
    assert journal.is_clean(write_nothing)
    app.execute("UPDATE people SET age = 1 WHERE id = 1")
    assert not journal.is_clean(write_nothing)


def test_transaction_open_at_a_mark_belongs_after_it(database: Database) -> None:
    """What was written before a mark and committed after it is undone as a whole."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("BEGIN; UPDATE people SET age = 100 WHERE id = 1")
    position = journal.mark()
    database.remember("mark")
    assert not journal.is_clean(position)
    app.execute("UPDATE people SET age = 200 WHERE id = 2; COMMIT")
    assert database.differs_from("mark")
    assert len(journal.changes(position)) == 2
    journal.rewind(position)
    database.assert_at("mark")
    assert journal.is_clean(position)


@pytest.mark.parametrize("marked_since", [False, True], ids=["", "another mark after it"])
@pytest.mark.parametrize("depth", [1, 2])
def test_position_survives_ddl_after_it(
    database: Database, depth: int, *, marked_since: bool
) -> None:
    """A clone of the baseline gets the position's writes again; lower positions stay right.

    Also where a position was marked since, for which the changed tables got new logs: seed 4 of the
    machine found that their entries were lost with the old ones.
    """
    database.make(SETUP + "SELECT lo_from_bytea(4711, 'data')")
    journal, app = database.store.journal, database.connect()
    marks = []
    for number in range(1, depth + 1):
        write(app, number)
        app.execute(f"SELECT lo_put(4711, {number}, 'X')")
        marks.append(journal.mark())
        database.remember(f"mark {number}")
    write(app, 9)
    app.execute("ALTER TABLE people DROP COLUMN age; DROP TABLE bag; DELETE FROM people")
    if marked_since:
        journal.mark()
    rewound = journal.rewind(marks[-1])
    assert "DROP TABLE public.bag" in rewound.replaced[0]
    app = database.connect()
    for number in reversed(range(1, depth + 1)):
        database.assert_at(f"mark {number}")
        write(app, 8)
        journal.rewind(marks[number - 1])
        database.assert_at(f"mark {number}")
        if number > 1:
            journal.rewind(marks[number - 2])
    journal.rewind()
    database.assert_at("schema")


def test_materialised_views_of_a_position(database: Database) -> None:
    """They show its rows, filled or not as they were, also on a clone and below it."""
    database.make(PEOPLE + "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM people;"
                  "CREATE MATERIALIZED VIEW later AS SELECT max(id) FROM people WITH NO DATA")  # fmt: skip
    journal, app = database.store.journal, database.connect()
    refresh = "REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW later;"
    app.execute("DELETE FROM people WHERE id > 9;" + refresh)
    position = journal.mark()
    database.remember("mark")
    app.execute("DELETE FROM people;" + refresh)
    journal.rewind(position)
    database.assert_at("mark")
    app.execute("DELETE FROM people; CREATE TABLE extra ();" + refresh)
    journal.rewind(position)
    database.assert_at("mark")
    journal.rewind()
    database.assert_at("schema")


def test_views_are_refreshed_once(database: Database) -> None:
    """A rewind that follows has nothing to do with them."""
    database.make(PEOPLE + "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM people")
    journal, app = database.store.journal, database.connect()
    app.execute("DELETE FROM people; REFRESH MATERIALIZED VIEW m")
    assert journal.rewind().replaced == ("materialised views",)
    app.execute("DELETE FROM people")
    assert journal.rewind().replaced == ()
    database.assert_at("schema")


def test_position_with_ddl_before_it(database: Database) -> None:
    """A fixture that makes a table is fine as long as the tests above it only write rows."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    app.execute("CREATE TABLE extra (id int PRIMARY KEY); INSERT INTO extra VALUES (1)")
    app.execute("ALTER TABLE people ADD COLUMN shoe int; UPDATE people SET shoe = 40")
    position = journal.mark()
    database.remember("mark")
    assert journal.is_clean(position)
    app.execute("INSERT INTO extra VALUES (2); DELETE FROM extra WHERE id = 1")
    app.execute("UPDATE people SET shoe = 41, age = 7 WHERE id = 2")
    assert not journal.is_clean(position)
    assert journal.rewind(position).replaced == ()
    database.assert_at("mark")
    assert journal.rewind().replaced != ()
    database.assert_at("schema")


def test_ddl_before_and_after_a_position_is_an_error(database: Database) -> None:
    """What cannot be brought back is said, and the database is at its baseline."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    app.execute("CREATE TABLE extra (id int)")
    position = journal.mark()
    app.execute("DROP TABLE extra")
    with pytest.raises(SeedstateError, match=r"lost after: .*DROP TABLE public\.extra"):
        journal.rewind(position)
    database.assert_at("schema")
    assert journal.is_clean(position)
    database.connect().execute("INSERT INTO people VALUES (99)")
    journal.rewind(position)
    database.assert_at("schema")


def test_a_position_that_was_lost_is_lost_once(database: Database) -> None:
    """From then on it is the baseline, which comes back after DDL like any other."""
    database.make(SETUP)
    journal = database.store.journal
    database.connect().execute("CREATE TABLE extra (id int)")
    position = journal.mark()
    for attempt in range(2):
        database.connect().execute("ALTER TABLE people ADD COLUMN extra int")
        if attempt:
            assert journal.rewind(position).replaced
        else:
            with pytest.raises(SeedstateError, match="lost after"):
                journal.rewind(position)
        database.assert_at("schema")
        assert journal.is_clean(position)
    database.connect().execute("INSERT INTO people VALUES (99)")
    database.remember("above")
    above = journal.mark()
    database.connect().execute("ALTER TABLE people ADD COLUMN extra int")
    journal.rewind(above)
    database.assert_at("above")
    database.connect().execute("ALTER TABLE people ADD COLUMN extra int")
    assert journal.rewind(position).replaced
    database.assert_at("schema")
    assert journal.is_clean(position)


def test_large_objects_are_the_same_for_every_position_in_a_clone(database: Database) -> None:
    """The clone has other versions of them; a wider fixture's position has none of its own."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("SELECT lo_from_bytea(4711, 'data')")
    database.keep("with an object")
    app.execute("UPDATE people SET age = 1 WHERE id = 1")
    fixture = journal.mark()
    database.remember("fixture")
    snapshot = journal.mark()
    app.execute("CREATE TABLE extra (i int)")
    assert journal.rewind(snapshot).replaced
    for position in (snapshot, fixture):
        assert not journal.changes(position)
    assert not journal.rewind(fixture).replaced
    database.assert_at("fixture")
    assert not journal.rewind().replaced
    database.assert_at("with an object")

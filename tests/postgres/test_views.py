"""Materialised views: a baseline holds them as they are once refreshed, and so does a rewind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres import PostgresStore, SqlScript
from tests.postgres.cases import BAG, HEIRS, PARTS, PEOPLE
from tests.postgres.conftest import Database

COUNTS = """
CREATE MATERIALIZED VIEW people_count AS SELECT count(*) FROM people;
CREATE MATERIALIZED VIEW bag_count AS SELECT count(*) FROM bag;
"""


def value(database: Database, query: str) -> Any:
    """The only value of a query."""
    with psycopg.connect(database.conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def refreshes(database: Database, view: str) -> Callable[[], bool]:
    """Whether a view was refreshed since the last time this was asked; it gets another file."""
    known = value(database, f"SELECT pg_relation_filenode('{view}')")

    def asked() -> bool:
        nonlocal known
        before, known = known, value(database, f"SELECT pg_relation_filenode('{view}')")
        return bool(before != known)

    return asked


def load(database: Database, **rows: list[dict[str, Any]]) -> None:
    database.store.load(rows, lambda count: None)


def test_a_refresh_finds_what_a_test_begins_with(database: Database) -> None:
    """In the schema's state and in a scenario's, loaded by us or written by itself."""
    database.make(PEOPLE + BAG + COUNTS + "INSERT INTO people (name) VALUES ('late')")
    journal, app = database.store.journal, database.connect()
    load(database, bag=[{"a": 8, "b": "loaded"}])
    database.keep("loaded")
    app.execute("DELETE FROM people WHERE id > 5")
    database.keep("written")
    for name, people, bag in (("schema", 21, 6), ("loaded", 21, 7), ("written", 5, 7)):
        journal.switch(name)
        for _ in range(2):
            database.assert_at(name)
            assert value(database, "SELECT count FROM people_count") == people
            assert value(database, "SELECT count FROM bag_count") == bag
            app.execute("REFRESH MATERIALIZED VIEW people_count")
            assert not database.differs_from(name)
            app.execute("DELETE FROM bag; REFRESH MATERIALIZED VIEW bag_count")
            journal.rewind()


def test_only_what_depends_on_it_is_refreshed_and_once(database: Database) -> None:
    """By the load itself or when it is kept; not again where the scenario has done it."""
    database.make(PEOPLE + BAG + COUNTS)
    app = database.connect()
    people, bag = refreshes(database, "people_count"), refreshes(database, "bag_count")
    load(database, bag=[{"a": 8}])
    assert (people(), bag()) == (False, True)
    database.keep("loaded")
    assert (people(), bag()) == (False, False)
    app.execute("DELETE FROM people")
    database.keep("written")
    assert (people(), bag()) == (True, False)
    app.execute("DELETE FROM bag; REFRESH MATERIALIZED VIEW bag_count")
    assert (people(), bag()) == (False, True)
    database.keep("refreshed")
    assert (people(), bag()) == (False, False)
    app.execute("INSERT INTO bag VALUES (1); REFRESH MATERIALIZED VIEW bag_count; DELETE FROM bag")
    database.keep("written afterwards")
    assert value(database, "SELECT count FROM bag_count") == 0


def test_views_upon_views_are_refreshed_in_their_order(database: Database) -> None:
    """Which need not be the order in which they were made."""
    database.make(
        PEOPLE + "CREATE VIEW between AS SELECT 0::bigint AS n;"
        "CREATE MATERIALIZED VIEW outermost AS SELECT n AS outer_n FROM between;"
        "CREATE MATERIALIZED VIEW innermost AS SELECT count(*) AS n FROM people;"
        "CREATE OR REPLACE VIEW between AS SELECT n FROM innermost;"
    )
    shown = "SELECT n || ' ' || outer_n FROM innermost, outermost"
    assert value(database, shown) == "20 20"
    load(database, people=[{"name": "new"}])
    assert value(database, shown) == "21 21"
    app = database.connect()
    app.execute("DELETE FROM people; REFRESH MATERIALIZED VIEW outermost")
    app.execute("REFRESH MATERIALIZED VIEW innermost")
    database.keep("in the wrong order")
    assert value(database, shown) == "0 0"


def test_views_without_data_stay_so(database: Database) -> None:
    """Also where one with data reads them, which needs theirs for a moment."""
    database.make(
        PEOPLE + "CREATE MATERIALIZED VIEW never AS SELECT 1 / count(*) FROM people WITH NO DATA;"
        "CREATE MATERIALIZED VIEW emptied AS SELECT count(*) AS n FROM people;"
        "CREATE MATERIALIZED VIEW reader AS SELECT n FROM emptied;"
        "REFRESH MATERIALIZED VIEW emptied WITH NO DATA;"
    )
    populated = "SELECT string_agg(matviewname, ' ') FROM pg_matviews WHERE ispopulated"
    journal, app = database.store.journal, database.connect()
    app.execute("DELETE FROM people")
    database.keep("nobody")
    for name, people in (("schema", 20), ("nobody", 0)):
        journal.switch(name)
        app.execute("REFRESH MATERIALIZED VIEW emptied")
        journal.rewind()
        database.assert_at(name)
        assert value(database, populated) == "reader"
        assert value(database, "SELECT n FROM reader") == people


@pytest.mark.parametrize(
    ("view", "written"),
    [
        ("SELECT count(*) FROM parts_high", {"parts": [{"k": 105}]}),
        ("SELECT count(*) FROM base", {"heir": [{"i": 105}]}),
        ("SELECT counted()", {"parts": [{"k": 105}]}),
        ("SELECT count(*) FROM noted", {"bag": [{"a": 1}]}),
    ],
    ids=[
        "a partition",
        "a table that is inherited from",
        "what a function reads",
        "what a trigger writes",
    ],
)
def test_what_is_read_indirectly(
    database: Database, view: str, written: dict[str, list[dict[str, Any]]]
) -> None:
    """Loaded on top of a state: nothing of it is left to the test."""
    database.make(
        PARTS + HEIRS + BAG + "CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql "
        "AS 'BEGIN RETURN (SELECT count(*) FROM public.parts); END';"
        "CREATE TABLE noted (a int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN INSERT INTO noted VALUES (1); RETURN NEW; END';"
        "CREATE TRIGGER note AFTER INSERT ON bag FOR EACH ROW EXECUTE FUNCTION note();"
        f"CREATE MATERIALIZED VIEW m AS {view}"
    )
    before = value(database, "TABLE m")
    database.store.load(written, lambda count: None)
    assert value(database, "TABLE m") == before + 1
    assert database.store.journal.rewind().replaced == ("materialised views",)
    database.assert_at("schema")


def test_a_view_that_cannot_be_refreshed_is_told(database: Database) -> None:
    """By its name; a load has then loaded nothing."""
    database.make(PEOPLE + "CREATE MATERIALIZED VIEW m AS SELECT 1 / (age - 50) FROM people")
    refused = r"the materialised view public\.m cannot be refreshed"
    with pytest.raises(SeedstateError, match=refused) as caught:
        load(database, people=[{"name": "x", "age": 50}])
    assert "division by zero" in str(caught.value)
    assert value(database, "SELECT count(*) FROM people") == 20
    database.connect().execute("UPDATE people SET age = 50 WHERE id = 3")
    with pytest.raises(SeedstateError, match=refused):
        database.store.journal.keep("never")
    database.store.journal.rewind()
    database.assert_at("schema")


def test_what_is_cleared_is_not_shown_any_longer(database: Database) -> None:
    """By `seedstate reset`, say."""
    database.make(PEOPLE + BAG + COUNTS)
    database.store.clear()
    assert value(database, "SELECT count FROM people_count") == 0


def test_another_owners_views_are_left_alone(database: Database, tmp_path: Path) -> None:
    """Who may only write rows can load them all the same."""
    database.store.create_schema([SqlScript("schema.sql", PEOPLE + BAG + COUNTS)])
    admin = database.connect()
    admin.execute("CREATE ROLE writer LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO writer")
    try:
        store = PostgresStore(make_conninfo(database.conninfo, user="writer"), spill=tmp_path)
        store.load({"bag": [{"a": 8}]}, lambda count: None)
        store.close()
        assert value(database, "SELECT count FROM bag_count") == 6
        assert value(database, "SELECT count(*) FROM bag") == 7
    finally:
        admin.execute("DROP OWNED BY writer; DROP ROLE writer")

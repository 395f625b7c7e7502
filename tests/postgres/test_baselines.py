"""Kept baselines: switching between them in place, sharing and freeing what they take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres.cases import ALWAYS, BAG, FAMILY, HEIRS, PARTS, PEOPLE, TYPES
from tests.postgres.conftest import Database

EMPTY = """
CREATE TABLE people (id serial PRIMARY KEY, name text, boss int REFERENCES people);
CREATE TABLE tags (person int REFERENCES people, tag text);
CREATE TABLE untouched (i int); INSERT INTO untouched VALUES (1);
"""


def test_switching_keeps_connections_and_prepared_statements(database: Database) -> None:
    """An application's session goes on through switches; every baseline is exact each time."""
    database.make(EMPTY)
    journal = database.store.journal
    app = database.connect(prepare_threshold=0)
    counts = {}
    for name, rows in (("few", 3), ("many", 300)):
        journal.switch("schema")
        app.execute("INSERT INTO people (name) SELECT 'x' FROM generate_series(1, %s)", (rows,))
        app.execute("INSERT INTO tags SELECT id, 't' FROM people")
        database.keep(name)
        counts[name] = rows
    for name in ("few", "schema", "many", "few", "many", "schema", "schema"):
        app.execute("INSERT INTO untouched VALUES (2)")
        app.execute("INSERT INTO people (name) VALUES ('of a test, in a table to be filled')")
        journal.switch(name)
        assert journal.is_clean()
        database.assert_at(name)
        row = app.execute("SELECT count(*) FROM people").fetchone()
        assert row == (counts.get(name, 0),)


@pytest.mark.parametrize(
    "setup", [BAG, FAMILY, HEIRS, PARTS, ALWAYS, TYPES, "CREATE TABLE t ()"], ids=lambda s: s[14:30]
)
def test_every_kind_of_table_is_kept(setup: str, database: Database) -> None:
    """Rows come back from files as they were, generated, always firing and keyless ones too."""
    database.make(setup)
    journal = database.store.journal
    database.store.clear()
    database.keep("empty")
    for name in ("schema", "empty", "schema"):
        journal.switch(name)
        database.assert_at(name)


def test_large_tables_are_truncated_even_where_others_refer_to_them(database: Database) -> None:
    """TRUNCATE is not taken where it would be refused or would wait for a reader."""
    database.make(EMPTY + "CREATE TABLE lone (i int PRIMARY KEY)")
    journal = database.store.journal
    app, reader = database.connect(), database.connect()
    app.execute("INSERT INTO people (name) SELECT 'x' FROM generate_series(1, 6000)")
    app.execute("INSERT INTO lone SELECT generate_series(1, 6000)")
    database.keep("large")
    for rounds in range(2):
        if rounds:
            reader.execute("BEGIN; SELECT count(*) FROM lone")
        journal.switch("schema")
        reader.execute("COMMIT")
        database.assert_at("schema")
        journal.switch("large")
        database.assert_at("large")


def test_switching_to_the_current_baseline_repairs_it(database: Database) -> None:
    """Also what no log knows of, like rows that vanished behind the journal's back."""
    database.make(PEOPLE + BAG)
    app = database.connect()
    app.execute("SET seedstate.control = 'on'; DELETE FROM people; DELETE FROM bag WHERE a = 1")
    assert database.store.journal.is_clean(), "the logs cannot know of this"
    assert database.differs_from("schema")
    database.store.journal.switch("schema")
    database.assert_at("schema")


def test_logs_that_disagree_with_rows_lead_to_a_clone(database: Database) -> None:
    """A rewind that finds a row missing does not pretend."""
    database.make(PEOPLE)
    app = database.connect()
    app.execute("INSERT INTO people VALUES (70); SET seedstate.control = 'on'")
    app.execute("DELETE FROM people WHERE id = 70")
    assert "disagree" in database.store.journal.rewind().replaced[0]
    database.assert_at("schema")


def test_most_rows_changed_are_read_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a table changed far more than it holds, its rows come from the files."""
    monkeypatch.setattr("pytest_seedstate.stores.postgres.database.HEAVY", 100)
    database.make(PEOPLE + BAG)
    app = database.connect()
    app.execute("INSERT INTO people (name) SELECT 'n' || i FROM generate_series(1, 200) i")
    app.execute("UPDATE bag SET a = 5")
    rewound = database.store.journal.rewind()
    assert rewound.replaced == ("rows of people: most had changed",)
    database.assert_at("schema")
    assert database.store.journal.is_clean()
    app.execute("DELETE FROM people; INSERT INTO people (name) VALUES ('y')")
    assert database.store.journal.rewind().replaced == ()
    database.assert_at("schema")


def test_contents_are_shared_and_freed(database: Database, tmp_path: Path) -> None:
    """A baseline takes files only for tables that differ, and gives them back."""
    database.make(PEOPLE + BAG)
    app = database.connect()

    def files() -> set[str]:
        return {path.name for path in (tmp_path / "spill").iterdir()}

    schema = files()
    assert len(schema) == 2
    app.execute("UPDATE people SET age = 1")
    database.keep("one")
    assert len(files() - schema) == 1
    app.execute("UPDATE bag SET a = 1")
    database.keep("two")
    assert len(files() - schema) == 2
    database.store.journal.forget("one")
    assert len(files() - schema) == 2, "'two' shares them"
    database.store.journal.switch("schema")
    database.store.journal.forget("two")
    assert files() == schema
    with pytest.raises(KeyError):
        database.store.journal.switch("two")
    with pytest.raises(ValueError, match="current"):
        database.store.journal.forget("schema")


@pytest.mark.parametrize("connected", [False, True])
def test_scenario_that_makes_tables_has_a_baseline_of_its_own(
    database: Database, connected: bool
) -> None:
    """Between baselines with other tables the database is replaced, in both directions."""
    database.make(PEOPLE)
    journal, app = database.store.journal, database.connect()
    app.execute("CREATE TABLE migrated (id int PRIMARY KEY); INSERT INTO migrated VALUES (1)")
    app.execute("ALTER TABLE people ADD COLUMN shoe int DEFAULT 40")
    if not connected:
        database.close_connections()
    database.keep("migrated")
    for name in ("schema", "migrated", "schema", "migrated"):
        journal.switch(name)
        database.assert_at(name)
        database.connect().execute("INSERT INTO people VALUES (70)")
        journal.rewind()
        database.assert_at(name)
        database.close_connections()


def test_rows_that_were_written_before_their_table_changed_are_kept(database: Database) -> None:
    """Its log went with the change; a switch in place brings them back all the same."""
    database.make(PEOPLE)
    app = database.connect()
    app.execute("INSERT INTO people VALUES (70)")
    app.execute("ALTER TABLE people ADD COLUMN shoe int DEFAULT 40")
    database.keep("migrated")
    database.connect().execute("DELETE FROM people WHERE id = 70")
    database.keep("fewer")
    database.store.journal.switch("migrated")
    database.assert_at("migrated")


def test_cached_sequences_only_move_forward(database: Database) -> None:
    """A session that took values ahead must not meet them again."""
    database.make("CREATE SEQUENCE s CACHE 10; CREATE TABLE t (id bigint DEFAULT nextval('s') "
                  "PRIMARY KEY); INSERT INTO t DEFAULT VALUES")  # fmt: skip
    journal, app = database.store.journal, database.connect()
    app.execute("INSERT INTO t DEFAULT VALUES")
    journal.rewind()
    assert journal.is_clean()
    assert app.execute("INSERT INTO t DEFAULT VALUES RETURNING id").fetchone() == (12,)
    other = database.connect()
    assert other.execute("INSERT INTO t DEFAULT VALUES RETURNING id").fetchone() == (21,)
    app.execute("SELECT setval('s', 500)")
    journal.keep("later")
    for name in ("schema", "later"):
        journal.switch(name)
        assert app.execute("SELECT last_value FROM s").fetchone() == (500,)
    app.execute("CREATE TABLE extra ()")
    journal.rewind()
    # The clone's template was made when the sequence had given few values.
    clone = database.connect()
    assert clone.execute("SELECT last_value >= 500 FROM s").fetchone() == (True,)


def test_materialised_views_follow_a_switch(database: Database) -> None:
    """They show the baseline's rows."""
    database.make(PEOPLE + "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM people")
    journal, app = database.store.journal, database.connect()
    app.execute("DELETE FROM people; REFRESH MATERIALIZED VIEW m")
    database.keep("nobody")
    for name in ("schema", "nobody"):
        journal.switch(name)
        database.assert_at(name)


def test_large_objects_follow_a_switch(database: Database) -> None:
    """With owner, rights and content."""
    database.make("CREATE TABLE t (o oid); SELECT lo_from_bytea(4711, 'schema')")
    journal, app = database.store.journal, database.connect()
    app.execute("SELECT lo_put(4711, 0, 'S'), lo_from_bytea(4712, 'x');"
                "GRANT SELECT ON LARGE OBJECT 4712 TO PUBLIC")  # fmt: skip
    database.keep("changed")
    for name in ("schema", "changed"):
        journal.switch(name)
        database.assert_at(name)
        assert journal.is_clean()


def test_two_databases_of_one_server_do_not_meet(new_database: Callable[..., Database]) -> None:
    """Templates and files of one are none of the other's."""
    pair = [new_database(), new_database()]
    for number, one in enumerate(pair):
        one.make(f"CREATE TABLE t (i int); INSERT INTO t VALUES ({number})")
    for one in pair:
        one.connect().execute("DROP TABLE t")
        one.store.journal.rewind()
        one.assert_at("schema")

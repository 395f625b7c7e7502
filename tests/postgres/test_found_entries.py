"""A rewind looks no further once it has found as many entries as numbers were given out."""

from __future__ import annotations

import random

import psycopg
import pytest

from tests.postgres.conftest import Database

NAMES = ("a", "b", "c", "d", "e")
SETUP = "".join(
    f"CREATE TABLE {name} (id int PRIMARY KEY, n int);"
    f"INSERT INTO {name} SELECT n, 0 FROM generate_series(1, 9) n;"
    for name in NAMES
)


@pytest.mark.parametrize("seed", range(3))
def test_every_table_is_found(database: Database, seed: int) -> None:
    """Whichever tables were used before, with numbers that a rolled back statement has taken."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    chance = random.Random(seed)
    for _ in range(30):
        for name in chance.sample(NAMES, chance.randint(1, 3)):
            with app.transaction(force_rollback=chance.random() < 0.3):
                app.execute(f"UPDATE {name} SET n = n + 1 WHERE id < {chance.randint(2, 4)}")
        journal.rewind()
        assert journal.is_clean()
        database.assert_at("schema")


def test_every_table_is_found_above_a_position(database: Database) -> None:
    """Entries before a position are counted for the baseline only."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    app.execute("DELETE FROM a")
    layer = journal.mark()
    database.remember("layer")
    for name in (*NAMES, *NAMES):
        app.execute(f"DELETE FROM {name} WHERE id = 5; INSERT INTO {name} VALUES (10, 1)")
        journal.rewind(layer)
        assert journal.is_clean(layer)
        database.assert_at("layer")
    journal.rewind()
    assert journal.is_clean()
    database.assert_at("schema")


def test_a_table_that_only_a_late_transaction_wrote_to(database: Database) -> None:
    """What was not committed at the first rewind has taken a number, and is found by the next."""
    database.make(SETUP)
    journal, app = database.store.journal, database.connect()
    app.execute("UPDATE a SET n = 1; UPDATE b SET n = 1")
    journal.rewind()
    with psycopg.connect(database.conninfo) as late:
        late.execute("DELETE FROM e")
        app.execute("UPDATE a SET n = 1 WHERE id = 1")
        journal.rewind()
        assert not journal.is_clean()
    journal.rewind()
    assert journal.is_clean()
    database.assert_at("schema")

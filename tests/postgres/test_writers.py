"""Writers that commit while the journal rewinds, switches, keeps and marks.

SEEDSTATE_TEST_ROUNDS=10000 makes a long run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.postgres.cases import BAG, PARTS, PEOPLE
from tests.postgres.conftest import Database
from tests.postgres.dumping import differences, full_dump
from tests.postgres.writing import Writer

ROUNDS = int(os.environ.get("SEEDSTATE_TEST_ROUNDS", "25"))


@pytest.fixture
def database(new_database: Callable[..., Database]) -> Database:
    """One that waits for writers also where the machine is so busy that they take seconds."""
    return new_database(lock_timeout=30.0)


@pytest.fixture
def writers(database: Database) -> Iterator[list[Writer]]:
    """A thread and a process, paused."""
    database.make(PEOPLE + BAG + PARTS)
    both = [
        Writer(database.conninfo, seed=1, process=False),
        Writer(database.conninfo, seed=2, process=True),
    ]
    yield both
    for writer in both:
        writer.end()


def writers_of(database: Database) -> set[str]:
    """The writers as a change names them, once both have connected."""
    looking = database.connect()
    deadline = time.monotonic() + 60
    while True:
        found = looking.execute(
            "SELECT application_name, pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'writer %'"
        ).fetchall()
        if len(found) == 2:
            return {f"{name} (pid {pid})" for name, pid in found}
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def settle(database: Database, position: int = 0) -> None:
    """What the next test's set-up does: rewind what is not clean. Nobody writes now."""
    journal = database.store.journal
    if not journal.is_clean(position):
        journal.rewind(position)
        assert journal.is_clean(position)


def test_rewinds_during_writes_lose_nothing(database: Database, writers: list[Writer]) -> None:
    """Never a clean answer for a dirty database, and every late write is undone."""
    journal = database.store.journal
    chance = random.Random(7)
    names = writers_of(database)
    late = 0
    for _ in range(ROUNDS):
        for writer in writers:
            writer.go()
        for _ in range(chance.randint(1, 5)):
            time.sleep(chance.random() * 0.005)
            assert set(journal.rewind().writers) <= names
            journal.is_clean()
        for writer in writers:
            writer.pause()
        changes = journal.changes()
        late += bool(changes)
        for change in changes:
            assert change.writers, change
            assert set(change.writers) <= names
        settle(database)
        database.assert_at("schema")
    assert late, "no round had a late write: the writers do not write"


def test_switches_during_writes_lose_nothing(database: Database, writers: list[Writer]) -> None:
    """A switch takes late writes with it, whichever table they went to."""
    journal = database.store.journal
    database.connect().execute("DELETE FROM parts WHERE k < 50; INSERT INTO bag VALUES (9, 'z')")
    database.keep("other")
    for round_ in range(ROUNDS // 2):
        name = ("schema", "other")[round_ % 2]
        for writer in writers:
            writer.go()
        time.sleep(0.003)
        journal.switch(name)
        for writer in writers:
            writer.pause()
        settle(database)
        database.assert_at(name)


def test_positions_during_writes_are_exact(database: Database, writers: list[Writer]) -> None:
    """A position marked while others write is one state of theirs, and is returned to."""
    journal = database.store.journal
    for _ in range(ROUNDS // 2):
        for writer in writers:
            writer.go()
        time.sleep(0.002)
        position = journal.mark()
        for writer in writers:
            writer.pause()
        journal.rewind(position)
        assert journal.is_clean(position)
        marked = full_dump(database.conninfo)
        for writer in writers:
            writer.go()
        time.sleep(0.003)
        journal.rewind(position)
        for writer in writers:
            writer.pause()
        settle(database, position)
        assert differences(marked, full_dump(database.conninfo)) == []
        settle(database)
        database.assert_at("schema")


def test_baselines_kept_during_writes_are_exact(database: Database, writers: list[Writer]) -> None:
    """What is kept while others write is one state, the same in files and logs."""
    journal = database.store.journal
    for round_ in range(ROUNDS // 4):
        for writer in writers:
            writer.go()
        time.sleep(0.003)
        journal.keep(f"kept {round_}")
        for writer in writers:
            writer.pause()
        settle(database)
        kept = full_dump(database.conninfo)
        journal.switch("schema")
        database.assert_at("schema")
        journal.switch(f"kept {round_}")
        assert differences(kept, full_dump(database.conninfo)) == []
        journal.switch("schema")
        journal.forget(f"kept {round_}")


def test_late_writer_is_named(database: Database) -> None:
    """By application and process id, with what it wrote."""
    database.make(PEOPLE)
    worker = database.connect("background worker")
    worker.execute("INSERT INTO people VALUES (70, 'late')")
    changes = database.store.journal.changes()
    assert changes.writers == (f"background worker (pid {worker.info.backend_pid})",)
    assert [change.key for change in changes] == [{"id": 70}]
    assert database.store.journal.rewind().writers == changes.writers

"""Servers that are killed: never clean for a state that is not known to be, and exact afterwards.

A crash empties UNLOGGED tables, the journal's and the user's, and with ``synchronous_commit = off``
takes what was committed last.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir
from tests.postgres.cases import BAG, PARTS, PEOPLE
from tests.postgres.conftest import Database, drop_database, make_database
from tests.postgres.dumping import differences, full_dump

SETUP = (
    PEOPLE
    + BAG
    + PARTS
    + "CREATE UNLOGGED TABLE quick (id int PRIMARY KEY, v text); INSERT INTO quick VALUES (1, 'a');"
)
ROUNDS = int(os.environ.get("SEEDSTATE_TEST_KILLS", "8"))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server of its own: a crash ends all sessions, also those of other databases."""
    programs = os.environ.get("SEEDSTATE_TEST_POSTGRES_BIN")
    with RunDir(tmp_path_factory.mktemp("mortal")) as folder:
        service = EmbeddedPostgres(folder, None, bin_dir=Path(programs) if programs else None)
        service.start()
        yield service
        service.stop()


@pytest.fixture
def database(mortal: EmbeddedPostgres, tmp_path: Path) -> Iterator[Database]:
    made = make_database(mortal, tmp_path / "spill", lock_timeout=2.0)
    made.make(SETUP)
    yield made
    made.store.close()
    drop_database(mortal, made)


def crash(database: Database) -> None:
    """Kill a session's process: the server ends all others and recovers."""
    with (
        contextlib.closing(psycopg.connect(database.conninfo, autocommit=True)) as victim,
        contextlib.closing(psycopg.connect(database.conninfo, autocommit=True)) as witness,
        # When the database was replaced just now, the victim has ended with it.
        contextlib.suppress(ProcessLookupError),
    ):
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        # Not the victim's own session: that ends before the server has noticed anything.
        wait_until_it_ends(witness)


def wait_until_it_ends(connection: psycopg.Connection) -> None:
    with contextlib.suppress(psycopg.OperationalError), connection:
        while True:
            connection.execute("SELECT pg_sleep(0.005)")


def wait_until_it_serves(database: Database) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with psycopg.connect(make_conninfo(database.conninfo, dbname="postgres")):
                return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "the server does not come back"
            time.sleep(0.02)


def write(database: Database) -> None:
    database.connect().execute(
        "UPDATE people SET age = -1; DELETE FROM bag; INSERT INTO quick SELECT max(id) + 1 FROM quick;"
        "UPDATE parts SET k = k + 101 WHERE k = 10"
    )


def assert_comes_back(database: Database, name: str) -> None:
    """Not clean, then exact, and journaled as before."""
    wait_until_it_serves(database)
    journal = database.store.journal
    assert not journal.is_clean()
    rewound = journal.rewind()
    assert "crashed" in rewound.replaced[0]
    database.assert_at(name)
    assert journal.is_clean()
    write(database)
    assert not journal.is_clean()
    assert journal.rewind().replaced == ()
    database.assert_at(name)


@pytest.mark.parametrize("writes", [False, True])
def test_a_crash_is_never_clean(database: Database, writes: bool) -> None:
    """Neither after writes nor without any: a test's UNLOGGED tables are empty then."""
    if writes:
        write(database)
    crash(database)
    assert_comes_back(database, "schema")


def test_a_crash_right_after_a_baseline_was_kept(database: Database) -> None:
    """Its rows are in files: what the server has lost of them does not matter."""
    write(database)
    database.keep("loaded")
    crash(database)
    assert_comes_back(database, "loaded")
    database.store.journal.switch("schema")
    database.assert_at("schema")
    crash(database)
    wait_until_it_serves(database)
    database.store.journal.switch("loaded")
    database.assert_at("loaded")
    assert database.store.journal.is_clean()


def test_a_crash_while_data_was_loaded_is_no_baseline(database: Database) -> None:
    """What the server recovers may lack rows that were committed: that is kept by nobody."""
    write(database)
    crash(database)
    wait_until_it_serves(database)
    with pytest.raises(SeedstateError, match="crashed"):
        database.store.journal.keep("loaded")
    assert_comes_back(database, "schema")


def test_a_crash_with_layers_is_told(database: Database) -> None:
    """What fixtures wrote went with the logs: an error, and the baseline."""
    journal = database.store.journal
    write(database)
    position = journal.mark()
    database.connect().execute("DELETE FROM parts")
    crash(database)
    wait_until_it_serves(database)
    assert not journal.is_clean(position)
    assert not journal.is_clean()
    with pytest.raises(
        SeedstateError, match="a wider fixture or a snapshot holds of PostgreSQL is lost"
    ):
        journal.rewind(position)
    database.assert_at("schema")
    assert journal.is_clean(position)
    assert journal.is_clean()


def test_a_crash_after_ddl(database: Database) -> None:
    """Its notes are lost with the logs; the clone comes all the same."""
    database.connect().execute("ALTER TABLE people DROP age; DROP TABLE bag; CREATE TABLE extra ()")
    crash(database)
    assert_comes_back(database, "schema")


def test_a_killed_postmaster_is_never_clean(tmp_path: Path) -> None:
    """With it the whole server is gone; `tests/plugin/test_service_faults.py` has a run's end."""
    folder = RunDir(tmp_path)
    service = EmbeddedPostgres(folder, None)
    service.start()
    try:
        database = make_database(service, tmp_path / "spill")
        database.make(SETUP)
        with database.connect() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        pid = int((Path(row[0]) / "postmaster.pid").read_text("utf-8").split()[0])
        witness = database.connect()
        os.kill(pid, signal.SIGKILL)
        # Until they notice, its sessions live on and tell the truth.
        wait_until_it_ends(witness)
        deadline = time.monotonic() + 10
        while database.store.journal.is_clean():
            assert time.monotonic() < deadline, "clean without a server"
        with pytest.raises(SeedstateError, match="PostgreSQL does not answer"):
            database.store.journal.rewind()
        assert not database.store.journal.is_clean()
    finally:
        database.store.close()
        service.stop()
        folder.close()


def test_crashes_at_random_moments(database: Database) -> None:
    """In the middle of rewinds, switches, baselines and clones; SEEDSTATE_TEST_KILLS=100."""
    journal = database.store.journal
    write(database)
    database.keep("other")
    chance = random.Random(11)
    current = "other"
    actions: list[Callable[[], str]] = [
        lambda: done(lambda: journal.rewind(), current),
        lambda: done(lambda: journal.switch("schema"), "schema"),
        lambda: done(lambda: journal.switch("other"), "other"),
    ]
    for round_ in range(ROUNDS):
        database.close_connections()
        with contextlib.suppress(psycopg.OperationalError):
            write(database)
            if round_ % 3 == 0:
                database.connect().execute("CREATE TABLE extra (i int)")
        killer = threading.Timer(chance.random() * 0.08, crash_quietly, args=[database])
        killer.start()
        before = current
        with contextlib.suppress(SeedstateError):
            current = chance.choice(actions)()
        killer.join()
        wait_until_it_serves(database)
        if journal.is_clean():
            assert at(database) == current
        with contextlib.suppress(SeedstateError):
            journal.rewind()
        if not journal.is_clean():
            journal.rewind()
        assert at(database) in {before, current, "schema", "other"}
        # What a failed switch leaves is one of the two; the next switch is exact.
        journal.switch("schema")
        journal.switch(current)
        assert at(database) == current
        assert journal.is_clean()


def done(action: Callable[[], object], arrives: str) -> str:
    action()
    return arrives


def crash_quietly(database: Database) -> None:
    """There may be no database at the moment."""
    with contextlib.suppress(psycopg.OperationalError):
        crash(database)


def at(database: Database) -> str | None:
    """Which of the remembered states the database is in."""
    found = full_dump(database.conninfo)
    return next((n for n, kept in database.kept.items() if not differences(kept, found)), None)

"""A real project's migrations under the journal: Alembic up, down, up again, and its comparison."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from pytest_seedstate.services.postgres import EmbeddedPostgres
from tests.postgres.conftest import Database

PROJECT = Path(__file__).parents[2] / "examples" / "alembic_app"


def alembic(server: EmbeddedPostgres, database: Database, *arguments: str) -> str:
    """Run a command of Alembic on a database; what it prints."""
    dbname = conninfo_to_dict(database.conninfo)["dbname"]
    url = f"postgresql+asyncpg://{server.variables['authority']}/{dbname}"
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_migrations_go_down_and_up_again(server: EmbeddedPostgres, database: Database) -> None:
    """Each of them works as without a journal, and the database is what it was after it."""
    alembic(server, database, "upgrade", "head")
    database.connect().execute(
        "INSERT INTO members (email, name) SELECT 'm' || i || '@example.org', 'm' || i "
        "FROM generate_series(1, 5) i"
    )
    database.close_connections()
    journal = database.store.journal
    database.keep("schema")
    assert "No new upgrade operations" in alembic(server, database, "check")
    assert journal.is_clean()
    for way in (["downgrade", "-1"], ["downgrade", "base"]):
        alembic(server, database, *way)
        assert not journal.is_clean()
        alembic(server, database, "upgrade", "head")
        assert "No new upgrade operations" in alembic(server, database, "check")
        app = database.connect()
        app.execute("INSERT INTO members (email, name) VALUES ('late@example.org', 'late')")
        assert journal.rewind().replaced
        database.assert_at("schema")
        assert journal.is_clean()
        database.close_connections()


def test_a_baseline_below_and_one_above_a_migration(
    server: EmbeddedPostgres, database: Database
) -> None:
    """Tests of two revisions in one run: each has its tables, its rows and a journal."""
    alembic(server, database, "upgrade", "0001")
    database.keep("schema")
    alembic(server, database, "upgrade", "head")
    database.keep("head")
    for name in ("schema", "head", "schema", "head"):
        database.store.journal.switch(name)
        database.assert_at(name)
        with database.connect() as app:
            app.execute("INSERT INTO members (email, name) VALUES ('x@example.org', 'x')")
        assert database.store.journal.rewind().replaced == ()
        database.assert_at(name)
    assert "No new upgrade operations" in alembic(server, database, "check")

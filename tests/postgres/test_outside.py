"""What a rewind leaves alone, and the documents say so."""

from __future__ import annotations

import os

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.postgres.cases import PEOPLE
from tests.postgres.conftest import Database


def test_what_belongs_to_the_whole_server_stays(database: Database) -> None:
    """Roles, settings of the server, other databases: no event trigger exists for them."""
    database.make(PEOPLE)
    name = f"other_{conninfo_to_dict(database.conninfo)['dbname']}"
    with psycopg.connect(make_conninfo(database.conninfo, dbname="postgres")) as other:
        other.autocommit = True
        other.execute(f"CREATE ROLE {name}")
        other.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        other.execute("ALTER SYSTEM SET application_name = 'x'")
        try:
            assert database.store.journal.is_clean()
            database.connect().execute("DELETE FROM people")
            database.store.journal.rewind()
            found = other.execute(
                "SELECT rolname FROM pg_roles WHERE rolname = %(name)s UNION ALL "
                "SELECT datname FROM pg_database WHERE datname = %(name)s",
                {"name": name},
            ).fetchall()
            assert found == [(name,), (name,)]
        finally:
            other.execute("ALTER SYSTEM RESET application_name")
            other.execute(f"DROP DATABASE {name}")
            other.execute(f"DROP ROLE {name}")


def test_physical_places_and_statistics_are_not_put_back(database: Database) -> None:
    """A row that comes back is another version of it: ``ctid`` and ``xmin`` are new."""
    database.make(PEOPLE)
    app = database.connect()
    where = "SELECT ctid::text, xmin::text FROM people WHERE id = 1"
    before = app.execute(where).fetchone()
    app.execute("UPDATE people SET age = 99 WHERE id = 1")
    database.store.journal.rewind()
    database.assert_at("schema")
    assert app.execute(where).fetchone() != before


def test_a_superuser_may_hide_what_it_does(database: Database) -> None:
    """Where event triggers are switched off for a session, nobody is told of its DDL."""
    database.make(PEOPLE)
    hidden = database.connect()
    if hidden.info.server_version < 170000 or "SEEDSTATE_TEST_POSTGRES_ROLE" in os.environ:
        pytest.skip("needs PostgreSQL 17 and a superuser")
    hidden.execute("SET event_triggers = off; CREATE TABLE extra (i int)")
    assert database.store.journal.is_clean()
    assert database.differs_from("schema")

"""A database of its own for each test, on the session's server."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_seedstate.services.containers import ContainerPostgres
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.postgres import PostgresStore, SqlScript
from tests.docker import image, on_containers, require_docker
from tests.postgres import dumping
from tests.postgres.dumping import differences, full_dump

_numbers = itertools.count(1)
Server = EmbeddedPostgres | ContainerPostgres


@dataclass
class Database:
    """A database with a store on it; applications connect with `connect`.

    `conninfo` is the store's role and the applications', `admin` that of who may read everything.
    """

    conninfo: str
    store: PostgresStore
    admin: str
    _connections: list[psycopg.Connection[Any]] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def connect(self, name: str = "app", **options: Any) -> psycopg.Connection[Any]:
        """A connection as an application has it, in autocommit; closed with the test."""
        connection = psycopg.connect(
            self.conninfo, autocommit=True, application_name=name, **options
        )
        self._connections.append(connection)
        return connection

    def connect_to_dump(self) -> psycopg.Connection[Any]:
        """A connection for `dumping.dump`; closed with the others."""
        self._connections.append(dumping.connect(self.admin))
        return self._connections[-1]

    def close_connections(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def make(self, sql: str) -> None:
        """Make the schema, and keep it as the baseline ``schema``."""
        self.store.create_schema([SqlScript("schema.sql", sql)])
        self.keep("schema")

    def keep(self, name: str) -> None:
        self.store.journal.keep(name)
        self.remember(name)

    def remember(self, name: str) -> None:
        """Dump everything under a name, for `assert_at`."""
        self.kept[name] = full_dump(self.admin)

    def assert_at(self, name: str) -> None:
        """The database holds exactly what it held at `remember` or `keep`."""
        assert differences(self.kept[name], full_dump(self.admin)) == []

    def differs_from(self, name: str) -> bool:
        return differences(self.kept[name], full_dump(self.admin)) != []


ROLES = {
    "granted": "GRANT SET ON PARAMETER session_replication_role TO granted",
    "plain": "",
}
"""Ordinary roles that may make databases, with what they were granted besides."""


def make_database(server: Server, spill: Path, role: str | None = None, **options: Any) -> Database:
    """A new, empty database on `server`; for a superuser, or a role of `ROLES`."""
    everywhere = os.environ.get("SEEDSTATE_TEST_POSTGRES_ROLE")
    role = role or everywhere
    base = server.conninfo
    name = f"case_{next(_numbers)}"
    with psycopg.connect(base, autocommit=True) as connection:
        if role is not None:
            make_role(connection, role)
            base = make_conninfo(server.variables["url"], user=role, password=role)
        owner = f" OWNER {role}" if role else ""
        connection.execute(f"CREATE DATABASE {name}{owner} STRATEGY file_copy")
    conninfo = make_conninfo(base, dbname=name)
    admin = make_conninfo(server.conninfo, dbname=name)
    if everywhere:
        admin = _reader(server, admin, everywhere)
    options.setdefault("clones", role == "plain")
    return Database(conninfo, PostgresStore(conninfo, spill=spill, **options), admin)


def make_role(connection: psycopg.Connection[Any], role: str) -> None:
    """Make a role of `ROLES` that logs in with its name."""
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if found is None:
        connection.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{role}'; {ROLES[role]}")


def _reader(server: Server, admin: str, ended_by: str) -> str:
    """As who dumps are made, where clones are to end their sessions: by no superuser."""
    with psycopg.connect(admin, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'reader'").fetchone()
        if found is None:
            connection.execute("CREATE ROLE reader LOGIN BYPASSRLS PASSWORD 'reader'")
            connection.execute("GRANT pg_read_all_data TO reader")
            connection.execute("ALTER ROLE reader SET lo_compat_privileges = on")
            connection.execute(f"GRANT pg_signal_backend TO {ended_by}")
        connection.execute("GRANT SELECT ON pg_largeobject TO reader")
    dbname = psycopg.conninfo.conninfo_to_dict(admin)["dbname"]
    return make_conninfo(server.variables["url"], user="reader", password="reader", dbname=dbname)


def drop_database(server: Server, database: Database) -> None:
    """End its sessions and remove it with its templates."""
    database.close_connections()
    database.store.close()
    with contextlib.suppress(psycopg.OperationalError), database.connect() as connection:
        # What is left of a test that failed; no database is dropped over it.
        for (gid,) in connection.execute(
            "SELECT quote_literal(gid) FROM pg_prepared_xacts WHERE database = current_database()"
        ).fetchall():
            connection.execute(f"ROLLBACK PREPARED {gid}".encode())
    database.close_connections()
    prefix = psycopg.conninfo.conninfo_to_dict(database.conninfo)["dbname"]
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR datname LIKE %s || '\\_seed%%'",
            (prefix, prefix),
        ).fetchall()
        for (name,) in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def server(run_folder: RunDir, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server of these tests: the wheel's, that of SEEDSTATE_TEST_POSTGRES_BIN, or with
    SEEDSTATE_PROVIDER=containers a container.
    """
    programs = os.environ.get("SEEDSTATE_TEST_POSTGRES_BIN")
    service: Server
    if on_containers():
        require_docker()
        service = ContainerPostgres(run_folder, image=image("postgres"))
    elif programs is None:
        yield request.getfixturevalue("embedded_postgres")
        return
    else:
        service = EmbeddedPostgres(run_folder, None, bin_dir=Path(programs))
    service.start()
    yield service
    service.stop()


@pytest.fixture
def new_database(server: Server, tmp_path: Path) -> Iterator[Callable[..., Database]]:
    """Makes databases with a store; options are `PostgresStore`'s."""
    made: list[Database] = []

    def make(**options: Any) -> Database:
        made.append(make_database(server, tmp_path / "spill", **options))
        return made[-1]

    yield make
    for database in made:
        drop_database(server, database)


@pytest.fixture
def database(new_database: Callable[..., Database]) -> Database:
    """One empty database with a store that waits one second for locks."""
    return new_database(lock_timeout=1.0)

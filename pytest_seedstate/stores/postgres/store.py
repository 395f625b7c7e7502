"""The PostgreSQL store: schema, rows in and out, and the journal of its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.catalog import Catalog, read_catalog
from pytest_seedstate.stores.postgres.control import APPLICATION_NAME, Control, blocked
from pytest_seedstate.stores.postgres.dump import dump_tables
from pytest_seedstate.stores.postgres.foreign_keys import read_foreign_keys
from pytest_seedstate.stores.postgres.journal import PostgresJournal
from pytest_seedstate.stores.postgres.load import Loading
from pytest_seedstate.stores.postgres.scripts import SqlScript, run_scripts
from pytest_seedstate.stores.postgres.values import load_all_values

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Collections, Loaded

_TRIGGERED = """
SELECT DISTINCT tgrelid::int8 FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname NOT LIKE 'seedstate\\_%'
"""


class PostgresStore:
    """The adapter for one PostgreSQL database.

    Args:
        conninfo: libpq connection string of the database, for a superuser: event triggers and
            ``session_replication_role`` need one.
        spill: folder for the contents of kept baselines; made when needed.
        lock_timeout: seconds that a rewind waits for an application's open transaction.
    """

    def __init__(self, conninfo: str, *, spill: Path, lock_timeout: float = 5.0) -> None:
        self._control = Control(conninfo, lock_timeout)
        self._journal = PostgresJournal(self._control, spill)

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    @property
    def journal(self) -> PostgresJournal:
        """What rewinds this database."""
        return self._journal

    def create_schema(self, declared: Sequence[SqlScript]) -> None:
        """Run SQL scripts in order, all or none.

        Raises:
            SeedstateError: script, line and the server's words.
        """
        with self._writer("creating the schema") as connection:
            run_scripts(connection, declared)

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add rows to tables, all or none, tables that others refer to first.

        A collection is a table, or ``schema.table``. Triggers of the user see the rows. Columns
        that a row does not give take their default; sequences move past given values.

        Raises:
            SeedstateError: a table or column that is not there, a duplicate key, a reference to
                a missing row, a value that does not fit; names table, column, key and value.
        """
        with self._writer("loading") as connection:
            catalog = _catalog(connection)
            keys = read_foreign_keys(connection)
            triggered = {row[0] for row in connection.execute(_TRIGGERED).fetchall()}
            with connection.transaction():
                Loading(connection, catalog, keys, triggered).run(entries, loaded)

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All rows: table, key as text, columns to values in `canonical` form; in key order."""
        with self._writer("dumping") as connection:
            load_all_values(connection)
            yield from dump_tables(connection, _catalog(connection))

    def clear(self) -> None:
        """Remove all rows, in one transaction; tables and sequences stay as they are."""
        with self._writer("clearing") as connection:
            tables = _catalog(connection).journaled
            with connection.transaction():
                # In this role no foreign key is looked at, so any order will do.
                connection.execute("SET LOCAL session_replication_role = replica")
                for table in tables:
                    connection.execute(f"DELETE FROM ONLY {table.sql}")

    def counts(self) -> dict[str, int]:
        """Rows by table, empty tables too."""
        with self._writer("counting") as connection:
            tables = _catalog(connection).collections
            counted = {}
            for table in tables:
                only = "" if table.partitioned else "ONLY "
                row = connection.execute(f"SELECT count(*) FROM {only}{table.sql}").fetchone()
                assert row is not None
                counted[table.title] = int(row[0])
            return counted

    def health(self) -> str:
        """``PostgreSQL 18.4``.

        Raises:
            SeedstateError: it does not answer.
        """
        with self._writer("asking for its version") as connection:
            return f"PostgreSQL {connection.info.parameter_status('server_version')}"

    def close(self) -> None:
        """Close the journal's connection."""
        self._control.close()

    @contextmanager
    def _writer(self, doing: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection like an application's: what it writes is journaled.

        It lives no longer than it is used, since a database with sessions cannot be cloned.
        """
        try:
            connection = psycopg.connect(
                self._control.conninfo,
                autocommit=True,
                application_name=APPLICATION_NAME,
                client_encoding="UTF8",
                options=f"-c lock_timeout={int(self._control.lock_timeout * 1000)} "
                "-c lc_messages=C",
            )
        except psycopg.OperationalError as error:
            raise self._control.unreachable(error) from error
        try:
            with connection:
                yield connection
        except psycopg.errors.LockNotAvailable as error:
            raise blocked(self._control, doing) from error
        except psycopg.Error as error:
            raise SeedstateError(f"PostgreSQL: {doing} failed", detail=str(error)) from error


def _catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """To be called outside a transaction, which would keep the setting."""
    with connection.transaction():
        # Types of the user are told with their schema then.
        connection.execute("SET LOCAL search_path = ''")
        return read_catalog(connection)

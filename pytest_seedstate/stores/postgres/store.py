"""The PostgreSQL store: schema, rows in and out, and the journal of its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.clearing import SchemaRows, clear_tables
from pytest_seedstate.stores.postgres.clone_journal import CloneJournal
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.definitions import read_definitions
from pytest_seedstate.stores.postgres.dump import dump_tables
from pytest_seedstate.stores.postgres.existing import absent_rows
from pytest_seedstate.stores.postgres.journal import PostgresJournal
from pytest_seedstate.stores.postgres.load import Loading, LoadPlan, find_table, read_plan
from pytest_seedstate.stores.postgres.scripts import SqlScript, run_scripts
from pytest_seedstate.stores.postgres.values import load_all_values
from pytest_seedstate.stores.postgres.views import ANYTHING, refresh_after

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Collections, Loaded


class PostgresStore:
    """The adapter for one PostgreSQL database.

    Args:
        conninfo: libpq connection string of the database. Its journal has to set
            ``session_replication_role``, unless it makes do with clones; data alone need neither.
        spill: folder for the contents of kept baselines; made when needed.
        lock_timeout: seconds that a rewind waits for an application's open transaction.
        clones: whether every rewind is a clone, see `CloneJournal`.
        beside: another database of the server that may be connected to, see `Control`.
        schema_rows: folder for the rows that the schema put in, which `clear` brings back; None
            where the schema is not ours.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        spill: Path,
        lock_timeout: float = 5.0,
        clones: bool = False,
        beside: str | None = None,
        schema_rows: Path | None = None,
    ) -> None:
        self._control = Control(conninfo, lock_timeout, beside)
        self._journal: PostgresJournal | CloneJournal = (
            CloneJournal(self._control) if clones else PostgresJournal(self._control, spill)
        )
        self._plan: LoadPlan | None = None
        self._schema_rows = SchemaRows(schema_rows) if schema_rows is not None else None

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    @property
    def journal(self) -> PostgresJournal | CloneJournal:
        """What rewinds this database."""
        return self._journal

    def create_schema(self, declared: Sequence[SqlScript]) -> None:
        """Run SQL scripts in order, all or none.

        Raises:
            SeedstateError: script, line and the server's words.
        """
        with (
            self._journal.telling("creating the schema"),
            # Scripts set what they like for their session.
            self._control.connect() as connection,
        ):
            run_scripts(connection, declared)

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add rows to tables, all or none, tables that others refer to first.

        Materialised views that depend on these tables are refreshed.

        A collection is a table, or ``schema.table``. Triggers of the user see the rows. Columns
        that a row does not give take their default; sequences move past given values.

        Raises:
            SeedstateError: a table or column that is not there, a duplicate key, a reference to
                a missing row, a value that does not fit; names table, column, key and value.
        """
        with self._journal.telling("loading"):
            plan = self._load_plan()
            with self._control.as_writer() as connection:
                Loading(connection, plan, privileged=self._control.privileged).run(entries, loaded)
                tables = {find_table(plan.catalog, name).oid for name in entries if entries[name]}
                # Where a trigger writes to is not known.
                refresh_after(connection, {ANYTHING} if tables & plan.triggered else tables)

    def _load_plan(self) -> LoadPlan:
        catalog = self._journal.catalog()
        if self._plan is None or self._plan.catalog is not catalog:
            self._plan = read_plan(self._control.connection, catalog)
        return self._plan

    def absent(self, entries: Collections) -> Collections:
        """Those rows whose primary key is not in their table.

        Raises:
            SeedstateError: a table that is not there, or a key that its column does not take.
        """
        with self._journal.telling("looking for rows"):
            catalog = self._journal.catalog()
            return {
                name: absent_rows(self._control.connection, find_table(catalog, name), rows)
                for name, rows in entries.items()
            }

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All rows: table, key as text, columns to values in `canonical` form; in key order."""
        with self._journal.telling("dumping"):
            catalog = self._journal.catalog()
            # Of its own: it reads in one transaction while its caller may do other things.
            with self._control.connect() as connection:
                load_all_values(connection)
                yield from dump_tables(connection, catalog)

    def definitions(self) -> Iterator[tuple[str, str, Any]]:
        """Columns, constraints, indexes, triggers, rules, policies, sequences, functions, types..."""
        with self._journal.telling("reading definitions"), self._control.connect() as connection:
            yield from read_definitions(connection)

    def keep_schema_rows(self) -> None:
        """Remember what the schema put in, for `clear`; needs a folder for it."""
        assert self._schema_rows is not None
        with self._journal.telling("keeping the schema's rows"):
            self._schema_rows.keep(self._control.connection, self._journal.catalog())

    def clear(self) -> None:
        """Remove all rows, in one transaction; tables stay, sequences start anew.

        The rows that `keep_schema_rows` found come back, and materialised views show what is left.
        What migration tools note about themselves is left alone.
        """
        with self._journal.telling("clearing"):
            catalog = self._journal.catalog()
            with self._control.as_writer() as connection:
                clear_tables(
                    connection,
                    catalog,
                    privileged=self._control.privileged,
                    kept=self._schema_rows,
                )
                refresh_after(connection, {ANYTHING})

    def counts(self) -> dict[str, int]:
        """Rows by table, empty tables too."""
        with self._journal.telling("counting"):
            counted = {}
            for table in self._journal.catalog().collections:
                only = "" if table.partitioned else "ONLY "
                row = self._control.connection.execute(
                    f"SELECT count(*) FROM {only}{table.sql}"
                ).fetchone()
                assert row is not None
                counted[table.title] = int(row[0])
            return counted

    def health(self) -> str:
        """``PostgreSQL 18.4``.

        Raises:
            SeedstateError: it does not answer.
        """
        with self._journal.telling("asking for the version"):
            return f"PostgreSQL {self._control.one('SHOW server_version')[0].split()[0]}"

    def close(self) -> None:
        """Close the journal's connection."""
        self._control.close()

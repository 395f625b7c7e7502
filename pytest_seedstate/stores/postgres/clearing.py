"""Emptying a database that goes on: what the schema itself put in comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.baselines import Content, ContentFiles
from pytest_seedstate.stores.postgres.catalog import Catalog, Table

if TYPE_CHECKING:
    import psycopg

MIGRATION_TABLES = frozenset(
    {
        "alembic_version",
        "aerich",
        "databasechangelog",
        "databasechangeloglock",
        "django_migrations",
        "flyway_schema_history",
        "goose_db_version",
        "knex_migrations",
        "knex_migrations_lock",
        "schema_migrations",
        "_prisma_migrations",
    }
)
"""Tables in which migration tools note what they have done, by the tools' documentation: without
their rows a tool would make everything again."""

_OWNED = """
SELECT d.objid::int8 FROM pg_depend d
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
AND d.deptype IN ('a', 'i') AND d.refobjid = ANY (%s::int8[]::oid[])
"""
_RESTART = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
WHERE seqrelid = ANY (%s::int8[]::oid[])
"""
_INDEX = "rows.json"


def clear_tables(
    connection: psycopg.Connection[Any],
    catalog: Catalog,
    *,
    privileged: bool,
    kept: SchemaRows | None = None,
) -> None:
    """Remove all rows but those of migration tools, and start sequences anew.

    Args:
        connection: in a transaction.
        catalog: the tables.
        privileged: whether triggers and foreign keys may be switched off.
        kept: rows and sequences of the schema, which are put back.

    Raises:
        SeedstateError: what the schema put in does not fit its table any more.
    """
    books = [table for table in catalog.journaled if table.name in MIGRATION_TABLES]
    tables = [table for table in catalog.journaled if table not in books]
    if privileged:
        # In this role no foreign key is looked at, so any order will do.
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            connection.execute(f"DELETE FROM ONLY {table.sql}")
    elif tables:
        listed = ", ".join(f"ONLY {table.sql}" for table in tables)
        connection.execute(f"TRUNCATE {listed}")
    owned = connection.execute(_OWNED, ([table.oid for table in books],)).fetchall()
    left_alone = {oid for (oid,) in owned}
    sequences = [each.oid for each in catalog.sequences if each.oid not in left_alone]
    connection.execute(_RESTART, (sequences,))
    if kept is not None:
        kept.put_back(connection, tables, catalog)


class SchemaRows:
    """What a schema put into tables and sequences, kept in files.

    Args:
        folder: where; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ContentFiles(folder)

    def keep(self, connection: psycopg.Connection[Any], catalog: Catalog) -> None:
        """Write what the tables hold now; what migration tools note is left out."""
        tables = {}
        for table in catalog.journaled:
            content = None
            if table.name not in MIGRATION_TABLES:
                content = self._files.save(connection, table)
            if content is not None:
                path = str(content.path) if content.path else None
                tables[table.sql] = [path, content.rows, _shape(table)]
        sequences = {}
        for sequence in catalog.sequences:
            row = connection.execute(f"SELECT last_value, is_called FROM {sequence.sql}").fetchone()
            sequences[sequence.sql] = list(row or ())
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"tables": tables, "sequences": sequences}
        (self._folder / _INDEX).write_text(json.dumps(told), "utf-8")

    def put_back(
        self, connection: psycopg.Connection[Any], emptied: Sequence[Table], catalog: Catalog
    ) -> None:
        """Fill emptied tables and set sequences; harmless where nothing was kept.

        Raises:
            SeedstateError: a table's columns have changed since.
        """
        try:
            told = json.loads((self._folder / _INDEX).read_text("utf-8"))
        except FileNotFoundError:
            return
        by_name = {table.sql: table for table in emptied}
        for name, (path, rows, shape) in told["tables"].items():
            table = by_name.get(name)
            if table is None:
                continue
            if _shape(table) != shape:
                raise SeedstateError(
                    f"the rows that the schema put into '{table.title}' do not fit it any more",
                    checked="its columns have changed since seedstate up",
                    fix="seedstate down, and seedstate up again",
                )
            self._files.fill(connection, table, Content(Path(path) if path else None, rows))
        there = {sequence.sql for sequence in catalog.sequences}
        for name, (value, called) in told["sequences"].items():
            if name in there:
                connection.execute("SELECT setval(%s::regclass, %s, %s)", (name, value, called))


def _shape(table: Table) -> list[list[str]]:
    return [[column.name, column.type] for column in table.stored]

"""Keeping the logs in step with the user's tables."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from psycopg import errors

from pytest_seedstate.stores.postgres.catalog import Catalog, Table, read_catalog
from pytest_seedstate.stores.postgres.install_sql import install_sql, uninstall_sql
from pytest_seedstate.stores.postgres.names import SCHEMA, TRIGGERS
from pytest_seedstate.stores.postgres.server_sql import (
    EVENT_TRIGGERS,
    INFRASTRUCTURE,
    OBJECTS_VISIBLE,
    functions_sql,
)
from pytest_seedstate.stores.postgres.shape_sql import IS_WATCHED, LEARN, LOOK, WATCH

if TYPE_CHECKING:
    import psycopg

    from pytest_seedstate.stores.postgres.control import Control

_BATCH = 50  # tables whose SQL is sent at once

_INSTALLED = f"""
SELECT t.relid::int8, t.shape, (
    SELECT count(*) FROM pg_trigger g
    WHERE g.tgrelid = t.relid AND g.tgenabled = 'A' AND g.tgname = ANY (%s))
FROM {SCHEMA}.tables t
"""


def read_all(control: Control) -> Catalog:
    """The catalogue, with the user's types told with their schema."""
    with control.transaction() as connection:
        connection.execute("SET LOCAL search_path = ''")
        return read_catalog(connection)


def install(control: Control) -> tuple[Catalog, set[int]]:
    """Give every table that lacks it a log that fits, and forget tables that are gone.

    Returns:
        The catalogue, and the oids of tables that had no log that could be trusted.

    Raises:
        psycopg.errors.LockNotAvailable: a transaction holds a table.
    """
    with control.transaction() as connection:
        here = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (SCHEMA,)).fetchone()
        if not here or not here[0]:
            connection.execute(INFRASTRUCTURE)
            visible = bool(control.one(OBJECTS_VISIBLE)[0])
            connection.execute(functions_sql(control.server_version, objects_visible=visible))
            _have_ddl_noted(connection)
    catalog = read_all(control)
    fresh: set[int] = set()
    with control.transaction() as connection:
        watched = is_watched(control)
        if watched:
            connection.execute(LOOK)
        installed = {
            oid: (shape, triggers)
            for oid, shape, triggers in connection.execute(
                _INSTALLED, (list(TRIGGERS.values()),)
            ).fetchall()
        }
        statements = []
        tables: tuple[Table, ...] = catalog.journaled
        for table in tables:
            text, shape = install_sql(table, watched=watched)
            if installed.get(table.oid) != (shape, len(TRIGGERS)):
                fresh.add(table.oid)
                statements.append(text)
        present = {table.oid for table in tables}
        statements.extend(uninstall_sql(oid) for oid in installed if oid not in present)
        for start in range(0, len(statements), _BATCH):
            connection.execute("\n".join(statements[start : start + _BATCH]))
        connection.execute(f"DELETE FROM {SCHEMA}.sequences")
        connection.execute(
            f"INSERT INTO {SCHEMA}.sequences "
            "SELECT oid, place, cached FROM unnest(%s::oid[], %s::bool[]) "
            "WITH ORDINALITY AS s(oid, cached, place)",
            ([s.oid for s in catalog.sequences], [s.cached for s in catalog.sequences]),
        )
        if watched:
            connection.execute(LEARN)
    return catalog, fresh


def _have_ddl_noted(connection: psycopg.Connection[Any]) -> None:
    """By event triggers, where the role may create them."""
    try:
        with connection.transaction():
            connection.execute(EVENT_TRIGGERS)
    except errors.InsufficientPrivilege:
        connection.execute(WATCH)
        connection.execute(LEARN)


def is_watched(control: Control) -> bool:
    """Whether DDL is noticed by looking, since nobody tells of it."""
    return bool(control.one(IS_WATCHED)[0])


def write_mark(control: Control) -> str:
    """Write a new mark; the journal is lost where it is no longer found."""
    nonce = uuid.uuid4().hex
    with control.transaction() as connection:
        connection.execute(f"DELETE FROM {SCHEMA}.mark")
        connection.execute(f"INSERT INTO {SCHEMA}.mark VALUES (%s)", (nonce,))
    return nonce

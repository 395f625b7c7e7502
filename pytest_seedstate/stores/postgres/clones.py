"""Replacing the database as a whole: a template made in time, and a clone of it when needed."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import psycopg

from pytest_seedstate.stores.postgres.baselines import Contents, Template
from pytest_seedstate.stores.postgres.blockers import end_prepared
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.in_the_way import (
    cannot_be_copied,
    drop_subscriptions,
    in_use,
    subscriptions,
)
from pytest_seedstate.stores.postgres.names import quote
from pytest_seedstate.stores.postgres.server_sql import client
from pytest_seedstate.stores.postgres.settings import read_settings

_REMOVAL_TIMEOUT = 30.0
"""Seconds after which a database that something else holds, or that is always connected to, is given
up."""
_NAME_LENGTH = 63  # bytes, NAMEDATALEN - 1


def template_name(dbname: str, number: int | str) -> str:
    """A name for a template of `dbname`, short enough for PostgreSQL."""
    suffix = f"_seedstate_{number}"
    stem = dbname
    while len((stem + suffix).encode()) > _NAME_LENGTH:
        stem = stem[: len(stem) // 2] + hashlib.sha256(dbname.encode()).hexdigest()[:8]
    return stem + suffix


def make_template(control: Control, name: str, contents: Contents, wait: float) -> Template | None:
    """Clone the database of `control`, which holds `contents`, to `name`.

    Waits up to `wait` seconds for the sessions of a program that has just ended.

    Returns:
        None when another session is connected and stays: PostgreSQL cannot clone then, and
        ending an application's sessions would break it.
    """
    connection = control.connection
    deadline = time.monotonic() + wait
    while _sessions(connection, control.dbname):
        if time.monotonic() > deadline:
            return None
        time.sleep(0.005)
    settings = read_settings(control)
    try:
        _clone(connection, control.dbname, name)
    except psycopg.errors.ObjectInUse:
        return None
    return Template(name, contents, settings, subscriptions(connection, control.dbname))


def make_template_at_once(control: Control, name: str, contents: Contents) -> Template:
    """As `make_template`, but end the sessions of others.

    Raises:
        SeedstateError: something that is no session holds the database.
    """
    settings = read_settings(control)
    control.close()
    deadline = time.monotonic() + _REMOVAL_TIMEOUT
    with control.maintenance() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {quote(name)}")
        made = False
        while not made:
            _end_sessions(connection, control.dbname)
            try:
                _clone(connection, control.dbname, name)
                made = True
            except psycopg.errors.ObjectInUse as error:
                if time.monotonic() > deadline:
                    raise in_use(connection, control.dbname, error) from error
        return Template(name, contents, settings, subscriptions(connection, control.dbname))


def replace_by_clone(control: Control, template: Template, keep_as: str | None = None) -> int:
    """Put a clone of `template` in the place of the database; all its sessions end.

    Args:
        keep_as: the name under which the former database stays, to be a template; None drops it.

    Returns:
        The transaction that gave the clone its name: whoever writes to it is a later one.

    Raises:
        SeedstateError: the state has subscriptions, or something that is no session holds the
            template or the database.
        psycopg.Error: the clone could not be made; the database is then what it was.
    """
    fresh = template_name(control.dbname, 0)
    control.close()
    with control.maintenance() as connection:
        theirs = subscriptions(connection, control.dbname)
        # A database that is to be a template is what it was made as, with its subscriptions.
        if lacking := template.subscriptions or (theirs if keep_as else ()):
            raise cannot_be_copied(lacking)
        if theirs:
            _end_sessions(connection, control.dbname)
            drop_subscriptions(control, theirs)
        connection.execute(f"DROP DATABASE IF EXISTS {quote(fresh)}")
        _end_sessions(connection, template.name)
        try:
            _clone(connection, template.name, fresh)
        except psycopg.errors.ObjectInUse as error:
            raise in_use(connection, template.name, error) from error
        control.replacements += 1
        _remove(control, connection, keep_as)
        with connection.transaction():
            # In one transaction: who connects then finds the settings too.
            connection.execute(f"ALTER DATABASE {quote(fresh)} RENAME TO {quote(control.dbname)}")
            for statement in template.settings:
                connection.execute(statement)
            row = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        # The journal's session begins before this one ends: between them no crash can hide.
        _ = control.connection
        connection.execute("SELECT 1")
    assert row is not None
    return int(row[0])


def _remove(control: Control, connection: psycopg.Connection[Any], keep_as: str | None) -> None:
    """Drop the database, or give it another name, whoever connects to it meanwhile."""
    removal = (
        f"ALTER DATABASE {quote(control.dbname)} RENAME TO {quote(keep_as)}"
        if keep_as
        # Ends sessions when nobody can connect any more; there is no such way to rename.
        else f"DROP DATABASE IF EXISTS {quote(control.dbname)} WITH (FORCE)"
    )
    deadline = time.monotonic() + _REMOVAL_TIMEOUT
    removed = False
    while not removed:
        if keep_as:
            _end_sessions(connection, control.dbname)
        try:
            connection.execute(removal)
            removed = True
        except psycopg.errors.WrongObjectType:
            # PostgreSQL drops no database that is marked as a template.
            connection.execute(f"ALTER DATABASE {quote(control.dbname)} IS_TEMPLATE false")
        except psycopg.errors.ObjectInUse as error:
            # A session that was just connecting or has a replication slot, a transaction that no
            # session holds, or a subscription that was made meanwhile.
            if time.monotonic() > deadline:
                raise in_use(connection, control.dbname, error) from error
            end_prepared(control)
            control.close()
            drop_subscriptions(control, subscriptions(connection, control.dbname))
            _end_sessions(connection, control.dbname)


def drop_template(control: Control, template: Template) -> None:
    """Free what a template takes."""
    control.run(f"DROP DATABASE IF EXISTS {quote(template.name)}")


def _clone(connection: psycopg.Connection[Any], source: str, target: str) -> None:
    # Copying files is quicker at every size measured, where fsync is off; it came with 15.
    strategy = " STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
    connection.execute(f"CREATE DATABASE {quote(target)} TEMPLATE {quote(source)}{strategy}")


def _sessions(connection: psycopg.Connection[Any], dbname: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity a WHERE a.datname = %s "
        f"AND a.pid <> pg_backend_pid() AND {client('a')}",
        (dbname,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _end_sessions(connection: psycopg.Connection[Any], dbname: str) -> None:
    """End all sessions; asked again at every look, since one may just be connecting."""
    for _ in range(2000):
        row = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = %s AND pid <> pg_backend_pid() "
            # An autovacuum makes way for us by itself, and may be none of ours to end.
            "AND (usesysid IS NOT NULL OR backend_type IS NOT NULL)",
            (dbname,),
        ).fetchone()
        if not row or not row[0]:
            return
        time.sleep(0.001)

"""The journal's own connection, and what its failures mean to a user."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.install_sql import PINNED_SETTINGS
from pytest_seedstate.stores.postgres.names import CONTROL

APPLICATION_NAME = "seedstate"

RECOVERY_TIMEOUT = 30.0
"""Seconds to wait for a server that says it is starting up again after a crash."""

# libpq gives no SQLSTATE for a connection that was refused.
_RECOVERS = (
    "the database system is in recovery mode",
    "the database system is starting up",
    "the database system is not yet accepting connections",
)

_SETTINGS = {
    # For good: setting it for each call would throw away every cached plan of the session.
    "session_replication_role": "replica",
    CONTROL: "on",
    # One statement, one snapshot, also within a function of many statements.
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "off",
    # Where a policy would hide rows from us, an error.
    "row_security": "off",
    # In a deadlock with a live writer it is us who notice first and start again, not the application.
    "deadlock_timeout": "20ms",
    # Logs have no statistics: no plan may begin with the user's table.
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "client_min_messages": "warning",
    "lc_messages": "C",
    **PINNED_SETTINGS,
}


_FOR_SUPERUSERS = ("session_replication_role", "deadlock_timeout", "lc_messages")
"""Settings that others may change only where they were granted it: context ``superuser`` in
pg_settings. Without the last two a rewind does the same: it gives up a lock sooner than a deadlock
is looked for, and nothing is read from messages."""


class NoDatabaseError(psycopg.OperationalError):
    """The server answers, and the database is not there."""


class Control:
    """One connection in ``replica`` mode, opened when it is needed and again when it was lost.

    Args:
        conninfo: libpq connection string of the database.
        lock_timeout: seconds to wait for a lock before naming who holds it.
        beside: another database of the server that may be connected to; None for one that a
            server has by itself.

    Attributes:
        replacements: how often another database has taken the place of this one.
    """

    def __init__(self, conninfo: str, lock_timeout: float, beside: str | None = None) -> None:
        self.conninfo = conninfo
        self._beside = beside
        self.dbname = str(conninfo_to_dict(conninfo).get("dbname") or "postgres")
        self.lock_timeout = lock_timeout
        self.replacements = 0
        self._connection: psycopg.Connection[Any] | None = None
        self._privileged = False

    @property
    def privileged(self) -> bool:
        """Whether triggers and foreign keys may be switched off, as journals do.

        Raises:
            psycopg.OperationalError: the server or the database is not there.
        """
        _ = self.connection
        return self._privileged

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection, in autocommit.

        Raises:
            psycopg.OperationalError: the server or the database is not there.
        """
        known = self._connection
        if known and _is_abandoned(known):
            self._end_abandoned(known)
        if self._connection is None or self._connection.closed:
            connection = self.connect()
            settings = {**_SETTINGS, "lock_timeout": f"{int(self.lock_timeout * 1000)}ms"}
            refused = refused_settings(connection)
            self._privileged = "session_replication_role" not in refused
            settings = {n: v for n, v in settings.items() if n not in refused}
            connection.execute(
                "SELECT "
                + ", ".join(
                    f"set_config('{name}', '{value}', false)" for name, value in settings.items()
                )
            )
            self._connection = connection
        return self._connection

    def _end_abandoned(self, connection: psycopg.Connection[Any]) -> None:
        """Somebody was interrupted in the middle of a question, which the server goes on with."""
        pid = connection.info.backend_pid
        connection.close()
        with self.connect() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
            while other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
                time.sleep(0.001)

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection to the database with nothing set.

        Raises:
            NoDatabaseError: the database is not there.
            psycopg.OperationalError: the server is not there.
        """
        return self._connect_to(self.dbname)

    def _connect_to(self, dbname: str) -> psycopg.Connection[Any]:
        deadline = time.monotonic() + RECOVERY_TIMEOUT
        while True:
            try:
                return psycopg.connect(
                    make_conninfo(self.conninfo, dbname=dbname),
                    autocommit=True,
                    application_name=APPLICATION_NAME,
                    client_encoding="UTF8",
                )
            except psycopg.OperationalError as error:
                if f'database "{dbname}" does not exist' in str(error):
                    raise NoDatabaseError(str(error)) from error
                recovers = any(text in str(error) for text in _RECOVERS)
                if not recovers or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @property
    def server_version(self) -> int:
        return self.connection.info.server_version

    def one(self, query: str, parameters: Sequence[Any] | None = None) -> tuple[Any, ...]:
        """The only row of a query that is sent often, as a prepared statement."""
        try:
            row = self.connection.execute(query, parameters, prepare=True).fetchone()
        except psycopg.OperationalError:
            if not self.is_lost:
                raise
            # Somebody ended all sessions, or the server was restarted.
            row = self.connection.execute(query, parameters, prepare=True).fetchone()
        assert row is not None
        return tuple(row)

    def run(self, query: str) -> None:
        """Statements without a result."""
        self.connection.execute(query)

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """One transaction; its snapshot is taken by the first statement that needs one."""
        with self.connection.transaction():
            yield self.connection

    @contextmanager
    def as_writer(self) -> Iterator[psycopg.Connection[Any]]:
        """One transaction as an application would have it: journaled, with all triggers."""
        with self.connection.transaction():
            self.connection.execute(
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                + ("SET LOCAL session_replication_role = origin;" if self._privileged else "")
                + f"SET LOCAL {CONTROL} = ''"
            )
            yield self.connection

    def maintenance(self) -> psycopg.Connection[Any]:
        """A new connection to another database of the server, for what cannot be done inside."""
        other = "postgres" if self.dbname != "postgres" else "template1"
        connection = self._connect_to(self._beside or other)
        # Else a crash within the next half second would take a database's new name away again.
        connection.execute("SET synchronous_commit = on")
        return connection

    @property
    def is_lost(self) -> bool:
        """Whether the connection has broken and was not opened again."""
        return self._connection is None or self._connection.broken or self._connection.closed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def telling(self, doing: str) -> Iterator[None]:
        """Turn the server's refusals into errors that say what was being done.

        Raises:
            SeedstateError: the server refused something, or does not answer.
        """
        try:
            yield
        except psycopg.OperationalError as error:
            if self.is_lost:
                raise self.unreachable(error) from error
            raise SeedstateError(f"{doing} failed", detail=str(error)) from error
        except psycopg.Error as error:
            raise SeedstateError(f"{doing} failed", detail=str(error)) from error

    def unreachable(self, error: psycopg.Error) -> SeedstateError:
        """The error for a server that does not answer."""
        return SeedstateError(
            "PostgreSQL does not answer",
            where=_endpoint(self.conninfo),
            fix="see whether it still runs, and what its log says",
            detail=str(error),
        )


def _is_abandoned(connection: psycopg.Connection[Any]) -> bool:
    """Whether a question was asked whose answer nobody waits for any more."""
    # Who waits for one, perhaps in another thread, has the lock.
    if not connection.lock.acquire(blocking=False):
        return False
    try:
        return connection.info.transaction_status == TransactionStatus.ACTIVE
    finally:
        connection.lock.release()


def refused_settings(connection: psycopg.Connection[Any]) -> set[str]:
    """Settings of `_SETTINGS` that the role of a connection may not change; the others are tried.

    Trying is the only way to know: before PostgreSQL 15, and on servers of cloud providers, there
    is nothing that could be asked.
    """
    row = connection.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    refused: set[str] = set()
    if row and row[0]:
        return refused
    for name in _FOR_SUPERUSERS:
        try:
            connection.execute(f"SET {name} = '{_SETTINGS[name]}'".encode())
        except psycopg.errors.InsufficientPrivilege:
            refused.add(name)
    return refused


def _endpoint(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"

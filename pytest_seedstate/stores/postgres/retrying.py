"""Getting done what live writers are in the way of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import psycopg
from psycopg import errors

from pytest_seedstate.stores.postgres.catalog import Table
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.filling import lock_tables
from pytest_seedstate.stores.postgres.position import LostError

ATTEMPTS = 20
"""Times that something is started again for live writers before it keeps them off by locks."""

_MOST_DEADLOCKS = 5 * ATTEMPTS
"""Attempts after which a deadlock is told; from `ATTEMPTS` on, tables are locked first."""

_PAUSES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02)  # seconds before the further attempts

_LIVE_WRITER = (errors.SerializationFailure, errors.UniqueViolation, errors.ExclusionViolation)

_T = TypeVar("_T")


def despite_writers(control: Control, tables: Iterable[Table], attempt: Callable[[], _T]) -> _T:
    """Repeat `attempt`, which is a transaction, while live writers are in its way.

    Args:
        control: the connection that `attempt` uses.
        tables: all tables, to be locked when nothing else helps.
        attempt: what to do.

    Raises:
        LostError: the logs are at odds with the tables.
        psycopg.errors.LockNotAvailable: a transaction stayed open for longer than is waited.
    """
    deadline = time.monotonic() + control.lock_timeout
    number = 0
    while True:
        try:
            if number < ATTEMPTS:
                return attempt()
            with control.transaction() as connection:
                lock_tables(connection, tables)
                return attempt()
        except errors.LockNotAvailable:
            if time.monotonic() > deadline:
                raise
        except errors.DeadlockDetected:
            # The other one goes on at once: it is no transaction that stays open.
            if number >= _MOST_DEADLOCKS:
                raise
        except _LIVE_WRITER as error:
            if number >= ATTEMPTS:
                raise LostError(f"the undo failed: {_first_line(error)}") from error
            time.sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        except errors.OperationalError:
            raise
        except psycopg.Error as error:
            raise LostError(f"the undo failed: {_first_line(error)}") from error
        number += 1


def _first_line(error: psycopg.Error) -> str:
    return str(error).splitlines()[0]

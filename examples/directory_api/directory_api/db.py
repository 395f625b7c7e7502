"""PostgreSQL: one pool for the process, opened by the first start of the application."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from directory_api import settings

pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
    settings.DATABASE_URL,
    min_size=2,
    max_size=8,
    open=False,
    kwargs={"row_factory": dict_row, "application_name": "directory_api"},
)
atexit.register(pool.close)


@contextmanager
def transaction() -> Iterator[Cursor[dict[str, Any]]]:
    """A cursor in a transaction of its own: committed at the end, rolled back by an error."""
    with pool.connection() as connection, connection.cursor() as cursor:
        yield cursor

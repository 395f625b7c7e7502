"""The PostgreSQL store; importing this package alone does not import psycopg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.scripts import SqlScript

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore", "SqlScript"]


def __getattr__(name: str) -> Any:
    if name == "PostgresStore":
        from pytest_seedstate.stores.postgres.store import PostgresStore

        return PostgresStore
    raise AttributeError(name)

"""What keeps a database from being replaced: subscriptions, which can be dropped, and whoever uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.names import quote

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.control import Control

_SUBSCRIPTIONS = """
SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
WHERE d.datname = %s ORDER BY 1
"""
_USERS = """
SELECT format('pid %%s: %%s %%s', a.pid, coalesce(a.backend_type, 'session'),
              quote_literal(a.application_name))
FROM pg_stat_activity a WHERE a.datname = %(name)s AND a.pid <> pg_backend_pid()
UNION ALL
SELECT 'prepared transaction ' || quote_literal(p.gid)
FROM pg_prepared_xacts p WHERE p.database = %(name)s
UNION ALL
SELECT 'replication slot ' || quote_literal(r.slot_name)
FROM pg_replication_slots r WHERE r.database = %(name)s AND r.active
UNION ALL
SELECT 'subscription ' || quote_literal(s.subname)
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = %(name)s
"""


def subscriptions(connection: psycopg.Connection[Any], dbname: str) -> tuple[str, ...]:
    """The names of a database's subscriptions; may be asked in any database of the server."""
    return tuple(name for (name,) in connection.execute(_SUBSCRIPTIONS, (dbname,)).fetchall())


def drop_subscriptions(control: Control, names: tuple[str, ...]) -> None:
    """Drop these of the database, which nobody of ours is connected to; what they use on other
    servers stays.

    Raises:
        psycopg.Error: the role may not.
    """
    for name in names:
        # With its slot it could be dropped only while the other server answers.
        control.run(f"ALTER SUBSCRIPTION {quote(name)} DISABLE")
        control.run(f"ALTER SUBSCRIPTION {quote(name)} SET (slot_name = NONE)")
        control.run(f"DROP SUBSCRIPTION {quote(name)}")
    control.close()


def cannot_be_copied(names: tuple[str, ...]) -> SeedstateError:
    """The error for subscriptions that would have to be in a clone."""
    return SeedstateError(
        "the database cannot be replaced by a copy: PostgreSQL copies no subscriptions",
        checked=f"subscriptions that the state has: {', '.join(names)}",
        fix="make subscriptions in the tests that need them, not in the schema or in scenarios; or "
        "change no tables in tests",
    )


def in_use(
    connection: psycopg.Connection[Any], dbname: str, error: psycopg.Error
) -> SeedstateError:
    """The error for a database that is still used after all that could be ended was ended.

    Args:
        connection: to another database of the server.
        dbname: the database.
        error: what the server said last.
    """
    users = [text for (text,) in connection.execute(_USERS, {"name": dbname}).fetchall()]
    return SeedstateError(
        f"the database '{dbname}' can be neither replaced nor copied: something uses it",
        checked="its sessions were ended, and what uses it is no session or comes back at once",
        fix="end what uses it before the test ends",
        detail="\n".join([str(error), *users]),
    )

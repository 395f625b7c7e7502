"""Transactions of others that are in the way: who they are, and what becomes of them."""

from __future__ import annotations

import re
import time

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.names import SCHEMA, literal
from pytest_seedstate.stores.postgres.server_sql import client

_LOOK_EVERY = 0.005
"""Seconds between looks at transactions that are waited for."""

_WRITERS = f"""
SELECT a.pid, a.backend_xid::text FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_xid IS NOT NULL
  AND {client("a")}
UNION ALL SELECT NULL, gid FROM pg_prepared_xacts WHERE database = current_database()
"""
_BLOCKERS = f"""
SELECT a.pid, a.application_name, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start), a.query,
       (SELECT string_agg(DISTINCT l.relation::regclass::text, ', ') FROM pg_locks l
        JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('pg_catalog', '{SCHEMA}')
        WHERE l.pid = a.pid AND l.granted AND l.mode <> 'AccessShareLock')
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
  AND EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
              WHERE l.pid = a.pid AND l.granted AND c.relkind IN ('r', 'p', 'S', 'm'))
ORDER BY a.backend_xid IS NULL, a.xact_start
"""
_PREPARED = """
SELECT gid, extract(epoch FROM clock_timestamp() - prepared) FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""


def blocked(control: Control, doing: str) -> SeedstateError:
    """The error for a lock that was waited for in vain: who has a transaction open."""
    described = [_described(*row) for row in control.connection.execute(_BLOCKERS).fetchall()]
    for gid, age in control.connection.execute(_PREPARED).fetchall():
        described.append(_prepared(gid, age))
    return SeedstateError(
        f"{doing} waits for a transaction that is still open",
        checked=f"waited {control.lock_timeout:g} s for its locks (ini seedstate_lock_timeout)",
        fix="commit or roll back, or close the connection, before the test ends",
        detail="\n".join(described) or "the transaction has ended meanwhile",
    )


def end_writers(control: Control, patience: float) -> tuple[str, ...] | None:
    """Wait for the transactions that have written; end those that stay open.

    Args:
        control: the journal's connection.
        patience: seconds to wait.

    Returns:
        Those that were ended, one phrase each; None where there was no such transaction.
    """
    first = _writers(control)
    if not first:
        return None
    deadline = time.monotonic() + patience
    left = first
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY)
        left = first & _writers(control)
    found = {row[0]: _described(*row) for row in control.connection.execute(_BLOCKERS).fetchall()}
    sessions = sorted(pid for pid, _ in left if pid is not None)
    ended = [found.get(pid, f"pid {pid}") for pid in sessions]
    for pid in sessions:
        control.connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    for gid in sorted(gid for pid, gid in left if pid is None):
        ended.extend(end_prepared(control, gid))
    return tuple(ended)


def end_prepared(control: Control, only: str | None = None) -> list[str]:
    """Roll back prepared transactions of the database: no session holds them, so none ends them.

    Args:
        control: the journal's connection.
        only: the one to end; None for all.

    Returns:
        Those that were there, one phrase each.
    """
    ended = []
    for gid, age in control.connection.execute(_PREPARED).fetchall():
        if only in (None, gid):
            control.connection.execute(f"ROLLBACK PREPARED {literal(gid)}".encode())
            ended.append(_prepared(gid, age))
    return ended


def _writers(control: Control) -> set[tuple[int | None, str]]:
    """Process and transaction of whoever has written and may yet commit.

    Of a transaction that is prepared it is None and its name: no session holds it.
    """
    return {(pid, what) for pid, what in control.connection.execute(_WRITERS).fetchall()}


def _prepared(gid: str, age: float) -> str:
    return f"prepared transaction '{gid}' ({age:.1f} s old)"


def _described(pid: int, name: str, state: str, age: float, query: str, tables: str | None) -> str:
    writes = f", writes {tables}" if tables else ""
    return f"pid {pid} '{name}' ({state}, {age:.1f} s in its transaction{writes}): {masked(query)}"


_LITERAL = re.compile(
    r"""(?:\b[eE])?'(?:[^'\\]|''|\\.)*'?   # a string, closed or cut off
      | (\$\w*\$) .*? (?:\1|\Z)            # a dollar-quoted one
      | \b\d+(?:\.\d+)?\b                  # a number
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(query: str, length: int = 200) -> str:
    """A query without the values in it, on one line."""
    text = " ".join(_LITERAL.sub("?", query).split())
    return text if len(text) <= length else text[:length] + " ..."

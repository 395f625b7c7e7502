"""What the role of somebody else's PostgreSQL may do, and what that means for rewinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.control import refused_settings

if TYPE_CHECKING:
    import psycopg

_GRANTS_SETTINGS = 150000
"""``server_version_num`` from which a setting can be granted to a role."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a role has to do without.

    Attributes:
        clones: every rewind has to be a clone.
        remark: what it may not do and what is done instead; empty for a superuser.
    """

    clones: bool
    remark: str


def read_role(connection: psycopg.Connection[Any], place: str) -> Role:
    """What the role of a connection may do.

    Args:
        connection: in autocommit; no pooler in between.
        place: where the server is, for messages.

    Raises:
        SeedstateError: it may not make databases.
    """
    row = connection.execute(
        "SELECT rolname, quote_ident(rolname), rolsuper, rolcreatedb FROM pg_roles "
        "WHERE rolname = current_user"
    ).fetchone()
    assert row is not None
    name, quoted, is_superuser, makes_databases = row
    if is_superuser:
        return Role(clones=False, remark="")
    if not makes_databases:
        raise SeedstateError(
            f"the role '{name}' may not make databases, and no other is touched",
            where=place,
            checked="rolcreatedb in pg_roles",
            fix=f"let an administrator run: ALTER ROLE {quoted} CREATEDB; "
            "or let PostgreSQL be embedded: seedstate_provider = postgres=embedded",
        )
    if "session_replication_role" not in refused_settings(connection):
        connection.execute("RESET session_replication_role")
        return Role(
            clones=False,
            remark=f"PostgreSQL: '{name}' is no superuser; where it may create no event triggers, "
            "changes of tables are noticed by comparing the catalogues",
        )
    remark = (
        f"PostgreSQL: '{name}' may not set session_replication_role, so every rewind is a clone of "
        "the database, which cuts connections and does not know what was changed"
    )
    if connection.info.server_version >= _GRANTS_SETTINGS:
        remark += f"; quicker after: GRANT SET ON PARAMETER session_replication_role TO {quoted}"
    return Role(clones=True, remark=remark)


def refuse_pooler(connection: psycopg.Connection[Any], place: str) -> None:
    """See to it that a connection is one to the server itself.

    A pooler makes up the key by which a client may cancel its queries, with the process's number in
    it. What our sessions set would stay with whoever is given the server's session next.

    Args:
        connection: in autocommit.
        place: where it leads to, for the message.

    Raises:
        SeedstateError: it is not.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row is not None and row[0] != connection.info.backend_pid:
        raise SeedstateError(
            "a connection pooler stands before PostgreSQL, which shares sessions among its clients",
            where=place,
            checked="the session's process is not the one that was told at the connection",
            fix="name the server itself: seedstate_postgres_url = postgresql://USER@HOST:PORT/NAME; "
            "tests and applications are led to a database there, without the pooler",
        )

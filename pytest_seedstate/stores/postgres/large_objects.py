"""Large objects: no trigger sees them, so they are kept and put back as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.baselines import LargeObjects

if TYPE_CHECKING:
    import psycopg


_OWNED = (
    "SELECT lomowner::int8, lomacl::text FROM pg_largeobject_metadata WHERE oid = %s::int8::oid"
)


def read_objects(connection: psycopg.Connection[Any]) -> LargeObjects:
    """All large objects of the database."""
    return tuple(
        connection.execute(
            "SELECT oid::int8, lomowner::int8, lomacl::text, lo_get(oid) "
            "FROM pg_largeobject_metadata ORDER BY oid"
        ).fetchall()
    )


def write_objects(connection: psycopg.Connection[Any], objects: LargeObjects) -> None:
    """Make these the only large objects; in a transaction of the caller's."""
    if read_objects(connection) == objects:
        return
    connection.execute("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    for oid, owner, access, data in objects:
        connection.execute("SELECT lo_from_bytea(%s::int8::oid, %s)", (oid, data))
        made = connection.execute(_OWNED, (oid,)).fetchone()
        if made == (owner, access):
            continue
        # There is no statement that sets an access list as a whole.
        connection.execute("SET LOCAL allow_system_table_mods = on")
        connection.execute(
            "UPDATE pg_largeobject_metadata SET lomowner = %s::int8::oid, lomacl = %s::aclitem[] "
            "WHERE oid = %s::int8::oid",
            (owner, access, oid),
        )

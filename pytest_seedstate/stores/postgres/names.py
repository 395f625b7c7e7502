"""How our objects in the user's database are called, and how names are quoted."""

from __future__ import annotations

SCHEMA = "seedstate_journal"
"""The schema that holds everything of ours; no role may have its name, whose ``$user`` it would be."""

CONTROL = "seedstate.control"
"""The setting that tells our triggers that the writer is the journal itself."""

TRIGGERS = {
    "INSERT": "seedstate_insert",
    "UPDATE": "seedstate_update",
    "DELETE": "seedstate_delete",
    "TRUNCATE": "seedstate_truncate",
}


def quote(name: str) -> str:
    """A name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """A schema-qualified SQL identifier."""
    return f"{quote(schema)}.{quote(name)}"


def literal(text: str) -> str:
    """A string as an SQL literal, independent of ``standard_conforming_strings``."""
    escaped = text.replace("'", "''")
    return f"E'{escaped}'".replace("\\", "\\\\") if "\\" in text else f"'{escaped}'"


def title(schema: str, name: str) -> str:
    """How users see a table: its name alone in ``public``, else with the schema."""
    return name if schema == "public" else f"{schema}.{name}"

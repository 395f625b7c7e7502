"""A change set as text for people: what was inserted, updated and deleted, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_seedstate.stores.changes import Change, ChangeSet

SECRET_NAME = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)
LONGEST_VALUE = 80
SIGNS = {"inserted": "+", "updated": "~", "deleted": "-"}


def changes_text(changes: ChangeSet, *, limit: int = 20) -> str:
    """One line for each change, then the notes.

    Args:
        changes: what to show.
        limit: how many changes are shown; the rest is counted.
    """
    lines = [_line(change) for change in changes.changes[:limit]]
    if len(changes) > limit:
        lines.append(f"and {len(changes) - limit} more")
    lines.extend(f"* {note}" for note in changes.notes)
    if changes.writers:
        lines.append(f"written by {', '.join(changes.writers)}")
    return "\n".join(lines)


def _line(change: Change) -> str:
    where = f"{SIGNS[change.kind]} {change.store} {change.collection} {_fields(change.key)}"
    if change.kind == "inserted":
        return f"{where}: {_fields(_without(change.after, change.key))}"
    if change.kind == "deleted":
        return where
    before, after = change.before or {}, change.after or {}
    different = [
        f"{name}: {_value(name, before.get(name))} -> {_value(name, after.get(name))}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    return f"{where}: {', '.join(different)}"


def _without(fields: Mapping[str, Any] | None, key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (fields or {}).items() if name not in key}


def _fields(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(name, value)}" for name, value in fields.items())


def _value(name: str, value: Any) -> str:
    if SECRET_NAME.search(name) and value is not None:
        return "***"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"

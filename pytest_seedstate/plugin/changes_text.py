"""A change set as text for people: what was inserted, updated and deleted, secrets masked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pprint import pformat
from typing import Any

from pytest_seedstate.stores.changes import Change, ChangeSet
from pytest_seedstate.stores.masking import MASK, Masking

LONGEST_VALUE = 80
SIGNS = {"inserted": "+", "updated": "~", "deleted": "-"}


def changes_text(changes: ChangeSet, masking: Masking, *, limit: int = 20) -> str:
    """One line for each change, then the notes.

    Args:
        changes: what to show.
        masking: which values are not shown.
        limit: how many changes are shown; the rest is counted.
    """
    all_by_one = len({change.writers for change in changes}) == 1
    lines = [_line(change, masking, not all_by_one) for change in changes.changes[:limit]]
    if len(changes) > limit:
        lines.append(f"and {len(changes) - limit} more (--seedstate-diff-limit)")
    lines.extend(f"* {note}" for note in changes.notes)
    # Whoever wrote without changing anything is no news.
    writers = changes.changes[0].writers if all_by_one else changes.writers if changes else ()
    if writers and (all_by_one or not changes.changes):
        lines.append(f"written by {', '.join(writers)}")
    return "\n".join(lines)


def comparison(left: object, right: object, masking: Masking) -> list[str] | None:
    """How a change set differs from what a test expected it to be.

    Args:
        left: of the comparison.
        right: of the comparison.
        masking: which values are not shown.

    Returns:
        Lines for pytest's explanation; None where it is not about a change set and data.
    """
    if isinstance(left, ChangeSet) and isinstance(right, Mapping):
        changes, want = left, right
    elif isinstance(right, ChangeSet) and isinstance(left, Mapping):
        changes, want = right, left
    else:
        return None
    have = changes.as_data()
    if have == want and changes.unrecorded:
        return ["there may be more changes than those expected:", *changes.unrecorded]
    shown_have, shown_want = (pformat(_masked(data, masking)).splitlines() for data in (have, want))
    if shown_have == shown_want:
        return ["the changes are not those expected:", "values that are not shown differ"]
    diff = difflib.ndiff(shown_want, shown_have)
    return ["the changes are not those expected (-), but (+):", *(line.rstrip() for line in diff)]


def _masked(data: Mapping[Any, Any], masking: Masking) -> Any:
    """Data of the form of `ChangeSet.as_data`, or whatever a test has written instead."""
    if not all(isinstance(collections, Mapping) for collections in data.values()):
        return data
    return {
        store: {name: masking.masked(str(name), kinds) for name, kinds in collections.items()}
        for store, collections in data.items()
    }


def _line(change: Change, masking: Masking, tell_writers: bool) -> str:
    collection = change.collection
    key = _fields(masking.masked(collection, dict(change.key)))
    text = f"{SIGNS[change.kind]} {change.store} {collection} {key}"
    if change.kind == "inserted":
        shown = masking.masked(collection, dict(change.after or {}))
        others = {name: value for name, value in shown.items() if name not in change.key}
        text += f": {_fields(others)}" if others else ""
    elif change.kind == "updated":
        text += ": " + ", ".join(
            f"{name}: {_value(before)} -> {_value(after)}"
            for name, (before, after) in _shown_fields(change, masking)
        )
    if tell_writers and change.writers:
        text += f" (by {', '.join(change.writers)})"
    return text


def _shown_fields(change: Change, masking: Masking) -> list[tuple[str, tuple[Any, Any]]]:
    return [
        (name, (MASK, MASK) if masking.hides(change.collection, name) else pair)
        for name, pair in masking.masked(change.collection, change.fields).items()
    ]


def _fields(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in fields.items())


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"

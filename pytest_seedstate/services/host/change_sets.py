"""From records before and after to a change set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.changes import Change, ChangeSet

Describe = Callable[[Touch, Any, Any], Change]
"""Makes the change of a record from what is held for it before and after, None for nothing."""


def change_set(
    before: Mapping[Touch, Any],
    after: Mapping[Touch, Any],
    describe: Describe,
    *,
    writers_of: Mapping[Touch, Sequence[str]],
    notes: Iterable[str],
    writers: Iterable[str],
) -> ChangeSet:
    """The records that differ, ordered.

    Args:
        before: records that may differ, in JSON's types; those that were not there left out.
        after: the same now.
        describe: makes the changes.
        writers_of: who wrote to a record or a whole collection.
        notes: what else changed.
        writers: who wrote at all.
    """
    changes = [
        replace(
            describe(at, before.get(at), after.get(at)), writers=_writers_of_record(at, writers_of)
        )
        for at in sorted({*before, *after})
        if _comparable(before.get(at)) != _comparable(after.get(at))
    ]
    return ChangeSet(tuple(changes), tuple(notes), tuple(writers))


def _writers_of_record(at: Touch, writers: Mapping[Touch, Sequence[str]]) -> tuple[str, ...]:
    """Who wrote to a record, or to its whole collection."""
    collection = replace(at, key="")
    return tuple(dict.fromkeys([*writers.get(at, ()), *writers.get(collection, ())]))


def _comparable(value: Any) -> Any:
    """A value of JSON with its truth values told from 0 and 1, which Python takes for equal."""
    if isinstance(value, bool):
        return ("truth value", value)
    if isinstance(value, dict):
        return {name: _comparable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_comparable(member) for member in value]
    return value

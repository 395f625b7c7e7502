"""Two datasets that ought to be equal, and the fields in which they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.record import Record
from pytest_seedstate.stores.canonical import canonical

_SHOWN_CHARACTERS = 60


def differences(first: Dataset, second: Dataset) -> list[str]:
    """Where two datasets differ: record, field and both values, a line each.

    What stores hold is compared only if the records are equal, because it is made from them.
    """
    found = list(_of_records(first.records, second.records))
    found += [] if found else list(_of_entries(first, second))
    if not found and first.progress != second.progress:
        found.append("the numbers that factories have come to")
    return found


def _of_records(first: Sequence[Record], second: Sequence[Record]) -> Iterator[str]:
    if len(first) != len(second):
        yield f"{len(first)} records, then {len(second)}"
    for number, (one, other) in enumerate(zip(first, second, strict=False), start=1):
        kind = type(one).__name__
        if type(one) is not type(other):
            yield f"record {number}: {kind}, then {type(other).__name__}"
            continue
        for name in type(one).model_fields:
            before, after = getattr(one, name), getattr(other, name)
            # NaN is not equal to itself, and prints alike.
            if before != after and repr(before) != repr(after):
                yield f"{kind} (record {number}), {name}: {_shown(before)}, then {_shown(after)}"


def _of_entries(first: Dataset, second: Dataset) -> Iterator[str]:
    before, after = dict(_collections(first)), dict(_collections(second))
    for place in dict.fromkeys((*before, *after)):
        ones, others = before.get(place, ()), after.get(place, ())
        if len(ones) != len(others):
            yield f"{place}: {len(ones)} entries, then {len(others)}"
        for number, (one, other) in enumerate(zip(ones, others, strict=False), start=1):
            yield from _of_entry(f"{place} (entry {number})", canonical(one), canonical(other))


def _of_entry(place: str, one: Any, other: Any) -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                shown = f"{_shown(one.get(name))}, then {_shown(other.get(name))}"
                yield f"{place}, {name}: {shown}"
        return
    yield f"{place}: {_shown(one)}, then {_shown(other)}"


def _collections(dataset: Dataset) -> Iterator[tuple[str, Sequence[Any]]]:
    for store, collections in dataset.entries.items():
        for name, entries in collections.items():
            yield f"{store} {name}", entries


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"

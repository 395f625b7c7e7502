"""Two datasets that ought to be equal, and the fields in which they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.record import Record
from pytest_seedstate.records.sensitive import shown
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.masking import masking_of_run

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
            if before != after and repr(_plain(before)) != repr(_plain(after)):
                texts = (_text(shown(type(one), name, each)) for each in (before, after))
                yield f"{kind} (record {number}), {name}: {', then '.join(texts)}"


def _of_entries(first: Dataset, second: Dataset) -> Iterator[str]:
    before, after = dict(_collections(first)), dict(_collections(second))
    for place in dict.fromkeys((*before, *after)):
        ones, others = before.get(place, ()), after.get(place, ())
        if len(ones) != len(others):
            yield f"{' '.join(place)}: {len(ones)} entries, then {len(others)}"
        for number, (one, other) in enumerate(zip(ones, others, strict=False), start=1):
            yield from _of_entry(place, number, canonical(one), canonical(other))


def _of_entry(place: tuple[str, str], number: int, one: Any, other: Any) -> Iterator[str]:
    if one == other:
        return
    where = f"{' '.join(place)} (entry {number})"
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        masked = [masking_of_run().masked(place[1], each) for each in (one, other)]
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                texts = (_text(each.get(name)) for each in masked)
                yield f"{where}, {name}: {', then '.join(texts)}"
        return
    yield f"{where}: {_text(one)}, then {_text(other)}"


def _collections(dataset: Dataset) -> Iterator[tuple[tuple[str, str], Sequence[Any]]]:
    for store, collections in dataset.entries.items():
        for name, entries in collections.items():
            yield (store, name), entries


def _plain(value: Any) -> Any:
    """A value whose text shows all of it, also where it consists of records."""
    if isinstance(value, Record):
        return [type(value), *((name, _plain(each)) for name, each in vars(value).items())]
    if isinstance(value, Mapping):
        return [(_plain(name), _plain(each)) for name, each in value.items()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [type(value), *map(_plain, value)]
    return value


def _text(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"

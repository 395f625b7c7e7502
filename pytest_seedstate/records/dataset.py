"""A dataset: what a plan's scenarios produced."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.placement import Placement
from pytest_seedstate.records.plan import Step
from pytest_seedstate.records.problems import failure
from pytest_seedstate.records.progress import FROM_THE_START, Progress
from pytest_seedstate.records.record import Record
from pytest_seedstate.records.sensitive import shown
from pytest_seedstate.records.values import stored_fields
from pytest_seedstate.stores.canonical import encode

RecordT = TypeVar("RecordT", bound=Record)

Entries = Mapping[str, Mapping[str, Sequence[Any]]]
"""What is loaded: store, then collection, then entries in order."""

Load = Callable[[Entries], object]
"""Loads entries on top of what the stores hold; raises SeedstateError where one refuses."""

Seen = dict[tuple[str, str, tuple[Any, ...]], "Made"]
"""Whose each key is: by store, collection and key."""


@dataclass(frozen=True)
class Made:
    """One record and the step that made it.

    Attributes:
        record: the record.
        step: whose it is.
    """

    record: Record
    step: Step


@dataclass(frozen=True)
class Dataset:
    """What a plan produced.

    Attributes:
        title: the plan's title.
        now: the clock it was made by, in UTC.
        records: all records, in order.
        named: what scenarios named, by name.
        entries: what is still to be loaded: all of it, but for what a scenario that writes itself
            found loaded already.
        progress: where its scenarios have come to.
    """

    title: str
    now: dt.datetime
    records: Sequence[Record]
    named: Mapping[str, Any]
    entries: Entries
    progress: Progress = FROM_THE_START

    @property
    def stores(self) -> frozenset[str]:
        """The stores that have entries."""
        return frozenset(self.entries)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the clock and `entries`, in hexadecimal: equal for equal data."""
        total = hashlib.sha256(encode(self.now))
        for store, collections in sorted(self.entries.items()):
            for collection, entries in sorted(collections.items()):
                total.update(encode([store, collection, len(entries)]))
                for entry in entries:
                    total.update(encode(entry))
        return total.hexdigest()

    def records_of(self, model: type[RecordT]) -> list[RecordT]:
        """All records of a model, in order."""
        return [record for record in self.records if isinstance(record, model)]

    def one(self, model: type[RecordT], **match: Any) -> RecordT:
        """The only record of a model whose fields have these values.

        Raises:
            SeedstateError: none matches, several do, or the model has no such field.
        """
        return only(self.records_of(model), model, match)


def only(records: Sequence[RecordT], model: type[RecordT], match: Mapping[str, Any]) -> RecordT:
    """The only one of some records whose fields have these values.

    Raises:
        SeedstateError: none matches, several do, or the model has no such field.
    """
    for name in match:
        if name not in model.readable_names():
            raise unknown_name(f"field of {model.__name__}", name, stored_fields(model))
    found = [
        record
        for record in records
        if all(getattr(record, name) == value for name, value in match.items())
    ]
    if len(found) != 1:
        wanted = ", ".join(f"{name}={shown(model, name, value)!r}" for name, value in match.items())
        raise SeedstateError(
            f"there are {len(found) or 'no'} {model.__name__} records"
            + (f" with {wanted}" if wanted else "")
            + ", not one",
            checked=f"{len(records)} {model.__name__} records of the test's scenarios, "
            f"by the class of that name in {model.__module__}",
            fix="name a field that tells it from the others, or take records()" if found else None,
        )
    return found[0]


def grouped(
    made: Iterable[Made], derived_tables: frozenset[str], seen: Seen
) -> dict[str, dict[str, list[Any]]]:
    """The entries of records: store, then collection, then entries in order.

    Args:
        made: the records.
        derived_tables: PostgreSQL tables whose key is the first field.
        seen: the keys of those that came before them; theirs are added.

    Raises:
        SeedstateError: two records with one key (names scenarios, collection and key), or a
            record that its place cannot store.
    """
    entries: dict[str, dict[str, list[Any]]] = {}
    for one in made:
        try:
            for place in one.record.placements():
                if one.step.stores is None or place.store in one.step.stores:
                    _add(entries, seen, one, place, derived_tables)
        except Exception as error:  # noqa: BLE001 - properties are the user's code
            scenario = one.step.scenario
            raise failure(
                error, what=f"scenario '{scenario.full_name}'", where=str(scenario.site)
            ) from None
    return entries


def _add(
    entries: dict[str, dict[str, list[Any]]],
    seen: Seen,
    one: Made,
    place: Placement,
    derived_tables: frozenset[str],
) -> None:
    derived = place.store == "postgres" and place.collection in derived_tables
    key = place.identity(one.record, derived=derived)
    if key is not None:
        first = seen.setdefault((place.store, place.collection, key), one)
        if first is not one:
            raise _duplicate(place.store, place.collection, key, first, one)
    entry = place.entry(one.record)
    if entry is not None:
        entries.setdefault(place.store, {}).setdefault(place.collection, []).append(entry)


def _duplicate(
    store: str, collection: str, key: tuple[Any, ...], first: Made, second: Made
) -> SeedstateError:
    shown = ", ".join(repr(part) for part in key)
    kinds = dict.fromkeys(type(one.record).__name__ for one in (first, second))
    owners = dict.fromkeys(one.step.scenario.where for one in (first, second))
    what = "id" if store == "opensearch" else "key"
    return SeedstateError(
        f"two records have the {what} {shown} in '{collection}' ({store})",
        where="; ".join(owners),
        checked=f"both are of {' and '.join(kinds)}",
        fix=f"take {what}s from factory.Sequence, or give one of the records another {what}",
    )

"""States of a service as values in this process: what a journal goes back to."""

from __future__ import annotations

from collections.abc import Collection as Collection_
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.recorded.layered import Layered

Value = Any
"""A record as its service's adapter holds it; equal when the records are."""

Definition = Mapping[str, Any]
"""What a collection is beside its records, as its service's adapter holds it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A table or bucket in one state.

    Attributes:
        definition: what it is.
        records: what it holds, by key.
    """

    definition: Definition
    records: Layered[Value]


State = Mapping[Touch, Collection]
"""All collections, by the touch that names them as a whole."""


def collection_of(at: Touch) -> Touch:
    """The touch of the whole collection that a record is in."""
    return replace(at, key="")


class Touched:
    """Records and whole collections to look at, by collection.

    Args:
        touches: what was touched.
        loaded: those that only our own store has touched.
    """

    def __init__(
        self, touches: Iterable[Touch] = (), loaded: Collection_[Touch] = frozenset()
    ) -> None:
        self.loaded = loaded
        self._keys: dict[Touch, set[str]] = {}
        self._whole: set[Touch] = set()
        for touch in touches:
            self.add(collection_of(touch), {touch.key} if touch.key else None)

    def add(self, collection: Touch, keys: Iterable[str] | None) -> None:
        """Look at more of a collection; at all of it for None."""
        held = self._keys.setdefault(collection, set())
        if keys is None:
            self._whole.add(collection)
        else:
            held.update(keys)

    def __iter__(self) -> Iterator[Touch]:
        return iter(sorted(self._keys))

    def keys(self, collection: Touch) -> set[str] | None:
        """The records to look at; None for the whole collection."""
        return None if collection in self._whole else self._keys[collection]


def difference(one: State, other: State) -> Touched:
    """Where two states may differ."""
    touched = Touched()
    for at in {**one, **other}:
        here, there = one.get(at), other.get(at)
        if here is there:
            continue
        if here is None or there is None or here.definition != there.definition:
            touched.add(at, None)
        elif keys := here.records.may_differ(there.records):
            touched.add(at, keys)
    return touched


@runtime_checkable
class Records(Protocol):
    """The data of one kind in a service, read and written past the recorder."""

    @property
    def store(self) -> str:
        """``dynamodb`` or ``s3``."""

    @property
    def region(self) -> str:
        """Where `collections` looks; empty where regions do not matter."""

    def collections(self) -> list[Touch]:
        """All that there are."""

    def made_at(self, at: Touch) -> float | None:
        """When a collection was made by the service's clock, as Unix time; None where it is not."""

    def definition(self, at: Touch) -> Definition | None:
        """What a collection is, None where there is none."""

    def values(
        self,
        at: Touch,
        definition: Definition,
        keys: Iterable[str] | None,
        loaded: Collection_[Touch] = frozenset(),
    ) -> dict[str, Value]:
        """The records with these keys that are there; all of them for None.

        Args:
            at: the collection.
            definition: of the collection.
            keys: of the records.
            loaded: those that were written by our own store last.
        """

    def define(self, at: Touch, found: Definition | None, wanted: Definition | None) -> Defined:
        """Make a collection what it was; None is for one that is not there."""

    def write(
        self, at: Touch, definition: Definition, wanted: Mapping[str, Value | None]
    ) -> tuple[str, ...]:
        """Give records these values, whatever they have; None deletes.

        Returns:
            What could not be, one phrase each.
        """

    def shown(self, at: Touch, value: Value) -> Mapping[str, Any] | None:
        """A record as a change set has it; None where there is no current one."""

    def size(self, value: Value) -> int:
        """About how many bytes it takes here."""

    def close(self) -> None:
        """Close the connections to the service."""


@dataclass(frozen=True, slots=True)
class Defined:
    """What `Records.define` did.

    Attributes:
        is_empty: whether the collection was made anew, and holds nothing.
        told: what was replaced, or could not be brought back, one phrase each.
    """

    is_empty: bool = False
    told: tuple[str, ...] = ()

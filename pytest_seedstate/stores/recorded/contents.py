"""What a service holds, read into this process and written back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Some

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.recorded.layered import Layered
from pytest_seedstate.stores.recorded.state import (
    Collection,
    Definition,
    Records,
    State,
    Touched,
    Value,
    difference,
)


class Contents:
    """All kinds of data of a service.

    Args:
        records: the kinds.
        ours: collections that are there already and are ours to change all the same.
        made: told what is made here; None at a service that is ours alone, where all that was not
            there at the beginning is ours.

    Attributes:
        foreign: the other collections that were there.
    """

    def __init__(
        self,
        records: Sequence[Records],
        ours: Some[Touch],
        made: Callable[[Touch], None] | None = None,
    ) -> None:
        self._records = {each.store: each for each in records}
        self._is_shared = made is not None
        self._note_made = made or (lambda _: None)
        there = [at for each in records for at in each.collections()]
        self.foreign = frozenset(at for at in there if at not in ours)
        self._made: set[Touch] = set()

    def collections(self) -> list[Touch]:
        """All that there are now and are ours."""
        found = [at for each in self._records.values() for at in each.collections()]
        return [
            at
            for at in found
            if at not in self.foreign and (not self._is_shared or at in self._made)
        ]

    def was_made(self, at: Touch) -> None:
        """A collection was made since the beginning, or was to be."""
        self._made.add(at)

    def read(self, known: State, touched: Touched) -> State:
        """What the service holds now, given what it held before it was touched."""
        state = dict(known)
        for at in touched:
            records, keys = self._records.get(at.store), touched.keys(at)
            if records is None or at in self.foreign:
                continue
            if keys is None:
                definition = records.definition(at)
                state.pop(at, None)
                if definition is not None:
                    values = records.values(at, definition, None)
                    state[at] = Collection(definition, Layered(values))
            elif (collection := state.get(at)) is not None:
                values = records.values(at, collection.definition, keys, touched.loaded)
                changes = {key: values.get(key) for key in keys}
                state[at] = Collection(collection.definition, collection.records.changed(changes))
        return state

    def shown(self, state: State, touched: Touched) -> dict[Touch, Mapping[str, object]]:
        """Records of a state as change sets have them."""
        shown = {}
        for at in touched:
            collection, keys = state.get(at), touched.keys(at)
            if collection is None:
                continue
            held: Iterable[tuple[str, Value | None]] = (
                collection.records.items()
                if keys is None
                else [(key, collection.records.get(key)) for key in keys]
            )
            for key, value in held:
                record = None if value is None else self._records[at.store].shown(at, value)
                if record is not None:
                    shown[Touch(at.store, at.region, at.collection, key)] = record
        return shown

    def size_of_difference(self, before: State, after: State) -> int:
        size = 0
        for at in (touched := difference(before, after)):
            collection, keys = after.get(at), touched.keys(at)
            if collection is None:
                continue
            values = (
                (value for _, value in collection.records.items())
                if keys is None
                else (collection.records.get(key) for key in keys)
            )
            size += sum(self._records[at.store].size(each) for each in values if each is not None)
        return size

    def go_to(self, state: State, touched: Touched) -> tuple[int, list[str]]:
        """Make the service what it was, where it was touched.

        Returns:
            The number of records, and what there is to tell of all else.
        """
        changed, told = 0, []
        for at in touched:
            records, keys = self._records.get(at.store), touched.keys(at)
            if records is None:
                continue
            wanted = state.get(at)
            if at in self.foreign or (wanted is None and not self._is_ours(at)):
                if at in self.foreign or records.definition(at) is not None:
                    told.append(
                        f"{at.store}: '{at.collection}', which is not ours, stays as written"
                    )
                continue
            if keys is None:
                count, said = self._bring_back(records, at, wanted)
                changed += count
                told += said
            elif wanted is not None:
                values = {key: wanted.records.get(key) for key in sorted(keys)}
                told += records.write(at, wanted.definition, values)
                changed += len(values)
        return changed, told

    def _bring_back(
        self, records: Records, at: Touch, wanted: Collection | None
    ) -> tuple[int, list[str]]:
        """Make a whole collection what it was."""
        found: Definition | None = records.definition(at)
        defined = records.define(at, found, None if wanted is None else wanted.definition)
        if wanted is None:
            return 0, list(defined.told)
        if defined.is_empty:
            self._note_made(at)
        now = {} if defined.is_empty else records.values(at, wanted.definition, None)
        then = dict(wanted.records.items())
        values = {
            key: then.get(key) for key in sorted({*now, *then}) if now.get(key) != then.get(key)
        }
        return len(values), [*defined.told, *records.write(at, wanted.definition, values)]

    def close(self) -> None:
        """Close the connections to the service."""
        for each in self._records.values():
            each.close()

    def _is_ours(self, at: Touch) -> bool:
        """Whether a collection that a state lacks was made by an application here, or by us.

        Where all collections were listed at the beginning, and nobody else is there, that is what
        was not there then.
        """
        if self._is_shared:
            return at in self._made
        return at.region == self._records[at.store].region or at in self._made

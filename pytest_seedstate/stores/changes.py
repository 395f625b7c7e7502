"""The change set: what differs from a position of the journal, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["inserted", "updated", "deleted"]

Data = dict[str, dict[str, dict[str, list[dict[str, Any]]]]]
"""Records by store, collection and kind; see `ChangeSet.as_data`."""


def _same(one: Any, other: Any) -> bool:
    """Whether stored values are the same, in depth.

    Unlike for Python, 1 is not true, and 1.50 is not 1.5; a NaN is itself.
    """
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float | Decimal) and type(one) is type(other):
        return str(one) == str(other)
    return bool(one == other)


@dataclass(frozen=True, slots=True)
class Change:
    """One record that differs.

    Attributes:
        store: ``postgres``, ``dynamodb``, ``s3`` or ``opensearch``.
        collection: table (``bookings``, or ``schema.table`` outside ``public``), bucket or index.
        key: what identifies the record there, column or attribute to value; the whole row where
            a table has no key.
        before: the record at the position, None when it was inserted since.
        after: the record now, None when it was deleted since.
        writers: who wrote to it, as far as the store can tell: ``worker (pid 4711)``,
            ``Boto3/1.40.0: PutItem``. Two changes are equal whoever made them.
    """

    store: str
    collection: str
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    writers: tuple[str, ...] = field(default=(), compare=False)

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "inserted"
        return "deleted" if self.after is None else "updated"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ: value before and after, None where the record lacks it."""
        before, after = self.before or {}, self.after or {}
        return {
            name: (before.get(name), after.get(name))
            for name in {**before, **after}
            if (name in before) != (name in after) or not _same(before[name], after[name])
        }

    def as_data(self) -> dict[str, Any]:
        """The record when it was inserted or deleted; its key and `fields` when it was updated."""
        if self.kind == "updated":
            return {**self.key, **self.fields}
        return {**self.key, **(self.before or self.after or {})}

    def __repr__(self) -> str:
        # Without values: pytest repeats it in explanations of assertions.
        fields = ", ".join(self.fields) if self.kind == "updated" else ""
        return f"<{self.kind} in {self.store} {self.collection}{fields and f': {fields}'}>"

    def without(self, names: Collection[str]) -> Change | None:
        """The change without fields of these names; None when nothing is left that differs."""
        before, after = (
            None if record is None else {n: v for n, v in record.items() if n not in names}
            for record in (self.before, self.after)
        )
        if _same(before, after) and not _same(self.before, self.after):
            return None
        key = {name: value for name, value in self.key.items() if name not in names}
        return replace(self, key=key, before=before, after=after)


@dataclass(frozen=True, slots=True, eq=False)
class ChangeSet:
    """All that differs from a position.

    Equal to another one with the same changes and notes, and to data of the form of `as_data`.

    Attributes:
        changes: ordered by store, collection and key.
        notes: what changed and is not a record, one phrase each: ``sequence bookings_id_seq
            moved``, ``ALTER TABLE bookings``, ``bucket images: versioning``.
        writers: who wrote, where the store can tell (application name and pid, user agent).
        unrecorded: of the notes, those of records that may have changed and are not among the
            changes; with any, the change set is equal to no data.
    """

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.notes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return not self.unrecorded and self.as_data() == other
        if isinstance(other, ChangeSet):
            return (self.changes, self.notes) == (other.changes, other.notes)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Short, and without values: pytest repeats it in explanations of assertions.
        kinds = [change.kind for change in self.changes]
        counts = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
        return f"<changes: {', '.join([*counts, *self.notes]) or 'none'}>"

    def __or__(self, other: ChangeSet) -> ChangeSet:
        # Stable: within a store each journal has ordered its own.
        changes = sorted(self.changes + other.changes, key=lambda change: change.store)
        return ChangeSet(
            tuple(changes),
            self.notes + other.notes,
            self.writers + other.writers,
            self.unrecorded + other.unrecorded,
        )

    def as_data(self) -> Data:
        """The records as plain data, by store, collection and kind; without the notes.

        Returns:
            ``{"postgres": {"products": {"inserted": [{"sku": "pen", "price": Decimal("1.20")}]}}}``;
            an updated record has its key, and a pair of before and after for each field that
            differs. What did not change is left out.
        """
        data: Data = {}
        for change in self.changes:
            kinds = data.setdefault(change.store, {}).setdefault(change.collection, {})
            kinds.setdefault(change.kind, []).append(change.as_data())
        return data

    def ignoring(self, names: Collection[str]) -> ChangeSet:
        """The change set without fields that differ from run to run.

        Args:
            names: ``updated_at``, or ``products.updated_at`` for those of one collection; fields of
                keys too. A record that only differs in such fields is left out.

        Returns:
            The rest, in the order of what is left, as the ignored fields may have decided it.
        """
        if not names:
            return self
        kept = []
        for change in self.changes:
            prefix = f"{change.collection}."
            ignored = {name.removeprefix(prefix) for name in names}
            left = change.without(ignored)
            if left is not None:
                kept.append(left)
        kept.sort(key=lambda each: (each.store, each.collection, repr([each.key, each.as_data()])))
        return replace(self, changes=tuple(kept))

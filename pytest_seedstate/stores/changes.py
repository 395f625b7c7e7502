"""The change set: what differs from a position of the journal, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["inserted", "updated", "deleted"]


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
    """

    store: str
    collection: str
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "inserted"
        return "deleted" if self.after is None else "updated"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that differs from a position.

    Attributes:
        changes: ordered by store, collection and key.
        notes: what changed and is not a record, one phrase each: ``sequence bookings_id_seq
            moved``, ``ALTER TABLE bookings``, ``bucket images: versioning``.
        writers: who wrote, where the store can tell (application name and pid, user agent).
    """

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    writers: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.changes or self.notes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __or__(self, other: ChangeSet) -> ChangeSet:
        # Stable: within a store each journal has ordered its own.
        changes = sorted(self.changes + other.changes, key=lambda change: change.store)
        return ChangeSet(tuple(changes), self.notes + other.notes, self.writers + other.writers)

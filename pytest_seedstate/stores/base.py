"""What the engine asks of a data service: a store holds data, a journal knows the way back.

A store is the adapter for one kind of data. A journal is the unit that rewinds. PostgreSQL has a
journal of its own; DynamoDB and S3 share one when one process serves both, because that process
goes back as a whole.

A journal keeps *baselines* (named whole states, one of them current) and, above the current one,
*positions*: small integers in the order in which they were marked, 0 being the baseline itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pytest_seedstate.stores.changes import ChangeSet

Entry = Any
"""One thing to load: a row or item as a mapping, an `S3Object`, an `OpenSearchDocument`."""

Collections = Mapping[str, Sequence[Entry]]
"""Entries by collection, both in the order in which a scenario produced them."""

Loaded = Callable[[int], None]
"""Called with the number of entries that were just loaded, for progress."""


@dataclass(frozen=True, slots=True)
class Rewound:
    """What a rewind did.

    Attributes:
        changed: rows, items and objects that were put back.
        replaced: what could not be undone in place and was replaced or run again, and why, one
            phrase each; empty for the common test.
        writers: who had written, where the journal can tell.
    """

    changed: int = 0
    replaced: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What keeping a baseline takes, besides what others take anyway; in bytes.

    Attributes:
        memory: of processes.
        files: in the run's folder, which may itself be in memory.
    """

    memory: int = 0
    files: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.memory + other.memory, self.files + other.files)


class Journal(Protocol):
    """Knows what was touched since the current baseline, whichever process touched it."""

    @property
    def name(self) -> str:
        """How it is called in messages and figures: that of its service."""

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the service holds now becomes `baseline`, and the current one; positions go.

        Returns:
            Who besides this process's stores has written of what the baseline before did not
            have, as far as that is known.
        """

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current, in place: endpoints and connections stay what they were.

        Raises:
            KeyError: it was never kept, or was forgotten.
        """

    def renew(self) -> None:
        """Bring the current baseline back, definitions too, whatever is known of the changes.

        Connections may be cut by that.

        Raises:
            SeedstateError: it cannot be brought back.
        """

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one."""

    def taken_by(self, baseline: str) -> Taken:
        """What a kept baseline takes; asked once, when it has just been kept."""

    def mark(self) -> int:
        """A new position at what the service holds now: 1 or more, growing."""

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position. Never True for a changed service."""

    def changes(self, since: int = 0) -> ChangeSet:
        """What differs from a position."""

    def rewind(self, to: int = 0) -> Rewound:
        """Put the service back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: something holds it up (an open transaction): who, and what to do.
        """

    def end_writers(self) -> tuple[str, ...] | None:
        """After a rewind: wait for transactions that have written, and end those that stay open.

        Left alone, one would hold up every later test that needs its locks.

        Returns:
            Those that were ended, one phrase each; None where nobody was in the middle of writing.
            Otherwise what they committed meanwhile wants another rewind.
        """


@runtime_checkable
class SuspendableJournal(Journal, Protocol):
    """A journal that can do without what it has put into its service, which tests may look at."""

    def suspend(self) -> None:
        """Until the next `switch`, the service is a copy of the current baseline without a journal.

        A rewind replaces it by another copy, which ends its sessions. Whether anything was written
        is still known; what, is not, and no position above the baseline can be marked.
        """


@runtime_checkable
class ReplacingJournal(Protocol):
    """A journal that may have to replace all of its service's data at once."""

    def replacements(self) -> int:
        """How often it has done that; each time all connections to the data were cut."""


@runtime_checkable
class SharingJournal(Protocol):
    """A journal of a service that others use too."""

    def foreign_names(self, store: str) -> tuple[str, ...]:
        """The collections of a store that were there before the run, which are left alone."""


class Store(Protocol):
    """The adapter for one data service."""

    @property
    def name(self) -> str:
        """``postgres``, ``dynamodb``, ``s3``, ``opensearch``."""

    @property
    def journal(self) -> Journal:
        """What rewinds this store; may be shared with another store."""

    def create_schema(self, declared: Sequence[Any]) -> None:
        """Create what must exist before data, from this store's kind of declaration.

        Raises:
            SeedstateError: the file or declaration that failed, and the service's own words.
        """

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add entries to what the store holds.

        Raises:
            SeedstateError: a collection that the schema lacks, a duplicate key, a broken
                reference or value; names collection, key and value.
        """

    def absent(self, entries: Collections) -> Collections:
        """Those of `entries` whose key it does not hold, in order; empty collections too.

        Raises:
            SeedstateError: a collection that the schema lacks, or the service does not answer.
        """

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All it holds: collection, key as text, value in `canonical` form; in a stable order."""

    def definitions(self) -> Iterator[tuple[str, str, Any]]:
        """What it is beside its records: collection, what of it, value in `canonical` form.

        The collection is empty for what belongs to none, such as a function or a template.
        """

    def clear(self) -> None:
        """Remove all records; what the schema created stays."""

    def counts(self) -> dict[str, int]:
        """Records by collection, empty collections too."""

    def health(self) -> str:
        """The service's product and version when it answers, e.g. ``PostgreSQL 18.4``.

        Raises:
            SeedstateError: it does not answer.
        """

    def close(self) -> None:
        """Close our connections; the service itself goes on."""

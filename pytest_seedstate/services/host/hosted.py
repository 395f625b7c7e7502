"""What a host serves: an application with a state, and a record of what was written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_seedstate.services.host.tally import Writes

_MOST_WRITERS = 20


@dataclass(frozen=True, slots=True, order=True)
class Touch:
    """One record that a request may change, or a whole collection.

    Attributes:
        store: ``dynamodb``, ``s3`` or ``opensearch``.
        region: where a DynamoDB table is; empty for all else.
        collection: table, bucket or index.
        key: the object's key, the document's id, or the item's key in DynamoDB's wire form as
            compact JSON with sorted names; empty for the whole collection.
    """

    store: str
    region: str
    collection: str
    key: str = ""


class Log:
    """What was touched since a position; positions add segments.

    Serving threads add to it while the main thread reads it.
    """

    def __init__(self) -> None:
        self._touches: set[Touch] = set()
        # Ordered, each once.
        self._notes: dict[str, None] = {}
        self._writers: dict[str, None] = {}

    def add(self, touches: Iterable[Touch], notes: Iterable[str], writer: str) -> None:
        """Record one write.

        Args:
            touches: the records that it may have changed.
            notes: what it changed besides, as phrases.
            writer: who wrote.
        """
        self._touches.update(touches)
        self._notes.update(dict.fromkeys(notes))
        if len(self._writers) < _MOST_WRITERS:
            self._writers[writer] = None

    # A copy of a built-in collection is made in one step, which no other thread interrupts.

    @property
    def touches(self) -> set[Touch]:
        """Records and whole collections."""
        return self._touches.copy()

    @property
    def notes(self) -> list[str]:
        """What else changed."""
        return list(self._notes)

    @property
    def writers(self) -> list[str]:
        """User agents."""
        return list(self._writers)


class Hosted(Protocol):
    """The application, a WSGI one; the object lives through every fork."""

    segments: list[Log]
    """What was written, by position; the host adds and drops them."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request; its body is in ``wsgi.input``, as ``io.BytesIO``."""

    def begin(self, writes: Writes) -> None:
        """A server starts here, in a process that has one thread; writes are counted from now."""

    def end(self) -> None:
        """The server is about to end, or to be kept: what waits in it answers now."""

    def resume(self) -> None:
        """It did not end after all."""

    def settle(self) -> None:
        """What is held now becomes a baseline: bring it to rest. There is one thread."""

    def warm_up(self) -> Iterator[None]:
        """Make private the memory pages that every request writes to; changes nothing.

        Pauses now and then, for a caller that has become busy.
        """

    def load_later(self) -> Callable[[], None] | None:
        """What remains to be loaded while this serves, None for nothing."""

    def values(self, touches: Sequence[Touch]) -> Sequence[tuple[Touch, Mapping[str, Any]]]:
        """What is held for the records named; for a whole collection, all of its records."""


class RefusedError(Exception):
    """The application cannot be made as asked.

    Attributes:
        told: why, for the service's own words in the pytest process.
    """

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        super().__init__(str(told))

"""What a host serves: an application with a state, and a record of what was written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_seedstate.services.host.tally import Writes

_MOST_WRITERS = 20
_MOST_WRITERS_OF_A_RECORD = 5
_LONGEST_AGENT = 80


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
    """What was touched since a position, and by whom; positions add segments.

    Serving threads add to it while the main thread reads it.
    """

    def __init__(self) -> None:
        self._writers_of: dict[Touch, tuple[str, ...]] = {}
        # Ordered, each once.
        self._notes: dict[str, None] = {}
        self._writers: dict[str, tuple[str, ...]] = {}

    def add(self, touches: Iterable[Touch], notes: Iterable[str], writer: str) -> None:
        """Record one write.

        Args:
            touches: the records that it may have changed.
            notes: what it changed besides, as phrases.
            writer: who wrote, see `writer_text`.
        """
        if len(self._writers) < _MOST_WRITERS:
            self._writers.setdefault(writer, (writer,))
        alone = self._writers.get(writer, (writer,))
        for touch in touches:
            writers = self._writers_of.get(touch)
            if writers is None:
                self._writers_of[touch] = alone
            elif writer not in writers and len(writers) < _MOST_WRITERS_OF_A_RECORD:
                self._writers_of[touch] = (*writers, writer)
        self._notes.update(dict.fromkeys(notes))

    # A copy of a built-in collection is made in one step, which no other thread interrupts.

    @property
    def touches(self) -> dict[Touch, tuple[str, ...]]:
        """Records and whole collections, with who wrote to them, the first few."""
        return self._writers_of.copy()

    @property
    def notes(self) -> list[str]:
        """What else changed."""
        return list(self._notes)

    @property
    def writers(self) -> list[str]:
        """All who wrote, the first few."""
        return list(self._writers)


def all_touches(logs: Iterable[Log]) -> dict[Touch, tuple[str, ...]]:
    """What several logs have of touches, with who wrote to them."""
    found: dict[Touch, tuple[str, ...]] = {}
    for log in logs:
        for touch, names in log.touches.items():
            found[touch] = tuple(dict.fromkeys([*found.get(touch, ()), *names]))
    return found


def writer_text(user_agent: str | None, request: str) -> str:
    """Who wrote, for people: ``Boto3/1.40.0: PutItem``.

    Args:
        user_agent: as sent; of those of boto3, which tell much about the machine, what names the
            program is taken.
        request: what the API calls it.
    """
    agent = user_agent or "unknown client"
    first, *others = agent.split(" ")
    if any(part.startswith(("md/", "ua/")) for part in others):
        agent = " ".join([first, *(part for part in others if part.startswith("app/"))])
    return f"{agent[:_LONGEST_AGENT]}: {request}"


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

    def go_back(self) -> Log | None:
        """Be as at the last `begin`, in place, and count from 0.

        Returns:
            The last segment, which is an empty one now; None where that is impossible: nothing
            has changed then.
        """

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

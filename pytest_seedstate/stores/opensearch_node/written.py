"""Who has written to a node, by position of its journal, as far as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.hosted import Log, Touch, all_touches
from pytest_seedstate.stores.opensearch_node.ownership import Ownership
from pytest_seedstate.stores.recorded.recording import Recorded, Recording

BUSY_SECONDS = 10.0
"""How long to wait for writes that the recorder sees in flight."""


class Written:
    """The record since the current baseline.

    Args:
        recording: of the writes that go through a proxy, None where there is none.
        ownership: learns from it what is ours.
    """

    def __init__(self, recording: Recording | None, ownership: Ownership) -> None:
        self._recording = recording
        self._ownership = ownership
        self._logs = [Log()]
        self._seen = -1

    def is_quiet(self) -> bool:
        """Whether no write is in flight; takes what was recorded."""
        if self._recording is None:
            return True
        written = self._recording.written()
        if written == self._seen:
            return True
        busy = self._recording.settle(0.0)
        self._take()
        if not busy:
            self._seen = written
        return not busy

    def settle(self) -> list[str]:
        """Wait for writes in flight, and take what was recorded.

        Returns:
            Those that still are in flight, one phrase each.
        """
        if self._recording is None:
            return []
        busy = self._recording.settle(BUSY_SECONDS)
        self._take()
        return [f"{each} (still in progress)" for each in busy]

    def wait(self, what: str) -> None:
        """The same, before the node's state is kept.

        Raises:
            SeedstateError: a write is still in flight.
        """
        busy = self.settle()
        if busy:
            raise SeedstateError(
                f"OpenSearch is still carrying out requests, so its state cannot be {what}",
                checked=f"waited {BUSY_SECONDS:.0f} seconds; clients: {'; '.join(busy)}",
                fix="let the test or fixture wait for its background work",
            )

    def begin(self, position: int) -> None:
        """What comes belongs to a position, and what belonged to it and later ones is gone."""
        self._logs[position:] = [Log()]

    def notes(self, since: int) -> Sequence[str]:
        """What else was written since a position."""
        return list(dict.fromkeys(note for log in self._logs[since:] for note in log.notes))

    def writers(self, since: int) -> tuple[str, ...]:
        """Who has written since a position."""
        return tuple(dict.fromkeys(name for log in self._logs[since:] for name in log.writers))

    def touches(self, since: int = 0) -> Mapping[Touch, tuple[str, ...]]:
        """What was written to since a position, with who wrote; names may be those of aliases."""
        return all_touches(self._logs[since:])

    def _take(self) -> None:
        assert self._recording is not None
        taken: Recorded = self._recording.take()
        log = self._logs[-1]
        for touch, names in taken.touches.items():
            for name in names:
                log.add([touch], (), name)
        for name in taken.writers:
            log.add((), taken.notes, name)
        self._ownership.learn(taken.touches, taken.notes)

"""What a journal here asks of whoever records the writes of applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pytest_seedstate.services.host.hosted import Touch


class Recorded(Protocol):
    """What was written in some stretch of time."""

    @property
    def touches(self) -> Mapping[Touch, Sequence[str]]:
        """Records and whole collections that may have changed, with who wrote to them."""

    @property
    def notes(self) -> Sequence[str]:
        """What else changed, as phrases."""

    @property
    def writers(self) -> Sequence[str]:
        """All who wrote."""

    @property
    def written(self) -> int:
        """What `Recording.written` was at the end of this; a later value means later writes."""


class Recording(Protocol):
    """The record of a service's writes.

    A write is counted before it is recorded, and recorded before the service can carry it out.
    """

    def written(self) -> int:
        """How many writes were begun so far."""

    def settle(self, seconds: float) -> list[str]:
        """Wait until no write is in flight; those that still are then, one phrase each."""

    def take(self) -> Recorded:
        """All that was recorded since the last call."""

    def forget_definitions(self) -> None:
        """Tables or buckets were made anew past the recorder."""

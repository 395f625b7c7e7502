"""Which requests have made a table, bucket or index, for the file of what a run makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_seedstate.services.aws.recorder import Write
from pytest_seedstate.services.external.made import note_made
from pytest_seedstate.services.host.hosted import Touch

NOTES = {"dynamodb": "dynamodb: CreateTable {}", "s3": "bucket {}: created"}
"""How a write's note tells that a collection was made, by store."""


class Creations:
    """Notes what is made through a proxy as soon as the service has said so.

    Args:
        path: the file; see `Made`.
        place: where the service is.
    """

    def __init__(self, path: Path, place: str) -> None:
        self._path = path
        self._place = place
        self._seen: set[Touch] = set()

    def carried_out(self, write: Write) -> None:
        """The service has not refused a write."""
        for at in self._made_by(write):
            note_made(self._path, self._place, at)

    def _made_by(self, write: Write) -> Iterator[Touch]:
        for touch in write.touches:
            at = Touch(touch.store, touch.region, touch.collection)
            if touch.store in NOTES:
                if NOTES[touch.store].format(touch.collection) == write.note:
                    yield at
            # The first document makes an index too; whether it did is told by the index's age.
            elif at not in self._seen or write.action == "PUT index":
                self._seen.add(at)
                yield at

"""What a position of the journal remembers, and what an undo tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_seedstate.stores.postgres.baselines import LargeObjects
from pytest_seedstate.stores.postgres.redo import Entries
from pytest_seedstate.stores.postgres.views import View

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.settings import Settings


class LostError(Exception):
    """The way back is not in the logs; says why."""


class CrashedError(LostError):
    """The logs were emptied, and with them perhaps rows: the server has crashed."""


@dataclass(slots=True)
class Position:
    """What a position remembers; the baseline is one too.

    Attributes:
        entry: the last entry that is known to be before it; None while a transaction that may
            have written before it is still open.
        snapshot: which transactions are before it, as ``pg_snapshot``; None for the baseline,
            whose logs hold only what came after.
        sequences: their values, as the check reads them.
        objects: the check's text for large objects.
        large_objects: the objects.
        views: materialised views, each after those that it reads.
        settings: those of the database as a whole.
        entries: what leads to it from the baseline, where the logs do not have that any more.
    """

    entry: int | None
    snapshot: str | None
    sequences: str | None
    objects: str | None
    large_objects: LargeObjects
    views: tuple[View, ...]
    settings: Settings
    entries: Entries | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: rows put back, whether views were stale or objects differ, who wrote."""

    changed: int
    refreshed: bool
    objects: str | None
    writers: tuple[str, ...]
    heavy: tuple[int, ...]
    entry: int | None

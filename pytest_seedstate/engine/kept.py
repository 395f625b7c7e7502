"""Which baselines are kept: as many as fit, and the least recently used is the first to go."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_seedstate.config.values import KeptStates
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.base import Taken

if TYPE_CHECKING:
    from pytest_seedstate.records.dataset import Dataset

MOST_STATES = 256
"""Without a number in the settings: a state may be a process of each host."""
SHARE_OF_MEMORY = 4
"""Without a size in the settings, all workers together take no more than this part of it."""


def limit_of(settings: KeptStates) -> KeptStates:
    """The limits of this process: those of the settings, or by the machine and its workers."""
    if settings.number is not None or settings.size is not None:
        return KeptStates(settings.number or MOST_STATES, settings.size)
    from pytest_seedstate.services.platform import usable_memory

    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1)
    return KeptStates(MOST_STATES, usable_memory() // SHARE_OF_MEMORY // workers)


class Kept:
    """The kept baselines, the least recently used first.

    Args:
        limit: see `limit_of`.
        figures: where it is told what they take.
    """

    def __init__(self, limit: KeptStates, figures: Figures) -> None:
        self._limit = limit
        self._figures = figures
        self._taken: dict[str, Taken] = {}
        self._forgotten: set[str] = set()

    def add(self, key: str, taken: Taken) -> list[str]:
        """Note what has just been kept.

        Args:
            key: of a state.
            taken: by its baselines.

        Returns:
            The states to forget for it, never itself.
        """
        if key in self._forgotten:
            self._figures.baselines.loaded_again += 1
        self._taken[key] = taken
        leaving: list[str] = []
        for oldest in list(self._taken):
            if oldest == key or not self._are_too_many():
                break
            del self._taken[oldest]
            leaving.append(oldest)
        self._forgotten.update(leaving)
        self._tell(len(leaving))
        return leaving

    def used(self, key: str) -> None:
        """A state was switched to."""
        if key in self._taken:
            self._taken[key] = self._taken.pop(key)

    def _are_too_many(self) -> bool:
        total = self._total()
        number, size = self._limit.number, self._limit.size
        return (number is not None and len(self._taken) > number) or (
            size is not None and total.memory + total.files > size
        )

    def _total(self) -> Taken:
        return sum(self._taken.values(), Taken())

    def _tell(self, forgotten: int) -> None:
        total, told = self._total(), self._figures.baselines
        told.kept, told.memory, told.files = len(self._taken), total.memory, total.files
        told.forgotten += forgotten


class PutAside:
    """Datasets of states that were forgotten, as files: nothing is generated again.

    Args:
        folder: makes a folder for them.
    """

    def __init__(self, folder: Callable[[str], Path]) -> None:
        self._make_folder = folder
        self._folder: Path | None = None
        self._files: dict[str, Path] = {}
        self._as_they_are: dict[str, Dataset] = {}

    def put(self, key: str, dataset: Dataset) -> None:
        """Keep a dataset; one that no file holds exactly stays as it is."""
        if key in self._files:
            return
        from pytest_seedstate.records.cache.exact import NotExactError
        from pytest_seedstate.records.cache.file import written

        try:
            if self._folder is None:
                self._folder = self._make_folder("datasets")
            path = self._folder / f"{len(self._files)}.dataset"
            with path.open("wb") as file:
                file.writelines(written(dataset, {}))
            self._files[key] = path
        except (NotExactError, OSError, SeedstateError, ValueError):
            self._as_they_are[key] = dataset

    def take(self, key: str) -> Dataset | None:
        """A dataset that was put aside, None where there is none."""
        if key in self._files:
            from pytest_seedstate.records.cache.file import StoredDataset

            with suppress(OSError, ValueError, LookupError, TypeError):
                return StoredDataset(self._files[key].read_bytes()).dataset()
        return self._as_they_are.pop(key, None)

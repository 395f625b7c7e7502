"""Datasets through a cache, for the tests of the cache."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_seedstate.records.cache.cache import DatasetCache, Request
from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.progress import FROM_THE_START, Progress
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import NOW


@dataclass
class Cached:
    """A cache in a folder, and what was asked of it.

    Attributes:
        folder: the folder.
        hits: whether each dataset came from the cache, in order.
    """

    folder: Path
    worth: float = 0.0
    limits: dict[str, Any] = field(default_factory=dict)
    hits: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.cache = DatasetCache(
            self.folder, note=self.notes.append, worth=self.worth, **self.limits
        )

    def get(
        self,
        registry: Registry,
        *scenarios: Any,
        seed_number: int = 0,
        now: dt.datetime = NOW,
        after: Progress = FROM_THE_START,
        **params: Any,
    ) -> Dataset:
        """A dataset, from the cache or made and kept."""
        planned = plan(registry, scenarios, params)
        request = Request(planned, seed_number, now, after)
        found = self.cache.find(request)
        self.hits.append(found is not None)
        return found or self.cache.make(
            request, lambda: generate(planned, seed_number=seed_number, now=now, after=after)
        )

    @property
    def files(self) -> list[Path]:
        """What the cache holds."""
        return sorted(self.folder.glob("*.dataset"))


Ask = Callable[..., Dataset]

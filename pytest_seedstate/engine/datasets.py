"""Where datasets come from: the cache, where it has them, or their scenarios."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.records.cache.cache import DatasetCache, Request
    from pytest_seedstate.records.dataset import Dataset
    from pytest_seedstate.records.plan import Plan
    from pytest_seedstate.records.progress import Progress

_SHOWN_DIFFERENCES = 10
_FOLDER = "datasets"


class Datasets:
    """Makes datasets, or finds what an earlier run has made.

    Args:
        settings: the run's settings.
        figures: where finds are counted, and remarked what was not cached.
    """

    def __init__(self, settings: Settings, figures: Figures) -> None:
        self._settings = settings
        self._figures = figures

    def get(self, plan: Plan, after: Progress, generate: Callable[[], Dataset]) -> Dataset:
        """A plan's dataset.

        Args:
            plan: what runs.
            after: what it goes on from.
            generate: runs it.

        Raises:
            SeedstateError: it cannot be made; or ``--seedstate-verify`` is on and it was not the
                same each time.
        """
        if plan.writes_itself:
            return generate()
        if self._settings.verify:
            return self._verified(plan, after, generate)
        if self._cache is None:
            return generate()
        request = self._request(plan, after)
        start = perf_counter()
        found = self._cache.find(request)
        if found is None:
            return self._cache.make(request, generate)
        self._figures.add("cached", perf_counter() - start)
        return found

    def _verified(self, plan: Plan, after: Progress, generate: Callable[[], Dataset]) -> Dataset:
        from pytest_seedstate.records.cache.compare import differences

        request = self._request(plan, after)
        kept = self._cache.find(request) if self._cache else None
        first = self._cache.make(request, generate) if self._cache else generate()
        found = differences(first, generate())
        if found and self._cache:
            self._cache.forget(request)
        if found:
            raise _not_the_same(
                plan,
                "is not the same when it is made twice",
                found,
                fix="take random values and the time from the seed, see 'What makes data the same "
                "everywhere' in docs/scenarios.md",
            )
        found = differences(kept, first) if kept else []
        if found:
            raise _not_the_same(
                plan,
                "is not what an earlier run has made and cached",
                found,
                fix="name what the data depends on in inputs=, or do not depend on the order of sets, "
                "see 'Datasets are kept' in docs/scenarios.md; the cached dataset is replaced by this "
                "run's where that can be kept",
            )
        return first

    def _request(self, plan: Plan, after: Progress) -> Request:
        from pytest_seedstate.records.cache.cache import Request

        return Request(plan, self._settings.seed, self._settings.clock, after)

    @cached_property
    def _cache(self) -> DatasetCache | None:
        if not self._settings.dataset_cache:
            return None
        from pytest_seedstate.records.cache.cache import WORTH_SECONDS, DatasetCache
        from pytest_seedstate.services.cache import cache_dir

        folder = cache_dir(self._settings.cache_dir, self._note)
        if folder is None:
            return None
        # Under --seedstate-verify everything is kept, so that the next such run, in another
        # process, has something to compare with.
        worth = 0.0 if self._settings.verify else WORTH_SECONDS
        return DatasetCache(folder / _FOLDER, note=self._note, worth=worth)

    def _note(self, text: str) -> None:
        if text not in self._figures.remarks:
            self._figures.remarks.append(text)


def _not_the_same(plan: Plan, what: str, found: list[str], *, fix: str) -> SeedstateError:
    more = len(found) - _SHOWN_DIFFERENCES
    return SeedstateError(
        f"the data of '{plan.title}' {what}",
        where=", ".join(dict.fromkeys(step.scenario.where for step in plan.steps)),
        fix=fix,
        detail="\n".join(
            [*found[:_SHOWN_DIFFERENCES], *([f"and {more} more"] if more > 0 else [])]
        ),
    )

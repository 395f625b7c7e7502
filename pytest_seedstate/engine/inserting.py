"""Loading a dataset into several stores at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pytest_seedstate.errors import SeedstateError, unknown_name

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Collections, Store

Count = Callable[[str, int], None]
"""Told the name of a store and how many entries it has just taken."""


class PartlyLoadedError(SeedstateError):
    """Some stores took their part of a dataset, and others refused.

    Attributes:
        failed: what each store that refused said, by its name.
        loaded: the names of the stores that have taken their part.
    """

    def __init__(self, title: str, failed: Mapping[str, SeedstateError], loaded: list[str]) -> None:
        first = next(iter(failed.values()))
        super().__init__(
            first.problem,
            where=", ".join(filter(None, (f"data of '{title}'", first.where))),
            checked=first.checked,
            fix=first.fix,
            detail=first.detail,
        )
        self.failed = failed
        self.loaded = loaded


def insert(
    stores: Mapping[str, Store],
    title: str,
    entries: Mapping[str, Collections],
    count: Count = lambda store, number: None,
) -> None:
    """Load entries on top of what stores hold, all stores at once.

    Args:
        stores: the stores that run, by name.
        title: whose data it is, for messages.
        entries: what to load: store, then collection, then entries in order.
        count: told as entries arrive, from several threads.

    Raises:
        PartlyLoadedError: what a store refused, and what became of the others.
        SeedstateError: a store that does not run; nothing was loaded.
    """
    for name in entries:
        if name not in stores:
            raise unknown_name("running store", name, list(stores), where=title)
    if not entries:
        return
    failed: dict[str, SeedstateError] = {}
    loaded: list[str] = []

    def load(name: str) -> None:
        try:
            stores[name].load(entries[name], lambda number: count(name, number))
        except SeedstateError as error:
            failed[name] = error
        else:
            loaded.append(name)

    if len(entries) == 1:
        load(next(iter(entries)))
    else:
        with ThreadPoolExecutor(len(entries)) as pool:
            for job in [pool.submit(load, name) for name in entries]:
                job.result()
    if failed:
        raise PartlyLoadedError(title, failed, loaded)

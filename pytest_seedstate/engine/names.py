"""Names of stores and collections that a test has given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_seedstate.errors import unknown_name

if TYPE_CHECKING:
    from pytest_seedstate.engine.engine import Engine


def check_store(engine: Engine, name: str) -> None:
    """See whether a name is that of a store that runs.

    Raises:
        SeedstateError: it is not; the closest one.
    """
    stores = engine.fleet.stores
    if name not in stores:
        raise unknown_name("running store", name, sorted(stores))


def check_collection(engine: Engine, name: str) -> None:
    """See whether a name is that of a table, bucket or index, or was of one that changed.

    Raises:
        SeedstateError: it is not; the closest one.
    """
    known = {each for store in engine.fleet.stores.values() for each in store.counts()}
    if name not in known | {change.collection for change in engine.changes()}:
        raise unknown_name("collection", name, sorted(known))

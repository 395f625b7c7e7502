"""What a test is told of: names that it got wrong, transactions that it left open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_seedstate.errors import LostPositionError, SeedstateError, unknown_name

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


def lost(error: LostPositionError, torn_down: Iterable[str]) -> SeedstateError:
    """The error for what a test has made impossible to go back to."""
    told = ", ".join(torn_down)
    return SeedstateError(
        error.problem,
        checked="all stores are at their baseline again",
        fix=error.fix,
        detail=f"torn down, to be set up again when asked for: {told}" if told else None,
    )


def left_open(transactions: Iterable[str]) -> SeedstateError:
    """The error for transactions that had to be ended."""
    return SeedstateError(
        "a transaction that has written or locked rows was left open; its session was ended",
        checked="waited for it to commit or roll back (ini seedstate_lock_timeout)",
        fix="let the test wait for its background work, or close what it has opened; ini "
        "seedstate_open_transactions = end makes this a line of the summary",
        detail="\n".join(transactions),
    )

"""The services of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.engine import fleet as fleets
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.engine.fleet import Fleet
from pytest_seedstate.engine.schema import Schema
from pytest_seedstate.errors import SeedstateError

THREADS = 8


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns so often that any two that may meet do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_whoever_asks_first_all_are_told_one_endpoint(tmp_path: Path) -> None:
    """Clients are made in one thread while services start in others."""
    for _ in range(10):
        fleet = Fleet(Settings.read(tmp_path, {}.get), Figures())
        together = Barrier(THREADS)

        def ask(_: int, fleet: Fleet = fleet, together: Barrier = together) -> str:
            together.wait()
            return fleet.variables("aws")["url"]

        with ThreadPoolExecutor(THREADS) as pool:
            told = set(pool.map(ask, range(THREADS)))
        fleet.stop()
        assert len(told) == 1


def test_an_error_that_nobody_foresaw_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what comes of starting half a service once more."""
    nothing = Schema(
        tmp_path,
        (),
        declared=lambda store: (),
        environment=dict,
        hook=lambda: None,
        all_stores=frozenset(),
    )
    monkeypatch.setattr(fleets, "make_stores", lambda *given: 1 / 0)
    fleet = Fleet(Settings.read(tmp_path, {}.get), Figures())
    try:
        with pytest.raises(ZeroDivisionError):
            fleet.start(["opensearch"], nothing)
        with pytest.raises(SeedstateError, match="could not be started: ZeroDivisionError: divis"):
            fleet.start(["opensearch"], nothing)
    finally:
        fleet.stop()

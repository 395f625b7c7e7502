"""Datasets of the tattoo directory, each generated once for all tests that look at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.registry import Registry

ROOT = Path(__file__).parents[3]

Generate = Callable[..., Dataset]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The project's packs."""
    return Registry.find(ROOT, [Path("scenarios")])


@pytest.fixture(scope="session")
def now() -> datetime:
    """The clock of all datasets here: a Thursday."""
    return datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def generated(registry: Registry, now: datetime) -> Generate:
    """Gives a scenario's dataset; the same object for the same question."""
    known: dict[str, Dataset] = {}

    def of(name: str, *, seed_number: int = 0, **params: Any) -> Dataset:
        question = repr((name, seed_number, params))
        if question not in known:
            asked = plan(registry, [f"tattoo_directory/{name}"], params)
            known[question] = generate(asked, seed_number=seed_number, now=now)
        return known[question]

    return of


@pytest.fixture(scope="session")
def generated_state(registry: Registry, now: datetime) -> Generate:
    """Gives a reset state's dataset."""

    def of(name: str) -> Dataset:
        asked = plan(registry, [], reset_state=f"tattoo_directory/{name}")
        return generate(asked, seed_number=0, now=now)

    return of

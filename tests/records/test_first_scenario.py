"""The first own scenario, as `seedstate init` writes it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest_seedstate
from tests.records.conftest import Project, make

STARTER = Path(pytest_seedstate.__file__).parent / "cli" / "starter" / "scenarios" / "shop.py"


def test_the_first_scenario_is_short_and_works(project: Project) -> None:
    """Fifteen lines of code: two stores, their schema, and three products."""
    text = STARTER.read_text("utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) <= 15
    registry = project({"scenarios/shop.py": text})
    dataset = make(registry, "three-products")
    rows = dataset.entries["postgres"]["products"]
    assert [row["sku"] for row in rows] == ["p000", "p001", "p002"]
    assert all(isinstance(row["price"], Decimal) for row in rows)
    assert [item["pk"] for item in dataset.entries["dynamodb"]["shop"]] == [
        "PRODUCT#p000",
        "PRODUCT#p001",
        "PRODUCT#p002",
    ]
    assert len(make(registry, "three-products", count=7).records) == 7
    assert registry.schema_for("postgres")
    assert registry.schema_for("dynamodb")

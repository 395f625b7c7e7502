"""Small projects with packs, and datasets made from them."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.registry import Registry

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)

SHOP = '''
from decimal import Decimal

import factory
from pytest_seedstate import Item, Object, Record, RecordFactory, Row, reset_state, scenario


class Product(Record):
    sku: str
    name: str
    price: Decimal
    stored_in = (Row("products"), Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"))


class ProductFactory(RecordFactory[Product]):
    sku = factory.Sequence("p{:03}".format)
    name = factory.Faker("word")
    price = factory.Faker("pydecimal", min_value=1, max_value=99, right_digits=2)


@scenario("products")
def products(seed, count=3):
    """Some products."""
    yield from ProductFactory.build_batch(count)
'''
"""A pack in one module, to which tests add lines."""

Project = Callable[[Mapping[str, str]], Registry]
Make = Callable[..., Dataset]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Writes files, by relative path, and returns their folder."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return write_files


@pytest.fixture
def project(write: Callable[[Mapping[str, str]], Path]) -> Project:
    """Writes a project's files and finds its packs."""
    return lambda files: Registry.find(write(files))


@pytest.fixture
def shop(project: Project) -> Callable[[str], Registry]:
    """A project whose only pack is the shop, with further lines."""
    return lambda more="": project({"scenarios/shop.py": SHOP + textwrap.dedent(more)})


def make(
    registry: Registry,
    *scenarios: Any,
    seed_number: int = 0,
    now: dt.datetime = NOW,
    reset_state: str | None = None,
    env: Mapping[str, str] | None = None,
    clients: object = None,
    **params: Any,
) -> Dataset:
    """The dataset of scenarios of a project."""
    planned = plan(registry, scenarios, params, reset_state=reset_state)
    return generate(planned, seed_number=seed_number, now=now, env=env or {}, clients=clients)


@pytest.fixture
def empty_registry(tmp_path: Path) -> Registry:
    """A project without packs, for scenarios that the test itself declares."""
    return Registry(tmp_path, [])

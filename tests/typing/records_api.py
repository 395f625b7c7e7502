"""Typed usage of the data layer: a type checker reads this file, nothing runs it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, assert_type

import factory
import pytest

from pytest_seedstate import (
    Document,
    Item,
    Object,
    Record,
    RecordFactory,
    Row,
    S3Object,
    Scenario,
    Seed,
    reset_state,
    scenario,
    schema,
)
from pytest_seedstate.records.dataset import Dataset


class Product(Record):
    sku: str
    price: Decimal
    photo: bytes | None = None
    stored_in = (
        Row("products", key=("sku",), columns={"sku": "id"}),
        Item("shop", pk="PRODUCT#{sku}", sk="PROFILE", extra={"kind": "product"}),
        Object("photos", key="{sku}.jpg", body="photo", content_type="image/jpeg"),
        Document("products", id="{sku}", extra={"price": {"amount": "{price}"}}),
    )


class Note(Record):
    text: str
    stored_in = Row("notes")


class ProductFactory(RecordFactory[Product]):
    sku = factory.Sequence("p{:03}".format)
    price = factory.Faker("pydecimal", min_value=1)


assert_type(ProductFactory.build(), Product)
assert_type(ProductFactory.build(sku="a").price, Decimal)
assert_type(ProductFactory.build_batch(3), list[Product])
assert_type(ProductFactory.create_batch(3), list[Product])


@scenario("products", stores="postgres", inputs=["prices.csv"])
def products(seed: Seed, count: int = 3) -> Iterator[Record]:
    """Some products."""
    first = seed.name("first", ProductFactory.build())
    assert_type(first, Product)
    assert_type(seed.random, random.Random)
    assert_type(seed.records(Product), list[Product])
    seed.postgres.execute("SELECT 1")
    yield first
    yield from ProductFactory.build_batch(count - 1)


@scenario("more", extends=(products, "others"))
async def more(seed: Seed) -> list[Product]:
    """More of them."""
    return ProductFactory.build_batch(seed.random.randint(1, 3))


assert_type(products, Scenario)
assert_type(more, Scenario)
reset_state("fresh", scenario=[products, "more"], copies=2, stores=("postgres",))
reset_state("clean")
schema(sql="schema.sql", buckets=["photos"])


@pytest.mark.scenario(products, count=5)
def test_products(seedstate: Any) -> None:
    """A marker takes the scenario itself."""


def look(dataset: Dataset) -> None:
    """What a dataset hands out."""
    assert_type(dataset.records_of(Product), list[Product])
    assert_type(dataset.one(Product, sku="a"), Product)
    S3Object(key="a", body=b"")

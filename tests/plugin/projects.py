"""What the projects are made of in which tests run pytest."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

INI = """
    [pytest]
    addopts = -p seedstate -p no:cacheprovider --strict-markers
    filterwarnings = error
"""

OUTER = ("PYTEST_ADDOPTS", "CI", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT")
"""Variables by which an outer run would show through in an inner one."""

SHOP = """
    from decimal import Decimal

    import factory
    from pytest_seedstate import Item, Object, Record, RecordFactory, Row, reset_state, scenario


    class Product(Record):
        sku: str
        name: str
        price: Decimal
        stored_in = (Row("products"), Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"))


    class Photo(Record):
        sku: str
        picture: bytes
        stored_in = (Object("photos", key="{sku}.jpg", body="picture", content_type="image/jpeg"),)


    class ProductFactory(RecordFactory[Product]):
        sku = factory.Sequence("p{:03}".format)
        name = factory.Faker("word")
        price = factory.Faker("pydecimal", min_value=1, max_value=99, right_digits=2)


    @scenario("three-products")
    def three_products(seed, count=3):
        '''Products without photos.'''
        products = ProductFactory.build_batch(count)
        if products:
            seed.name("first", products[0])
        yield from products


    @scenario("with-photos", extends="three-products")
    def with_photos(seed):
        for product in seed.records(Product):
            yield Photo(sku=product.sku, picture=product.sku.encode())


    @scenario("one-more")
    def one_more(seed):
        yield Product(sku="extra", name="extra", price=Decimal("1.50"))


    reset_state("fresh", scenario="three-products")
    reset_state("clean")
"""


RERUN = """
    import pytest
    from _pytest.runner import runtestprotocol

    def pytest_configure(config):
        config.addinivalue_line("markers", "rerun: run again until it passes")

    def pytest_runtest_protocol(item, nextitem):
        if item.get_closest_marker("rerun") is None:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        while True:
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            if not any(report.failed for report in reports):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
"""
"""A conftest.py with the marker `rerun`, which does as pytest-rerunfailures does."""


def write_text(path: Path, text: str) -> None:
    """Write a file, its text dedented, in a folder that is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment of an inner run that is a process of its own.

    Args:
        variables: what is added.
    """
    kept = {name: value for name, value in os.environ.items() if name not in OUTER}
    return {**kept, **variables}

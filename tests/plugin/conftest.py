"""Projects to run pytest in: written by a test, run with real services."""

from __future__ import annotations

import importlib
import pkgutil
import textwrap

import pytest

import pytest_seedstate

# An in-process run forgets the modules that it imported: ours must be there before the first one,
# or later runs would meet two copies of each class.
for module in pkgutil.walk_packages(pytest_seedstate.__path__, "pytest_seedstate."):
    if ".starter" not in module.name and not module.name.endswith((".process", ".supervisor")):
        importlib.import_module(module.name)

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


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the pack `shop`; inner runs see none of the outer run's settings."""
    for name in ("PYTEST_ADDOPTS", "CI", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini(
        """
        [pytest]
        addopts = -p no:randomly -p no:cacheprovider --strict-markers
        asyncio_default_fixture_loop_scope = function
        filterwarnings = error
        """
    )
    write(pytester, "scenarios/shop.py", SHOP)
    return pytester


def write(pytester: pytest.Pytester, name: str, text: str) -> None:
    """Write a file of the project, its text dedented."""
    path = pytester.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")

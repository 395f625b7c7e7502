from decimal import Decimal

import factory
from pytest_seedstate import Item, Record, RecordFactory, Row, scenario


class Product(Record):
    sku: str
    name: str
    price: Decimal
    stored_in = (Row("products"), Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"))


class ProductFactory(RecordFactory[Product]):
    sku = factory.Sequence("p{:03}".format)
    name = factory.Faker("word")
    price = factory.Faker("pydecimal", min_value=1, max_value=99, right_digits=2)


@scenario("three-products")
def three_products(seed, count=3):
    yield from ProductFactory.build_batch(count)

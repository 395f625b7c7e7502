"""What two datasets that ought to be equal differ in."""

from __future__ import annotations

from collections.abc import Callable

from pytest_seedstate.records.cache.compare import differences
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import make

Shop = Callable[[str], Registry]

CLOCKED = """
import itertools

CALLS = itertools.count()


class Stamp(Record):
    sku: str
    number: int
    noted: str = ""

    @property
    def computed(self):
        return next(CALLS)

    stored_in = (
        Row("stamps", fields=["sku", "number"], key=["sku"]),
        Item("stamps", pk="{sku}", exclude=["number"]),
    )


@scenario("stamped")
def stamped(seed):
    yield Stamp(sku="a", number=1)
    yield Stamp(sku="b", number=next(CALLS), noted="x" * (70 + next(CALLS)))


@scenario("more-each-time")
def more_each_time(seed):
    for number in range(next(CALLS)):
        yield Stamp(sku=str(number), number=number)


class Derived(Stamp):
    stored_in = Row("derived", fields=["sku", "computed"], key=["sku"])


@scenario("derived")
def derived(seed):
    yield Derived(sku="a", number=1)


class Login(Record):
    password: str


class Account(Record):
    number: int
    login: Login
    token: str = ""
    stored_in = Row("accounts", fields=["number"])


class Stored(Account):
    stored_in = Row("stored", fields=["number", "secret"])

    @property
    def secret(self):
        return f"secret {next(CALLS)}"


@scenario("logins")
def logins(seed):
    yield Account(number=1, login=Login(password=f"secret {next(CALLS)}"))
    yield Account(number=2, login=Login(password=""), token=f"secret {next(CALLS)}")


@scenario("stored-secret")
def stored_secret(seed):
    yield Stored(number=1, login=Login(password=""))


@scenario("counting")
def counting(seed):
    ProductFactory.build_batch(next(CALLS))
    yield Stamp(sku="a", number=float("nan") and 1)
"""


def test_equal_datasets_have_none(shop: Shop) -> None:
    """Made twice from the seed."""
    registry = shop("")
    assert differences(make(registry, "products"), make(registry, "products")) == []


def test_record_field_and_both_values_are_named(shop: Shop) -> None:
    """Long values are cut."""
    registry = shop(CLOCKED)
    found = differences(make(registry, "stamped"), make(registry, "stamped"))
    assert found[0] == "Stamp (record 2), number: 0, then 2"
    assert found[1].startswith("Stamp (record 2), noted: 'xxx")
    assert len(found) == 2
    assert len(found[1]) < 200


def test_a_record_too_many_is_named(shop: Shop) -> None:
    """By the numbers of both."""
    registry = shop(CLOCKED)
    assert differences(make(registry, "more-each-time"), make(registry, "more-each-time")) == [
        "0 records, then 1"
    ]


def test_what_is_computed_on_the_way_to_a_store_is_named(shop: Shop) -> None:
    """The records are equal, the rows are not."""
    registry = shop(CLOCKED)
    first, second = make(registry, "derived"), make(registry, "derived")
    (found,) = differences(first, second)
    assert found.startswith("postgres derived (entry 1), computed: ")


def test_numbers_that_factories_have_come_to_count(shop: Shop) -> None:
    """Though nothing that is stored shows them."""
    registry = shop(CLOCKED)
    first, second = make(registry, "counting"), make(registry, "counting")
    assert differences(first, second) == ["the numbers that factories have come to"]


def test_secrets_that_differ_are_told_without_their_values(shop: Shop) -> None:
    """Also where they are part of another record, or only in what stores hold."""
    registry = shop(CLOCKED)
    assert differences(make(registry, "logins"), make(registry, "logins")) == [
        "Account (record 1), login: Login(password='***'), then Login(password='***')",
        "Account (record 2), token: '***', then '***'",
    ]
    found = differences(make(registry, "stored-secret"), make(registry, "stored-secret"))
    assert found == ["postgres stored (entry 1), secret: '***', then '***'"]

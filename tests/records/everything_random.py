"""Prints what a scenario makes that draws from every source of randomness there is.

Run as a program, so that tests can compare processes: ``python everything_random.py [noise]``.
With noise, other things draw from the same sources before.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import factory
import factory.fuzzy
import faker
import pydantic
from pydantic import BaseModel, Field

from pytest_seedstate import Item, Record, RecordFactory, Row, Scenario, scenario
from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.registry import Registry
from pytest_seedstate.stores.canonical import canonical

NOW = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)

own_random = random.Random(7)
own_faker = faker.Faker(["de_DE", "ja_JP"])


class Address(BaseModel):
    street: str
    city: str
    postcode: str


class Person(Record):
    number: int
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    name: str
    unique: str
    address: Address
    born: dt.date
    seen: dt.datetime
    this_year: dt.date
    this_month: dt.datetime
    soon: dt.date
    naive: dt.datetime
    expires: str
    finnish: str
    passport: str
    job: str
    bio: str
    rating: Decimal
    share: float
    choice: str
    level: int
    fuzzy_day: dt.date
    turn: str
    key: uuid.UUID
    dice: int
    own: float
    own_name: str
    tags: set[str]
    stored_in = (Row("people", key=("number",)), Item("people", pk="PERSON#{number}"))


class AddressFactory(factory.Factory):
    street = factory.Faker("street_address")
    city = factory.Faker("city", locale="en_GB")
    postcode = factory.Faker("postcode", locale="en_GB")

    class Meta:
        model = Address


class PersonFactory(RecordFactory[Person]):
    number = factory.Sequence(int)
    name = factory.Faker("name")
    unique = factory.LazyFunction(lambda: own_faker["de_DE"].unique.first_name())
    address = factory.SubFactory(AddressFactory)
    born = factory.Faker("date_of_birth", minimum_age=18)
    seen = factory.Faker("past_datetime", tzinfo=dt.UTC)
    this_year = factory.Faker("date_this_year")
    this_month = factory.Faker("date_time_this_month", tzinfo=dt.UTC)
    soon = factory.Faker("future_date", end_date="+1y")
    naive = factory.Faker("date_time_between", start_date="-2d")
    expires = factory.Faker("credit_card_expire")
    finnish = factory.Faker("ssn", locale="fi_FI")
    passport = factory.Faker("passport_number")
    job = factory.Faker("job")
    bio = factory.Faker("text")
    rating = factory.Faker("pydecimal", min_value=1, max_value=5, right_digits=1)
    share = factory.Faker("pyfloat", min_value=0, max_value=1)
    choice = factory.fuzzy.FuzzyChoice(["a", "b", "c"])
    level = factory.fuzzy.FuzzyInteger(1, 100)
    fuzzy_day = factory.fuzzy.FuzzyDate(dt.date(2020, 1, 1), dt.date(2024, 1, 1))
    turn = factory.Iterator(["north", "east", "south"])
    key = factory.Faker("uuid4", cast_to=None)
    dice = factory.LazyFunction(lambda: random.randint(1, 6))
    own = factory.LazyFunction(own_random.random)
    own_name = factory.LazyFunction(lambda: own_faker.name())
    tags = factory.LazyFunction(lambda: set(random.sample(["a", "b", "c", "d", "e"], 3)))


@scenario("base")
def base(seed):
    yield from PersonFactory.build_batch(3)


@scenario("everything", extends=base)
def everything(seed):
    person = PersonFactory.build(name=seed.faker.name(), key=seed.uuid())
    person.bio = f"{seed.random.random()} {seed.faker.date_this_decade()} {seed.today}"
    yield seed.name("last", person)


@scenario("noise")
def noise(seed):
    yield from PersonFactory.build_batch(5)


def dataset(seed_number: int = 0, now: dt.datetime = NOW, of: Scenario = everything) -> Dataset:
    """What the scenario makes."""
    registry = Registry(Path(__file__).parent, [])
    return generate(plan(registry, [of]), seed_number=seed_number, now=now)


def make_noise() -> None:
    """Draw from everything, and run another scenario."""
    PersonFactory.build_batch(4)
    random.random()
    own_random.random()
    for _ in range(100):
        own_faker["de_DE"].unique.first_name()
    dataset(seed_number=3, of=noise)


def main() -> None:
    """Print versions, fingerprints and all entries as JSON."""
    if "noise" in sys.argv:
        make_noise()
    found = dataset()
    print(
        json.dumps(
            {
                "versions": [faker.VERSION, factory.__version__, pydantic.VERSION],
                "fingerprints": [found.fingerprint, dataset(1).fingerprint],
                "entries": canonical(found.entries),
            }
        )
    )


if __name__ == "__main__":
    main()

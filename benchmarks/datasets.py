"""What a dataset costs the first time and the second, and what of the first is Faker's.

    python benchmarks/datasets.py

CPU time of one process, the best of several rounds: other programs on the machine do not matter.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from time import process_time

import factory.faker

from pytest_seedstate.records.cache.cache import DatasetCache, Request
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import Plan, plan
from pytest_seedstate.records.progress import FROM_THE_START
from pytest_seedstate.records.registry import Registry

ROUNDS = 5
PEOPLE = 2000
NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
PACK = """
    import factory
    from factory.random import randgen
    from faker.providers.person.en_GB import Provider

    from pytest_seedstate import Record, RecordFactory, Row, scenario

    FIRST, LAST = tuple(Provider.first_names), tuple(Provider.last_names)


    class Person(Record):
        id: int
        name: str
        email: str
        street: str
        stored_in = Row("people")


    class Constant(RecordFactory[Person]):
        id = factory.Sequence(int)
        name = email = street = "always the same"


    class Declared(RecordFactory[Person]):
        id = factory.Sequence(int)
        name = factory.Faker("name", locale="en_GB")
        email = factory.Faker("email", locale="en_GB")
        street = factory.Faker("street_address", locale="en_GB")


    class Lists(RecordFactory[Person]):
        id = factory.Sequence(int)
        name = factory.LazyFunction(lambda: f"{randgen.choice(FIRST)} {randgen.choice(LAST)}")
        email = factory.LazyAttribute(lambda o: f"{o.name.replace(' ', '.').lower()}@mail.example")
        street = factory.LazyFunction(
            lambda: f"{randgen.randint(1, 99)} {randgen.choice(LAST)} Street"
        )


    @scenario("constant-fields")
    def constant(seed, count):
        yield from Constant.build_batch(count)


    @scenario("factory.Faker")
    def declared(seed, count):
        yield from Declared.build_batch(count)


    @scenario("lists")
    def lists(seed, count):
        yield from Lists.build_batch(count)


    @scenario("seed.faker")
    def direct(seed, count):
        fake = seed.faker
        for number in range(count):
            yield Person(
                id=number, name=fake.name(), email=fake.email(), street=fake.street_address()
            )
"""


def best(work: Callable[[], object]) -> float:
    """Seconds of the quickest round."""
    found = []
    for _ in range(ROUNDS):
        start = process_time()
        work()
        found.append(process_time() - start)
    return min(found)


def made(plan: Plan) -> Callable[[], object]:
    """Generates it, without a cache."""
    return lambda: generate(plan, seed_number=0, now=NOW)


def first_and_second_time(folder: Path) -> None:
    """The tattoo directory's data, generated and read."""
    registry = Registry.find(Path(__file__).resolve().parents[1])
    asked = [("minimal", {}), ("full-dataset", {})]
    asked += [("performance-test", {"count": count}) for count in (50, 1000)]
    print(f"{'tattoo directory':30} {'records':>8} {'generate':>12} {'and keep':>12} {'read':>10}")
    for name, params in asked:
        tell(plan(registry, [name], params), DatasetCache(folder, worth=0))


def tell(todo: Plan, cache: DatasetCache) -> None:
    """One line of the table."""
    request = Request(todo, 0, NOW, FROM_THE_START)
    generated = best(made(todo))
    kept = best(lambda: cache.make(request, made(todo)))
    read = best(lambda: cache.find(request))
    found = cache.find(request)
    assert found is not None
    print(
        f"{todo.title:30} {len(found.records):8} {generated * 1000:9.1f} ms "
        f"{kept * 1000:9.1f} ms {read * 1000:7.1f} ms   {generated / read:.0f} times"
    )


def share_of_faker() -> None:
    """How much of generating the tattoo directory's artists is spent in `factory.Faker`."""
    registry = Registry.find(Path(__file__).resolve().parents[1])
    todo = plan(registry, ["performance-test"], {"count": 1000})
    spent = 0.0
    evaluate = factory.faker.Faker.evaluate

    def timed(self: object, *given: object) -> object:
        nonlocal spent
        start = process_time()
        try:
            return evaluate(self, *given)
        finally:
            spent += process_time() - start

    factory.faker.Faker.evaluate = timed
    start = process_time()
    made(todo)()
    whole = process_time() - start
    factory.faker.Faker.evaluate = evaluate
    print(f"\nof 1000 artists' {whole * 1000:.0f} ms, factory.Faker took {spent * 1000:.0f} ms")


def people(folder: Path) -> None:
    """Records with three fields of a person, made in different ways."""
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "people.py").write_text(textwrap.dedent(PACK), "utf-8")
    registry = Registry.find(folder)
    print(f"\n{'a person: name, email, street':30} {'records/s':>10} {'each':>12}")
    for name in ("constant-fields", "factory.Faker", "lists", "seed.faker"):
        seconds = best(made(plan(registry, [name], {"count": PEOPLE}))) / PEOPLE
        print(f"{name:30} {1 / seconds:10.0f} {seconds * 1e6:9.1f} us")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first_and_second_time(Path(folder) / "datasets")
        share_of_faker()
        people(Path(folder))


if __name__ == "__main__":
    main()

"""The same seed and clock make the same data: in every process, whatever ran before."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import factory
import factory.random
import faker
import faker.generator
import faker.providers.date_time
import pytest

from pytest_seedstate import scenario
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records import randomness
from pytest_seedstate.records.registry import Registry
from tests.records import everything_random as everything
from tests.records.conftest import NOW, make

PROGRAM = Path(everything.__file__)
ROOT = Path(__file__).parents[2]


@cache
def run_program(python: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """What the program prints in a process of its own."""
    done = subprocess.run(
        [python, str(PROGRAM), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def here() -> dict[str, Any]:
    """What the program prints in a quiet process of this interpreter."""
    return run_program(sys.executable, PYTHONHASHSEED="0", TZ="UTC")


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ((), {"PYTHONHASHSEED": "1"}),
        ((), {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}),
        (("noise",), {"PYTHONHASHSEED": "3", "TZ": "America/New_York", "LC_ALL": "C"}),
    ],
)
def test_every_process_makes_the_same(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    """Whatever its hash seed, zone and locale, and whatever it drew before."""
    assert run_program(sys.executable, *arguments, **environment) == here()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_makes_the_same(version: str) -> None:
    """Interpreters are taken from SEEDSTATE_TEST_PYTHONS, or from the path."""
    python = interpreter(version)
    made = run_program(python)
    if made["versions"] != here()["versions"]:
        pytest.skip(f"{python} has other versions of Faker, factory_boy or pydantic")
    assert made == here()


def interpreter(version: str) -> str:
    """A Python of a version that has what a pack needs."""
    named = os.environ.get("SEEDSTATE_TEST_PYTHONS", "").split(os.pathsep)
    found = shutil.which(f"python{version}")
    for python in filter(None, [sys.executable, *named, found]):
        code = "import sys, factory, pydantic; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return python
    pytest.skip(f"no Python {version} with factory_boy and pydantic is at hand")


def test_this_process_makes_the_same() -> None:
    """Before and after anything else."""
    everything.make_noise()
    assert everything.dataset().fingerprint == here()["fingerprints"][0]
    everything.make_noise()
    assert everything.dataset(1).fingerprint == here()["fingerprints"][1]
    assert everything.dataset().named["last"] == everything.dataset().records[-1]


def test_seed_and_clock_make_a_difference() -> None:
    """Each of them is part of the fingerprint."""
    found = {
        everything.dataset().fingerprint,
        everything.dataset(1).fingerprint,
        everything.dataset(now=everything.NOW + dt.timedelta(1)).fingerprint,
        everything.dataset(of=everything.base).fingerprint,
    }
    assert len(found) == 4


def state_of_everything() -> list[Any]:
    """All that a run could leave changed."""
    counters = [everything.PersonFactory._meta._counter, everything.AddressFactory._meta._counter]
    german = everything.own_faker["de_DE"]
    return [
        random.getstate(),
        factory.random.randgen.getstate(),
        factory.random.randgen.state_set,
        faker.generator.random.getstate(),
        everything.own_random.getstate(),
        [(id(counter), counter and counter.seq) for counter in counters],
        set(german.unique._seen),
        [german.factories[0].random is faker.generator.random],
        [provider.__use_weighting__ for provider in german.factories[0].providers],
        uuid.os,  # type: ignore[attr-defined]
        faker.providers.date_time.datetime,
        faker.providers.date_time.dtdate,
        vars(factory.Faker)["_get_faker"],
        vars(faker.Factory)["create"],
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_as_before_afterwards(empty_registry: Registry, fails: bool) -> None:
    """Also when the scenario fails half-way."""
    everything.make_noise()

    @scenario("draws")
    def draws(seed):
        yield from everything.PersonFactory.build_batch(4)
        random.random()
        seed.faker.name()
        uuid.uuid4()
        if fails:
            raise RuntimeError

    before = state_of_everything()
    if fails:
        with pytest.raises(SeedstateError):
            make(empty_registry, draws)
    else:
        make(empty_registry, draws)
    assert state_of_everything() == before


def test_iterators_of_factories_go_on_where_they_were() -> None:
    """A test that uses the factory itself does not notice that a scenario ran."""

    class WordFactory(factory.DictFactory):
        word = factory.Iterator(["a", "b", "c", "d"])
        other = factory.Maybe("flag", factory.Iterator(["x", "y"]), None)
        flag = True

    def words(count: int) -> str:
        return "".join(one["word"] + one["other"] for one in WordFactory.build_batch(count))

    @scenario("words")
    def in_scenario(seed):
        seed.name("words", words(3))

    registry = Registry(Path(), [])
    assert make(registry, in_scenario).named["words"] == "axbycx"
    assert words(1) == "ax"
    assert make(registry, in_scenario).named["words"] == "axbycx"
    assert words(2) == "bycx"
    assert make(registry, in_scenario).named["words"] == "axbycx"
    assert words(2) == "dyax"


def test_sequences_start_anew_in_every_plan() -> None:
    """And go on across the scenarios of one plan."""
    numbers = [record.number for record in everything.dataset().records_of(everything.Person)]
    assert numbers == [0, 1, 2, 3]
    everything.PersonFactory.reset_sequence(50)
    assert [
        record.number for record in everything.dataset().records_of(everything.Person)
    ] == numbers
    assert everything.PersonFactory.build().number == 50


def test_fakers_dates_start_from_the_clock() -> None:
    """Relative dates of the providers, in UTC, whatever the machine's clock says."""
    person = everything.dataset().records_of(everything.Person)[0]
    now = everything.NOW
    assert person.this_year.year == 2024
    assert (person.this_month.year, person.this_month.month) == (2024, 2)
    assert now - dt.timedelta(days=30) <= person.seen <= now
    assert now.date() < person.soon <= now.date() + dt.timedelta(days=366)
    assert now.replace(tzinfo=None) - dt.timedelta(days=2) <= person.naive
    assert person.naive <= now.replace(tzinfo=None)
    assert type(person.born) is dt.date
    assert type(person.seen) is dt.datetime


def test_a_zone_of_the_clock_changes_nothing() -> None:
    """One instant is one instant."""
    tokyo = everything.NOW.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert everything.dataset(now=tokyo).fingerprint == everything.dataset().fingerprint


def test_the_clock_of_others_goes_on(empty_registry: Registry) -> None:
    """Only Faker's names are frozen."""

    @scenario("looks")
    def looks(seed):
        seed.name("clock", dt.datetime.now(dt.UTC))
        seed.name("faker", seed.faker.date_time_between("now", "now", tzinfo=dt.UTC))

    named = make(empty_registry, looks).named
    assert named["clock"] > NOW + dt.timedelta(days=30)
    assert named["faker"] == NOW


@pytest.fixture
def without_faker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Faker and factory_boy are imported anew, and Fakers of theirs are not met afterwards."""
    monkeypatch.setattr(randomness, "_FAKERS", {})
    kept = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in ("faker", "factory")
    }
    for name in kept:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("faker", "factory")]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.mark.usefixtures("without_faker")
def test_a_scenario_may_import_faker_itself(empty_registry: Registry) -> None:
    """The first run in a process makes the same as all others."""

    @scenario("imports")
    def imports(seed):
        import faker

        seed.name("name", faker.Faker().name())

    @scenario("uses")
    def uses(seed):
        seed.name("name", seed.faker.name())

    first, second = make(empty_registry, imports).named, make(empty_registry, imports).named
    assert first == second
    assert make(empty_registry, uses).named == make(empty_registry, uses).named


def test_scenarios_do_not_depend_on_each_other(empty_registry: Registry) -> None:
    """What a scenario draws does not change with what ran before it in the same plan."""
    drawn: list[list[str]] = []

    @scenario("draws")
    def draws(seed):
        drawn.append([seed.faker.name(), str(uuid.uuid4()), str(random.random())])

    @scenario("more")
    def more(seed):
        for _ in range(10):
            seed.faker.name()

    make(empty_registry, draws)
    make(empty_registry, more, draws)
    assert drawn[0] == drawn[1]


def test_uuid4_of_other_threads_stays_random(empty_registry: Registry) -> None:
    """An application's worker may run beside; its ids must not repeat."""
    from concurrent.futures import ThreadPoolExecutor

    def drawn_beside() -> Callable[[], None]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(uuid.uuid4).result()

    @scenario("draws")
    def draws(seed):
        seed.name("own", uuid.uuid4())
        seed.name("beside", drawn_beside())

    @scenario("async-draws")
    async def async_draws(seed):
        seed.name("own", uuid.uuid4())
        seed.name("beside", drawn_beside())

    for one in (draws, async_draws):
        first, second = make(empty_registry, one).named, make(empty_registry, one).named
        assert first["own"] == second["own"]
        assert first["beside"] != second["beside"]
    assert isinstance(uuid.uuid1(), uuid.UUID)

"""Running scenarios: what they may return, what they are given, and what goes wrong."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import pytest
from pydantic import Field, SecretStr

from pytest_seedstate import Document, Item, Object, Record, Row, Scenario, scenario
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import NOW, make


class Thing(Record):
    id: int
    size: int = Field(default=1, ge=1)
    password: str = Field(default="long enough", min_length=8)
    mark: SecretStr = Field(default=SecretStr("m"), max_length=4)
    stored_in = (Row("things", key=("id",)),)


class Patient(Record):
    id: int
    record_number: int
    stored_in = (Row("patients"),)
    sensitive = ("record_number",)


class Loose(Record):
    id: int


def ids(registry: Registry, one: Scenario, **params: Any) -> list[int]:
    """The ids of the things that a scenario makes."""
    return [record.id for record in make(registry, one, **params).records_of(Thing)]


def test_a_scenario_may_yield_return_or_do_nothing(empty_registry: Registry) -> None:
    """Generators, lists, a single record, other iterables and None."""

    @scenario("yields")
    def yields(seed, count=2):
        for number in range(count):
            yield Thing(id=number)

    listed = scenario("lists")(lambda seed: [Thing(id=1)])
    single = scenario("single")(lambda seed: Thing(id=2))
    mapped = scenario("maps")(lambda seed: iter((Thing(id=3), Thing(id=4))))
    nothing = scenario("nothing")(lambda seed: None)

    assert ids(empty_registry, yields, count=3) == [0, 1, 2]
    assert ids(empty_registry, listed) == [1]
    assert ids(empty_registry, single) == [2]
    assert ids(empty_registry, mapped) == [3, 4]
    assert ids(empty_registry, nothing) == []


def test_a_scenario_may_be_async(empty_registry: Registry) -> None:
    """Coroutines and async generators run in a loop of their own."""

    @scenario("coroutine")
    async def coroutine(seed):
        await asyncio.sleep(0)
        return [Thing(id=1)]

    @scenario("generator")
    async def generator(seed):
        yield Thing(id=2)
        await asyncio.sleep(0)
        yield Thing(id=3)

    @scenario("silent")
    async def silent(seed):
        await asyncio.sleep(0)

    async def inside_of_a_running_loop() -> list[list[int]]:
        return [ids(empty_registry, one) for one in (coroutine, generator, silent)]

    assert asyncio.run(inside_of_a_running_loop()) == [[1], [2, 3], []]


def test_an_async_failure_is_told_like_any_other(empty_registry: Registry) -> None:
    """The line of the user's own file is in the message."""

    @scenario("fails")
    async def fails(seed):
        await asyncio.sleep(0)
        raise RuntimeError("no luck")
        yield Thing(id=1)

    with pytest.raises(SeedstateError, match=r"scenario 'fails' failed: RuntimeError: no luck"):
        make(empty_registry, fails)


def test_ctrl_c_ends_an_async_scenario_too(empty_registry: Registry) -> None:
    """The interrupt goes up, and nothing of the scenario runs on."""
    ended = []

    @scenario("endless")
    async def endless(seed):
        import _thread

        _thread.interrupt_main()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        make(empty_registry, endless)
    assert ended == [True]


def test_a_skip_inside_of_a_scenario_goes_through(empty_registry: Registry) -> None:
    """Pytest's own outcomes are no failures."""
    skips = scenario("skips")(lambda seed: pytest.skip("not today"))
    with pytest.raises(pytest.skip.Exception):
        make(empty_registry, skips)


def test_the_seed_has_the_clock_and_a_source_of_everything(empty_registry: Registry) -> None:
    """now, today, random, faker and uuid."""
    seen: list[Any] = []

    @scenario("looks")
    def looks(seed):
        seen.append(
            [seed.now, seed.today, seed.random.random(), seed.faker.name(), str(seed.uuid())]
        )

    make(empty_registry, looks)
    make(empty_registry, looks)
    make(empty_registry, looks, seed_number=1)
    assert seen[0][:2] == [NOW, NOW.date()]
    assert seen[0] == seen[1]
    assert not set(seen[0][2:]) & set(seen[2][2:])


def test_records_and_other_things_may_have_names(empty_registry: Registry) -> None:
    """Tests get them back; a scenario without records may name what it likes."""

    @scenario("names")
    def names(seed):
        yield seed.name("first", Thing(id=1))
        seed.name("token", {"any": "thing"})

    dataset = make(empty_registry, names)
    assert dataset.named == {"first": dataset.records[0], "token": {"any": "thing"}}


def test_a_name_is_given_once(empty_registry: Registry) -> None:
    """Two things of one name would hide one of them."""

    @scenario("twice")
    def twice(seed):
        yield seed.name("first", Thing(id=1))
        yield seed.name("first", Thing(id=2))

    with pytest.raises(SeedstateError, match="the name 'first' is given twice"):
        make(empty_registry, twice)


def test_a_scenario_sees_what_it_extends_and_nothing_else(empty_registry: Registry) -> None:
    """Data must not depend on what else a test asks for."""

    @scenario("base")
    def base(seed):
        return [Thing(id=1)]

    @scenario("other")
    def other(seed):
        return [Thing(id=2)]

    @scenario("top", extends=base)
    def top(seed):
        seen = [record.id for record in seed.records(Thing)]
        return [Thing(id=10 + number) for number in seen]

    dataset = make(empty_registry, other, top)
    assert [record.id for record in dataset.records_of(Thing)] == [2, 1, 11]


class Clients:
    """Clients that say their names."""

    postgres = "a connection"
    dynamodb = "a resource"
    s3 = "a client"
    opensearch = "another client"


def test_a_scenario_that_says_so_gets_clients_and_variables(empty_registry: Registry) -> None:
    """Bring your own: write with clients, or run a command with the variables."""
    seen: list[Any] = []

    @scenario("own", stores=("postgres", "dynamodb", "s3", "opensearch"))
    def own(seed):
        seen.extend([seed.postgres, seed.dynamodb, seed.s3, seed.opensearch])
        seen.append(seed.env["DATABASE_URL"])
        program = "import os; print(os.environ['DATABASE_URL'], os.getcwd())"
        seen.append(seed.run([sys.executable, "-c", program]).split())

    env = {"DATABASE_URL": "postgresql://u:secretly@127.0.0.1/x"}
    dataset = make(empty_registry, own, env=env, clients=Clients())
    assert seen[:4] == ["a connection", "a resource", "a client", "another client"]
    assert seen[4] == env["DATABASE_URL"]
    assert seen[5] == [env["DATABASE_URL"], str(empty_registry.root)]
    assert dataset.entries == {}


@pytest.mark.parametrize("used", ["postgres", "dynamodb", "s3", "opensearch", "env", "run"])
def test_a_scenario_that_does_not_say_so_gets_none(empty_registry: Registry, used: str) -> None:
    """Nobody would know which services to start."""

    @scenario("silent")
    def silent(seed):
        value = getattr(seed, used)
        value("true")

    with pytest.raises(SeedstateError, match=f"uses seed.{used} and does not say") as caught:
        make(empty_registry, silent, clients=Clients())
    assert "stores=(" in str(caught.value)


def test_a_store_must_be_named_each(empty_registry: Registry) -> None:
    """Naming one store does not open the others."""
    one = scenario("one", stores="s3")(lambda seed: seed.postgres)
    with pytest.raises(SeedstateError, match='stores=\\("postgres",\\)'):
        make(empty_registry, one, clients=Clients())


def test_a_command_that_fails_is_shown_without_secrets(empty_registry: Registry) -> None:
    """Its output is what helps, its passwords are not."""

    @scenario("command", stores="postgres")
    def command(seed):
        seed.run([sys.executable, "-c", "import os; print(dict(os.environ)); raise SystemExit(3)"])

    env = {"DATABASE_URL": "postgresql://u:secretly@127.0.0.1/x", "AWS_SECRET_ACCESS_KEY": "hidden"}
    with pytest.raises(SeedstateError, match="failed with exit code 3") as caught:
        make(empty_registry, command, env=env)
    text = str(caught.value)
    assert "postgresql://u:***@127.0.0.1/x" in text
    assert "secretly" not in text
    assert "hidden" not in text


def test_a_command_that_does_not_exist_is_named(empty_registry: Registry) -> None:
    """A text is split like in a shell."""
    command = scenario("command", stores="s3")(lambda seed: seed.run("no-such-program --all 'x y'"))
    with pytest.raises(SeedstateError, match="'no-such-program' could not be started"):
        make(empty_registry, command)


@pytest.mark.parametrize(
    ("value", "message", "fix"),
    [
        (7, "returned an int, not records", "yield records"),
        ("abc", "returned a str, not records", "yield records"),
        ({"id": 1}, "returned a dict, not records", "yield records"),
        ([7], "yielded an int, not a record", None),
        ([[Thing(id=1)]], "yielded a list, not a record", "yield from"),
        ([Loose(id=1)], "yielded a Loose, which is stored nowhere", "stored_in"),
        ([Thing(id=1)] * 2, "yielded the same Thing object twice", "of its own each time"),
    ],
)
def test_what_is_no_record_is_refused(
    empty_registry: Registry, value: Any, message: str, fix: str | None
) -> None:
    """With the scenario and what to write instead."""
    wrong = scenario("wrong")(lambda seed: value)
    with pytest.raises(SeedstateError, match=message) as caught:
        make(empty_registry, wrong)
    assert "scenario 'wrong'" in str(caught.value)
    assert (caught.value.fix or "") == "" if fix is None else fix in str(caught.value.fix)


def test_a_record_that_is_not_valid_is_named(empty_registry: Registry) -> None:
    """Scenario, record, field, value, and what is allowed."""

    @scenario("invalid")
    def invalid(seed):
        yield Thing(id=1, size=0)

    with pytest.raises(SeedstateError) as caught:
        make(empty_registry, invalid)
    assert caught.value.problem == (
        "scenario 'invalid' makes a Thing that is not valid: "
        "size = 0: Input should be greater than or equal to 1"
    )
    assert re.search(r"test_running\.py:\d+", str(caught.value))


def test_several_invalid_fields_are_all_told(empty_registry: Registry) -> None:
    """Missing fields and unknown ones too."""
    invalid = scenario("invalid")(lambda seed: Thing(size="x", sise=1))  # type: ignore[call-arg,arg-type]
    with pytest.raises(SeedstateError) as caught:
        make(empty_registry, invalid)
    text = str(caught.value)
    assert "id is missing" in text
    assert "size = 'x': Input should be a valid integer" in text
    assert "sise = 1: Extra inputs are not permitted" in text


@pytest.mark.parametrize("field", ["password", "mark"])
def test_a_secret_is_not_told(empty_registry: Registry, field: str) -> None:
    """Neither by a field's name nor by its type, nor in a chained traceback."""
    secret = "s3cr3t" if field == "password" else "s3cr3t and long"
    invalid = scenario("invalid")(lambda seed: Thing(id=1, **{field: secret}))
    with pytest.raises(SeedstateError, match=rf"{field} = \*\*\*") as caught:
        make(empty_registry, invalid)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_sensitive_field_is_not_told(empty_registry: Registry) -> None:
    """Whose record says that it is."""
    invalid = scenario("invalid")(lambda seed: Patient(id=1, record_number="071 A"))  # type: ignore[arg-type]
    with pytest.raises(SeedstateError, match=r"record_number = \*\*\*") as caught:
        make(empty_registry, invalid)
    assert "071 A" not in str(caught.value)


def test_long_values_and_mappings_are_shortened(empty_registry: Registry) -> None:
    """A message is no dump."""
    invalid = scenario("invalid")(lambda seed: Thing(id="x" * 500, size={"a": 1, "b": 2}))  # type: ignore[arg-type]
    with pytest.raises(SeedstateError) as caught:
        make(empty_registry, invalid)
    assert "x...: Input" in str(caught.value)
    assert "size = a mapping of a, b" in str(caught.value)


def test_an_exception_is_told_with_the_users_own_lines(empty_registry: Registry) -> None:
    """Lines of libraries and of ours are left out."""

    def helper() -> None:
        raise KeyError("gone")

    @scenario("fails")
    def fails(seed):
        helper()

    with pytest.raises(SeedstateError, match="scenario 'fails' failed: KeyError: 'gone'") as caught:
        make(empty_registry, fails)
    assert str(caught.value.where).startswith(f"{__file__}:")
    assert "in helper" in str(caught.value.detail)
    assert "in fails" in str(caught.value.detail)
    assert "pytest_seedstate" not in str(caught.value.detail).replace(__file__, "")


class Both(Record):
    id: int
    photo: bytes = b"x"
    stored_in = (
        Row("things", key=("id",)),
        Item("things", pk="T#{id}"),
        Object("photos", key="{id}.jpg", body="photo"),
    )


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (Row("t", key=("id",)), r"key 1 in 't' \(postgres\)"),
        (Item("t", pk="T#{id}", sk="A"), r"key 'T#1', 'A' in 't' \(dynamodb\)"),
        (Object("t", key="{id}.jpg", body="photo"), r"key '1.jpg' in 't' \(s3\)"),
        (Document("t", id="{id}"), r"id '1' in 't' \(opensearch\)"),
    ],
)
def test_two_records_of_one_key_are_refused(empty_registry: Registry, place: Any, key: str) -> None:
    """With the scenarios, the collection and the key."""
    model = type(
        "Thing",
        (Record,),
        {"__annotations__": {"id": int, "photo": bytes}, "photo": b"x", "stored_in": place},
    )
    base = scenario("base")(lambda seed: [model(id=1)])
    top = scenario("top", extends=base)(lambda seed: [model(id=1)])
    with pytest.raises(SeedstateError, match="two records have the") as caught:
        make(empty_registry, top)
    assert re.search(key, str(caught.value))
    assert "scenario 'base'" in str(caught.value)
    assert "scenario 'top'" in str(caught.value)


def test_rows_without_a_known_key_are_the_databases_matter(empty_registry: Registry) -> None:
    """The first field of a table that is declared elsewhere need not be its key."""

    class Pair(Record):
        left: int
        right: int
        stored_in = (Row("pairs"),)

    pairs = scenario("pairs")(lambda seed: [Pair(left=1, right=2), Pair(left=1, right=3)])
    assert len(make(empty_registry, pairs).records) == 2


def test_a_dataset_answers_questions(empty_registry: Registry) -> None:
    """Records by model and by values."""

    @scenario("things")
    def things(seed):
        yield Both(id=1)
        yield Thing(id=2)
        yield Thing(id=3, size=2)

    dataset = make(empty_registry, things)
    assert [type(record) for record in dataset.records] == [Both, Thing, Thing]
    assert dataset.stores == {"postgres", "dynamodb", "s3"}
    assert list(dataset.entries["postgres"]) == ["things"]
    assert dataset.one(Thing, size=2).id == 3
    with pytest.raises(SeedstateError, match="there are no Thing records with size=9, not one"):
        dataset.one(Thing, size=9)
    with pytest.raises(SeedstateError, match="there are 2 Thing records, not one"):
        dataset.one(Thing)
    with pytest.raises(SeedstateError, match="did you mean 'size'"):
        dataset.one(Thing, sise=9)


def test_a_record_that_cannot_be_stored_is_told_with_its_scenario(
    empty_registry: Registry,
) -> None:
    """A key without a value, and a property that fails."""

    class Keyless(Record):
        id: str | None
        stored_in = (Item("things", pk="T#{id}"),)

    class Failing(Record):
        id: int

        @property
        def half(self) -> float:
            return self.id / 0

        stored_in = (Row("things", fields=("id", "half")),)

    keyless = scenario("keyless")(lambda seed: Keyless(id=None))
    with pytest.raises(SeedstateError, match="needs the field 'id', which is None") as caught:
        make(empty_registry, keyless)
    assert "scenario 'keyless'" in str(caught.value)
    failing = scenario("failing")(lambda seed: Failing(id=1))
    with pytest.raises(SeedstateError, match="scenario 'failing' failed: ZeroDivisionError"):
        make(empty_registry, failing)

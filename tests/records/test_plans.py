"""Plans: extending, layering, reset states with copies, parameters, keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.plan import Plan, plan
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import NOW, make

Shop = Callable[..., Registry]


def names(planned: Plan) -> list[str]:
    """The scenarios of a plan's steps, in order."""
    return [step.scenario.name for step in planned.steps]


DIAMOND = """
@scenario("left", extends="products")
def left(seed): ...

@scenario("right", extends=products)
def right(seed): ...

@scenario("both", extends=("left", right))
def both(seed): ...
"""


def test_what_is_extended_comes_first_and_once(shop: Shop) -> None:
    """Depth first, by name or by object."""
    registry = shop(DIAMOND)
    assert names(plan(registry, ["both"])) == ["products", "left", "right", "both"]
    assert names(plan(registry, ["right", "left"])) == ["products", "right", "left"]
    assert names(plan(registry, ["both", "products", "both"])) == names(plan(registry, ["both"]))


def test_a_circle_is_told_as_one(shop: Shop) -> None:
    """With every scenario on it."""
    registry = shop(
        """
        @scenario("one", extends="two")
        def one(seed): ...

        @scenario("two", extends="three")
        def two(seed): ...

        @scenario("three", extends="two")
        def three(seed): ...
        """
    )
    with pytest.raises(SeedstateError, match="circle: shop/two -> shop/three -> shop/two"):
        plan(registry, ["one"])


def test_an_unknown_extended_scenario_names_who_extends_it(shop: Shop) -> None:
    """The closest name, and where the wrong one stands."""
    registry = shop('@scenario("top", extends="product")\ndef top(seed): ...')
    with pytest.raises(SeedstateError, match="did you mean 'products'") as caught:
        plan(registry, ["top"])
    assert "extends= of scenario 'shop/top'" in str(caught.value)


def test_parameters_are_checked_when_planned(shop: Shop) -> None:
    """Before anything runs: unknown, missing, too many scenarios, or no value for a key."""
    registry = shop('@scenario("needs")\ndef needs(seed, city): ...')
    with pytest.raises(SeedstateError, match="did you mean 'count'"):
        plan(registry, ["products"], {"cuont": 1})
    with pytest.raises(SeedstateError, match="the parameter 'city' is missing"):
        plan(registry, ["needs"])
    with pytest.raises(SeedstateError, match=r"parameters \(count\) go to a single scenario"):
        plan(registry, ["products", "needs"], {"count": 1})
    with pytest.raises(SeedstateError, match="a parameter cannot be used"):
        plan(registry, ["products"], {"count": object()})
    with pytest.raises(SeedstateError, match="is not a scenario"):
        plan(registry, [7])  # type: ignore[list-item]


def test_parameters_reach_the_scenario(shop: Shop) -> None:
    """And stand in the title."""
    registry = shop()
    assert plan(registry, ["products"], {"count": 5}).title == "products(count=5)"
    assert len(make(registry, "products", count=5).records) == 5


def test_a_key_is_equal_where_all_that_makes_the_data_is(shop: Shop) -> None:
    """Scenario, parameters, seed and clock; a default given is no difference."""
    registry = shop(DIAMOND)

    def key(name: str, seed: int = 0, now: dt.datetime = NOW, **params: int) -> str:
        return plan(registry, [name], params).key(seed, now)

    assert key("products").partition(" #")[0] == "products"
    assert key("products").partition("#")[2] == key("products", count=3).partition("#")[2]
    keys = [
        key("products"),
        key("products", count=4),
        key("products", seed=1),
        key("products", now=NOW + dt.timedelta(1)),
        key("left"),
    ]
    assert len(set(keys)) == len(keys)
    assert plan(registry, ["products"]).key(0, NOW) == key("products")


def test_an_input_that_changes_changes_the_key(shop: Shop, tmp_path: Path) -> None:
    """Files and folders that a scenario says it reads."""
    (tmp_path / "scenarios" / "data").mkdir(parents=True)
    (tmp_path / "scenarios" / "data" / "a.csv").write_text("1")
    (tmp_path / "scenarios" / "b.csv").write_text("1")
    registry = shop('@scenario("reads", inputs=("data", "b.csv"))\ndef reads(seed): ...')
    keys = [plan(registry, ["reads"]).key(0, NOW)]
    for changed in ("data/a.csv", "b.csv", "data/c.csv"):
        (tmp_path / "scenarios" / changed).write_text("changed")
        keys.append(plan(registry, ["reads"]).key(0, NOW))
    assert len(set(keys)) == 4


STATES = """
reset_state("empty", description="Nothing.")
reset_state("fresh", scenario="products")
reset_state("large", scenario=["products"], copies=3)
reset_state("table-only", scenario="products", stores="dynamodb")
reset_state("broken", scenario="prodcts")

@scenario("named")
def named(seed):
    yield seed.name("first", ProductFactory.build())

@scenario("counts", extends="products")
def counts(seed):
    seen = len(seed.records(Product))
    seed.name(f"{seen} seen", seen)

reset_state("many-named", scenario="named", copies=2)
reset_state("many-counts", scenario="counts", copies=2)
reset_state("many-both", scenario=["products", "counts"], copies=2)

@scenario("middle", extends="products")
def middle(seed): ...

@scenario("last", extends=("middle", "named"))
def last(seed):
    yield ProductFactory.build()
    seed.name("seen", len(seed.records(Product)))

reset_state("many-last", scenario="last", copies=3)

@scenario("on-top", extends="products")
def on_top(seed):
    seed.name("seen on top", len(seed.records(Product)))
"""


def test_a_reset_state_is_planned_below_scenarios(shop: Shop) -> None:
    """Base state first, then scenarios on top, each scenario once."""
    registry = shop(STATES)
    planned = plan(registry, ["named", "products"], reset_state="fresh")
    assert names(planned) == ["products", "named"]
    assert planned.title == "fresh + named + products"
    assert plan(registry, [], reset_state="empty").steps == ()


def test_a_reset_state_tells_what_it_is(shop: Shop) -> None:
    """For lists."""
    states = {state.full_name: state for state in shop(STATES).reset_states()}
    assert states["shop/empty"].description == "Nothing."
    assert states["shop/empty"].scenarios == ()
    assert states["shop/large"].scenarios == ("products",)


def test_copies_have_keys_and_values_of_their_own(shop: Shop) -> None:
    """Sequences go on, and every copy is made anew."""
    registry = shop(STATES)
    rows = make(registry, reset_state="large").entries["postgres"]["products"]
    assert [row["sku"] for row in rows] == [f"p{number:03}" for number in range(9)]
    assert [row["price"] for row in rows[:3]] != [row["price"] for row in rows[3:6]]
    fresh = make(registry, reset_state="fresh").entries["postgres"]["products"]
    assert rows[:3] == fresh


def test_a_scenario_on_top_of_copies_is_not_made_again(shop: Shop) -> None:
    """It is there already."""
    registry = shop(STATES)
    assert len(make(registry, "products", reset_state="large").records) == 9


def test_what_a_copied_scenario_extends_is_made_once(shop: Shop) -> None:
    """Styles, price lists and the like have one key however often the rest is copied."""
    registry = shop(STATES)
    assert names(plan(registry, [], reset_state="many-counts")) == ["products", "counts", "counts"]
    planned = plan(registry, [], reset_state="many-last")
    assert names(planned) == ["products", "middle", "named", "last", "last", "last"]
    assert [step.copy for step in planned.steps] == [0, 0, 0, 0, 1, 2]
    dataset = make(registry, reset_state="many-last")
    assert len(dataset.records) == 3 + 1 + 3
    assert dataset.named["seen"] == 4


def test_what_a_state_names_is_copied_also_where_another_one_extends_it(shop: Shop) -> None:
    """And each copy sees what it extends of the same copy, not of its siblings."""
    registry = shop(STATES)
    planned = plan(registry, [], reset_state="many-both")
    assert names(planned) == ["products", "counts", "products", "counts"]
    dataset = make(registry, reset_state="many-both")
    assert len(dataset.records) == 6
    assert dataset.named == {"3 seen": 3}


def test_a_copy_sees_what_it_extends(shop: Shop) -> None:
    """However often it is copied."""
    assert make(shop(STATES), reset_state="many-counts").named == {"3 seen": 3}


def test_a_scenario_on_top_of_copies_sees_the_first_one(shop: Shop) -> None:
    """What it extends, as it would be without copies."""
    assert make(shop(STATES), "on-top", reset_state="large").named == {"seen on top": 3}
    assert make(shop(STATES), "on-top", reset_state="many-counts").named["seen on top"] == 3


def test_a_name_means_the_first_copy(shop: Shop) -> None:
    """Tests look for one record."""
    dataset = make(shop(STATES), reset_state="many-named")
    assert dataset.named == {"first": dataset.records[0]}
    assert len(dataset.records) == 2


def test_a_reset_state_may_fill_some_stores_only(shop: Shop) -> None:
    """The others stay empty."""
    registry = shop(STATES)
    assert set(make(registry, reset_state="table-only").entries) == {"dynamodb"}
    assert plan(registry, [], reset_state="table-only").possible_stores == {"dynamodb"}
    assert set(make(registry, "named", reset_state="table-only").entries) == {
        "dynamodb",
        "postgres",
    }


def test_a_reset_state_with_an_unknown_scenario_is_an_error(shop: Shop) -> None:
    """When it is asked for, with who asks."""
    with pytest.raises(SeedstateError, match="did you mean 'products'") as caught:
        plan(shop(STATES), [], reset_state="broken")
    assert "reset state 'shop/broken'" in str(caught.value)
    with pytest.raises(SeedstateError, match=r"unknown reset state 'frsh'(.|\n)*'fresh'"):
        plan(shop(STATES), [], reset_state="frsh")


def test_a_plan_knows_its_stores_before_it_runs(shop: Shop) -> None:
    """Those that scenarios write to themselves, and those that records live in."""
    registry = shop('@scenario("own", stores="s3", extends="products")\ndef own(seed): ...')
    planned = plan(registry, ["own"])
    assert planned.writes_itself
    assert planned.stores == {"s3"}
    assert planned.possible_stores == {"s3", "postgres", "dynamodb"}
    assert not plan(registry, ["products"]).writes_itself

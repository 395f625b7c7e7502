"""What names mean, and where."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import SHOP, Project, make

TWO = {"scenarios/shop.py": SHOP, "scenarios/market.py": SHOP}
ONE_SCENARIO = """
from pytest_seedstate import reset_state, scenario

@scenario("{name}")
def function(seed): ...

reset_state("{name}-state", scenario="{name}")
"""


def run_file(path: Path) -> ModuleType:
    """Runs a file as pytest runs a conftest or test module."""
    name = "tested_" + "_".join(path.with_suffix("").parts[-2:])
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_name_is_unique_or_written_with_its_pack(project: Project) -> None:
    """An ambiguous one is told with the candidates."""
    registry = project(TWO)
    assert registry.scenario("shop/products").full_name == "shop/products"
    with pytest.raises(SeedstateError, match="scenario 'products' is ambiguous") as caught:
        registry.scenario("products")
    assert "market/products" in str(caught.value)
    assert "shop/products" in str(caught.value)


def test_the_default_pack_wins(project: Project, tmp_path: Path) -> None:
    """And must exist."""
    project(TWO)
    registry = Registry.find(tmp_path, default_pack="market")
    assert registry.scenario("products").full_name == "market/products"
    with pytest.raises(SeedstateError, match=r"unknown pack 'markt'(.|\n)*did you mean 'market'"):
        Registry.find(tmp_path, default_pack="markt")


def test_inside_of_a_pack_its_own_names_win(project: Project) -> None:
    """For what scenarios extend and reset states hold."""
    more = '\n@scenario("{0}-top", extends="products")\ndef top(seed): ...\n'
    state = '\nreset_state("{0}-state", scenario="products")\n'
    registry = project(
        {f"scenarios/{name}.py": SHOP + (more + state).format(name) for name in ("shop", "market")}
    )
    steps = plan(registry, ["shop-top"]).steps
    assert [step.scenario.full_name for step in steps] == ["shop/products", "shop/shop-top"]
    steps = plan(registry, [], reset_state="market-state").steps
    assert [step.scenario.full_name for step in steps] == ["market/products"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("product", "unknown scenario 'product'(.|\n)*did you mean '.*products'"),
        ("shop/product", "did you mean 'products'"),
        ("shp/products", "unknown pack 'shp'(.|\n)*did you mean 'shop'"),
        ("something", "known: empty, market/products, shop/products"),
    ],
)
def test_an_unknown_name_is_told_with_the_closest(
    project: Project, name: str, message: str
) -> None:
    """And all that are known."""
    empty = '\n@scenario("empty")\ndef empty(seed): ...\n'
    registry = project({**TWO, "scenarios/shop.py": SHOP + empty})
    with pytest.raises(SeedstateError, match=message):
        registry.scenario(name)


def test_a_conftests_names_are_seen_in_its_folder(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    """As its fixtures are; a test module's names only in itself."""
    root = write(
        {
            "conftest.py": ONE_SCENARIO.format(name="outer"),
            "tests/conftest.py": ONE_SCENARIO.format(name="inner"),
            "tests/test_own.py": ONE_SCENARIO.format(name="own"),
        }
    )
    for name in ("conftest.py", "tests/conftest.py", "tests/test_own.py"):
        run_file(root / name)
    registry = Registry.find(root)

    def seen(path: str) -> list[str]:
        names = [one.name for one in registry.scenarios(root / path)]
        states = [one.name for one in registry.reset_states(root / path)]
        assert states == [f"{name}-state" for name in names]
        return names

    assert seen("tests/test_own.py") == ["outer", "inner", "own"]
    assert seen("tests/deep/test_other.py") == ["outer", "inner"]
    assert seen("test_top.py") == ["outer"]
    assert registry.scenarios() == []
    with pytest.raises(SeedstateError, match="not visible here") as caught:
        registry.scenario("inner", visible_from=root / "test_top.py")
    assert "tests/conftest.py" in str(caught.value)


def test_the_nearest_conftest_wins(write: Callable[[Mapping[str, str]], Path]) -> None:
    """As with fixtures, and over packs."""
    root = write(
        {
            "scenarios/shop.py": SHOP,
            "conftest.py": ONE_SCENARIO.format(name="products"),
            "tests/conftest.py": ONE_SCENARIO.format(name="products"),
        }
    )
    outer, inner = run_file(root / "conftest.py"), run_file(root / "tests/conftest.py")
    registry = Registry.find(root)
    assert registry.scenario("products").full_name == "shop/products"
    for path, module in (("test_a.py", outer), ("tests/test_a.py", inner)):
        found = registry.scenario("products", visible_from=root / path)
        assert found is module.function
    steps = plan(registry, [], reset_state="products-state", visible_from=root / "tests/a.py").steps
    assert steps[0].scenario is inner.function


def test_a_scenario_object_needs_no_visibility(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    """Who has the object may use it."""
    module = run_file(write({"helpers.py": SHOP}) / "helpers.py")
    registry = Registry.find(Path(module.__file__ or "").parent)
    assert registry.scenario(module.products) is module.products
    assert len(make(registry, module.products).records) == 3


def test_two_of_one_name_in_a_conftest_are_told_to_those_who_see_it(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    """Others are not disturbed."""
    twice = ONE_SCENARIO.format(name="one") + ONE_SCENARIO.format(name="one")
    root = write({"tests/conftest.py": twice})
    run_file(root / "tests/conftest.py")
    registry = Registry.find(root)
    assert registry.scenarios(root / "test_top.py") == []
    with pytest.raises(SeedstateError, match="two scenarios are called 'one'"):
        registry.scenarios(root / "tests/test_a.py")


def test_a_conftest_that_runs_again_replaces_its_names(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    """Two pytest runs in one process, with a file that has changed in between."""
    root = write({"conftest.py": ONE_SCENARIO.format(name="old")})
    run_file(root / "conftest.py")
    write({"conftest.py": "\n" + ONE_SCENARIO.format(name="new")})
    run_file(root / "conftest.py")
    names = [one.name for one in Registry.find(root).scenarios(root / "test_a.py")]
    assert names == ["new"]

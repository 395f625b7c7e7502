"""Finding and importing packs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.pack import find_packs
from pytest_seedstate.records.registry import Registry
from tests.records.conftest import SHOP, Project, make

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Import state is as before: tests import modules called `scenarios` from many folders."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "scenarios"]:
        del sys.modules[name]
    yield
    sys.path[:], sys.meta_path[:] = path, finders
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)


FOLDER = {
    "scenarios/shop/records.py": """
        from pytest_seedstate import Record, Row

        class Product(Record):
            sku: str
            stored_in = (Row("products"),)
        """,
    "scenarios/shop/scenarios.py": """
        from pytest_seedstate import scenario
        from .records import Product

        @scenario("products")
        def products(seed):
            return [Product(sku="a")]
        """,
}


def test_a_module_and_a_folder_are_packs(project: Project) -> None:
    """With their scenarios, records and stores."""
    registry = project({"scenarios/market.py": SHOP, **FOLDER})
    assert [pack.name for pack in registry.packs] == ["market", "shop"]
    assert [pack.stores for pack in registry.packs] == [("postgres", "dynamodb"), ("postgres",)]
    assert [one.full_name for one in registry.scenarios()] == ["market/products", "shop/products"]
    assert [[kind.__name__ for kind in pack.records] for pack in registry.packs] == [
        ["Product"],
        ["Product"],
    ]


def test_what_is_no_pack_is_left_alone(project: Project) -> None:
    """Private and hidden names, tests, conftests, folders without code."""
    broken = "raise RuntimeError('imported')"
    registry = project(
        {
            "scenarios/_private.py": broken,
            "scenarios/.hidden.py": broken,
            "scenarios/test_shop.py": broken,
            "scenarios/conftest.py": broken,
            "scenarios/images/notes.txt": "no code",
            "scenarios/readme.md": "no code",
            "scenarios/shop/_private.py": broken,
            "scenarios/shop/test_shop.py": broken,
            "scenarios/shop/conftest.py": broken,
            "scenarios/shop/records.py": "",
        }
    )
    assert [pack.name for pack in registry.packs] == ["shop"]
    assert registry.scenarios() == []


def test_a_project_without_packs_is_fine(tmp_path: Path) -> None:
    """The usual folder need not exist, one that is named must."""
    assert find_packs(tmp_path) == []
    assert find_packs(tmp_path, [tmp_path / "scenarios"]) == []
    with pytest.raises(SeedstateError, match="folder of packs does not exist"):
        find_packs(tmp_path, [Path("elsewhere")])


def test_packs_may_be_in_several_folders(write: Write) -> None:
    """Two of one name are told with both places."""
    root = write({"one/shop.py": SHOP, "two/market.py": SHOP, "three/shop.py": SHOP})
    folders = [Path("one"), root / "two"]
    assert [pack.name for pack in find_packs(root, folders)] == ["shop", "market"]
    with pytest.raises(SeedstateError, match="two packs are called 'shop'") as caught:
        find_packs(root, [*folders, Path("three")])
    assert "one/shop.py" in str(caught.value)
    assert "three/shop.py" in str(caught.value)


def test_two_projects_with_equal_names_do_not_meet(write: Write) -> None:
    """Equal file names, different code."""
    root = write(
        {f"{one}/scenarios/shop.py": SHOP.replace("count=3", f"count={one}") for one in "12"}
    )
    registries = [Registry.find(root / one) for one in "12"]
    assert [len(make(registry, "products").records) for registry in registries] == [1, 2]


def test_a_pack_is_found_again_without_being_run_again(write: Write) -> None:
    """Two registries of one project share its classes."""
    root = write(FOLDER)
    first, second = Registry.find(root), Registry.find(root)
    assert first.scenario("products") is second.scenario("products")


def test_the_natural_name_is_used_where_it_leads_to_the_pack(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project whose root is on the path imports one and the same module."""
    root = write(FOLDER)
    monkeypatch.syspath_prepend(root)
    registry = Registry.find(root)
    records = importlib.import_module("scenarios.shop.records")
    assert registry.packs[0].records == [records.Product]
    assert records.__name__ == "scenarios.shop.records"


def test_a_module_that_was_imported_before_is_the_packs(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conftest may import the pack before it is looked for."""
    root = write(FOLDER)
    monkeypatch.syspath_prepend(root)
    scenarios = importlib.import_module("scenarios.shop.scenarios")
    registry = Registry.find(root)
    assert registry.scenario("products") is scenarios.products
    assert scenarios.products.full_name == "shop/products"


def test_a_natural_name_that_appears_later_means_the_same_module(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test modules change the path while they are collected."""
    root = write({**FOLDER, "scenarios/shop/_more.py": "value = 7", "scenarios/market.py": SHOP})
    registry = Registry.find(root)
    monkeypatch.syspath_prepend(root)
    from scenarios import market  # type: ignore[attr-defined]
    from scenarios.shop import records  # type: ignore[attr-defined]
    from scenarios.shop._more import value  # type: ignore[import-not-found]

    assert registry.packs[1].records == [records.Product]
    assert registry.packs[0].records == [market.Product]
    assert value == 7
    assert records.__spec__.name == records.__name__
    assert len(registry.scenarios()) == 2
    assert len(Registry.find(root).scenarios()) == 2


def test_another_module_called_scenarios_is_not_touched(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user may have a package of that name elsewhere."""
    root = write({**FOLDER, "elsewhere/scenarios/__init__.py": "mine = True"})
    monkeypatch.syspath_prepend(root / "elsewhere")
    registry = Registry.find(root)
    mine = importlib.import_module("scenarios")
    assert mine.mine
    assert registry.packs[0].records[0].__module__ != "scenarios.shop.records"
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("scenarios.shop")


def test_packs_may_import_each_other(project: Project) -> None:
    """A record of another pack stays the other pack's."""
    registry = project(
        {
            "scenarios/__init__.py": "COUNT = 2",
            "scenarios/a.py": """
                from . import COUNT
                from .z import Thing, things
                from pytest_seedstate import scenario

                @scenario("more", extends=things)
                def more(seed):
                    return [Thing(id=number) for number in range(1, COUNT)]
                """,
            "scenarios/z.py": """
                from pytest_seedstate import Record, Row, scenario

                class Thing(Record):
                    id: int
                    stored_in = (Row("things"),)

                @scenario("things")
                def things(seed):
                    return [Thing(id=0)]
                """,
        }
    )
    assert [one.full_name for one in registry.scenarios()] == ["a/more", "z/things"]
    assert [len(pack.records) for pack in registry.packs] == [0, 1]
    assert len(make(registry, "more").records) == 2


def test_a_pack_may_take_scenarios_from_code_that_is_no_pack(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application's own seeds, imported by a pack, are the pack's."""
    root = write(
        {
            "shop_seeds.py": SHOP,
            "scenarios/shop.py": "from shop_seeds import Product, products",
        }
    )
    monkeypatch.syspath_prepend(root)
    registry = Registry.find(root)
    assert [one.full_name for one in registry.scenarios()] == ["shop/products"]
    assert [kind.__name__ for kind in registry.packs[0].records] == ["Product"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("import sys\n\nimport no_such_module", "No module named 'no_such_module'", 3),
        ("def broken(:\n    pass", "SyntaxError", 1),
        ("\n1 / 0", "ZeroDivisionError: division by zero", 2),
        ("raise SystemExit(3)", "SystemExit: 3", 1),
        ("from pytest_seedstate import Recrod", "cannot import name 'Recrod'", 1),
        (
            "from pytest_seedstate import Item, Record\n\n"
            "class A(Record):\n    id: str\n    stored_in = Item('t', pk='{idd}')",
            "template '{idd}' names the unknown field 'idd'",
            3,
        ),
        (
            "from pytest_seedstate import scenario\n\n@scenario('a', stores='s4')\ndef a(seed): ...",
            "unknown store 's4'",
            3,
        ),
    ],
)
def test_a_pack_that_cannot_be_imported_is_told(
    project: Project, text: str, message: str, line: int
) -> None:
    """With file, line and cause."""
    with pytest.raises(SeedstateError) as caught:
        project({"scenarios/shop.py": text})
    assert message in str(caught.value)
    assert f"scenarios/shop.py:{line}" in str(caught.value)
    assert "shop" in str(caught.value)


def test_a_pack_that_is_repaired_is_imported_anew(project: Project) -> None:
    """Nothing of the failed try is left, the good modules of the pack included."""
    files = {"scenarios/shop/a.py": SHOP, "scenarios/shop/b.py": "import no_such_module"}
    with pytest.raises(SeedstateError, match="the pack 'shop' cannot be imported"):
        project(files)
    registry = project({**files, "scenarios/shop/b.py": "more = 'than before, and longer'"})
    assert [one.full_name for one in registry.scenarios()] == ["shop/products"]


def test_a_package_of_packs_that_fails_is_told(project: Project) -> None:
    """Its ``__init__`` runs before the first pack."""
    with pytest.raises(SeedstateError, match="ZeroDivisionError"):
        project({"scenarios/__init__.py": "1 / 0", "scenarios/shop.py": SHOP})


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("scenario", '@scenario("twice")\ndef {name}(seed): ...\n'),
        ("reset state", 'reset_state("twice")\n'),
    ],
)
def test_two_things_of_one_name_are_told_with_both_places(
    project: Project, kind: str, line: str
) -> None:
    """In one module, and across the modules of a folder."""
    begin = "from pytest_seedstate import reset_state, scenario\n"
    one, two = line.format(name="one"), line.format(name="two")
    with pytest.raises(SeedstateError, match=f"two {kind}s are called 'twice'") as caught:
        project({"scenarios/shop.py": begin + one + two})
    assert "scenarios/shop.py:2" in str(caught.value)
    assert "scenarios/shop.py:" in str(caught.value).partition("shop.py:2")[2]
    with pytest.raises(SeedstateError, match=f"two {kind}s are called 'twice'") as caught:
        project(
            {
                "scenarios/shop.py": "",
                "scenarios/market/a.py": begin + one,
                "scenarios/market/b.py": begin + two,
            }
        )
    assert "market/a.py:2" in str(caught.value)
    assert "market/b.py:2" in str(caught.value)


def test_a_module_that_is_reloaded_declares_the_same_things(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload is no second scenario of the name."""
    root = write(FOLDER)
    monkeypatch.syspath_prepend(root)
    Registry.find(root)
    importlib.reload(sys.modules["scenarios.shop.scenarios"])
    assert len(Registry.find(root).scenarios()) == 1


@pytest.mark.parametrize("init", [{}, {"scenarios/__init__.py": ""}], ids=["no init", "init"])
def test_packs_find_files_as_resources_of_their_package(
    project: Project, init: Mapping[str, str]
) -> None:
    """Whether Python would find the folder or not, with ``__init__`` or without."""
    lines = (
        "from importlib.resources import files\n"
        "HERE = files(__package__)\n"
        "assert (HERE / 'names.txt').read_text('utf-8') == 'one'\n"
        "assert {one.name for one in HERE.iterdir()} >= {'names.txt', 'shop.py'}\n"
    )
    registry = project({"scenarios/names.txt": "one", "scenarios/shop.py": lines + SHOP, **init})
    assert [one.full_name for one in registry.scenarios()] == ["shop/products"]

"""Which datasets come from the cache, and what makes them be generated again."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.datasets import Datasets
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.cache import manifest
from pytest_seedstate.records.dataset import Dataset
from pytest_seedstate.records.generate import generate
from pytest_seedstate.records.plan import plan
from pytest_seedstate.records.progress import FROM_THE_START
from pytest_seedstate.records.registry import Registry
from tests.records.cached import Cached
from tests.records.conftest import NOW, SHOP, Project

PACK = {
    "scenarios/shop/__init__.py": "",
    "scenarios/shop/words.py": "from .deeper.places import PLACES\nWORDS = ('one', 'two')\n",
    "scenarios/shop/deeper/__init__.py": "",
    "scenarios/shop/deeper/places.py": "PLACES = ('here',)\n",
    "scenarios/unused.py": "NOTHING = 0\n",
    "scenarios/shop/read-at-import.txt": "5",
    "data/lines.txt": "a\nb\n",
    "data/folder/first.txt": "",
    "scenarios/shop/scenarios.py": SHOP
    + """
import os
from pathlib import Path

from .words import WORDS

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "data"
AMOUNT = int((HERE / "read-at-import.txt").read_text())


@scenario("from-data", inputs=["read-at-import.txt"])
def from_data(seed, count=2):
    lines = (DATA / "lines.txt").read_text().split()
    names = sorted(one.name for one in (DATA / "folder").iterdir())
    if (DATA / "lines.txt").exists():
        try:
            lines += (DATA / "more.txt").read_text().split()
        except FileNotFoundError:
            lines.append("no more")
    lines.append(os.environ.get("SHOP_LINE", "unset"))
    lines.append(f"{seed.today} {seed.random.random()}")
    for line in (*lines, *names, *WORDS):
        yield ProductFactory.build(name=line, price=AMOUNT * count)
""",
}


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    """A cache beside the project."""
    return Cached(tmp_path / "cache" / "datasets")


@pytest.fixture
def registry(project: Project, cached: Cached) -> Registry:
    """A project that has its data from all kinds of places, and a folder for the cache."""
    cached.folder.parent.mkdir()
    return project(PACK)


def test_the_second_time_it_comes_from_the_cache(registry: Registry, cached: Cached) -> None:
    """It is the same in everything: records, names, entries, progress, clock."""
    first = cached.get(registry, "from-data")
    second = cached.get(registry, "from-data")
    assert cached.hits == [False, True]
    assert list(second.records) == list(first.records)
    assert [type(one) for one in second.records] == [type(one) for one in first.records]
    assert second.entries == first.entries
    assert second.fingerprint == first.fingerprint
    assert second.progress == first.progress
    assert (second.title, second.now) == (first.title, first.now)


CHANGES: dict[str, Callable[[Path], object]] = {
    "the pack's module": lambda root: append(root / "scenarios/shop/scenarios.py"),
    "a module that it imports": lambda root: append(root / "scenarios/shop/words.py"),
    "one that this imports": lambda root: append(root / "scenarios/shop/deeper/places.py"),
    "a package on the way": lambda root: append(root / "scenarios/shop/deeper/__init__.py"),
    "a file read at import": lambda root: append(root / "scenarios/shop/read-at-import.txt"),
    "a file it opens": lambda root: append(root / "data/lines.txt"),
    "a file it opens, removed": lambda root: (root / "data/lines.txt").unlink(),
    "a file it did not find": lambda root: append(root / "data/more.txt"),
    "a folder it lists": lambda root: append(root / "data/folder/second.txt"),
    "a variable": lambda _: os.environ.update(SHOP_LINE="set"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_is_made_again_when_something_has_changed(
    registry: Registry,
    cached: Cached,
    change: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever took part in making it."""
    monkeypatch.setenv("SHOP_LINE", "")
    monkeypatch.delenv("SHOP_LINE")
    kept = cached.get(registry, "from-data")
    change(registry.root)
    again = plan_of(registry)
    assert cached.cache.find(again) is None
    os.environ.pop("SHOP_LINE", None)
    assert kept.records


def test_what_took_no_part_does_not_matter(registry: Registry, cached: Cached) -> None:
    """Other packs, tests, and files that nobody opened."""
    cached.get(registry, "from-data")
    append(registry.root / "scenarios/unused.py")
    append(registry.root / "scenarios/other.py")
    append(registry.root / "data/other.txt")
    append(registry.root / "test_other.py")
    cached.get(registry, "from-data")
    assert cached.hits == [False, True]


@pytest.mark.parametrize(
    "asked",
    [
        {"count": 3},
        {"seed_number": 1},
        {"now": NOW + dt.timedelta(days=1)},
        {"after": "itself"},
    ],
    ids=["parameter", "seed", "clock", "what it goes on from"],
)
def test_another_question_is_another_dataset(
    registry: Registry, cached: Cached, asked: Mapping[str, Any]
) -> None:
    """And each is kept."""
    first = cached.get(registry, "from-data")
    if "after" in asked:
        asked = {"after": first.progress}
    made = cached.get(registry, "from-data", **asked)
    assert made.records != first.records
    assert list(cached.get(registry, "from-data", **asked).records) == list(made.records)
    assert cached.hits == [False, False, True]


def test_an_input_that_changes_is_another_dataset(registry: Registry, cached: Cached) -> None:
    """Also where the scenario does not open it."""
    before = plan_of(registry).key()
    append(registry.root / "scenarios/shop/read-at-import.txt")
    assert plan_of(registry).key() != before


def test_another_version_of_a_library_is_another_dataset(
    registry: Registry, cached: Cached, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of any that is installed, and of Python."""
    cached.get(registry, "from-data")
    for installed in ("faker-1.0.dist-info", "faker-2.0.dist-info"):
        (tmp_path / "site" / installed).mkdir(parents=True)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / "site")
            manifest.software.cache_clear()
            cached.get(registry, "from-data")
        (tmp_path / "site" / installed).rmdir()
    with monkeypatch.context() as patch:
        patch.setattr("sys.version", "4.0")
        manifest.software.cache_clear()
        cached.get(registry, "from-data")
    manifest.software.cache_clear()
    cached.get(registry, "from-data")
    assert cached.hits == [False, False, False, False, True]


@pytest.mark.parametrize("variable", ["TZ", "LANG", "LC_ALL", "LC_TIME"])
def test_another_time_zone_or_locale_is_another_dataset(
    registry: Registry, cached: Cached, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Nobody sees C code read these."""
    monkeypatch.delenv(variable, raising=False)
    cached.get(registry, "from-data")
    monkeypatch.setenv(variable, "other")
    cached.get(registry, "from-data")
    cached.get(registry, "from-data")
    monkeypatch.delenv(variable)
    cached.get(registry, "from-data")
    assert cached.hits == [False, False, True, True]


def test_going_back_to_what_was_finds_it_again(registry: Registry, cached: Cached) -> None:
    """As a change of branches does."""
    lines = registry.root / "data/lines.txt"
    cached.get(registry, "from-data")
    lines.write_text("other", "utf-8")
    os.utime(lines, (1, 1))
    other = cached.get(registry, "from-data")
    lines.write_text("a\nb\n", "utf-8")
    cached.get(registry, "from-data")
    lines.write_text("other", "utf-8")
    assert list(cached.get(registry, "from-data").records) == list(other.records)
    assert cached.hits == [False, False, True, True]


def test_a_module_that_is_edited_during_a_run_is_not_taken_for_the_one_that_ran(
    registry: Registry, cached: Cached
) -> None:
    """What is kept then is the old code's; the new code finds nothing."""
    append(registry.root / "scenarios/shop/words.py")
    cached.get(registry, "from-data")
    cached.get(registry, "from-data")
    assert cached.hits == [False, False]
    (registry.root / "scenarios/shop/words.py").write_text(PACK["scenarios/shop/words.py"], "utf-8")
    cached.get(registry, "from-data")
    assert cached.hits == [False, False, True]


def test_scenarios_on_top_make_what_they_would_have_made(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """Sequences and random numbers go on from a cached dataset as from a new one."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        @scenario("more")
        def more(seed):
            yield ProductFactory.build(name=str(seed.random.random()))
        """
    )
    below = cached.get(registry, "products")
    expected = cached.get(registry, "products", after=below.progress)
    found = cached.get(registry, "products")
    above = cached.get(registry, "more", after=found.progress)
    assert [one.sku for one in expected.records] == ["p003", "p004", "p005"]
    assert [one.sku for one in above.records] == ["p003"]
    again = cached.get(registry, "products", after=found.progress)
    assert list(again.records) == list(expected.records)
    assert cached.hits == [False, False, True, False, True]
    assert below.progress != FROM_THE_START


def test_names_lead_to_the_records_themselves(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """A name means the record of the dataset; a part of a record may be named too."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        class Box(Record):
            sku: str
            content: list[Product]
            stored_in = Row("boxes")


        @scenario("named")
        def named(seed):
            yield seed.name("first", ProductFactory.build())
            box = Box(sku="box", content=ProductFactory.build_batch(2))
            seed.name("inside", box.content[1])
            yield box
        """
    )
    made = cached.get(registry, "named")
    found = cached.get(registry, "named")
    assert cached.hits == [False, True]
    assert found.named["first"] is found.records[0]
    assert dict(found.named) == dict(made.named)
    assert found.named["inside"].sku == "p002"


def test_what_a_pack_remembers_counts_for_each_of_its_datasets(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """Only the first of them opens the file."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        from functools import cache
        from pathlib import Path

        @cache
        def name():
            return (Path(__file__).parent / "name.txt").read_text()

        @scenario("first")
        def first(seed):
            yield ProductFactory.build(name=name())

        @scenario("second")
        def second(seed):
            yield ProductFactory.build(name=name())
        """
    )
    text = registry.root / "scenarios/name.txt"
    text.write_text("one", "utf-8")
    for scenario in ("first", "second", "second"):
        cached.get(registry, scenario)
    text.write_text("other", "utf-8")
    cached.get(registry, "second")
    assert cached.hits == [False, False, True, False]


@pytest.mark.parametrize("is_old", [True, False], ids=["as it was", "edited since"])
def test_a_module_that_was_imported_before_anybody_watched(
    shop: Callable[[str], Registry],
    cached: Cached,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_old: bool,
) -> None:
    """What it names may be what it read; what ran is known only if its file is old enough."""
    cached.folder.parent.mkdir()
    name = f"seedstate_test_helper_{'old' if is_old else 'new'}"
    # Not the root: there, the import system would find the folder of packs as well.
    library = tmp_path / "library"
    library.mkdir()
    module, data = library / f"{name}.py", library / "names.txt"
    source = "from pathlib import Path\nNAME = (Path(__file__).parent / 'names.txt').read_text()\n"
    module.write_text(source, "utf-8")
    data.write_text("one", "utf-8")
    if is_old:
        os.utime(module, (1, 1))
        os.utime(data, (1, 1))
    monkeypatch.syspath_prepend(library)
    monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    registry = shop(
        f"""
        @scenario("helped")
        def helped(seed):
            from {name} import NAME
            yield ProductFactory.build(name=NAME)
        """
    )
    cached.get(registry, "helped")
    cached.get(registry, "helped")
    assert cached.hits == [False, is_old]
    data.write_text("other", "utf-8")
    cached.get(registry, "helped")
    assert not cached.hits[-1]


OUTSIDE = {
    "writes a file": "open(__file__ + '.new', 'w').close()",
    "removes a file": "import os; open(__file__ + '.new', 'w').close(); os.remove(__file__ + '.new')",
    "runs a program": "import subprocess; subprocess.run(['true'])",
    "uses the network": (
        "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.1', 9)); s.close()"
    ),
    "starts a thread": "import threading; t = threading.Thread(target=int); t.start(); t.join()",
    "reads all variables": "import os; dict(os.environ)",
    "reads all variables as bytes": "import os; dict(os.environb)",
}


@pytest.mark.parametrize("line", OUTSIDE.values(), ids=OUTSIDE)
def test_a_scenario_that_does_more_than_make_data_runs_each_time(
    shop: Callable[[str], Registry], cached: Cached, line: str
) -> None:
    """What it did would not be done, or what it asked may answer differently."""
    cached.folder.parent.mkdir()
    registry = shop(
        f"""
        @scenario("active")
        def active(seed):
            {line}
            yield ProductFactory.build()
        """
    )
    cached.get(registry, "active")
    cached.get(registry, "active")
    assert cached.hits == [False, False]


def test_async_scenarios_are_kept_too(shop: Callable[[str], Registry], cached: Cached) -> None:
    """The thread they run in is ours; what they open is seen there."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        from pathlib import Path

        @scenario("waiting")
        async def waiting(seed):
            text = (Path(__file__).parent / "text.txt").read_text()
            yield ProductFactory.build(name=text)
        """
    )
    text = registry.root / "scenarios/text.txt"
    text.write_text("one", "utf-8")
    cached.get(registry, "waiting")
    cached.get(registry, "waiting")
    text.write_text("two", "utf-8")
    made = cached.get(registry, "waiting")
    assert cached.hits == [False, True, False]
    assert made.entries["postgres"]["products"][0]["name"] == "two"


def test_objects_are_loaded_from_the_files_as_they_are(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """A body that is a file stays one, and its dataset goes with it."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        from pathlib import Path

        class Picture(Record):
            key: str
            body: Path | bytes
            stored_in = Object("pictures", key="{key}", body="body")


        @scenario("pictures")
        def pictures(seed):
            yield Picture(key="file", body=Path(__file__).parent / "picture.jpg")
            yield Picture(key="bytes", body=bytes(range(256)))
        """
    )
    picture = registry.root / "scenarios/picture.jpg"
    picture.write_bytes(b"one")
    made = cached.get(registry, "pictures")
    found = cached.get(registry, "pictures")
    assert found.entries == made.entries
    assert [one.read() for one in found.entries["s3"]["pictures"]] == [b"one", bytes(range(256))]
    picture.write_bytes(b"two")
    cached.get(registry, "pictures")
    assert cached.hits == [False, True, False]


def test_what_cannot_be_written_exactly_is_not_kept(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """The dataset itself is as good as any."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        class Odd(Record):
            sku: str
            thing: object = None
            stored_in = Row("odd", exclude=["thing"])


        @scenario("odd")
        def odd(seed):
            yield Odd(sku="a", thing=1j)
        """
    )
    cached.get(registry, "odd")
    assert cached.get(registry, "odd").records[0].thing == 1j
    assert cached.hits == [False, False]
    assert cached.files == []
    assert cached.notes == []


def test_a_dataset_with_secrets_is_not_kept(
    shop: Callable[[str], Registry], cached: Cached
) -> None:
    """They would stand in a file in clear text."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        from pydantic import SecretStr

        class User(Record):
            name: str
            password: SecretStr
            stored_in = Row("users")


        @scenario("users")
        def users(seed):
            yield User(name="a", password="hush")
        """
    )
    cached.get(registry, "users")
    made = cached.get(registry, "users")
    assert made.entries["postgres"]["users"][0]["password"] == "hush"
    assert cached.hits == [False, False]
    assert cached.files == []


HOLD_LOCK = """
import sys
from pathlib import Path
from pytest_seedstate.services.platform import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.acquire(create=True), flush=True)
sys.stdin.read()
"""


def test_verification_claims_no_replacement_that_another_run_has_prevented(
    shop: Callable[[str], Registry], cached: Cached, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While that writes, the old dataset stays and is found again."""
    cached.folder.parent.mkdir()
    registry = shop(
        """
        import builtins

        @scenario("unseen")
        def unseen(seed):
            yield ProductFactory.build(name=builtins.seedstate_test)
        """
    )
    settings = {"seedstate_verify": True, "seedstate_cache_dir": str(cached.folder.parent)}
    datasets = Datasets(Settings.read(registry.root, settings.get), Figures())
    planned = plan(registry, ["unseen"])

    def made() -> Dataset:
        return generate(planned, seed_number=0, now=NOW, after=FROM_THE_START)

    monkeypatch.setattr("builtins.seedstate_test", "one", raising=False)
    datasets.get(planned, FROM_THE_START, made)
    kept = {path: path.read_bytes() for path in cached.files}
    assert len(kept) == 1
    monkeypatch.setattr("builtins.seedstate_test", "two")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(cached.folder / "writer.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        with pytest.raises(SeedstateError, match="not what an earlier run has made") as caught:
            datasets.get(planned, FROM_THE_START, made)
    assert {path: path.read_bytes() for path in cached.files} == kept
    assert "was replaced" not in str(caught.value)
    assert "where that can be kept" in str(caught.value)
    with pytest.raises(SeedstateError, match="not what an earlier run has made"):
        datasets.get(planned, FROM_THE_START, made)
    assert {path: path.read_bytes() for path in cached.files} != kept


def test_what_is_made_quickly_is_not_kept(registry: Registry, tmp_path: Path) -> None:
    """Reading it would take as long."""
    slow = Cached(tmp_path / "cache" / "slow", worth=1000)
    slow.get(registry, "from-data")
    assert slow.files == []


def test_watching_leaves_the_environment_as_it_was(registry: Registry, cached: Cached) -> None:
    """Its class has its own methods again, also after an error."""
    kind = type(os.environ)
    before = (kind.__getitem__, kind.__iter__)
    cached.get(registry, "from-data")
    with pytest.raises(ZeroDivisionError):
        cached.cache.make(plan_of(registry), lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert (kind.__getitem__, kind.__iter__) == before


def plan_of(registry: Registry) -> Any:
    """What is asked for `from-data`."""
    from pytest_seedstate.records.cache.cache import Request

    return Request(plan(registry, ["from-data"]), 0, NOW, FROM_THE_START)


def append(path: Path) -> None:
    """Another line at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write("\n# a line\n")

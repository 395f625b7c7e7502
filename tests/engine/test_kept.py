"""What baselines take is measured and bounded; what had to go is loaded again, and made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.config.values import KeptStates
from pytest_seedstate.engine.kept import MOST_STATES, limit_of
from pytest_seedstate.engine.project import Project
from pytest_seedstate.errors import SeedstateError
from tests.on_demand import ALL_CASES
from tests.plugin.projects import write_text

PACK = """
    from pathlib import Path
    from pytest_seedstate import Document, Item, Object, Record, Row, scenario

    class Mark(Record):
        number: int
        text: str
        body: bytes | None = None
        stored_in = (
            Row("marks"),
            Item("marks", pk="M#{number}"),
            Object("marks", key="{number}.bin", body="body"),
            Document("marks", id="{number}"),
        )

    @scenario("marks")
    def marks(seed, first=0, count=3):
        with Path(__file__).with_name("made").open("a") as file:
            file.write(f"{first}\\n")
        for number in range(first, first + count):
            body = b"body" if number == first else None
            yield Mark(number=number, text=f"{number} {seed.random.random()}", body=body)

    @scenario("written", stores="postgres")
    def written(seed):
        seed.postgres.execute("INSERT INTO marks VALUES (-1, 'written')")
"""

Content = list[tuple[str, str, Any]]
Open = Callable[..., "Opened"]


class Opened:
    """A project, and what its tests ask for."""

    def __init__(self, root: Path, **settings: str) -> None:
        write_text(root / "scenarios" / "shop.py", PACK)
        self._made = root / "scenarios" / "made"
        self._made.unlink(missing_ok=True)
        values = {f"seedstate_{name}": value for name, value in settings.items()}
        self.project = Project(Settings.read(root, {**values}.get))
        self.told = self.project.figures.baselines

    def enter(self, first: int, count: int = 3) -> None:
        """Begin a test whose state is another for each `first`."""
        params = {"first": first, "count": count}
        self.project.engine.enter(self.project.state(["marks"], params=params), frozenset())

    def content(self) -> Content:
        """All records of all stores."""
        stores = self.project.engine.fleet.stores.values()
        return [(store.name, *each) for store in stores for each in store.dump()]  # type: ignore[misc]

    def made(self) -> list[int]:
        """Which datasets were generated, each time that one was."""
        return [int(line) for line in self._made.read_text().split()]

    def count(self, kind: str) -> int:
        """How often something was done."""
        return self.project.figures.by_kind[kind].count


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens projects with settings; closed with the test."""
    with ExitStack() as stack:

        def open_project(**settings: str) -> Opened:
            made = Opened(tmp_path, cache_dir=str(tmp_path / "cache"), **settings)
            stack.enter_context(closing(made.project))
            return made

        yield open_project


def test_ten_scenarios_are_made_once(opened: Open) -> None:
    """A suite that alternates between them switches, and generates and loads nothing again."""
    size = 1_000 if ALL_CASES else 200
    project = opened()
    seen: dict[int, Content] = {}
    for _ in range(3):
        for first in range(0, 10_000, 1_000):
            project.enter(first, size)
            assert seen.setdefault(first, project.content()) == project.content()

    assert project.made() == list(range(0, 10_000, 1_000))
    assert (project.count("loaded"), project.count("switched")) == (10, 20)
    assert (project.told.kept, project.told.forgotten) == (10, 0)


def test_the_least_recently_used_is_forgotten_and_not_made_again(opened: Open) -> None:
    """It is loaded from what was put aside, with the records that it had."""
    project = opened(kept_states="2", dataset_cache="off")
    seen: dict[int, Content] = {}
    for first in (0, 10, 20, 0, 20, 10, 20, 0, 10):
        project.enter(first)
        assert seen.setdefault(first, project.content()) == project.content()
        dataset = project.project.engine.states.dataset
        assert dataset is not None
        assert [record.number for record in dataset.records] == [first, first + 1, first + 2]  # type: ignore[attr-defined]

    assert project.made() == [0, 10, 20]
    # 20 is still there when it is asked for again, twice.
    assert (project.count("loaded"), project.count("switched")) == (7, 2)
    assert (project.told.kept, project.told.forgotten, project.told.loaded_again) == (2, 5, 4)


def test_what_a_scenario_writes_itself_is_written_again(opened: Open) -> None:
    """No dataset holds it."""
    project = opened(kept_states="1")
    written = project.project.state(["written"])
    for _ in range(2):
        project.project.engine.enter(written, frozenset())
        assert ("postgres", "marks", "-1") in [tuple(each[:3]) for each in project.content()]
        project.enter(0)
    assert project.made() == [0]


def test_a_size_bounds_what_is_kept(opened: Open) -> None:
    """Also one that is too small for any: the current state stays."""
    project = opened(kept_states="1KB")
    for first in (0, 10, 0):
        project.enter(first)
    assert (project.told.kept, project.told.forgotten, project.told.loaded_again) == (1, 2, 1)
    assert project.made() == [0, 10]


def test_what_baselines_take_is_told(opened: Open) -> None:
    """More for more records, in processes and in files; nothing for what was forgotten."""
    project = opened(kept_states="2")
    project.enter(0, 3)
    small = (project.told.memory, project.told.files)
    project.enter(10_000, 2_000)
    large = (project.told.memory - small[0], project.told.files - small[1])

    assert small[0] > 0
    assert large[0] > 2_000 * 100
    # PostgreSQL's rows as text or in binary form, 20 bytes and more each.
    assert large[1] > 2_000 * 20
    before = (project.told.memory, project.told.files)
    for first in (20, 30):
        project.enter(first, 3)
    assert project.told.memory < before[0]
    assert project.told.files < before[1] / 2


def test_workers_share_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting each takes its part of a quarter."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)
    alone = limit_of(KeptStates())
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    assert alone.number == MOST_STATES
    assert alone.size is not None
    assert limit_of(KeptStates()).size == alone.size // 4


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("5", KeptStates(number=5)),
        ("2GB", KeptStates(size=2_000_000_000)),
        ("1.5 gib", KeptStates(size=3 << 29)),
        ("300MB", KeptStates(size=300_000_000)),
    ],
)
def test_the_setting_is_a_number_or_a_size(tmp_path: Path, text: str, limits: KeptStates) -> None:
    """Units of 1000, or of 1024 with an i."""
    assert Settings.read(tmp_path, {"seedstate_kept_states": text}.get).kept_states == limits


@pytest.mark.parametrize("text", ["0", "many", "-3", "2XB", "1.5"])
def test_other_values_are_refused(tmp_path: Path, text: str) -> None:
    """Before anything starts."""
    with pytest.raises(SeedstateError, match="neither a number of states nor a size"):
        Settings.read(tmp_path, {"seedstate_kept_states": text}.get)

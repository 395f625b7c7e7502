"""What the machine has found, or was looked for where it might find something, one example each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.progress import FROM_THE_START
from tests.proof.application import CERTAIN
from tests.proof.home import Home, Homes


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    """One project for all examples."""
    made = Homes(tmp_path_factory.mktemp("homes"))
    yield made
    made.close()


@pytest.fixture
def home(homes: Homes) -> Home:
    """It, in a state with records in all stores."""
    home = homes.get()
    home.engine.rewind()
    home.engine.enter(home.state("everything"), frozenset())
    home.arrived(loaded=True)
    return home


def test_a_snapshot_taken_again_is_later_than_those_before_it(home: Home) -> None:
    """Its name had stood where it was first taken, and it was found when it was gone."""
    home.engine.snapshot("again")
    home.single.write([("postgres 10", 1, 1)])
    home.engine.snapshot("before")
    before = home.dump()
    home.single.write([("postgres 10", 2, 1), ("search delete", 0, 1)])
    home.engine.snapshot("again")

    home.engine.restore("before")

    home.assert_holds(before)
    with pytest.raises(SeedstateError, match="'again'"):
        home.engine.restore("again")
    home.engine.restore("before")
    home.assert_holds(before)


def test_times_that_python_lacks_are_told_as_text(home: Home) -> None:
    """One such value made all changes of PostgreSQL unreadable."""
    home.single.postgres.execute(
        "UPDATE documents SET at = 'infinity' WHERE id = 2; DELETE FROM people WHERE id = 1"
    )

    changes = home.engine.changes()

    assert [(each.collection, each.kind) for each in changes] == [
        ("documents", "updated"),
        ("people", "deleted"),
    ]
    assert changes.changes[0].after is not None
    assert changes.changes[0].after["at"] == "infinity"
    assert not changes.notes


LATE = {
    "postgres": [("postgres 12", 7, 7), ("postgres 13", 7, 7)],
    "aws": [("aws put", 2, 6)],
    "opensearch": [("search index", 3, 5)],
}


class Disturbed(list[Any]):
    """Entries to load; while they are read, somebody writes.

    Args:
        entries: the entries.
        write: what is done, once.
    """

    def __init__(self, entries: Sequence[Any], write: Callable[[], None]) -> None:
        super().__init__(entries)
        self._write: Callable[[], None] | None = write

    def __iter__(self) -> Iterator[Any]:
        write, self._write = self._write, None
        if write is not None:
            write()
        return super().__iter__()


@pytest.mark.parametrize("service", LATE)
def test_what_is_written_while_a_state_is_loaded_is_no_part_of_it(home: Home, service: str) -> None:
    """It had become a part of the baseline, for as long as the run lasted."""
    home.engine.enter(home.state("schema"), frozenset())
    before = home.dump()
    state = home.project.state(["marks"], params={"count": 6})
    dataset = state.generate(FROM_THE_START, None)
    rows = dataset.entries["postgres"]["marks"]
    disturbed = Disturbed(rows, lambda: home.single.write(LATE[service]))
    dataset.entries["postgres"]["marks"] = disturbed
    state = replace(state, key=f"disturbed {service}", generate=lambda after, load: dataset)

    home.engine.enter(state, frozenset())

    assert home.engine.is_clean()
    found = home.dump()
    assert len(found["postgres"]['r "public"."marks"']) == 6
    assert found["postgres"]['r "public"."bag"'] == before["postgres"]['r "public"."bag"']
    assert found["aws"]["tables"]["shop"][2]["Items"] == []
    assert found["opensearch"]["indices"]["other"]["documents"] == {}
    assert_told(home)


def assert_told(home: Home) -> None:
    (remark,) = [each for each in home.engine.figures.remarks if "was loaded" in each]
    assert any(name in remark for name in ("single (pid", "Boto3", "application"))
    home.engine.figures.remarks.clear()


def test_a_load_that_a_late_write_gets_in_the_way_of_is_done_again(home: Home) -> None:
    """It was refused, and with it every later test of its state."""
    home.engine.enter(home.state("schema"), frozenset())
    state = home.project.state(["marks"], params={"count": 7})
    dataset = state.generate(FROM_THE_START, None)
    rows = dataset.entries["postgres"]["marks"]

    def write() -> None:
        home.single.postgres.execute("INSERT INTO marks VALUES (3, 'late')")

    dataset.entries["postgres"]["marks"] = Disturbed(rows, write)

    home.engine.enter(
        replace(state, key="in the way", generate=lambda after, load: dataset), frozenset()
    )

    assert home.engine.is_clean()
    found = home.dump()["postgres"]['r "public"."marks"']
    assert len(found) == 7
    assert "late" not in str(found)
    assert_told(home)


def test_what_commits_while_a_rewind_ends_is_undone_by_it(home: Home) -> None:
    """Between the rewind and the look at who still writes it had stayed until the next test."""
    for _ in range(40):
        home.elsewhere.write_in_transaction([CERTAIN], 0.0, [], [], "COMMIT")
        home.engine.rewind()
        home.elsewhere.join()
        assert home.engine.is_clean()

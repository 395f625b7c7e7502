"""What the machine has found, or was looked for where it might find something, one example each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_seedstate.errors import SeedstateError
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

"""``--seedstate-verify``: a full comparison of all stores with what they should hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.base import SharingJournal

if TYPE_CHECKING:
    from pytest_seedstate.engine.fleet import Fleet
    from pytest_seedstate.engine.states import States

Content = dict[tuple[str, str, str], str]
"""Store, collection and key to the canonical value, as text: equality would take 1 for true.

A definition has `_DEFINITION` before its collection.
"""

_DEFINITION = "definition of "

SHOWN_DIFFERENCES = 10
_SHOWN_FOREIGN = 20


class Verification:
    """Remembers full dumps and compares the stores with them.

    It asks the stores themselves, not the journals: it is what finds a journal's mistake.

    Args:
        fleet: the services and stores.
        figures: where comparisons are counted.
    """

    def __init__(self, fleet: Fleet, figures: Figures) -> None:
        self._fleet = fleet
        self._figures = figures
        self._baselines: dict[str, Content] = {}
        self._layers: list[Content] = []
        self._known: set[str] = set()

    def stores_started(self) -> None:
        """Stores that have started since hold what they hold now in all that is remembered."""
        new = self._fleet.stores.keys() - self._known
        self._known |= new
        for name in sorted(new):
            self._tell_foreign(name)
        content = self._dump(new)
        for remembered in (*self._baselines.values(), *self._layers):
            remembered.update(content)

    def _tell_foreign(self, name: str) -> None:
        journal = self._fleet.stores[name].journal
        if isinstance(journal, SharingJournal):
            names = journal.foreign_names(name)
            if names:
                told = ", ".join(names[:_SHOWN_FOREIGN]) + ", ..." * (len(names) > _SHOWN_FOREIGN)
                self._figures.remark(f"of others, and not compared: {told} ({name})")

    def remember(self, key: str) -> None:
        """What the stores hold now is the baseline of the state `key`."""
        if key not in self._baselines:
            self._baselines[key] = self._dump(self._fleet.stores)

    def remember_layer(self) -> None:
        """What the stores hold now is what a wider fixture left."""
        self._layers.append(self._dump(self._fleet.stores))

    def forget_layers(self, remaining: int) -> None:
        """Only the outermost `remaining` layers are still there."""
        del self._layers[remaining:]

    def differences(self, states: States) -> list[Difference]:
        """What differs from what the stores should hold."""
        key = states.current.key
        if self._layers:
            expected = self._layers[-1]
        elif key in self._baselines:
            expected = self._baselines[key]
        else:
            return []
        with self._figures.timed("verified"):
            found = self._dump(self._fleet.stores)
        # A store that has ended holds nothing.
        expected = {at: value for at, value in expected.items() if at[0] in self._fleet.stores}
        return [
            Difference(place, expected.get(place), found.get(place))
            for place in sorted(expected.keys() | found.keys())
            if expected.get(place) != found.get(place)
        ]

    def failure(
        self,
        differences: list[Difference],
        left: list[Difference],
        torn_down: list[str],
        states: States,
    ) -> SeedstateError:
        """The error that tells what differed.

        Args:
            differences: what differed after the rewind.
            left: what still differs after the repair.
            torn_down: the fixtures that were torn down for the repair.
            states: where the stores are.
        """
        told = _shortened(differences)
        if torn_down:
            told.append(f"torn down, to be set up again when asked for: {', '.join(torn_down)}")
        if left:
            told += ["still different after the repair:", *_shortened(left)]
        return SeedstateError(
            f"after the rewind {_counted(differences)} from the baseline '{states.current.title}'",
            fix="start the run again: later tests may see these records"
            if left
            else "the stores were repaired; please report what the test does: a rewind is exact",
            detail="\n".join(told),
        )

    def _dump(self, stores: Iterable[str]) -> Content:
        content: Content = {}
        for name in stores:
            store = self._fleet.stores[name]
            try:
                for collection, key, value in store.dump():
                    content[name, collection, key] = repr(value)
                for collection, what, value in store.definitions():
                    content[name, f"{_DEFINITION}{collection}", what] = repr(value)
            except SeedstateError as error:
                # What a test has left may be what the service cannot read; that is repaired too.
                content[name, f"{_DEFINITION}the store", "cannot be read"] = str(error)
        return content


@dataclass(frozen=True, slots=True)
class Difference:
    """A record or definition that is not what it should be.

    Attributes:
        place: see `Content`.
        expected: what should be there, None for nothing.
        found: what is there.
    """

    place: tuple[str, str, str]
    expected: str | None
    found: str | None

    @property
    def store(self) -> str:
        return self.place[0]

    @property
    def is_definition(self) -> bool:
        return self.place[1].startswith(_DEFINITION)

    def __str__(self) -> str:
        where = " ".join(filter(None, (part.strip() for part in self.place)))
        if self.expected is None:
            return f"{where}: should not be there"
        if self.found is None:
            return f"{where}: is missing"
        return f"{where}: {self.found} instead of {self.expected}"


def _counted(differences: list[Difference]) -> str:
    definitions = sum(each.is_definition for each in differences)
    records = len(differences) - definitions
    parts = [f"{records} records"] * bool(records) + [f"{definitions} definitions"] * bool(
        definitions
    )
    return f"{' and '.join(parts)} differ"


def _shortened(differences: list[Difference]) -> list[str]:
    more = len(differences) - SHOWN_DIFFERENCES
    return [*map(str, differences[:SHOWN_DIFFERENCES]), *([f"and {more} more"] if more > 0 else [])]

"""Bringing all stores to the state a test asks for: loaded once, then switched to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.engine.fleet import Fleet
from pytest_seedstate.engine.inserting import PartlyLoadedError, insert
from pytest_seedstate.engine.kept import Kept, PutAside, limit_of
from pytest_seedstate.engine.side_by_side import side_by_side
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.progress import FROM_THE_START, Progress
from pytest_seedstate.stores.base import SuspendableJournal, Taken

if TYPE_CHECKING:
    from pytest_seedstate.records.dataset import Dataset, Load
    from pytest_seedstate.stores.base import Journal

SCHEMA_ONLY = "schema"
_MOST_DISTURBED = 5
"""How often a state is loaded while others go on writing."""


class DisturbedError(SeedstateError):
    """A state could not be loaded now; later it may be."""


@dataclass(frozen=True, slots=True)
class State:
    """What a test asks for.

    Attributes:
        key: equal for equal states; `SCHEMA_ONLY` for stores without data.
        title: how it is called in messages: ``search-basic``.
        stores: the stores that must run for it.
        generate: makes its dataset, going on from another's progress; what a scenario that writes
            itself is to find in the stores, it loads by the second argument, which may be None
            where none does. None for `SCHEMA_ONLY`.
        writes_itself: whether generating it writes through clients, so that it can only be done
            once the services run.
        ddl: whether tests in it change tables, so that databases are disposable copies.
    """

    key: str
    title: str
    stores: frozenset[str]
    generate: Callable[[Progress, Load | None], Dataset] | None = field(default=None, compare=False)
    writes_itself: bool = False
    ddl: bool = False


class States:
    """Which state the stores are in, and the way to another.

    Args:
        fleet: the services and stores.
        figures: where loads and switches are counted.
    """

    def __init__(self, fleet: Fleet, figures: Figures) -> None:
        self._fleet = fleet
        self._figures = figures
        self._kept = Kept(limit_of(fleet.settings.kept_states), figures)
        self._put_aside = PutAside(fleet.folder)
        self._at: dict[str, str] = {}
        self._suspended: set[str] = set()
        self._datasets: dict[str, Dataset | None] = {SCHEMA_ONLY: None}
        self._kept_by: dict[str, list[str]] = {}
        self._ahead: dict[str, Dataset] = {}
        self._failed: dict[str, SeedstateError] = {}
        self._writing_themselves: set[str] = set()
        self.current = State(SCHEMA_ONLY, SCHEMA_ONLY, frozenset())

    @property
    def dataset(self) -> Dataset | None:
        """What the current state's scenarios produced."""
        return self._datasets[self.current.key]

    def make_ahead(self, state: State) -> None:
        """Make the dataset of a state that is not loaded yet, if no service is needed for that.

        Raises:
            SeedstateError: it cannot be made, now and later.
        """
        if state.generate is None or state.writes_itself or state.key in self._datasets:
            return
        if state.key not in self._failed and state.key not in self._ahead:
            try:
                found = self._put_aside.take(state.key)
                self._ahead[state.key] = found or state.generate(FROM_THE_START, None)
            except SeedstateError as error:
                self._failed[state.key] = error
                raise

    def go(self, state: State) -> None:
        """Bring all running stores to `state`; journals must be clean.

        Raises:
            SeedstateError: it cannot be made; the stores then hold their schema only, and every
                later test that asks for it gets the same error.
        """
        if state.key in self._failed:
            raise self._failed[state.key]
        if state.key == self.current.key:
            return
        if state.key in self._datasets:
            with self._figures.timed("switched"):
                self._switch(state.key)
        else:
            try:
                with self._figures.timed("loaded"):
                    self._load(state)
            except DisturbedError:
                raise
            except SeedstateError as error:
                self._failed[state.key] = error
                raise
        self.current = state
        if state.ddl:
            self._suspend()

    def _suspend(self) -> None:
        for journal in self._fleet.journals:
            if isinstance(journal, SuspendableJournal):
                self._suspended.add(journal.name)
                journal.suspend()

    def _switch(self, key: str) -> None:
        moves = []
        for journal in self._fleet.journals:
            name = journal.name
            target = key if key in self._kept_by.get(name, ()) else SCHEMA_ONLY
            if self._at.get(name, SCHEMA_ONLY) != target or name in self._suspended:
                moves.append(partial(self._move, journal, target))
        side_by_side(moves)
        self._kept.used(key)

    def _move(self, journal: Journal, target: str) -> None:
        # Unknown until it has arrived: a switch that fails may be tried again.
        self._at[journal.name] = ""
        journal.switch(target)
        self._at[journal.name] = target
        self._suspended.discard(journal.name)

    def _load(self, state: State) -> None:
        assert state.generate is not None
        self.make_ahead(state)
        dataset = self._ahead.pop(state.key, None)
        load = self.load(state.title)
        for _ in range(_MOST_DISTURBED):
            self._switch(SCHEMA_ONLY)
            self.current = State(SCHEMA_ONLY, SCHEMA_ONLY, frozenset())
            refused: SeedstateError | None = None
            try:
                if dataset is None:
                    dataset = state.generate(FROM_THE_START, load)
                load(dataset.entries)
            except PartlyLoadedError as error:
                refused = error
            except BaseException:
                for journal in self._fleet.journals:
                    journal.rewind()
                raise
            taken, others = self._keep(state.key)
            if state.writes_itself:
                # What its programs write cannot be told from what others do.
                others.clear()
            if not others and refused is None:
                break
            self._switch(SCHEMA_ONLY)
            self._forget_baselines(state.key)
            if refused is not None and not others:
                raise refused
            self._figures.remark(
                f"late writes while '{state.title}' was loaded, which was done again: "
                + ", ".join(others)
            )
        else:
            raise DisturbedError(
                f"somebody writes all the time, so that '{state.title}' cannot be loaded",
                checked=f"tried {_MOST_DISTURBED} times; writers: {', '.join(others)}",
                fix="let background work end with the test that began it",
            )
        self._datasets[state.key] = dataset
        if state.writes_itself:
            self._writing_themselves.add(state.key)
        for key in self._kept.add(state.key, taken):
            self._forget(key)

    def _keep(self, key: str) -> tuple[Taken, list[str]]:
        """Keep what was loaded as the baseline of a state.

        Returns:
            What it takes; who else wrote meanwhile.
        """
        taken = Taken()
        others: list[str] = []
        for journal in self._fleet.journals:
            if not journal.is_clean():
                others.extend(journal.keep(key))
                self._kept_by.setdefault(journal.name, []).append(key)
                self._at[journal.name] = key
                taken += journal.taken_by(key)
        return taken, others

    def load(self, title: str) -> Load:
        """What loads entries on top of what the stores hold, all stores at once.

        Args:
            title: whose data it is, for messages.

        Returns:
            It raises SeedstateError: a store that does not run, or what the store refused.
        """
        return partial(insert, self._fleet.stores, title)

    def repair(self, redefined: Collection[str] = ()) -> None:
        """Replace what all stores hold by the current state's baseline.

        Args:
            redefined: the stores of which more than records is to be brought back.
        """
        renewed = {self._fleet.stores[name].journal.name for name in redefined}
        for journal in self._fleet.journals:
            if journal.name in renewed:
                journal.renew()
            else:
                journal.switch(self._at.get(journal.name, SCHEMA_ONLY))
        if self.current.ddl:
            self._suspend()

    def _forget(self, key: str) -> None:
        dataset = self._datasets.pop(key)
        if dataset is not None and key not in self._writing_themselves:
            self._put_aside.put(key, dataset)
        self._forget_baselines(key)

    def _forget_baselines(self, key: str) -> None:
        for journal in self._fleet.journals:
            keys = self._kept_by.get(journal.name, [])
            if key in keys:
                keys.remove(key)
                journal.forget(key)

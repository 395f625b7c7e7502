"""One consistent state of all stores for each test, and back again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from operator import or_
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_seedstate.engine.complaints import left_open, lost
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.engine.fleet import Fleet
from pytest_seedstate.engine.keeping import Keeping
from pytest_seedstate.engine.layers import Layer, LayerStack, Owner, Positions, end_and_tell
from pytest_seedstate.engine.one_at_a_time import one_at_a_time
from pytest_seedstate.engine.side_by_side import side_by_side
from pytest_seedstate.engine.snapshots import Snapshots
from pytest_seedstate.engine.states import State, States
from pytest_seedstate.engine.verify import Verification
from pytest_seedstate.engine.whole import whole
from pytest_seedstate.errors import LostPositionError, SeedstateError
from pytest_seedstate.stores.changes import ChangeSet

if TYPE_CHECKING:
    from pytest_seedstate.engine.schema import Schema
    from pytest_seedstate.records.dataset import Dataset
    from pytest_seedstate.records.progress import Progress
    from pytest_seedstate.stores.base import Journal

_MOST_COMPARISONS = 4  # of the stores while somebody goes on writing
_PATIENCE_WITH_THE_DEAD = 0.5  # seconds from a store's first failure to news of its service's end


@one_at_a_time
@whole("is_clean_since", "changes", "rewind", "mark", "go_back", "begin_layer")
class Engine:
    """Drives the stores of one run, for one thread after the other.

    Args:
        fleet: the services and stores.
        schema: what must exist in stores that start.
        figures: what is counted and remarked.
        verify: compare all stores with their baseline in full after every rewind.
        open_fails: a test that leaves a transaction open fails; else that is told in the summary.

    Attributes:
        layers: what wider fixtures wrote.
        snapshots: where the test may go back to.
        was_reset: whether the test has replaced everything by a reset state.
        waited_for: what was committed while the last rewind waited for open transactions.
    """

    def __init__(
        self, fleet: Fleet, schema: Schema, figures: Figures, *, verify: bool, open_fails: bool
    ) -> None:
        self._open_fails = open_fails
        self.fleet = fleet
        self.figures = figures
        self.states = States(fleet, figures)
        self._schema = schema
        self.layers = LayerStack()
        self.snapshots = Snapshots()
        self.was_reset = False
        self._repairing = False
        self._below_kept: LayerStack | None = None
        self.waited_for = ChangeSet()
        self.keeping = Keeping(fleet)
        self._verification = Verification(fleet, figures) if verify else None

    # -- what a test asks for

    def start(self, stores: Iterable[str]) -> None:
        """Start the services of `stores`, with their schema."""
        self._start(stores)

    def _start(self, stores: Iterable[str]) -> None:
        self.fleet.start({*stores, *self._schema.companions}, self._schema)
        if self._verification:
            self._verification.stores_started()
            self._verification.remember(self.states.current.key)

    def enter(
        self,
        state: State | None,
        stores: frozenset[str],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> ChangeSet:
        """Make a test's state true.

        Args:
            state: what it asks for; None leaves the stores in the state they are in.
            stores: stores that must run besides those of the state.
            meanwhile: something of the test's set-up that is done while services start, if any do.

        Returns:
            What was written since the last rewind by nobody who was asked to; undone here.

        Raises:
            SeedstateError: the state cannot be made, or cannot be switched to.
        """
        # Only a test that needs one of them has to know.
        self.fleet.leave_out_the_dead()
        late = self._undo_late_writes()
        self.was_reset = False
        needed = stores | (state.stores if state else frozenset())
        if self.fleet.lacks(needed):
            self.fleet.import_ahead(needed)
            # Making the data takes about as long as starting the services to load it into.
            with ThreadPoolExecutor(1) as pool:
                starting = pool.submit(self._start, needed)
                if state is not None:
                    self.states.make_ahead(state)
                meanwhile()
                starting.result()
        if state is not None and state.key != self.states.current.key:
            self._switch(state)
        return late

    def _undo_late_writes(self) -> ChangeSet:
        if self.is_clean():
            return ChangeSet()
        late = self.changes()
        self.rewind()
        return late

    def _switch(self, state: State) -> None:
        if self.layers:
            raise SeedstateError(
                f"the state '{state.title}' cannot be switched to while "
                f"'{self.states.current.title}' is built upon by {', '.join(self.layers.titles)}",
                fix="give the tests that share this fixture one scenario, "
                "or narrow the fixture's scope",
            )
        self.snapshots.clear()
        self.states.go(state)
        if self._verification:
            self._verification.remember(state.key)

    def reset(self, state: State) -> None:
        """Replace everything by `state` in the middle of a test."""
        snapshots = self.snapshots.names
        self.rewind()
        self.start(state.stores)
        self._switch(state)
        self.snapshots.tell_dropped(snapshots, f"the reset to '{state.title}'")
        self.was_reset = True

    def add(self, state: State, after: Progress) -> Dataset:
        """Load the data of `state` on top of what the stores hold.

        Args:
            state: what is loaded.
            after: where the scenarios below it have come to.

        Raises:
            SeedstateError: it cannot be made or loaded; the stores are as they were.
        """
        self.start(state.stores)
        assert state.generate is not None
        before = self.mark()
        try:
            load = self.states.load(state.title)
            dataset = state.generate(after, load)
            load(dataset.entries)
        except BaseException:
            self.go_back(before)
            raise
        return dataset

    # -- what has changed

    def is_clean(self) -> bool:
        """Whether no store differs from what the next test should find."""
        return self.is_clean_since(self.tops())

    def is_clean_since(self, positions: Positions) -> bool:
        """Whether no store differs from what it held at these positions."""
        return all(each.is_clean(positions.get(each.name, 0)) for each in self.fleet.journals)

    @property
    def is_untouched(self) -> bool:
        """Whether the stores are where the test began, and nothing leads elsewhere."""
        return not self.snapshots and not self.was_reset and self.is_clean()

    def changes(self) -> ChangeSet:
        """What the current test has changed in all stores."""
        found = (each.changes(self.layers.top(each.name)) for each in self.fleet.journals)
        return reduce(or_, found, ChangeSet())

    # -- the way back

    def rewind(self) -> None:
        """Undo what was changed since the innermost layer, in every store that changed.

        Raises:
            SeedstateError: a store could not be rewound: who holds it up, and what to do; or all
                that are alive were rewound, and there is something to tell.
        """
        died = self.fleet.leave_out_the_dead()
        try:
            failure = self._rewind()
        except SeedstateError:
            # What ends a service is often seen here first.
            died = self.fleet.leave_out_the_dead(_PATIENCE_WITH_THE_DEAD)
            if died is None:
                raise
            failure = self._rewind()
        if error := failure or died:
            raise error

    def _rewind(self) -> SeedstateError | None:
        self.snapshots.clear()
        self.waited_for = ChangeSet()
        start = perf_counter()
        dirty = self._dirty()
        try:
            ended = self._rewind_without_writers(dirty) if dirty else []
        except LostPositionError as error:
            return lost(error, self._repair())
        self.figures.add("rewound" if dirty else "clean", perf_counter() - start)
        self.figures.note_ended(ended)
        verification = None if self._repairing else self._verification
        failure = verification and self._verify(verification)
        return failure or (left_open(ended) if ended and self._open_fails else None)

    def _dirty(self) -> list[tuple[Journal, int]]:
        """The journals of stores that somebody has written to, with where to go back to."""
        tops = self.tops()
        return [(j, tops[j.name]) for j in self.fleet.journals if not j.is_clean(tops[j.name])]

    def _verify(self, verification: Verification) -> SeedstateError | None:
        late: list[tuple[Journal, int]] = []
        for _ in range(_MOST_COMPARISONS):
            # What somebody wrote between rewind and comparison is no fault of the rewind.
            self._rewind_each(late)
            before = self.mark() if late else {}
            differences = verification.differences(self.states)
            late = self._dirty() if differences else []
            if not late:
                break
        # What a rewind leaves behind looks like a writer's, but nobody writes it now.
        if late and not self.is_clean_since(before):
            self.figures.remark("stores were not compared while somebody went on writing")
        elif differences:
            torn_down = self._repair({each.store for each in differences if each.is_definition})
            left = verification.differences(self.states)
            return verification.failure(differences, left, torn_down, self.states)
        return None

    def _repair(self, redefined: Collection[str] = ()) -> list[str]:
        """Bring all stores to the baseline, whatever their journals say; see `end_and_tell`.

        Args:
            redefined: the stores of which more than records differs.
        """
        self._repairing = True
        try:
            told = end_and_tell(self.layers.live())
            self.drop_ended_layers()
            self.states.repair(redefined)
        finally:
            self._repairing = False
        return told

    def _rewind_without_writers(self, targets: list[tuple[Journal, int]]) -> list[str]:
        """Rewind, and see that nobody is in the middle of writing when the next test begins.

        Returns:
            The transactions that had to be ended for that.
        """
        held_up: SeedstateError | None = None
        try:
            self._rewind_each(targets)
        except LostPositionError:
            raise
        except SeedstateError as error:
            held_up = error
        found = [(target, target[0].end_writers()) for target in targets]
        ended = [text for _, texts in found for text in texts or ()]
        if held_up is not None and not ended:
            # Whoever was in the way may be gone by now, without a trace.
            self._rewind_each(targets)
        waited = [target for target, texts in found if texts is not None]
        if held_up or waited:
            self.waited_for = self.changes()
            # Whoever was in the middle of writing here may have written elsewhere meanwhile.
            self._rewind_each(list(dict.fromkeys([*waited, *self._dirty()])))
        return ended

    def _rewind_each(self, targets: list[tuple[Journal, int]]) -> None:
        side_by_side([partial(self._rewind_one, *target) for target in targets])

    def _rewind_one(self, journal: Journal, position: int) -> None:
        start = perf_counter()
        rewound = journal.rewind(position)
        if rewound.replaced:
            self.figures.note_replaced(journal.name, rewound.replaced, perf_counter() - start)

    # -- layers

    def begin_layer(self, owner: Owner) -> bool:
        """What was written just now, if anything was, stays while a wider fixture lives."""
        positions = {
            journal.name: journal.mark()
            for journal in self.fleet.journals
            if not journal.is_clean(self.layers.top(journal.name))
        }
        if positions:
            self.layers.push(Layer(owner, positions))
            if self._verification:
                self._verification.remember_layer()
        return bool(positions)

    def end_layer(self, owner: Owner, *, stays: bool = False) -> bool:
        """A wider fixture was torn down: what it wrote goes, and what was written since.

        It stays while a fixture lives that has written after it.

        Args:
            owner: the fixture.
            stays: let it stay until `drop_ended_layers`.

        Returns:
            Whether it stays.
        """
        if not self.layers.mark_ended(owner):
            return False
        if not stays:
            self.drop_ended_layers()
        return any(each is owner for each in self.layers.ended())

    def drop_ended_layers(self) -> None:
        """What fixtures wrote that were torn down goes, as far as none lives that wrote later."""
        if self.layers.drop_ended():
            if self._verification:
                self._verification.forget_layers(len(self.layers))
            self.rewind()

    # -- snapshots of a test

    def snapshot(self, name: str) -> None:
        """Remember what all stores hold now under a name, until the test ends."""
        self.snapshots.take(name, self.mark())

    def restore(self, name: str) -> None:
        """Go back to a snapshot; snapshots taken after it are gone.

        Raises:
            SeedstateError: no snapshot of that name was taken in this test, or it is gone.
        """
        self.go_back(self.snapshots.positions(name), by=f"going back to '{name}'")

    def mark(self) -> Positions:
        """What all stores hold now, for `go_back` and `is_clean_since`."""
        return {journal.name: journal.mark() for journal in self.fleet.journals}

    def tops(self) -> Positions:
        """Where a test is rewound to."""
        return {journal.name: self.layers.top(journal.name) for journal in self.fleet.journals}

    def go_back(self, positions: Positions, by: str = "a failure") -> None:
        """Put all stores back to positions; later ones are gone, and snapshots with them."""
        self.snapshots.drop_later(positions, by)
        self._rewind_each([(each, positions.get(each.name, 0)) for each in self.fleet.journals])

    # -- the state of a failed test

    def keep(self, test: str) -> None:
        """Keep what the stores hold for after the run; `leave_kept` is to follow.

        Raises:
            SeedstateError: it cannot be kept now, and why.
        """
        # Positions go with it, also where it fails half-way.
        self._below_kept, self.layers = self.layers, LayerStack()
        self.snapshots.clear()
        self.keeping.keep(test)

    def leave_kept(self) -> list[str]:
        """Go on with the baseline that tests are to find.

        Returns:
            The fixtures that were torn down for that, since what they wrote is gone, and what
            failed in that.
        """
        if self._below_kept is None:
            return []
        layers, self._below_kept = self._below_kept, None
        told = end_and_tell(layers.live())
        if self._verification:
            self._verification.forget_layers(0)
        self.states.repair()
        return told

    def stop(self) -> None:
        """Stop all services; nothing of this run is left but what was handed over."""
        self.keeping.close()
        self.fleet.stop()

"""Random suites of tests over all four stores: whatever they do, each finds its state in full.

The engine is driven as the plugin drives it, and its applications write through clients of their
own, from two connections and from another process. What should be there is known from dumps taken
when it was, never from the engine.

SEEDSTATE_TEST_EXAMPLES=500 makes a long run of other examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pytest_seedstate.errors import SeedstateError
from tests.machines import machine_settings
from tests.postgres.operations import DDL
from tests.proof.application import CERTAIN, CLOUD, LOCKING, NAMES, ROWS, SEARCH, Step, refusals
from tests.proof.dumps import Dump, records
from tests.proof.home import STATES, Home, Homes

SMALL = {"n": st.integers(0, 9), "m": st.integers(0, 8)}
RARELY = st.sampled_from((False, False, False, True))
VERY_RARELY = st.sampled_from((False,) * 9 + (True,))
NAME = st.sampled_from("abc")
PAUSE = st.sampled_from((0.0, 0.001, 0.004, 0.015, 0.04))


def steps_of(names: tuple[str, ...], **size: int) -> st.SearchStrategy[list[Step]]:
    """Some writes."""
    numbers = (st.integers(0, 9), st.integers(0, 8))
    return st.lists(st.tuples(st.sampled_from(names), *numbers), **size)


EVERYWHERE = st.one_of(*(steps_of(names, min_size=1, max_size=3) for names in NAMES.values()))
TRANSACTION = steps_of(ROWS + LOCKING, min_size=1, max_size=3)
OTHERS = steps_of(CLOUD, max_size=1) | steps_of(SEARCH, max_size=2)


@dataclass(eq=False)
class Fixture:
    """A wider fixture that has written: what it left, and whether it has ended."""

    title: str
    dump: Dump
    ended: bool = field(default=False)

    def end(self) -> None:
        """Only a full comparison that has found something asks for it."""
        raise AssertionError("nothing is to be repaired")


class Machine(RuleBasedStateMachine):
    """A suite of tests, the application under test, and a model of what each should find."""

    def __init__(self, homes: Homes) -> None:
        super().__init__()
        self.homes = homes
        self.home: Home = homes.get()
        self.engine = self.home.project.engine
        self.in_test = False
        self.fixtures: list[Fixture] = []
        self.layers: list[Fixture] = []
        self.snapshots: dict[str, Dump] = {}
        self.ddl = 0
        self.writing_elsewhere = False
        self.transaction = self.locked = False

    # -- what applications do

    @rule(steps=EVERYWHERE)
    def write(self, steps: list[Step]) -> None:
        self.home.single.write(self._possible(steps))

    @rule(steps=EVERYWHERE)
    def write_elsewhere(self, steps: list[Step]) -> None:
        self.home.elsewhere.write(self._possible(steps))

    @rule(pause=PAUSE, steps=EVERYWHERE)
    def write_elsewhere_in_a_moment(self, pause: float, steps: list[Step]) -> None:
        self.home.elsewhere.write_later(pause, self._possible(steps))
        self.writing_elsewhere = True

    @rule(
        before=TRANSACTION,
        pause=PAUSE,
        meanwhile=OTHERS,
        after=TRANSACTION,
        end=st.sampled_from(("COMMIT", "COMMIT", "ROLLBACK")),
    )
    def write_elsewhere_in_a_transaction(
        self, before: list[Step], pause: float, meanwhile: list[Step], after: list[Step], end: str
    ) -> None:
        self.home.elsewhere.write_in_transaction(
            before, pause, self._possible(meanwhile), after, end
        )
        self.writing_elsewhere = True

    @precondition(lambda self: self.in_test and not self.transaction)
    @rule(steps=TRANSACTION)
    def begin(self, steps: list[Step]) -> None:
        self.home.several.begin()
        self.transaction = True
        self._write_in_transaction(steps)

    @precondition(lambda self: self.transaction)
    @rule(steps=TRANSACTION)
    def _write_in_transaction(self, steps: list[Step]) -> None:
        self.locked |= any(name in LOCKING for name, _, _ in steps)
        self.home.several.write_in_transaction(steps)

    @precondition(lambda self: self.transaction)
    @rule(end=st.sampled_from(("COMMIT", "COMMIT", "ROLLBACK")))
    def end_transaction(self, end: str) -> None:
        self.home.several.end(end)
        self.transaction = self.locked = False

    @precondition(
        lambda self: (
            "postgres" in self.home.endpoints and not any("ddl" in mark for mark in self._marks())
        )
    )
    @rule(statement=st.sampled_from(DDL), really=RARELY, **SMALL)
    def change_tables(self, statement: str, really: bool, n: int, m: int) -> None:
        if not really:
            return
        self._settle()
        self.homes.names += 1
        self.ddl += 1
        with refusals(), self.home.single.postgres.transaction():
            sql = statement.format(n=n, c=self.homes.names)
            self.home.single.postgres.execute(sql)

    # -- what the plugin does

    @initialize(state=st.sampled_from(STATES))
    def begin_the_first_test(self, state: str) -> None:
        self.begin_test(state, same=False)

    @precondition(lambda self: not self.in_test)
    @rule(state=st.sampled_from(STATES), same=RARELY)
    def begin_test(self, state: str, same: bool) -> None:
        asked = None if same or self.fixtures else self.home.state(state)
        dirty = not self.writing_elsewhere and self._differs_in_records(self.home.dump())
        loaded = self.home.loaded
        try:
            late = self.engine.enter(asked, frozenset())
        except SeedstateError as error:
            late = None
            self._expect_refusal(error, state)
        self.home.arrived(self.home.loaded > loaded)
        if late is not None and dirty:
            assert late
        self._assert_undone()
        self.in_test = True

    @rule(steps=EVERYWHERE, state=st.sampled_from(STATES), same=st.booleans())
    def write_between_tests(self, steps: list[Step], state: str, same: bool) -> None:
        """Undone before the next test, and told."""
        if self.in_test:
            self.end_test(leave_open=False)
        self.home.elsewhere.write(self._possible(steps))
        self.begin_test(state, same)

    @precondition(lambda self: not self.in_test and self.fixtures)
    @rule(state=st.sampled_from(STATES))
    def begin_a_test_of_another_state(self, state: str) -> None:
        """Not while a wider fixture lives that has written."""
        asked = self.home.state(state)
        if asked.key == self.engine.states.current.key:
            return
        self._settle()
        if self.layers:
            with pytest.raises(SeedstateError, match=f"is built upon by .*{self.layers[-1].title}"):
                self.engine.enter(asked, frozenset())
            # What it needs was started first.
            self.home.arrived(loaded=False)
        self._assert_undone()

    @precondition(lambda self: self.in_test)
    @rule(leave_open=VERY_RARELY)
    def end_test(self, leave_open: bool) -> None:
        if self.transaction and (not leave_open or self.ddl):
            self.end_transaction("COMMIT")
        self._rewind()
        self._assert_undone()
        self.in_test = False

    @rule(again=st.booleans())
    def write_and_rewind(self, again: bool) -> None:
        """A test may be over before it has been seen."""
        if self.transaction:
            self.end_transaction("COMMIT")
        for _ in range(1 + again):
            self._rewind()
        self._assert_undone()

    @precondition(lambda self: not self.transaction and not self.ddl)
    @rule(pause=PAUSE, meanwhile=OTHERS, after=TRANSACTION)
    def rewind_behind_a_transaction(
        self, pause: float, meanwhile: list[Step], after: list[Step]
    ) -> None:
        """It is waited for, and nothing of it stays, wherever it has written."""
        self._settle()
        self.home.elsewhere.write_in_transaction(
            [CERTAIN], pause, self._possible(meanwhile), after, "COMMIT"
        )
        try:
            self.engine.rewind()
        except SeedstateError as error:
            if "was left open" not in error.problem:
                raise
            self.home.elsewhere.join()
            self.engine.rewind()
        self.home.elsewhere.join()
        # Whoever writes between its first look and the undo is undone, and leaves it unclean.
        if not self.engine.is_clean():
            self.engine.rewind()
        self._assert_undone()

    @precondition(lambda self: not self.snapshots)
    @rule(steps=EVERYWHERE)
    def set_up_a_fixture(self, steps: list[Step]) -> None:
        self.home.single.write(self._possible(steps))
        self._settle()
        clean, dump = self.engine.is_clean(), self._marked()
        if self._differs(dump):
            assert not clean
        fixture = Fixture(f"fixture {len(self.fixtures)}", dump)
        assert self.engine.begin_layer(fixture) is not clean
        self.fixtures.append(fixture)
        if not clean:
            self.layers.append(fixture)

    @precondition(lambda self: not self.snapshots)
    @rule(before=EVERYWHERE, after=EVERYWHERE)
    def write_above_a_fixture(self, before: list[Step], after: list[Step]) -> None:
        """What it wrote stays, what a test writes above it goes."""
        if self.transaction:
            self.end_transaction("COMMIT")
        self.set_up_a_fixture(before)
        self.write(after)
        self._rewind()
        self._assert_undone()

    @precondition(lambda self: not self.snapshots)
    @rule(steps=EVERYWHERE, state=st.sampled_from(STATES))
    def switch_above_a_fixture(self, steps: list[Step], state: str) -> None:
        """Refused by the fixture's name."""
        if self.transaction:
            self.end_transaction("COMMIT")
        self.set_up_a_fixture([CERTAIN, *steps])
        if self.in_test:
            self.end_test(leave_open=False)
        self.begin_a_test_of_another_state(state)

    @precondition(lambda self: not self.snapshots)
    @rule(first=EVERYWHERE, second=EVERYWHERE)
    def tear_down_out_of_order(self, first: list[Step], second: list[Step]) -> None:
        """What the first wrote stays with the second, and goes with it."""
        if self.transaction:
            self.end_transaction("COMMIT")
        self.set_up_a_fixture([CERTAIN, *first])
        self.set_up_a_fixture([CERTAIN, *second])
        self._tear_down(self.fixtures.pop(-2))
        self._assert_at(self._expected())
        self._tear_down(self.fixtures.pop())

    @precondition(lambda self: self.fixtures)
    @rule(data=st.data())
    def tear_down_a_fixture(self, data: st.DataObject) -> None:
        """In any order; one below a live one takes its writes along when that one ends."""
        if self.transaction:
            self.end_transaction("COMMIT")
        self._settle()
        number = data.draw(st.integers(0, len(self.fixtures) - 1), "fixture")
        self._tear_down(self.fixtures.pop(number))

    def _tear_down(self, fixture: Fixture) -> None:
        fixture.ended = True
        is_last = bool(self.layers) and self.layers[-1].ended
        while self.layers and self.layers[-1].ended:
            self.layers.pop()
        self.engine.end_layer(fixture)
        if is_last:
            self.snapshots.clear()
            self._assert_undone()

    @precondition(lambda self: self.in_test)
    @rule(name=NAME)
    def snapshot(self, name: str) -> None:
        self._settle()
        self.engine.snapshot(name)
        self.snapshots.pop(name, None)
        self.snapshots[name] = self._marked()

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.snapshots)), "snapshot")
        if self.transaction:
            self.end_transaction("COMMIT")
        self._settle()
        self.engine.restore(name)
        names = list(self.snapshots)
        for later in names[names.index(name) + 1 :]:
            del self.snapshots[later]
        self._assert_at(self.snapshots[name])
        self.ddl = self.snapshots[name].get("ddl", 0)

    @rule(name=NAME)
    def restore_what_is_gone(self, name: str) -> None:
        """With a snapshot before it, with its test, with a fixture's end, or never there."""
        if name not in self.snapshots:
            with pytest.raises(SeedstateError, match="unknown snapshot"):
                self.engine.restore(name)

    @precondition(lambda self: self.in_test and not self.fixtures)
    @rule(state=st.sampled_from(STATES))
    def reset(self, state: str) -> None:
        if self.transaction:
            self.end_transaction("COMMIT")
        self._settle()
        loaded = self.home.loaded
        try:
            self.engine.reset(self.home.state(state))
        except SeedstateError as error:
            self._expect_refusal(error, state)
        self.home.arrived(self.home.loaded > loaded)
        self._assert_undone()

    @precondition(lambda self: self.in_test)
    @rule(count=st.integers(1, 2), fails=RARELY)
    def add(self, count: int, fails: bool) -> None:
        """On top of what is there: all of it or nothing."""
        from pytest_seedstate.records.progress import FROM_THE_START

        if self.transaction:
            self.end_transaction("COMMIT")
        self._settle()
        state = self.home.refused if fails else self.home.added(count)
        # What its services hold in the current state has to be looked at before it is there.
        self.engine.start(state.stores)
        self.home.completed({})
        before = self.home.dump()
        try:
            self.engine.add(state, FROM_THE_START)
        except SeedstateError as error:
            note(f"refused: {error.problem}")
            after = self.home.dump()
            for service in before:
                assert after[service] == before[service]
        else:
            assert not fails
            added = records(self.home.dump()).keys() - records(before).keys()
            assert {key[0] for key in added} == {"postgres", "dynamodb", "s3", "opensearch"}

    @rule(full=st.booleans())
    def ask(self, full: bool) -> None:
        """Never clean for another state, and the change set names the records that differ."""
        self._settle()
        now, then = self.home.dump(), self._expected()
        if self._differs(now):
            assert not self.engine.is_clean()
        if self.ddl or not full:
            return
        before, after = records(then), records(now)
        expected = {
            at: (before.get(at), after.get(at))
            for at in before.keys() | after.keys()
            if before.get(at) != after.get(at)
        }
        found = {
            (change.store, change.collection, *change.key.values()): change
            for change in self.engine.changes()
        }
        keyed = self.home.keyed_tables
        found = {at: c for at, c in found.items() if at[0] != "postgres" or at[1] in keyed}
        kinds = {at: _kind(*values) for at, values in expected.items()}
        assert {at: change.kind for at, change in found.items()} == kinds
        for at, change in found.items():
            if at[0] in ("postgres", "opensearch"):
                assert (change.before, change.after) == expected[at]

    # -- the model's own

    def _marks(self) -> list[Dump]:
        return [*(fixture.dump for fixture in self.layers), *self.snapshots.values()]

    def _marked(self) -> Dump:
        dump = self.home.dump()
        return {**dump, "ddl": self.ddl} if self.ddl else dump

    def _possible(self, steps: list[Step]) -> list[Step]:
        """Those whose services run."""
        prefixes = {"postgres": "postgres", "locking": "postgres", "aws": "aws"}
        running = self.home.endpoints
        return [s for s in steps if prefixes.get(s[0].split()[0], "opensearch") in running]

    def _settle(self) -> None:
        """Nothing is on its way, and no lock hinders a look."""
        if self.writing_elsewhere:
            self.home.elsewhere.join()
            self.writing_elsewhere = False
        if self.locked:
            self.end_transaction("COMMIT")

    def _expected(self) -> Dump:
        marked = self.layers[-1].dump if self.layers else {}
        return self.home.completed(marked)

    def _differs(self, dump: Dump) -> bool:
        expected = self._expected()
        return any(dump[service] != expected[service] for service in self.home.endpoints)

    def _differs_in_records(self, dump: Dump) -> bool:
        """In what change sets tell of; an open point in time is none of that."""
        expected = self._expected()
        return records(dump) != records(expected) or (
            "postgres" in dump and dump["postgres"] != expected["postgres"]
        )

    def _expect_refusal(self, error: SeedstateError, state: str) -> None:
        if state not in ("refused", "half") and "was left open" not in error.problem:
            raise error

    def _rewind(self) -> None:
        left_open = self.transaction or self.writing_elsewhere
        try:
            self.engine.rewind()
        except SeedstateError as error:
            if not left_open or "was left open" not in error.problem:
                raise
            self._settle_ended()
            self.engine.rewind()
        self.transaction = self.locked = False
        self.snapshots.clear()

    def _settle_ended(self) -> None:
        """The rest of a transaction that was ended is written, or not, by now."""
        if self.transaction:
            self.end_transaction("COMMIT")
        self._settle()

    def _assert_undone(self) -> None:
        """What is there is what should be; who wrote meanwhile has made it unclean."""
        if self.writing_elsewhere:
            self._settle()
            if not self.engine.is_clean():
                self.engine.rewind()
        self.snapshots.clear()
        self._assert_at(self._expected())
        tops = self.engine.tops()
        assert [
            each.name for each in self.engine.fleet.journals if not each.is_clean(tops[each.name])
        ] == []
        assert not self.engine.changes()
        self.ddl = self._expected().get("ddl", 0)

    def _assert_at(self, expected: Dump) -> None:
        self.home.assert_holds(self.home.completed(expected))

    def teardown(self) -> None:
        try:
            if self.transaction:
                self.end_transaction("ROLLBACK")
            self._settle()
            while self.fixtures:
                self._tear_down(self.fixtures.pop())
            self._rewind()
            self._assert_undone()
        except BaseException:
            self.homes.discard()
            raise


def _kind(before: Any, after: Any) -> str:
    return "inserted" if before is None else "deleted" if after is None else "updated"


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    """Where the machine gets its projects."""
    made = Homes(tmp_path)
    yield made
    made.close()
    print(f"compared in full: {made.comparisons}")


@pytest.mark.timeout(0)
def test_whatever_a_suite_does_each_test_finds_its_state(homes: Homes) -> None:
    """Random tests, fixtures, snapshots, switches and late writes, compared in full each time."""
    machine: Callable[[], Machine] = lambda: Machine(homes)  # noqa: E731
    run_state_machine_as_test(machine, settings=machine_settings(examples=8, steps=25))

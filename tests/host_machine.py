"""Random applications against a host: whatever they do, each position comes back in full.

SEEDSTATE_TEST_EXAMPLES=500 makes a long run of other examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from pytest_seedstate.stores.base import Journal
from tests.machines import machine_settings

FILLED = "machine"

State = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What a machine drives.

    Attributes:
        journal: of the service; ``FILLED`` is its current baseline.
        names: of operations; those that are there twice are carried out more often.
        write: carries out one, with two small numbers; what the service refuses is no error.
        everything: all that the public API says is there.
        records: of such a state: its records, by store, collection and key.
        in_full: `everything` with what the operations never change, for the end of each run.
    """

    journal: Journal
    names: Sequence[str]
    write: Callable[[str, int, int], None]
    everything: Callable[[], State]
    records: Callable[[State], Mapping[tuple[str, ...], Any]]
    in_full: Callable[[], State] | None = None


class HostMachine(RuleBasedStateMachine):
    """Clients of an application, and the journal.

    Args:
        subject: what is driven.
        filled: all that is there in the state that each run begins and ends with.
        in_full: the same, in full.
        counts: of all runs, to be added to.
    """

    def __init__(
        self, subject: Subject, filled: State, in_full: State, counts: Counter[str]
    ) -> None:
        super().__init__()
        self.subject = subject
        self.counts = counts
        self.journal = subject.journal
        self.in_full = in_full
        self.baselines = {FILLED: filled}
        self.current = FILLED
        self.positions = {0: filled}
        self.names = 0

    # -- what applications do; more often than what the engine does, since a run has few steps

    @rule(data=st.data(), n=st.integers(0, 5), m=st.integers(0, 8))
    def write(self, data: st.DataObject, n: int, m: int) -> None:
        self.subject.write(data.draw(st.sampled_from(self.subject.names), "operation"), n, m)

    @rule(data=st.data(), n=st.integers(0, 5), m=st.integers(0, 8))
    def write_several(self, data: st.DataObject, n: int, m: int) -> None:
        choice = st.sampled_from(sorted(set(self.subject.names)))
        for name in data.draw(st.lists(choice, min_size=2, max_size=5), "operations"):
            self.subject.write(name, n, m)

    @rule(data=st.data(), n=st.integers(0, 5), m=st.integers(0, 8))
    def write_twice(self, data: st.DataObject, n: int, m: int) -> None:
        name = data.draw(st.sampled_from(self.subject.names), "operation")
        self.subject.write(name, n, m)
        self.subject.write(name, m % 6, n)

    @rule(data=st.data(), n=st.integers(0, 5), m=st.integers(0, 8))
    def write_and_rewind(self, data: st.DataObject, n: int, m: int) -> None:
        self.write_several(data=data, n=n, m=m)
        self._rewind(max(self.positions))

    # -- what the engine does

    @rule()
    def mark(self) -> None:
        position = self.journal.mark()
        assert position == max(self.positions) + 1
        self.positions[position] = self.subject.everything()

    @rule()
    def keep(self) -> None:
        self.names += 1
        name = f"machine {self.names}"
        self.journal.keep(name)
        self.baselines[name] = self.subject.everything()
        self._arrive(name)

    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        self._rewind(data.draw(st.sampled_from(sorted(self.positions)), "position"))

    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.baselines)), "baseline")
        self.journal.switch(name)
        self._arrive(name)
        self._assert_at(0)

    @precondition(lambda self: len(self.baselines) > 2)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        others = sorted(self.baselines.keys() - {FILLED, self.current})
        name = data.draw(st.sampled_from(others), "baseline")
        self.journal.forget(name)
        del self.baselines[name]

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        """Never clean for another state, and the change set names the records that differ."""
        now = self.subject.everything()
        for position, then in self.positions.items():
            if then != now:
                assert not self.journal.is_clean(position)
        position = data.draw(st.sampled_from(sorted(self.positions)), "position")
        before, after = (
            self.subject.records(self.positions[position]),
            self.subject.records(now),
        )
        assert {
            (change.store, change.collection, *map(str, change.key.values())): change.kind
            for change in self.journal.changes(position)
        } == {
            at: "inserted" if at not in before else "deleted" if at not in after else "updated"
            for at in before.keys() | after.keys()
            if before.get(at) != after.get(at)
        }

    # -- the model's own

    def _arrive(self, name: str) -> None:
        self.current = name
        self.positions = {0: self.baselines[name]}

    def _rewind(self, position: int) -> None:
        self.journal.rewind(position)
        self.positions = {at: state for at, state in self.positions.items() if at <= position}
        self._assert_at(position)

    def _assert_at(self, position: int) -> None:
        self.counts["returns to a state, compared"] += 1
        assert self.subject.everything() == self.positions[position]
        assert self.journal.is_clean(position)
        assert not self.journal.changes(position)

    def teardown(self) -> None:
        """However a run ends, it began with this."""
        self.counts["runs, compared in full at their end"] += 1
        self.journal.switch(FILLED)
        read = self.subject.in_full or self.subject.everything
        assert read() == self.in_full
        assert self.journal.is_clean()
        for name in self.baselines.keys() - {FILLED}:
            self.journal.forget(name)


def run_host_machine(subject: Subject, *, examples: int = 12, steps: int = 30) -> None:
    """Carry out random writes, marks, rewinds and switches, compared in full after each return.

    Args:
        subject: what is driven.
        examples: how many runs, see `machine_settings`.
        steps: the most steps of one.
    """
    subject.journal.keep(FILLED)
    filled, in_full = subject.everything(), (subject.in_full or subject.everything)()
    counts: Counter[str] = Counter()
    machine: Callable[[], HostMachine] = lambda: HostMachine(  # noqa: E731
        subject, filled, in_full, counts
    )
    run_state_machine_as_test(machine, settings=machine_settings(examples=examples, steps=steps))
    # For whoever makes a long run.
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    subject.journal.switch("empty")
    subject.journal.forget(FILLED)

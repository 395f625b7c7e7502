"""Random applications against the AWS host: whatever they do, each position comes back in full.

SEEDSTATE_TEST_EXAMPLES=500 makes a long run of other examples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from tests.aws.helpers import Clients, everything, fill
from tests.aws.operations import OPERATIONS, RECORDS
from tests.machines import machine_settings

NUMBERS = {"n": st.integers(0, 5), "m": st.integers(0, 8)}
FILLED = "machine"

State = dict[str, Any]


def records(state: State) -> dict[tuple[str, ...], Any]:
    """Items and current objects of a state, by store, collection and key."""
    found: dict[tuple[str, ...], Any] = {}
    for name, table in state["tables"].items():
        for item in table["items"]:
            found["dynamodb", name, item["pk"]["S"], item["sk"]["S"]] = item
    for name, bucket in state["buckets"].items():
        for version in bucket["versions"]:
            if version["IsLatest"]:
                at = version["Key"], version["VersionId"]
                found["s3", name, version["Key"]] = bucket["objects"][at][:4]
    return found


class Machine(RuleBasedStateMachine):
    """Clients of an application, and the journal."""

    def __init__(self, journal: HostJournal, clients: Clients, filled: State) -> None:
        super().__init__()
        self.journal = journal
        self.clients = clients
        self.baselines = {FILLED: filled}
        self.current = FILLED
        self.positions = {0: filled}
        self.names = 0

    # -- what applications do

    @rule(name=st.sampled_from((*RECORDS, *OPERATIONS)), **NUMBERS)
    def write(self, name: str, n: int, m: int) -> None:
        with contextlib.suppress(ClientError):
            OPERATIONS[name](self.clients, n, m)

    @rule(names=st.lists(st.sampled_from(tuple(OPERATIONS)), min_size=3, max_size=6), **NUMBERS)
    def write_several(self, names: list[str], n: int, m: int) -> None:
        for name in names:
            self.write(name, n, m)

    # -- what the engine does

    @rule()
    def mark(self) -> None:
        position = self.journal.mark()
        assert position > max(self.positions)
        self.positions[position] = everything(self.clients)

    @rule()
    def keep(self) -> None:
        self.names += 1
        name = f"machine {self.names}"
        self.journal.keep(name)
        self.baselines[name] = everything(self.clients)
        self._arrive(name)

    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        self._rewind(data.draw(st.sampled_from(sorted(self.positions)), "position"))

    @rule()
    def rewind_to_the_last(self) -> None:
        self._rewind(max(self.positions))

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
        now = everything(self.clients)
        for position, then in self.positions.items():
            if then != now:
                assert not self.journal.is_clean(position)
        position = data.draw(st.sampled_from(sorted(self.positions)), "position")
        before, after = records(self.positions[position]), records(now)
        assert {
            (change.store, change.collection, *change.key.values()): change.kind
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
        assert everything(self.clients) == self.positions[position]
        assert self.journal.is_clean(position)
        assert not self.journal.changes(position)

    def teardown(self) -> None:
        self.journal.switch(FILLED)
        for name in self.baselines.keys() - {FILLED}:
            self.journal.forget(name)


def test_whatever_is_done_comes_back(aws: EmbeddedAws, clients: Clients) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    fill(clients)
    clients.sqs.set_queue_attributes(
        # A message that was received stays so for longer than the test runs.
        QueueUrl=clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"],
        Attributes={"VisibilityTimeout": "40000"},
    )
    aws.journal.keep(FILLED)
    filled = everything(clients)
    machine: Callable[[], Machine] = lambda: Machine(aws.journal, clients, filled)  # noqa: E731
    run_state_machine_as_test(machine, settings=machine_settings(examples=12, steps=30))
    aws.journal.switch("empty")
    aws.journal.forget(FILLED)


def test_operations_of_the_machine_do_something(filled: HostJournal, clients: Clients) -> None:
    """Each is carried out for some of the machine's numbers: refused always, it would test nothing."""
    idle = []
    for name, operation in OPERATIONS.items():
        filled.switch("filled")
        if name in ("delete bucket", "delete queue", "delete secret"):
            OPERATIONS[name.replace("delete", "make")](clients, 0, 0)
        done = 0
        for n, m in ((0, 0), (0, 1), (0, 7), (1, 1), (1, 3), (3, 7)):
            with contextlib.suppress(ClientError):
                operation(clients, n, m)
                done += 1
        if not done:
            idle.append(name)
    assert idle == []

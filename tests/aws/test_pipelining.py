"""What hardly ever happens at the same moment: requests sent ahead, slots and counts of many."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.host.processes import Slots
from pytest_seedstate.services.host.tally import SLOTS, Tally, Writes

from .helpers import Clients, item
from .wire import Wire


def test_requests_sent_ahead_are_answered(
    filled: HostJournal, aws: EmbeddedAws, clients: Clients
) -> None:
    """A client that does not wait for answers gets them all, each from some whole state."""
    stop = threading.Event()
    statuses: set[int] = set()
    count = 0

    def read() -> None:
        nonlocal count
        wire = Wire(aws.variables["url"], "eu-west-2")
        try:
            while not stop.is_set():
                answers = wire.s3(["/images/a/1.jpg"] * 40)
                statuses.update(answer.status for answer in answers)
                count += len(answers)
        except OSError:
            statuses.add(0)
        finally:
            wire.close()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for _ in range(10):
        clients.dynamodb.put_item(TableName="shop", Item=item(9))
        filled.rewind()
    stop.set()
    reader.join(30)
    assert not reader.is_alive(), "an answer is missing"
    assert statuses == {200}
    assert count


def test_connections_live_on(filled: HostJournal, clients: Clients, wire: Wire) -> None:
    """A client that never connects again is served by each server in turn."""
    for go_on in (
        filled.mark,
        filled.rewind,
        lambda: filled.keep("later"),
        lambda: filled.switch("filled"),
        filled.mark,
    ):
        clients.dynamodb.put_item(TableName="shop", Item=item(9))
        go_on()
        assert [answer.status for answer in wire.s3(["/images/a/1.jpg"] * 2)] == [200, 200]
    filled.switch("filled")
    filled.forget("later")


def test_slots_are_used_again(tmp_path: Path) -> None:
    """A server that gets the slot of one that wrote begins clean."""
    slots = Slots(Tally.create(tmp_path / "tally"))
    first = slots.take()
    Writes(slots.tally, first).begin()
    assert slots.tally.written(first) == 1
    slots.give_back(first)
    taken = [slots.take() for _ in range(SLOTS)]
    assert sorted(taken) == list(range(SLOTS))
    assert [slots.tally.written(slot) for slot in taken] == [0] * SLOTS
    slots.tally.close()


def test_no_write_of_many_threads_is_miscounted(tmp_path: Path) -> None:
    """One count too few would be a clean answer for what was written to."""
    tally = Tally.create(tmp_path / "tally")
    writes = Writes(tally, 3)

    def write() -> None:
        for _ in range(5_000):
            writes.begin()
            writes.begin()
            writes.void()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert tally.written(3) == 4 * 5_000
    tally.close()

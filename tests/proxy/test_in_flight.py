"""Writes that the service has got and not answered while the record is taken."""

from __future__ import annotations

import json
import threading
import time

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.service import Recorded

from .services import REGION, Raw, answer, dynamodb_request

REQUEST = dynamodb_request(
    "DeleteItem", json.dumps({"TableName": "shop", "Key": {"pk": {"S": "p1"}}}).encode()
)
TOUCH = Touch("dynamodb", REGION, "shop", '{"pk":{"S":"p1"}}')
CREATION = dynamodb_request("CreateTable", b'{"TableName": "shop"}')


def test_nothing_is_in_flight_at_first(raw: Raw) -> None:
    """Without a write the record is empty, and settled at once."""
    assert raw.proxy.written() == 0
    assert raw.proxy.settle(0) == []
    assert raw.proxy.take() == Recorded({}, [], [], 0)


def test_a_write_in_flight_is_in_both_records(raw: Raw) -> None:
    """Nobody knows on which side of the taking it takes effect; it is never taken for clean."""
    there, here = raw.connect()
    there.send(REQUEST)
    assert here.read(len(REQUEST)) == REQUEST
    first = raw.proxy.take()
    assert set(first.touches) == {TOUCH}
    assert raw.proxy.written() > first.written, "dirty while it is in flight"
    before = raw.proxy.written()
    here.send(answer(200, b"{}"))
    assert there.read(len(answer(200, b"{}")))
    assert raw.proxy.written() > before, "and once more when it is over"
    second = raw.proxy.take()
    assert set(second.touches) == {TOUCH}
    assert raw.proxy.written() == second.written
    assert raw.proxy.take().touches == {}


def test_a_write_in_flight_is_in_every_record(raw: Raw) -> None:
    """However often the record is taken before the answer."""
    there, here = raw.connect()
    there.send(REQUEST)
    assert here.read(len(REQUEST)) == REQUEST
    for _ in range(3):
        taken = raw.proxy.take()
        assert set(taken.touches) == {TOUCH}
        assert raw.proxy.written() > taken.written


def test_a_note_comes_with_the_answer(raw: Raw) -> None:
    """Whether a definition was changed is known then; its table counts before."""
    there, here = raw.connect()
    there.send(CREATION)
    assert here.read(len(CREATION)) == CREATION
    taken = raw.proxy.take()
    assert taken.notes == []
    assert set(taken.touches) == {Touch("dynamodb", REGION, "shop")}
    here.send(answer(200, b"{}"))
    assert there.read(20)
    assert raw.proxy.take().notes == ["dynamodb: CreateTable shop"]


def test_waiting_for_what_is_in_flight(raw: Raw) -> None:
    """To settle is to wait for the last answer, no longer than told, and to name what is left."""
    there, here = raw.connect()
    other, other_here = raw.connect()
    for wire, end in ((there, here), (other, other_here)):
        wire.send(REQUEST)
        assert end.read(len(REQUEST)) == REQUEST
    assert len(raw.proxy.settle(0.05)) == 2
    here.send(answer(200, b"{}"))
    assert there.read(20)
    (left,) = raw.proxy.settle(0.05)
    assert left.startswith("unknown client: DeleteItem (for ")
    timer = threading.Thread(target=lambda: (time.sleep(0.1), other_here.send(answer(200, b"{}"))))
    timer.start()
    assert raw.proxy.settle(20) == []
    timer.join()
    assert other.read(20)

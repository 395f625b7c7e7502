"""Connections that end, before and after they should."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from pathlib import Path

import pytest

from pytest_seedstate.services.host.hosted import Touch

from .services import KEYS, REGION, Raw, Wire, answer, dynamodb_request, free_port, started

DELETION = json.dumps({"TableName": "shop", "Key": {"pk": {"S": "p1"}}}).encode()
REQUEST = dynamodb_request("DeleteItem", DELETION)
TOUCH = Touch("dynamodb", REGION, "shop", '{"pk":{"S":"p1"}}')
CREATION = dynamodb_request("CreateTable", b'{"TableName": "shop"}')


def reset(wire: Wire) -> None:
    """Close it as a killed process does whose client has sent something unread."""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def passes(source: Wire, target: Wire, data: bytes) -> None:
    source.send(data)
    assert target.read(len(data)) == data


def test_an_idle_connection_ends_on_both_sides(raw: Raw) -> None:
    """Whoever closes first, the other end hears of it."""
    there, here = raw.connect()
    there.close()
    assert here.read_end() == b""
    there, here = raw.connect()
    here.close()
    assert there.read_end() == b""


def test_an_answer_that_ends_with_the_connection(raw: Raw) -> None:
    """Without a length, the end of the connection is the end of the answer."""
    there, here = raw.connect()
    passes(there, here, REQUEST)
    passes(here, there, b"HTTP/1.0 200 OK\r\n\r\nall of it")
    assert len(raw.proxy.settle(0)) == 1
    here.close()
    assert there.read_end() == b""
    assert raw.proxy.settle(0) == []


def test_the_service_goes_in_the_middle_of_its_answer(raw: Raw) -> None:
    """The client gets what there was, then the end; the write is over, what it did unknown."""
    there, here = raw.connect()
    passes(there, here, CREATION)
    here.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
    here.close()
    assert there.read_end().endswith(b"\r\n\r\nsome")
    assert raw.proxy.settle(0) == []
    taken = raw.proxy.take()
    assert taken.notes == ["dynamodb: CreateTable shop"]
    assert set(taken.touches) == {Touch("dynamodb", REGION, "shop")}


def test_the_service_goes_without_an_answer(raw: Raw) -> None:
    """A reset connection ends at the client, and what was written may have been carried out."""
    there, here = raw.connect()
    passes(there, here, CREATION)
    reset(here)
    assert there.read_end() == b""
    assert raw.proxy.settle(5) == []
    assert raw.proxy.take().notes == ["dynamodb: CreateTable shop"]


def test_the_client_goes_before_its_answer(raw: Raw) -> None:
    """What the service has got it may carry out: it is in flight until the service is done."""
    there, here = raw.connect()
    passes(there, here, REQUEST)
    reset(there)
    assert here.read_end() == b""
    (left,) = raw.proxy.settle(0)
    assert "DeleteItem" in left
    here.send(answer(200, b"{}"))
    assert raw.proxy.settle(5) == []
    assert here.read_end() == b""


def test_the_client_goes_in_the_middle_of_an_upload(raw: Raw) -> None:
    """The service hears of it, and what it makes of the half counts."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    head = b"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Length: 500\r\n\r\nabc"
    passes(there, here, head)
    there.close()
    assert here.read_end() == b""
    assert len(raw.proxy.settle(0)) == 1
    here.close()
    assert raw.proxy.settle(5) == []
    assert set(raw.proxy.take().touches) == {Touch("s3", "", "images", "a")}


def test_the_client_goes_in_the_middle_of_a_request_with_keys(raw: Raw) -> None:
    """Half a request of which nothing can be told counts, and is no news."""
    there, here = raw.connect()
    there.send(REQUEST[:-10])
    there.close()
    assert here.read_end() == REQUEST[:-10]
    here.close()
    assert raw.proxy.settle(5) == []
    taken = raw.proxy.take()
    assert taken.written == 1
    assert taken.notes == []


def test_a_client_that_says_it_is_done_gets_its_answer(raw: Raw) -> None:
    """Half a connection is enough to be answered by."""
    there, here = raw.connect()
    there.send(REQUEST)
    there.end()
    assert here.read_end() == REQUEST
    here.send(answer(200, b"{}"))
    here.close()
    assert there.read_end() == answer(200, b"{}")
    assert raw.proxy.settle(0) == []


def test_an_answer_before_the_upload_has_ended(raw: Raw) -> None:
    """A refusal reaches a client that is still sending, though the service reads no more."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    head = b"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Length: 90000000\r\n\r\n"
    passes(there, here, head)
    refusal = answer(403, b"no", "Connection: close")
    here.send(refusal)
    here.end()
    there.socket.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        # Until the buffers of all three are full.
        there.socket.sendall(b"x" * 90_000_000)
    there.socket.settimeout(20)
    assert there.read_end() == refusal
    assert raw.proxy.settle(0) == []


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    """A client's connection is closed, as by a service that dies; the log tells the reason."""
    port = free_port()
    with started(tmp_path, {"url": f"http://127.0.0.1:{port}", **KEYS}) as proxy:
        for _ in range(2):
            there = Wire(socket.create_connection((proxy.host, proxy.port)))
            with contextlib.suppress(ConnectionError):
                there.send(REQUEST)
            assert there.read_end() == b""
            there.close()
        assert proxy.written() == 0
        assert proxy.failure() is None
        (log,) = tmp_path.glob("*/*/aws-proxy/log")
        assert log.read_text().count(f"127.0.0.1:{port} cannot be reached") == 1
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(20)
            raw = Raw(proxy, listener)
            passes(*raw.connect(), REQUEST)
            assert set(proxy.take().touches) == {TOUCH}
            raw.close()


@pytest.mark.parametrize("lost", [False, True])
def test_questions_whose_client_goes(raw: Raw, lost: bool) -> None:
    """A request that waits for a table's key is passed on though its client has gone meanwhile."""
    there, here = raw.connect()
    body = b'{"TableName": "shop", "Item": {"pk": {"S": "p1"}}}'
    request = dynamodb_request("PutItem", body)
    there.send(request)
    question = raw.accept()
    assert b"DynamoDB_20120810.DescribeTable" in question.socket.recv(1 << 16)
    assert here.is_silent()
    assert raw.proxy.written() == 0
    if lost:
        reset(there)
    else:
        there.end()
    question.send(answer(200, b'{"Table": {"KeySchema": [{"AttributeName": "pk"}]}}'))
    assert here.read_end() == request
    assert set(raw.proxy.take().touches) == {TOUCH}
    here.send(answer(200, b"{}"))
    assert raw.proxy.settle(5) == []


@pytest.mark.parametrize(
    "reply",
    [b"", b"no HTTP\r\n\r\n", answer(500, b"{}"), answer(200, b"{}"), answer(200, b"no JSON")],
    ids=["closed", "no HTTP", "500", "nothing told", "no JSON"],
)
def test_a_question_without_an_answer(raw: Raw, reply: bytes) -> None:
    """Where the service does not tell a table's key, the whole table is touched."""
    there, here = raw.connect()
    body = b'{"TableName": "shop", "Item": {"pk": {"S": "p1"}}}'
    there.send(dynamodb_request("PutItem", body))
    question = raw.accept()
    assert question.socket.recv(1 << 16)
    if reply:
        question.send(reply)
    question.close()
    assert here.socket.recv(1 << 16)
    assert set(raw.proxy.take().touches) == {Touch("dynamodb", REGION, "shop")}

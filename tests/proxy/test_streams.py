"""Large bodies pass through without being held, and many clients at once."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_seedstate.services.proxy.service import RecordingProxy

from .conftest import Clients
from .services import Raw, Wire, answer, make_bucket, make_table
from .test_life import pid_of

BLOCK = bytes(range(256)) * 4096
BLOCKS = 200
SIZE = len(BLOCK) * BLOCKS
ROOM = 24 << 20
"""Bytes that the proxy may take for streams of 200 MiB; measured: 1 to 3 MiB."""


def peak_memory(proxy: RecordingProxy) -> int:
    """The most bytes that the proxy's process ever had in memory."""
    status = Path(f"/proc/{pid_of(proxy)}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def stream(source: Wire, target: Wire) -> str:
    """Send all blocks from one end to the other; returns the digest of what arrived."""

    def send() -> None:
        for _ in range(BLOCKS):
            source.send(BLOCK)

    sender = threading.Thread(target=send)
    sender.start()
    digest = hashlib.sha256()
    left = SIZE
    while left:
        data = target.socket.recv(min(left, 1 << 20))
        assert data, f"it ended {left} bytes too early"
        digest.update(data)
        left -= len(data)
    sender.join()
    return digest.hexdigest()


EXPECTED = hashlib.sha256(BLOCK * BLOCKS).hexdigest()


def test_large_bodies_are_not_held(raw: Raw) -> None:
    """An upload and a download of 200 MiB leave the proxy's memory as it was."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    before = peak_memory(raw.proxy)
    head = f"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Length: {SIZE}\r\n\r\n".encode()
    there.send(head)
    assert here.read(len(head)) == head
    assert stream(there, here) == EXPECTED
    here.send(answer(200))
    assert there.read(len(answer(200))) == answer(200)
    request = b"GET /images/a HTTP/1.1\r\nHost: s3\r\n\r\n"
    there.send(request)
    assert here.read(len(request)) == request
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode()
    here.send(head)
    assert there.read(len(head)) == head
    assert stream(here, there) == EXPECTED
    assert peak_memory(raw.proxy) - before < ROOM
    assert raw.proxy.written() == 1


@pytest.mark.parametrize("way", ["up", "down"])
def test_who_does_not_read_is_not_read_for(raw: Raw, way: str) -> None:
    """A sender whose counterpart is slow is stopped, instead of being held in memory."""
    raw.introduce_bucket("images")
    there, here = raw.connect()
    before = peak_memory(raw.proxy)
    if way == "up":
        head = b"PUT /images/a HTTP/1.1\r\nHost: s3\r\nContent-Length: 400000000\r\n\r\n"
        source, target = there, here
    else:
        there.send(b"GET /images/a HTTP/1.1\r\nHost: s3\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n"
        source, target = here, there
    source.send(head)
    source.socket.settimeout(0.3)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 400_000_000:
            sent += source.socket.send(BLOCK)
    assert 0 < sent < 400_000_000
    assert peak_memory(raw.proxy) - before < ROOM
    assert target.read(len(head)) == head
    received = 0
    while received < sent:
        received += len(target.socket.recv(1 << 20))
    assert received == sent


def test_many_clients_at_once(proxy: RecordingProxy, clients: Clients) -> None:
    """Each gets its own answers, and every write is recorded once."""
    make_table(clients.dynamodb)
    make_bucket(clients.s3)
    before = proxy.take().written

    def work(number: int) -> None:
        dynamodb, s3 = clients.dynamodb, clients.s3
        body = f"body {number}".encode() * 1000
        for each in range(5):
            key = f"{number}-{each}"
            dynamodb.put_item(TableName="shop", Item={"pk": {"S": key}, "n": {"N": str(number)}})
            got = dynamodb.get_item(TableName="shop", Key={"pk": {"S": key}}, ConsistentRead=True)
            assert got["Item"]["n"]["N"] == str(number)
            s3.put_object(Bucket="images", Key=key, Body=body)
            assert s3.get_object(Bucket="images", Key=key)["Body"].read() == body

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert proxy.settle(10) == []
    taken = proxy.take()
    assert taken.written - before == 12 * 5 * 2
    assert len(taken.touches) == 12 * 5 * 2


def test_hundreds_of_open_connections(raw: Raw) -> None:
    """More connections than a process may usually have descriptors for."""
    pairs = [raw.connect() for _ in range(300)]
    for number, (there, here) in enumerate(pairs):
        request = f"GET /?{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        there.send(request)
        assert here.read(len(request)) == request
        reply = answer(200, str(number).encode())
        here.send(reply)
        assert there.read(len(reply)) == reply

"""A service that speaks TLS: applications speak plain HTTP to the proxy."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_seedstate.services.host.hosted import Touch
from tests.certificates import self_signed

from .services import KEYS, PATIENCE, REGION, Raw, Wire, answer, dynamodb_request, started

REQUEST = dynamodb_request(
    "DeleteItem", json.dumps({"TableName": "shop", "Key": {"pk": {"S": "p1"}}}).encode()
)
TOUCH = Touch("dynamodb", REGION, "shop", '{"pk":{"S":"p1"}}')


@dataclass
class Tls(Raw):
    """A proxy in front of a socket that speaks TLS."""

    context: ssl.SSLContext | None = None

    def accept(self) -> Wire:
        assert self.context is not None
        end, _ = self.listener.accept()
        end.settimeout(PATIENCE)
        wire = Wire(self.context.wrap_socket(end, server_side=True))
        self.wires.append(wire)
        return wire


@contextlib.contextmanager
def proxied(folder: Path, *, is_known: bool) -> Iterator[Tls]:
    authority, context = self_signed(folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        variables = {"url": f"https://127.0.0.1:{listener.getsockname()[1]}", **KEYS}
        if is_known:
            variables["ca_file"] = str(authority)
        with started(folder, variables) as proxy:
            made = Tls(proxy, listener, context=context)
            yield made
            made.close()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Tls]:
    """A proxy that is given the authority that has signed the service's certificate."""
    with proxied(tmp_path, is_known=True) as made:
        yield made


def exchange(there: Wire, here: Wire) -> None:
    there.send(REQUEST)
    assert here.read(len(REQUEST)) == REQUEST
    here.send(answer(200, b"{}"))
    assert there.read(len(answer(200, b"{}"))) == answer(200, b"{}")


def test_requests_and_answers(tls: Tls) -> None:
    """Everything is as with a plain service: bytes, keep-alive, the record."""
    client, service = tls.connect()
    for _ in range(2):
        exchange(client, service)
    assert tls.proxy.settle(0) == []
    assert set(tls.proxy.take().touches) == {TOUCH}


def test_large_bodies(tls: Tls) -> None:
    """Streams pass through in both directions."""
    client, service = tls.connect()
    body = bytes(range(256)) * 4096
    for source, target in ((client, service), (service, client)):
        is_request = source is client
        head = b"PUT / HTTP/1.1\r\nHost: a\r\n" if is_request else b"HTTP/1.1 200 OK\r\n"
        head += b"Content-Length: %d\r\n\r\n" % len(body)
        source.send(head)
        assert target.read(len(head)) == head
        for start in range(0, len(body), 1 << 14):
            part = body[start : start + (1 << 14)]
            source.send(part)
            assert target.read(len(part)) == part
    assert tls.proxy.settle(0) == []


def test_a_client_that_says_it_is_done(tls: Tls) -> None:
    """TLS has no half connections: the service hears of the end after its answer."""
    client, service = tls.connect()
    client.send(REQUEST)
    client.end()
    assert service.read(len(REQUEST)) == REQUEST
    service.send(answer(200, b"{}"))
    assert client.read_end() == answer(200, b"{}")
    assert service.read_end() == b""
    assert tls.proxy.settle(0) == []


def test_either_end_closes(tls: Tls) -> None:
    """Whoever closes first, the other end hears of it, and the write is over."""
    client, service = tls.connect()
    client.send(REQUEST)
    assert service.read(len(REQUEST)) == REQUEST
    service.close()
    assert client.read_end() == b""
    assert tls.proxy.settle(5) == []
    client, service = tls.connect()
    client.close()
    assert service.read_end() == b""


def test_a_client_that_goes_before_its_answer(tls: Tls) -> None:
    """What the service has got is in flight until it has answered."""
    client, service = tls.connect()
    client.send(REQUEST)
    assert service.read(len(REQUEST)) == REQUEST
    client.close()
    assert len(tls.proxy.settle(0.2)) == 1
    service.send(answer(200, b"{}"))
    assert tls.proxy.settle(5) == []
    assert service.read_end() == b""


def test_keys_are_asked_for(tls: Tls) -> None:
    """The proxy's own question takes the same way."""
    client, service = tls.connect()
    request = dynamodb_request("PutItem", b'{"TableName": "shop", "Item": {"pk": {"S": "p1"}}}')
    client.send(request)
    question = tls.accept()
    assert b"DynamoDB_20120810.DescribeTable" in question.socket.recv(1 << 16)
    question.send(answer(200, b'{"Table": {"KeySchema": [{"AttributeName": "pk"}]}}'))
    assert service.read(len(request)) == request
    assert set(tls.proxy.take().touches) == {TOUCH}


def test_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    """Without the authority the service is not reached, and the log tells why."""
    with proxied(tmp_path, is_known=False) as made:
        client = made.connect_client()
        with pytest.raises(ssl.SSLError):
            made.accept()
        with contextlib.suppress(ConnectionError):
            client.send(REQUEST)
        assert client.read_end() == b""
        assert made.proxy.written() == 0
        (log,) = tmp_path.glob("*/*/aws-proxy/log")
        assert "certificate verify failed" in log.read_text()

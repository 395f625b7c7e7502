"""What stands behind the proxy in its tests: a moto server, or a bare socket that the test plays."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir

REGION = "eu-west-2"
PATIENCE = 20.0
KEYS = {"access_key": "test", "secret_key": "test-secret", "region": REGION}


def started(folder: Path, upstream: Mapping[str, str], classifier: str = "aws") -> Any:
    """A context with a proxy that runs in it."""

    @contextlib.contextmanager
    def running() -> Iterator[RecordingProxy]:
        with RunDir(folder, root=folder) as rundir:
            proxy = RecordingProxy(
                rundir,
                title="the recording proxy",
                upstream=lambda: upstream,
                classifier=classifier,
            )
            proxy.start()
            try:
                yield proxy
            finally:
                proxy.stop()

    return running()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def moto_server() -> Iterator[Mapping[str, str]]:
    """A moto server's variables; it is a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_listener(port, process)
        yield {"url": f"http://127.0.0.1:{port}", **KEYS}
    finally:
        process.kill()
        process.wait()


def wait_for_listener(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        assert time.monotonic() < deadline, "it does not listen"
        time.sleep(0.02)


def client(service: str, url: str, key: str = KEYS["access_key"], **config: Any) -> Any:
    """boto3's client of a service at a URL, which does not try again."""
    return boto3.session.Session().client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=KEYS["secret_key"],
        config=Config(retries={"max_attempts": 0}, max_pool_connections=50, **config),
    )


def make_table(dynamodb: Any, name: str = "shop", key: str = "pk") -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def make_bucket(s3: Any, name: str = "images") -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


class Wire:
    """One end of a connection, read and written byte by byte."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        end.settimeout(PATIENCE)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, size: int) -> bytes:
        """So many bytes; fewer when the other end is closed."""
        parts = bytearray()
        while len(parts) < size and (part := self.socket.recv(size - len(parts))):
            parts += part
        return bytes(parts)

    def read_end(self) -> bytes:
        """All until the other end is closed."""
        parts = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while part := self.socket.recv(1 << 16):
                parts += part
        return bytes(parts)

    def is_silent(self) -> bool:
        """Whether nothing comes for a moment that is long for a byte on its way."""
        self.socket.settimeout(0.2)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def end(self) -> None:
        """Say that no more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()


@dataclass
class Raw:
    """A proxy in front of a bare socket.

    Attributes:
        proxy: the proxy.
        listener: where its connections arrive.
        wires: those made so far, to be closed with the test.
    """

    proxy: RecordingProxy
    listener: socket.socket
    wires: list[Wire] = field(default_factory=list)

    def connect(self) -> tuple[Wire, Wire]:
        """A client's connection, and the service's end of the one that the proxy makes for it."""
        there = self.connect_client()
        return there, self.accept()

    def connect_client(self) -> Wire:
        return self._kept(socket.create_connection((self.proxy.host, self.proxy.port)))

    def accept(self) -> Wire:
        end, _ = self.listener.accept()
        return self._kept(end)

    def introduce_bucket(self, name: str) -> None:
        """Let the proxy ask whether a bucket has access logs, which it does once for each."""
        there, here = self.connect()
        there.send(f"GET /{name}/introduced HTTP/1.1\r\nHost: s3\r\n\r\n".encode())
        question = self.accept()
        asked = question.socket.recv(1 << 16)
        assert asked.startswith(f"GET /{name}?logging= HTTP/1.1\r\n".encode())
        question.send(answer(200, b"<BucketLoggingStatus/>"))
        assert here.socket.recv(1 << 16)
        for wire in (question, here, there):
            wire.close()

    def close(self) -> None:
        for wire in self.wires:
            wire.close()

    def _kept(self, end: socket.socket) -> Wire:
        wire = Wire(end)
        self.wires.append(wire)
        return wire


@contextlib.contextmanager
def bare(folder: Path, classifier: str = "aws") -> Iterator[Raw]:
    """A proxy in front of a bare socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with started(folder, {"url": url, **KEYS}, classifier) as running:
            made = Raw(running, listener)
            yield made
            made.close()


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def dynamodb_request(action: str, body: bytes, *headers: str) -> bytes:
    """A request to DynamoDB with a signature that nobody checks."""
    lines = [
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        f"X-Amz-Target: DynamoDB_20120810.{action}",
        f"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/dynamodb/aws4_request,"
        " SignedHeaders=host, Signature=0",
        *(headers or [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body

"""HTTP to an AWS endpoint without a client library: many requests at once, answers as they came.

For comparisons: boto3 takes a multiple of what moto takes, and hides what it does not know.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_seedstate.services.aws import EmbeddedAws

_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=dump/20260101/{region}/{service}/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
_AT_ONCE = 40
_TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "dynamodbstreams": "DynamoDBStreams_20120810",
    "sqs": "AmazonSQS",
    "secretsmanager": "secretsmanager",
}


@dataclass(frozen=True)
class Answer:
    """What the service said.

    Attributes:
        status: of HTTP.
        headers: by name in small letters.
        body: as it came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """A connection that stays open.

    Args:
        url: the endpoint.
        region: that requests are signed for.
    """

    def __init__(self, url: str, region: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._region = region
        self._received = bytearray()
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection((self._host, self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def s3(self, targets: Iterable[str], method: str = "GET") -> list[Answer]:
        """Ask S3 for paths with queries, as they stand in a request line."""
        return self._ask([self._request("s3", method, target, {}, b"") for target in targets])

    def json(self, service: str, calls: Iterable[tuple[str, Any]]) -> list[Any]:
        """Call actions of a service that speaks JSON; an error is told with its status."""
        requests = []
        for action, asked in calls:
            headers = {
                "x-amz-target": f"{_TARGETS[service]}.{action}",
                "content-type": "application/x-amz-json-1.0",
            }
            signed_for = service.removesuffix("streams")
            body = json.dumps(asked).encode()
            requests.append(self._request(signed_for, "POST", "/", headers, body))
        return [
            json.loads(answer.body)
            if answer.status == 200
            else {"status": answer.status, "body": answer.body}
            for answer in self._ask(requests)
        ]

    def form(self, service: str, actions: Iterable[str]) -> list[Answer]:
        """Call actions without parameters of a service that speaks forms and XML."""
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        bodies = [f"Action={action}&Version=2010-03-31".encode() for action in actions]
        return self._ask([self._request(service, "POST", "/", headers, body) for body in bodies])

    def send(self, data: bytes) -> None:
        """Send bytes that are no whole request."""
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()

    def _request(
        self, service: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> bytes:
        lines = [
            f"{method} {target} HTTP/1.1",
            f"host: {self._host}:{self._port}",
            f"authorization: {_SIGNED.format(region=self._region, service=service)}",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _ask(self, requests: Sequence[bytes]) -> list[Answer]:
        if self._is_closed():
            # Nobody used it for minutes, while the worker was at other tests.
            self._socket.close()
            self._connect()
        answers = []
        for start in range(0, len(requests), _AT_ONCE):
            some = requests[start:][:_AT_ONCE]
            self._socket.sendall(b"".join(some))
            answers += [self._read() for _ in some]
        return answers

    def _is_closed(self) -> bool:
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def _read(self) -> Answer:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._receive()
        status, *lines = bytes(self._received[:end]).decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        end += 4
        length = int(headers["content-length"])
        while len(self._received) < end + length:
            self._receive()
        body = bytes(self._received[end : end + length])
        del self._received[: end + length]
        return Answer(int(status.split(" ")[1]), headers, body)

    def _receive(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the service closed the connection")
        self._received += data


@contextmanager
def wire_to(service: EmbeddedAws) -> Iterator[Wire]:
    """A connection to the session's host."""
    connection = Wire(service.variables["url"], service.variables["region"])
    yield connection
    connection.close()

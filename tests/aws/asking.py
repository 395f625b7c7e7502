"""The comparison's own connection to services that take one request at a time."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.aws.wire import _SIGNED, Answer, Wire


class PatientWire(Wire):
    """A `Wire` without pipelining, which opens its connection again where a service closes it.

    Args:
        variables: ``url``, ``region`` and ``access_key`` of the service itself.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(variables["url"].removeprefix("http://"))
        self._signed = _SIGNED.replace("dump", variables["access_key"])
        self._region = variables["region"]

    def close(self) -> None:
        self._connection.close()

    def _request(
        self, service: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Any:
        signed = {"authorization": self._signed.format(region=self._region, service=service)}
        return method, target, body, {**headers, **signed}

    def _ask(self, requests: Sequence[Any]) -> list[Answer]:
        return [self._ask_one(*request) for request in requests]

    def _ask_one(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            response = self._answer(method, target, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # It has closed the connection, which nobody used for a while, at that very moment.
            self._connection.close()
            response = self._answer(method, target, body, headers)
        told = {name.lower(): value for name, value in response.getheaders()}
        data = response.read()
        return Answer(response.status, {**told, "content-length": str(len(data))}, data)

    def _answer(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        self._connection.request(method, target, body, dict(headers))
        return self._connection.getresponse()


@contextmanager
def patient_wire(variables: Mapping[str, str]) -> Iterator[Wire]:
    """A connection to a service itself, past the recorder."""
    wire = PatientWire(variables)
    yield wire
    wire.close()

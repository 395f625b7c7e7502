"""Requests to an HTTP service in a container."""

from __future__ import annotations

import http.client
import select
from collections.abc import Mapping

from pytest_seedstate.services.ports import HOST

_SECONDS = 5.0


def status_of(port: int, path: str) -> int:
    """The status that a service on 127.0.0.1 answers a GET with.

    Raises:
        OSError: it does not answer (yet).
    """
    return call(port, "GET", path)[0]


def call(
    port: int, method: str, path: str, body: bytes | None = None, *, seconds: float = _SECONDS
) -> tuple[int, bytes]:
    """The status and the body that a service on 127.0.0.1 answers with.

    Args:
        port: where it listens.
        method: of the request.
        path: of the request.
        body: of the request, JSON.
        seconds: how long it may take.

    Raises:
        OSError: it does not answer.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request(
            method, path, body, {} if body is None else {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from None
    finally:
        connection.close()


class Asking:
    """A POST to a service on 127.0.0.1 whose answer may take long.

    Args:
        port: where it listens.
        headers: of the request.
        body: of the request.

    Raises:
        OSError: nothing listens there.
    """

    def __init__(self, port: int, headers: Mapping[str, str], body: bytes) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
        self._connection.request("POST", "/", body, dict(headers))

    def status(self) -> int | None:
        """The status of the answer; None while there is none, 0 where there will be none."""
        readable, _, _ = select.select([self._connection.sock], [], [], 0)
        if not readable:
            return None
        try:
            return self._connection.getresponse().status
        except (http.client.HTTPException, OSError):
            return 0

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

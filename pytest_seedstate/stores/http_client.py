"""HTTP with connections that stay open, for the stores' own traffic."""

from __future__ import annotations

import base64
import http.client
import queue
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    import ssl

USER_AGENT = "pytest-seedstate"
"""How our own requests are told from those of applications."""

_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered.

    Attributes:
        status: the HTTP status.
        headers: by name in small letters.
        body: all of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Calls to one URL; they may come from several threads at once.

    Args:
        url: ``http`` or ``https``, with ``user:password@`` where the service wants them.
        ca_file: certificates of the authority that has signed the service's, besides those that
            this machine trusts.
    """

    def __init__(self, url: str, *, ca_file: str | None = None) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc.rpartition("@")[2]
        self.url = f"{parts.scheme}://{self.host}"
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._path = parts.path.rstrip("/")
        self._headers = {"host": self.host, "user-agent": USER_AGENT}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            encoded = base64.b64encode(pair.encode()).decode("ascii")
            self._headers["authorization"] = f"Basic {encoded}"
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def call(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send a request and read the answer, whatever its status.

        Args:
            method: the HTTP method.
            target: path and query, encoded.
            headers: further headers.
            body: what to send.

        Raises:
            SeedstateError: the service does not answer.
        """
        sent = {**self._headers, **headers}
        try:
            return self._exchange(method, self._path + target, sent, body)
        except (OSError, http.client.HTTPException) as error:
            raise SeedstateError(
                f"{self.url} does not answer ({type(error).__name__}: {error})",
                where=f"{method} {target.partition('?')[0]}",
            ) from error

    def close(self) -> None:
        """Close the connections."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        else:
            try:
                return self._exchange_on(connection, method, target, headers, body)
            except (ConnectionError, http.client.RemoteDisconnected):
                # An idle connection may have been closed long ago; a fresh one tells the truth.
                connection = self._connect()
        return self._exchange_on(connection, method, target, headers, body)

    def _connect(self) -> http.client.HTTPConnection:
        if self.url.startswith("http:"):
            return http.client.HTTPConnection(self.host, timeout=_TIMEOUT)
        if self._context is None:
            import ssl

            self._context = ssl.create_default_context()
            if self._ca_file is not None:
                self._context.load_verify_locations(self._ca_file)
        return http.client.HTTPSConnection(self.host, timeout=_TIMEOUT, context=self._context)

    def _exchange_on(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        try:
            connection.request(method, target, body=body, headers=dict(headers))
            response = connection.getresponse()
            data = response.read()
        except BaseException:
            connection.close()
            raise
        told = {name.lower(): value for name, value in response.getheaders()}
        self._idle.put(connection)
        return Answer(response.status, told, data)

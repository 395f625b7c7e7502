"""A node of one's own per test, asked in process through its WSGI application."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_seedstate.services.opensearch.http import Application
from pytest_seedstate.services.opensearch.storage.node import Node


@dataclass
class Answer:
    """What came back: the body as JSON where it is some, otherwise as text."""

    status: int
    headers: dict[str, str]
    body: Any
    raw: bytes = b""

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return str(self.body["error"]["reason"])

    @property
    def kind(self) -> str:
        """The type of an error."""
        return str(self.body["error"]["type"])


@dataclass
class Api:
    """Sends requests to one node."""

    node: Node = field(default_factory=Node)

    def __post_init__(self) -> None:
        self._application = Application(self.node)

    def __call__(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request; a body that is no bytes and no text is sent as JSON."""
        sent = b"" if body is None else body
        if isinstance(sent, str):
            sent = sent.encode()
        elif not isinstance(sent, bytes):
            sent = json.dumps(sent).encode()
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "REQUEST_URI": target,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(sent)),
            "CONTENT_TYPE": content_type,
            "wsgi.input": io.BytesIO(sent),
        }
        for name, value in (headers or {}).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        started: list[Any] = []
        raw = b"".join(
            self._application(environ, lambda status, headers: started.extend((status, headers)))
        )
        told = dict(started[1])
        is_json = told["content-type"].startswith("application/json") and raw[:1] in b"{["
        parsed = json.loads(raw) if is_json and raw else raw.decode("utf-8", "replace")
        return Answer(int(started[0].split()[0]), told, parsed, raw)

    def bulk(self, *lines: Any, path: str = "/_bulk") -> Answer:
        """Send lines, each JSON or a text as it is."""
        text = "".join(
            (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
        )
        return self("POST", path, text, content_type="application/x-ndjson")


@pytest.fixture
def api() -> Api:
    """A new, empty node."""
    return Api()

"""Reads along in a connection: where requests and answers begin and end. It changes no byte.

The parsers do not tell at which byte a message ends, nor need they: bytes are forwarded after all
that ends in them was recorded.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from httptools import (
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
    HttpResponseParser,
)

from pytest_seedstate.services.aws.recorder import Request, Write
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.recording import WriteInFlight

_TELLING = frozenset({"host", "authorization", "x-amz-target", "content-type"})
_WANTED = {name.encode(): name for name in (*_TELLING, "user-agent", "content-encoding", "expect")}
_REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n")
_UPGRADE = re.compile(rb"\nupgrade:", re.IGNORECASE)
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


@dataclass(eq=False, slots=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        request: as classifiers see it.
        user_agent: who asks.
        encoding: of its body, as sent.
        waits: whether its client wants to be told to go on before it sends the body.
        body: what has come of the part that is needed, compressed or not.
        needed: how many bytes of the body are needed to tell what it writes.
        has_body: whether a byte of the body has come.
        is_cut: whether the connection ended before its end.
        told: answers to what had to be asked about it.
        write: its write, once it is recorded.
        poll: what it writes if its answer holds `evidence`; None for all that can be told before.
        evidence: see `poll`.
        status: of its answer; 0 before it.
        is_over: whether it was answered, or never will be.
    """

    request: Request
    user_agent: str | None
    encoding: str
    waits: bool
    needed: int
    body: bytearray = field(default_factory=bytearray)
    has_body: bool = False
    is_cut: bool = False
    told: dict[Touch, Any] = field(default_factory=dict)
    write: WriteInFlight | None = None
    poll: Write | None = None
    evidence: bytes = b""
    status: int = 0
    is_over: bool = False

    def complete(self) -> None:
        """The body has come: the request is as classifiers want it."""
        body = bytes(self.body)
        if self.encoding in ("gzip", "x-gzip", "deflate"):
            # Where that fails, the service will refuse it, and what it touches cannot be told.
            with contextlib.suppress(zlib.error):
                body = zlib.decompress(body, _GZIP_OR_ZLIB)
        self.request = replace(self.request, body=body)


class Requests:
    """What a client sends.

    Args:
        body_needed: how many bytes of its body must be known to tell what a request writes.
        begun: called for each request as its head has come.
        ready: called for each as soon as all has come that is needed.
    """

    def __init__(
        self,
        body_needed: Callable[[Request], int],
        begun: Callable[[Exchange], None],
        ready: Callable[[Exchange], None],
    ) -> None:
        self._body_needed = body_needed
        self._begun = begun
        self._ready = ready
        self._current: Exchange | None = None
        self._is_at_chunk_border = False
        self.opaque: str | None = None
        """Why nothing more can be read along in this connection; None while it can."""
        self._begin_message()
        self._parser = HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Read along."""
        if self.opaque is not None:
            return
        if self._was_refused_before_its_body and _REQUEST_LINE.match(data):
            self._current = None
            self._parser = HttpRequestParser(self)
        if self._current is None:
            # The parser would take the wish (Java's client has it with every first request) for
            # the deed. Where the service grants it, what follows is no HTTP/1.1.
            data = _UPGRADE.sub(b"\nx-grade:", data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.opaque = f"a connection that does not speak HTTP/1.1 ({error})"

    @property
    def _was_refused_before_its_body(self) -> bool:
        """Whether the client need not send a body: some send their next request instead."""
        current = self._current
        return current is not None and current.is_over and current.waits and not current.has_body

    @property
    def may_end_here(self) -> bool:
        """Whether a service could take the request whose body is needed for complete by now.

        Its last chunk may have come, only the empty line after it has not.
        """
        current = self._current
        return current is not None and current.needed > 0 and self._is_at_chunk_border

    def cut(self) -> None:
        """No more comes."""
        if self._current is not None and self._current.needed:
            self._current.is_cut = True
            self._complete(self._current)
        self._current = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._begin_message()

    def _begin_message(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._is_at_chunk_border = False

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        wanted = _WANTED.get(name.lower())
        if wanted is not None:
            self._headers[wanted] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        headers = self._headers
        target = self._target.decode("utf-8", "surrogateescape")
        if not target.startswith("/"):
            # As clients send it that take us for a proxy by their own settings.
            parts = urlsplit(target)
            target = f"{parts.path or '/'}?{parts.query}"
        path, _, query = target.partition("?")
        telling = {name: value for name, value in headers.items() if name in _TELLING}
        request = Request(self._parser.get_method().decode("ascii"), path, query, telling, b"")
        exchange = Exchange(
            request,
            headers.get("user-agent"),
            headers.get("content-encoding", "").lower(),
            headers.get("expect", "").lower() == "100-continue",
            self._body_needed(request),
        )
        self._current = exchange
        self._begun(exchange)
        if not exchange.needed:
            self._ready(exchange)

    def on_chunk_header(self) -> None:
        self._is_at_chunk_border = True

    def on_chunk_complete(self) -> None:
        self._is_at_chunk_border = False

    def on_body(self, data: bytes) -> None:
        self._is_at_chunk_border = False
        exchange = self._current
        assert exchange is not None
        exchange.has_body = True
        missing = exchange.needed - len(exchange.body)
        if missing > 0:
            exchange.body += data if len(data) <= missing else data[:missing]

    def on_message_complete(self) -> None:
        exchange = self._current
        assert exchange is not None
        if exchange.needed:
            self._complete(exchange)
        self._current = None

    def _complete(self, exchange: Exchange) -> None:
        exchange.complete()
        self._ready(exchange)


class Answers:
    """What the service sends.

    Args:
        outstanding: the requests that wait for an answer, oldest first.
        found: called when the evidence of a poll's success is found in its answer.
        over: called when a request was answered; it is outstanding no more.
    """

    def __init__(
        self,
        outstanding: deque[Exchange],
        found: Callable[[Exchange], None],
        over: Callable[[Exchange], None],
    ) -> None:
        self._outstanding = outstanding
        self._found = found
        self._over = over
        self._tail = b""
        self._has_no_body = False
        self._is_opaque = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read along."""
        if self._is_opaque:
            return
        try:
            if any(exchange.request.method == "HEAD" for exchange in self._outstanding):
                # The parser cannot know that an answer to HEAD has no body: by the line, it is
                # between two messages when it would begin to wait for one.
                for line in data.splitlines(keepends=True):
                    self._feed(line)
            else:
                self._feed(data)
        except (HttpParserError, HttpParserUpgrade):
            # Upgraded, or no HTTP: what is outstanding ends with the connection.
            self._is_opaque = True

    def _feed(self, data: bytes) -> None:
        self._parser.feed_data(data)
        if self._has_no_body:
            self._has_no_body = False
            self._parser = HttpResponseParser(self)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._tail = b""

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or not self._outstanding:
            return
        first = self._outstanding[0]
        first.status = status
        if first.request.method == "HEAD":
            self._has_no_body = True
            self._finish()

    def on_body(self, data: bytes) -> None:
        first = self._outstanding[0] if self._outstanding else None
        if first is None or first.poll is None:
            return
        self._tail += data
        if first.evidence in self._tail:
            self._found(first)
            return
        self._tail = self._tail[1 - len(first.evidence) :]

    def on_message_complete(self) -> None:
        is_final = self._parser.get_status_code() >= 200
        if is_final and self._outstanding and not self._has_no_body:
            self._finish()

    def _finish(self) -> None:
        exchange = self._outstanding.popleft()
        exchange.is_over = True
        self._over(exchange)

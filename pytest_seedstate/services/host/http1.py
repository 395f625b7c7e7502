"""HTTP/1.1 on a blocking socket, from the request line to a WSGI call and back.

Small on purpose: what clients send to 127.0.0.1. A connection between two requests has nothing
read ahead (`Connection.idle`), so that another process can go on with it.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_CHUNK = 1 << 16
_LONGEST_HEAD = 1 << 18
_NO_BODY = {"204", "304"}


class BadRequestError(Exception):
    """What came is not HTTP that we serve."""


class HangupError(Exception):
    """The client closed the connection."""


class Connection:
    """A client's connection.

    Args:
        client: the connected socket.
        port: the port that the host serves, for the WSGI environment.
    """

    def __init__(self, client: socket.socket, port: int) -> None:
        self.socket = client
        self.activity = "waits"
        self.is_carried_out = False
        self._port = port
        self._buffer = bytearray()

    @property
    def idle(self) -> bool:
        """Whether no byte of a next request was read, so that the descriptor says it all."""
        return not self._buffer

    def read_request(self) -> Environ:
        """Wait for a request and read all of it.

        Returns:
            The WSGI environment, with the whole body in ``wsgi.input``.

        Raises:
            HangupError: the client is gone.
            BadRequestError: it does not speak HTTP/1.x.
        """
        head = self._read_head()
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequestError(f"request line {lines[0][:100]!r}")
        method, target, version = parts
        self.activity = f"sends {method} {target[:100]}"
        environ = self._environ(method, target, version)
        _add_headers(environ, lines[1:])
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def answer(self, environ: Environ, application: Application) -> bool:
        """Call the application and send what it answers.

        Returns:
            Whether the connection stays open for another request.
        """
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], None]:
            started[:] = [(status, headers)]
            return _refuse_write

        keep = _keeps_open(environ)
        self.activity = f"waits for the answer to {environ['REQUEST_METHOD']} {environ['RAW_URI']}"
        self.is_carried_out = True
        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
            self.is_carried_out = False
        status, headers = started[0]
        self.activity = f"reads the answer to {environ['REQUEST_METHOD']} {environ['RAW_URI']}"
        self._send(environ["REQUEST_METHOD"], status, headers, body, keep)
        self.activity = "waits"
        return keep

    def _send(
        self, method: str, status: str, headers: list[tuple[str, str]], body: bytes, keep: bool
    ) -> None:
        lines = [f"HTTP/1.1 {status}"]
        # An answer to HEAD says how long the answer to GET would be, and has no body.
        bodiless = method == "HEAD" or status[:3] in _NO_BODY
        has_length = False
        for name, value in headers:
            lowered = name.lower()
            if lowered in ("connection", "transfer-encoding"):
                continue
            if lowered == "content-length":
                has_length = True
                if not bodiless:
                    value = str(len(body))
            lines.append(f"{name}: {value}")
        if not has_length and status[:3] not in _NO_BODY:
            lines.append(f"Content-Length: {len(body)}")
        if not keep:
            lines.append("Connection: close")
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if bodiless:
            body = b""
        if len(body) <= _CHUNK:
            self.socket.sendall(data + body)
        else:
            self.socket.sendall(data)
            self.socket.sendall(body)

    def _environ(self, method: str, target: str, version: str) -> Environ:
        if target.startswith(("http://", "https://")):
            rest = target.split("://", 1)[1]
            target = "/" + rest.partition("/")[2]
        path, _, query = target.partition("?")
        return {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self._port),
            "SERVER_PROTOCOL": version,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }

    def _read_head(self) -> bytes:
        while True:
            # Robustness for stray line ends between requests, as the HTTP standard asks.
            while self._buffer[:2] == b"\r\n":
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n")
            if end >= 0:
                head = bytes(self._buffer[:end])
                del self._buffer[: end + 4]
                return head
            if len(self._buffer) > _LONGEST_HEAD:
                raise BadRequestError("a head of more than 256 KB")
            self._read_more()

    def _read_body(self, environ: Environ) -> bytes:
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            return self._read_chunks()
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            raise BadRequestError("Content-Length is not a number") from None
        return self._read_exactly(length)

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            size_text = self._read_line().partition(b";")[0]
            try:
                size = int(size_text, 16)
            except ValueError:
                raise BadRequestError("a chunk without its size") from None
            if size == 0:
                while self._read_line():
                    pass
                return bytes(body)
            body += self._read_exactly(size)
            self._read_line()

    def _read_line(self) -> bytes:
        while True:
            end = self._buffer.find(b"\r\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 2]
                return line
            self._read_more()

    def _read_exactly(self, length: int) -> bytes:
        if len(self._buffer) < length:
            missing = length - len(self._buffer)
            body = self._buffer
            self._buffer = bytearray()
            body.extend(bytes(missing))
            view = memoryview(body)[length - missing :]
            while missing:
                count = self.socket.recv_into(view, missing)
                if not count:
                    raise HangupError
                view = view[count:]
                missing -= count
            view.release()
            return bytes(body)
        read = bytes(self._buffer[:length])
        del self._buffer[:length]
        return read

    def _read_more(self) -> None:
        data = self.socket.recv(_CHUNK)
        if not data:
            raise HangupError
        self._buffer += data


def _refuse_write(_: bytes) -> None:
    raise RuntimeError("a hosted application answers with iterables only")


def _keeps_open(environ: Environ) -> bool:
    wish: str = environ.get("HTTP_CONNECTION", "").lower()
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return wish == "keep-alive"
    return wish != "close"


def _add_headers(environ: Environ, lines: list[str]) -> None:
    """Headers under their WSGI names, and S3 metadata names with underscores as they came.

    WSGI cannot tell ``x-amz-meta-a_b`` from ``x-amz-meta-a-b``; moto reads the spelling from
    ``moto.preserved_header_names``.
    """
    preserved: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(f"header line {line[:100]!r}")
        value = value.strip()
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if "_" in name:
            if not name.lower().startswith("x-amz-meta-"):
                continue
            preserved[key] = name
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["moto.preserved_header_names"] = preserved

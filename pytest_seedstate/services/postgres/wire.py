"""The few messages of PostgreSQL's protocol that are needed before any driver is imported.

Frontend/backend protocol 3.0 (PostgreSQL documentation, chapter "Frontend/Backend Protocol"):
start-up without a password over a Unix socket, and simple queries whose values are text.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from pathlib import Path
from types import TracebackType

_PROTOCOL_3 = 196608

#: SQLSTATE ``cannot_connect_now``: the server is starting up.
STARTING_UP = "57P03"


class ServerError(Exception):
    """The server refused a connection or a statement.

    Attributes:
        code: the SQLSTATE, e.g. ``57P03`` while the server is starting up.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Session:
    """One connection over the server's Unix socket.

    Args:
        path: the socket.
        user: a role that needs no password there.
        dbname: the database.
        seconds: how long one answer may take.

    Raises:
        OSError: nothing listens there (yet), or it stopped answering.
        ServerError: the server does not let us in (yet).
    """

    def __init__(self, path: Path, user: str, dbname: str, *, seconds: float = 30.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(seconds)
            self._socket.connect(str(path))
            self._socket.sendall(_start_up(user, dbname))
            self._read_answer()
        except BaseException:
            self._socket.close()
            raise

    def execute(self, statement: str) -> list[tuple[str | None, ...]]:
        """Run one or more statements.

        Returns:
            The rows of all of them, values as text.

        Raises:
            ServerError: what the server says about the first that failed.
            OSError: the connection broke.
        """
        body = statement.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!I", 4 + len(body)) + body)
        return self._read_answer()

    def close(self) -> None:
        """Say goodbye, so that the server logs nothing."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"X" + struct.pack("!I", 4))
        self._socket.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _read_answer(self) -> list[tuple[str | None, ...]]:
        """Read up to "ready for query"."""
        rows: list[tuple[str | None, ...]] = []
        failure: ServerError | None = None
        while True:
            kind, body = self._read_message()
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"E":
                failure, fatal = _error(body)
                if fatal:
                    # The server closes the connection: no "ready" follows.
                    raise failure
            elif kind == b"R" and body[:4] != b"\0\0\0\0":
                raise ServerError("the server asks for a password on its Unix socket", "28000")
            elif kind == b"Z":
                if failure is not None:
                    raise failure
                return rows

    def _read_message(self) -> tuple[bytes, bytes]:
        head = self._read_exactly(5)
        return head[:1], self._read_exactly(struct.unpack("!I", head[1:])[0] - 4)

    def _read_exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise ConnectionResetError("the server closed the connection")
            parts += part
        return bytes(parts)


def lets_in(host: str, port: int, user: str, dbname: str, *, seconds: float = 2.0) -> bool:
    """Whether a server is past its start: it asks for the password, or for none.

    Args:
        host: where it listens.
        port: its TCP port.
        user: a role.
        dbname: a database.
        seconds: how long the answer may take.

    Returns:
        False while it starts up.

    Raises:
        OSError: nothing answers there.
    """
    with socket.create_connection((host, port), timeout=seconds) as connection:
        connection.sendall(_start_up(user, dbname))
        # "R": an authentication request; "E": an error, such as "the system is starting up".
        return connection.recv(1) == b"R"


def _start_up(user: str, dbname: str) -> bytes:
    options = b"".join(
        text.encode() + b"\0"
        for text in ("user", user, "database", dbname, "application_name", "seedstate", "")
    )
    return struct.pack("!II", 8 + len(options), _PROTOCOL_3) + options


def _row(body: bytes) -> tuple[str | None, ...]:
    (count,) = struct.unpack_from("!H", body)
    values: list[str | None] = []
    position = 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, position)
        position += 4
        values.append(None if length < 0 else body[position : position + length].decode())
        position += max(length, 0)
    return tuple(values)


def _error(body: bytes) -> tuple[ServerError, bool]:
    """The error that a message tells, and whether it ends the connection."""
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    error = ServerError(fields.get(b"M", "unknown error"), fields.get(b"C", ""))
    return error, fields.get(b"V") in ("FATAL", "PANIC")

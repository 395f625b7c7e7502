"""What stands between clients and PostgreSQL: a pooler as a client sees one, or TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

_KEY_DATA = b"K\x00\x00\x00\x0c"
"""How a BackendKeyData message of protocol 3.0 begins; the session's process follows."""
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@contextmanager
def pooler(port: int) -> Iterator[int]:
    """Tell clients another key than that of the server's session, as poolers do.

    Args:
        port: where the server listens, on 127.0.0.1.

    Yields:
        The port to connect to.
    """

    def other_key(data: bytes) -> bytes:
        before, found, after = data.partition(_KEY_DATA)
        return before + found + (bytes(4) + after[4:] if found else after)

    with _front(port, lambda client: client, other_key) as listens:
        yield listens


@contextmanager
def tls(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Speak TLS with clients, and refuse those that do not; as `pooler`."""

    def shake_hands(client: socket.socket) -> socket.socket:
        if client.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
            raise OSError("no TLS")
        client.sendall(b"S")
        return context.wrap_socket(client, server_side=True)

    with _front(port, shake_hands, lambda data: data) as listens:
        yield listens


@contextmanager
def _front(
    port: int,
    accept: Callable[[socket.socket], socket.socket],
    change: Callable[[bytes], bytes],
) -> Iterator[int]:
    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=join, args=(client,), daemon=True).start()

    def join(client: socket.socket) -> None:
        with (
            suppress(OSError),
            closing(client),
            closing(accept(client)) as accepted,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            back = threading.Thread(target=carry, args=(server, accepted, change), daemon=True)
            back.start()
            carry(accepted, server, lambda data: data)
            back.join()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def carry(source: socket.socket, target: socket.socket, change: Callable[[bytes], bytes]) -> None:
    """Pass on what `source` sends, until it ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(change(data))
        target.shutdown(socket.SHUT_WR)

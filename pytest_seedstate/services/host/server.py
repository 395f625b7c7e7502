"""Serves an inherited listening socket: a thread for each connection, which can be parked.

To park is to let every request that has begun come to its answer, and to keep the connections
that wait between two requests. Nothing of a next request was read from those, so that another
process can go on with their descriptors and no client notices.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading
import time
import traceback

from pytest_seedstate.services import platform
from pytest_seedstate.services.host.http1 import (
    Application,
    BadRequestError,
    Connection,
    HangupError,
)


def listen(listener: socket.socket) -> None:
    """Listen with a long queue: connections wait in it while a state is being rewound."""
    listener.listen(1024)
    # Several processes hold this socket; one that was woken too late must not hang in accept.
    listener.setblocking(False)


class Server:
    """The threads that serve connections in this process.

    Args:
        listener: the listening socket, non-blocking.
        application: what answers.
        title: how the service is called in messages, e.g. ``the embedded AWS``.
    """

    def __init__(self, listener: socket.socket, application: Application, title: str) -> None:
        self._title = title
        self._listener = listener
        self._port = int(listener.getsockname()[1])
        self._application = application
        self._serving: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()
        self._parked: list[Connection] = []
        self._is_parking = False
        self._park_signal, self._park_trigger = socket.socketpair()

    def accept(self) -> None:
        """Accept a waiting connection, if no other process was faster."""
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._start(Connection(client, self._port))

    def adopt(self, descriptor: int) -> None:
        """Go on with a connection that another process parked."""
        client = socket.socket(fileno=descriptor)
        client.setblocking(True)
        self._start(Connection(client, self._port))

    def park(self) -> None:
        """Ask all threads to end after the request they are in; do not wait."""
        with self._lock:
            self._is_parking = True
        self._park_trigger.send(b"x")

    def unpark(self) -> None:
        """Go on with the parked connections."""
        with self._lock:
            # Before the signal is taken away: who has seen it parks no more.
            self._is_parking = False
            parked, self._parked = self._parked, []
        self._park_signal.recv(1)
        for connection in parked:
            self._start(connection)

    def take_parked(self) -> list[int]:
        """Descriptors of connections that were parked since the last call; the caller owns them."""
        with self._lock:
            parked, self._parked = self._parked, []
        return [connection.socket.detach() for connection in parked]

    def busy(self) -> list[str]:
        """What the connections do that are still served, one phrase each."""
        with self._lock:
            return [connection.activity for connection in self._serving.values()]

    def cut_stuck_clients(self) -> None:
        """End connections whose client neither reads its answer nor sends its whole request."""
        with self._lock:
            for connection in self._serving.values():
                if not connection.is_carried_out:
                    # The client may have hung up just now.
                    with contextlib.suppress(OSError):
                        connection.socket.shutdown(socket.SHUT_RDWR)

    def wait_quiet(self, seconds: float) -> bool:
        """Wait until all threads have ended.

        Returns:
            Whether this process has one thread again.
        """
        deadline = time.monotonic() + seconds
        for thread in threading.enumerate():
            if thread is not threading.main_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        while platform.thread_count() > 1:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.0002)
        return True

    def close(self) -> None:
        self._park_signal.close()
        self._park_trigger.close()

    def _start(self, connection: Connection) -> None:
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        with self._lock:
            self._serving[thread] = connection
        thread.start()

    def _serve(self, connection: Connection) -> None:
        parked = False
        try:
            while not parked and self._serve_until_parked(connection):
                with self._lock:
                    parked = self._is_parking
                    if parked:
                        self._parked.append(connection)
        except (HangupError, OSError):
            # The client is gone, and nobody is left to be told anything.
            pass
        except BadRequestError as error:
            _refuse(connection, str(error))
        finally:
            with self._lock:
                del self._serving[threading.current_thread()]
            if not parked:
                connection.socket.close()

    def _serve_until_parked(self, connection: Connection) -> bool:
        poller = select.poll()
        signal = self._park_signal.fileno()
        poller.register(connection.socket.fileno(), select.POLLIN)
        poller.register(signal, select.POLLIN)
        while True:
            if connection.idle and any(number == signal for number, _ in poller.poll()):
                return True
            environ = connection.read_request()
            if not connection.answer(environ, self._answer):
                return False

    def _answer(self, environ: dict[str, object], start_response: object) -> list[bytes]:
        """The application's whole answer; 500 with a reason where it fails."""
        try:
            return list(self._application(environ, start_response))  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - the client is told, whatever it is
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            text = f"{self._title} failed: {type(error).__name__}: {error}"
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])  # type: ignore[operator]
            return [text.encode("utf-8", "replace")]


def _refuse(connection: Connection, reason: str) -> None:
    body = f"seedstate: {reason}".encode()
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    try:
        connection.socket.sendall(head.encode() + body)
    except OSError:
        return

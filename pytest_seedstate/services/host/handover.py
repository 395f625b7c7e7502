"""Connections that go from one server to the next, as descriptors through a socket pair.

A server that ends gives its parked connections to the one after it. When that one ends before it
has taken them all, it gives away the very socket they come through.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Callable, Collection, Iterable

_CONNECTION, _SOURCE = b"c", b"s"


class Sources:
    """Where parked connections come from.

    Args:
        descriptor: the socket that the server before writes to.
    """

    def __init__(self, descriptor: int) -> None:
        self._sockets = {descriptor: socket.socket(fileno=descriptor)}
        self._poller: select.poll | None = None

    def register(self, poller: select.poll) -> None:
        """Have the sockets polled, those that come later too."""
        self._poller = poller
        for descriptor in self._sockets:
            poller.register(descriptor, select.POLLIN)

    def receive(self, readable: Collection[int], adopt: Callable[[int], None]) -> None:
        """Take what has come through the sockets that are readable."""
        assert self._poller is not None
        for descriptor in self._sockets.keys() & set(readable):
            # One byte, one descriptor: each tells what the other is.
            kind, given, _, _ = socket.recv_fds(self._sockets[descriptor], 1, 1)
            if kind == _CONNECTION:
                adopt(given[0])
            elif kind == _SOURCE:
                self._sockets[given[0]] = socket.socket(fileno=given[0])
                self._poller.register(given[0], select.POLLIN)
            else:
                self._poller.unregister(descriptor)
                self._sockets.pop(descriptor).close()

    def take_all(self) -> list[int]:
        """The sockets' descriptors; the caller owns them."""
        descriptors = [each.detach() for each in self._sockets.values()]
        self._sockets.clear()
        return descriptors


class Target:
    """Where parked connections go to.

    Args:
        descriptor: the socket that the next server reads from.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)

    def give_sources(self, sources: Sources) -> None:
        """Let the next server take what was still to come from servers before this one."""
        self._give(_SOURCE, sources.take_all())

    def give_connections(self, descriptors: Iterable[int]) -> None:
        """Give connections that are parked."""
        self._give(_CONNECTION, descriptors)

    def close(self) -> None:
        """There will be no more."""
        self._socket.close()

    def _give(self, kind: bytes, descriptors: Iterable[int]) -> None:
        for descriptor in descriptors:
            # Where no server comes after this one, clients will have to connect again.
            with contextlib.suppress(OSError):
                socket.send_fds(self._socket, [kind], [descriptor])
            os.close(descriptor)

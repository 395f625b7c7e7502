"""Messages between the pytest process and the processes of a host: JSON, with descriptors.

Every process of the host has a socket pair of its own with pytest. Its end of file means that
pytest is gone, however it ended.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 16
_MOST_DESCRIPTORS = 64

Message = dict[str, Any]


class ChannelClosedError(Exception):
    """The other process is gone."""


class Channel:
    """One end of a socket pair, for messages with a length before them."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message, and descriptors that the receiver gets copies of.

        Raises:
            ChannelClosedError: nobody reads the other end.
        """
        text = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
        data = _LENGTH.pack(len(text)) + text
        try:
            self._socket.settimeout(None)
            if descriptors:
                # The descriptors travel with the first byte; the rest may need several writes.
                sent = socket.send_fds(self._socket, [data], list(descriptors))
                data = data[sent:]
            if data:
                # Not for nothing: the receiver of a whole message may be gone already.
                self._socket.sendall(data)
        except OSError as error:
            raise ChannelClosedError from error

    def receive(self, timeout: float | None) -> Message:
        """The next message; its descriptors come from `take_descriptor`.

        Args:
            timeout: seconds to wait, None for ever. The socket's own time-out is used, since a
                user's freezegun may stand in for every clock of the pytest process.

        Raises:
            ChannelClosedError: the other process has gone.
            TimeoutError: no message came in time.
        """
        self._socket.settimeout(timeout)
        while True:
            if len(self._received) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._received)
                end = _LENGTH.size + length
                if len(self._received) >= end:
                    text = bytes(self._received[_LENGTH.size : end])
                    del self._received[:end]
                    message: Message = json.loads(text.decode("utf-8", "surrogatepass"))
                    return message
            self._read_more()

    def has_message(self) -> bool:
        """Whether something received waits to be taken, so that polling the socket would not."""
        if len(self._received) < _LENGTH.size:
            return False
        (length,) = _LENGTH.unpack_from(self._received)
        return len(self._received) >= _LENGTH.size + int(length)

    def take_descriptor(self) -> int:
        """The oldest received descriptor that was not taken yet; the caller closes it."""
        return self._descriptors.popleft()

    def _read_more(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _CHUNK, _MOST_DESCRIPTORS)
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelClosedError from error
        self._descriptors.extend(descriptors)
        if not data:
            raise ChannelClosedError
        self._received += data

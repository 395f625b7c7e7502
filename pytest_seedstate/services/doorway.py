"""A way for containers to what listens on 127.0.0.1: connections to one other address are passed on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_CHUNK = 1 << 16
_PATIENCE = 10.0

Result = TypeVar("Result")


class Doorway:
    """Listens on an address of this machine that containers reach, and on no other.

    Args:
        host: the address.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="seedstate-doorway", daemon=True
        )
        self._thread.start()

    def open(self, host: str, port: int) -> int:
        """Pass connections on to a service.

        Returns:
            The port to connect to: the same number where that is free.

        Raises:
            OSError: this machine does not have the address, or no port of it is left.
        """
        try:
            return self._do(self._listen(port, host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return self._do(self._listen(0, host, port))

    def close(self) -> None:
        """End all connections and stop listening."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _listen(self, number: int, host: str, port: int) -> int:
        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await _join(reader, writer, host, port)
            finally:
                self._connections.discard(task)

        server = await asyncio.start_server(pass_on, self._host, number)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """Carry bytes both ways until both ends have said all that they had to say."""
    with contextlib.suppress(OSError), contextlib.closing(writer):
        there_reader, there_writer = await asyncio.open_connection(host, port)
        with contextlib.closing(there_writer):
            await asyncio.gather(_carry(reader, there_writer), _carry(there_reader, writer))


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()

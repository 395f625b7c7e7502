"""One client's connection, and the connection to the service that belongs to it."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from ssl import SSLContext

from pytest_seedstate.services.aws.recorder import Write
from pytest_seedstate.services.host.hosted import Touch, writer_text
from pytest_seedstate.services.proxy.classifiers import Classifier, UnansweredError
from pytest_seedstate.services.proxy.messages import Answers, Exchange, Requests
from pytest_seedstate.services.proxy.recording import Recording

_LINGER = 10.0
"""Seconds that a client has to close its end after the service has closed its own."""

_BUFFER = memoryview(bytearray(1 << 17))

_ABANDONED = 60.0
"""Seconds that the service may still answer after the client has gone."""


class Upstream:
    """Where connections lead, and what is known of it.

    Args:
        host: a name or address.
        port: the TCP port.
        tls: how to check its certificate; None for plain HTTP.
        classifier: knows its requests.
        recording: the record.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: SSLContext | None,
        classifier: Classifier,
        recording: Recording,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self.classifier = classifier
        self.recording = recording
        self._told: str | None = None

    async def connect(self, side: Side) -> bool:
        """Connect; what comes goes to `side`. False when the service is not there."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: side,
                self._host,
                self._port,
                ssl=self._tls,
                server_hostname=self._host if self._tls else None,
            )
        except OSError as error:
            text = f"{self._host}:{self._port} cannot be reached: {error}"
            if text != self._told:
                sys.stderr.write(f"{text}\n")
                sys.stderr.flush()
                self._told = text
            return False
        self._told = None
        return True

    async def ask(self, question: Touch) -> object:
        """The classifier's `ask`, while other connections go on; None where it fails."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(None, self.classifier.ask, question)
        except Exception:  # noqa: BLE001 - the request that waits for it must go on
            traceback.print_exc()
            sys.stderr.flush()
            return None


class Side(asyncio.BufferedProtocol):
    """One end of a link.

    Args:
        received: takes what comes.
        ended: called when no more comes.
        lost: called when the connection is gone.
    """

    def __init__(
        self,
        received: Callable[[bytes], None],
        ended: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._received = received
        self._ended = ended
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._pauses = 0
        self.other: Side | None = None
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._pauses:
            transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        # One for all: it is emptied before anything else is received. A fresh one for each time,
        # as plain protocols have it, takes 0.02 ms.
        return _BUFFER

    def buffer_updated(self, size: int) -> None:
        self._received(bytes(_BUFFER[:size]))

    def eof_received(self) -> bool:
        self._ended()
        # A TLS connection cannot stay half open.
        return self.can_end

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        self._lost()

    def pause_writing(self) -> None:
        assert self.other is not None
        self.other.pause()

    def resume_writing(self) -> None:
        assert self.other is not None
        self.other.resume()

    def pause(self) -> None:
        """Receive no more until as many calls of `resume`."""
        self._pauses += 1
        if self._pauses == 1 and self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        self._pauses -= 1
        if self._pauses == 0 and self._transport is not None:
            self._transport.resume_reading()

    def drain(self) -> None:
        """Receive whatever the other end takes of it."""
        self._pauses = 1
        self.resume()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def can_end(self) -> bool:
        return self._transport is not None and self._transport.can_write_eof()

    @property
    def is_behind(self) -> bool:
        """Whether something that was written to it has not left yet."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def end(self) -> None:
        """Say that no more will be written."""
        if self._transport is not None and self.can_end and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Close it when everything written has left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it now."""
        if self._transport is not None:
            self._transport.abort()


class Link:
    """Passes bytes on, both ways.

    Args:
        upstream: where to.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._loop = asyncio.get_running_loop()
        self._upstream = upstream
        self._recording = upstream.recording
        self._outstanding: deque[Exchange] = deque()
        self._undecided: deque[Exchange] = deque()
        self._held: list[bytes] = []
        self._client_has_ended = False
        self._is_asking = False
        self._requests = Requests(
            upstream.classifier.body_needed, self._outstanding.append, self._undecided.append
        )
        self._answers = Answers(self._outstanding, self._found, self._over)
        self.client = Side(self._from_client, self._client_ended, self._client_lost)
        self._service = Side(self._from_service, self._service_ended, self._service_lost)
        self.client.other, self._service.other = self._service, self.client
        # Until there is somewhere to send it to.
        self.client.pause()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._connect())

    def _start(self, doing: Coroutine[None, None, None]) -> None:
        # The loop itself does not keep a task alive.
        task = self._loop.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        if await self._upstream.connect(self._service):
            self.client.resume()
            if self.client.is_lost:
                self._service.close()
        else:
            # As a client sees it of a service that is not there.
            self.client.abort()

    # From the client.

    def _from_client(self, data: bytes) -> None:
        self._held.append(data)
        self._requests.feed(data)
        self._pass_on()

    def _client_ended(self) -> None:
        if not self._client_has_ended:
            self._client_has_ended = True
            self._requests.cut()
            self._pass_on()

    def _client_lost(self) -> None:
        self._service.drain()
        self._client_ended()
        if self._outstanding:
            # The service carries out what it has got; it counts as in flight until that is over.
            self._loop.call_later(_ABANDONED, self._service.abort)
        else:
            self._service.close()

    def _pass_on(self) -> None:
        """Send to the service what has come, once every request in it is recorded."""
        if self._is_asking:
            return
        while self._undecided:
            exchange = self._undecided[0]
            try:
                self._decide(exchange)
            except UnansweredError as error:
                self._is_asking = True
                self.client.pause()
                self._start(self._ask(exchange, error.question))
                return
            self._undecided.popleft()
        if self._requests.opaque is not None and self._held:
            self._recording.add_note(
                f"{self._requests.opaque}: what it writes is not known",
                writer_text(None, "not read along"),
            )
        if self._requests.may_end_here:
            return
        for data in self._held:
            self._service.write(data)
        self._held.clear()
        if self._client_has_ended:
            self._end_service()

    async def _ask(self, exchange: Exchange, question: Touch) -> None:
        exchange.told[question] = await self._upstream.ask(question)
        self._is_asking = False
        self.client.resume()
        self._pass_on()

    def _decide(self, exchange: Exchange) -> None:
        classifier = self._upstream.classifier
        try:
            write = classifier.classify(exchange.request, exchange.told)
        except UnansweredError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be taken for a read
            traceback.print_exc()
            sys.stderr.flush()
            text = f"{exchange.request.method} {exchange.request.path}"
            write = Write("", text, (), f"{text}: what it writes is not known ({error!r})")
        if write is None:
            return
        evidence = classifier.evidence(write)
        if evidence is not None:
            exchange.poll, exchange.evidence = write, evidence
            return
        classifier.forget(write.touches)
        exchange.write = self._recording.begin(write, exchange.user_agent)
        if exchange.is_over:
            self._over(exchange)

    def _end_service(self) -> None:
        """The client will send no more."""
        if self._service.can_end:
            self._service.end()
        elif not self._outstanding:
            self._service.close()
            self.client.close()

    # From the service.

    def _from_service(self, data: bytes) -> None:
        self._answers.feed(data)
        self.client.write(data)
        is_all = self._client_has_ended and not self._outstanding
        if is_all and (self.client.is_lost or not self._service.can_end):
            # Not in turn: to close a TLS connection may take as long as the service likes.
            self._service.close()
            self.client.close()

    def _service_ended(self) -> None:
        self._give_up_outstanding()
        if self._client_has_ended:
            self._close_client()
        else:
            self.client.end()
            self._loop.call_later(_LINGER, self._close_client)

    def _service_lost(self) -> None:
        self._give_up_outstanding()
        self.client.close()

    def _close_client(self) -> None:
        if self.client.is_behind:
            self._loop.call_later(_LINGER, self._close_client)
            return
        self.client.close()
        self._service.close()

    # Of requests.

    def _found(self, exchange: Exchange) -> None:
        """A poll has changed something."""
        write, exchange.poll = exchange.poll, None
        assert write is not None
        begun = self._recording.begin(write, exchange.user_agent)
        self._recording.end(begun, with_note=True)

    def _over(self, exchange: Exchange) -> None:
        """It was answered, or never will be."""
        if exchange.poll is not None and not 200 <= exchange.status < 500:
            self._found(exchange)
        if exchange.write is not None:
            self._upstream.classifier.forget(exchange.write.write.touches)
            # What was refused has its records compared, and is no news beside that.
            was_refused = 400 <= exchange.status < 500 or exchange.is_cut
            self._recording.end(exchange.write, with_note=not was_refused)

    def _give_up_outstanding(self) -> None:
        while self._outstanding:
            exchange = self._outstanding.popleft()
            exchange.is_over = True
            self._over(exchange)

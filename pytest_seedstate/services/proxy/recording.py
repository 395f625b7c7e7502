"""What was written through the proxy, counted and noted before the service can act on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from pytest_seedstate.services.aws.recorder import Write
from pytest_seedstate.services.host.hosted import Log, writer_text
from pytest_seedstate.services.host.tally import Tally, Writes
from pytest_seedstate.services.proxy.slots import BEGUN, ENDED


@dataclass(eq=False, slots=True)
class WriteInFlight:
    """A write that the service may be carrying out.

    Attributes:
        write: what it may change.
        writer: who asked for it.
        since: when, on the monotonic clock.
        was_taken: whether the record was taken meanwhile, so that its effect may come after that.
    """

    write: Write
    writer: str
    since: float
    was_taken: bool = False


class Recording:
    """The record since it was last taken, and the writes in flight; used by one thread.

    Args:
        tally: where writes are counted.
        carried_out: told of writes that the service has not refused.
    """

    def __init__(self, tally: Tally, carried_out: Callable[[Write], None] = lambda _: None) -> None:
        self._tally = tally
        self._carried_out = carried_out
        self._begun = Writes(tally, BEGUN)
        self._ended = Writes(tally, ENDED)
        self._log = Log()
        self._in_flight: dict[WriteInFlight, None] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()

    def begin(self, write: Write, user_agent: str | None) -> WriteInFlight:
        """A write is about to be forwarded."""
        writer = writer_text(user_agent, write.action)
        begun = WriteInFlight(write, writer, time.monotonic())
        self._in_flight[begun] = None
        self._quiet.clear()
        self._begun.begin()
        self._log.add(write.touches, (), writer)
        return begun

    def end(self, begun: WriteInFlight, *, with_note: bool) -> None:
        """The service has answered it, or never will; it may have been ended before.

        Args:
            begun: the write.
            with_note: whether what it changes besides records may have happened.
        """
        if begun not in self._in_flight:
            return
        del self._in_flight[begun]
        if begun.was_taken:
            self._begun.begin()
            self._ended.begin()
        if with_note:
            self._carried_out(begun.write)
        if with_note and begun.write.note:
            self._log.add((), [begun.write.note], begun.writer)
        self._ended.begin()
        if not self._in_flight:
            self._quiet.set()

    def add_note(self, note: str, writer: str) -> None:
        """Something was written that is over, or that no end is known of."""
        self._begun.begin()
        self._log.add((), [note], writer)
        self._ended.begin()

    def take(self) -> tuple[Log, int]:
        """Everything recorded since the last call, and the count of writes at its end.

        Writes that are in flight are in this record and in the next, and count once more after
        it: nobody knows on which side of it they take effect.
        """
        log, self._log = self._log, Log()
        written = self._tally.written(BEGUN)
        for begun in self._in_flight:
            begun.was_taken = True
            self._begun.begin()
            self._ended.begin()
            self._log.add(begun.write.touches, (), begun.writer)
        return log, written

    async def settle(self, seconds: float) -> list[str]:
        """Wait until no write is in flight.

        Args:
            seconds: how long.

        Returns:
            Those that still are, one phrase each.
        """
        try:
            await asyncio.wait_for(self._quiet.wait(), seconds)
        except TimeoutError:
            now = time.monotonic()
            return [f"{each.writer} (for {now - each.since:.1f} s)" for each in self._in_flight]
        return []

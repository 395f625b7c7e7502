"""The pytest process's handles of the host's processes."""

from __future__ import annotations

import os
import select
import socket
import weakref
from collections.abc import Sequence
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.channel import Channel, ChannelClosedError, Message
from pytest_seedstate.services.host.tally import SLOTS, Tally

_PATIENCE = 30.0
_FORK_PATIENCE = 0.02

_open_channels: weakref.WeakSet[Channel] = weakref.WeakSet()


def _close_in_child() -> None:
    """A process forked by a test must not keep the host alive, nor speak to it."""
    for channel in list(_open_channels):
        channel.close()


os.register_at_fork(after_in_child=_close_in_child)


def channel_pair() -> tuple[Channel, socket.socket]:
    """A channel of ours and the socket that a process of the host gets."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    _open_channels.add(channel)
    return channel, theirs


class ProcessEndedError(Exception):
    """A process of the host has ended unasked."""


class _Process:
    """A process of the host that can be asked things."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._poller = select.poll()
        self._poller.register(channel, select.POLLIN)

    def tell(self, message: Message, *descriptors: int) -> None:
        try:
            self.channel.send(message, descriptors)
        except ChannelClosedError:
            raise ProcessEndedError from None

    def wait_for(self, *answers: str) -> Message:
        """The next message with one of these fields.

        Raises:
            ProcessEndedError: the process is gone, or does not answer.
        """
        try:
            while True:
                message = self.channel.receive(_PATIENCE)
                if any(answer in message for answer in answers):
                    return message
        except (ChannelClosedError, TimeoutError):
            raise ProcessEndedError from None

    def give_to(self, pid: int, start: str) -> int:
        """Have it live as long as another process does, which has to hold the channel.

        Args:
            pid: the other process.
            start: its start, see `platform.process_start`.

        Returns:
            A copy of the channel's descriptor, for that process.

        Raises:
            ProcessEndedError: the process is gone.
        """
        self.tell({"do": "change owner", "owner": [pid, start]})
        self.wait_for("owned")
        return os.dup(self.channel.fileno())

    def close(self) -> None:
        """Let the process end: that its channel closes is what tells it."""
        self.channel.close()


class Keeper(_Process):
    """A process that keeps a state.

    Attributes:
        segment: of what its servers record, the part that begins at this state.
        memory: bytes of what was written since the state before; of baselines only.
        writers: who has written since the baseline before.
    """

    def __init__(
        self, channel: Channel, segment: int, memory: int = 0, writers: Sequence[str] = ()
    ) -> None:
        super().__init__(channel)
        self.segment = segment
        self.memory = memory
        self.writers = writers
        self._standby: Server | None = None

    def next_server(self, slots: Slots) -> Server:
        """A server of this state that was not used yet; it is forked now, or was before."""
        if self._standby is None:
            return self._fork(slots, patience=0)
        self.tell({"do": "hurry"})
        server, self._standby = self._standby, None
        return server

    def prepare_next(self, slots: Slots) -> None:
        """Have the next server forked, in the background."""
        if self._standby is None:
            self._standby = self._fork(slots, _FORK_PATIENCE)

    def values(self, keys: list[list[str]]) -> list[Any]:
        """The records with these keys as they are in this state: pairs of key and value."""
        self.tell({"do": "values", "touches": keys})
        found: list[Any] = self.wait_for("values")["values"]
        return found

    def drop_next(self) -> None:
        """Do without a server that was forked in advance."""
        if self._standby is not None:
            self._standby.close()
            self._standby = None

    def close(self) -> None:
        self.drop_next()
        super().close()

    def _fork(self, slots: Slots, patience: float) -> Server:
        channel, theirs = channel_pair()
        slot = slots.take()
        server = Server(channel, slot, slots)
        with theirs:
            try:
                self.tell({"do": "fork", "slot": slot, "patience": patience}, theirs.fileno())
            except ProcessEndedError:
                server.close()
                raise
        return server


class Server(_Process):
    """A process that serves, or stands by.

    Attributes:
        pid: of the process, once it serves.
        slot: of its counters.
    """

    def __init__(self, channel: Channel, slot: int, slots: Slots) -> None:
        super().__init__(channel)
        self.pid = 0
        self.slot = slot
        self._slots = slots

    def start(self, connections: socket.socket) -> None:
        """Tell it to serve, with the connections that arrive through a socket; do not wait.

        Raises:
            ProcessEndedError: the process is gone.
        """
        self.tell({"do": "serve"}, connections.fileno())

    def wait_until_it_serves(self) -> None:
        """Wait for the effect of `start`.

        Raises:
            ProcessEndedError: the process is gone.
        """
        self.pid = int(self.wait_for("serves")["serves"])

    def go_back(self) -> Message | None:
        """Let it go back in place to the state that it was forked in.

        Returns:
            What it was told to write, as `release`; None when it cannot, or is gone.
        """
        try:
            self.tell({"do": "go back"})
            answer = self.wait_for("touches", "refused")
        except ProcessEndedError:
            return None
        return None if "refused" in answer else answer

    def release(self, segment: int, connections: socket.socket) -> Message:
        """Let it end after the requests it is in, and pass its connections on.

        Returns:
            What it was told to write since a segment began: ``touches`` (a number), ``notes``,
            ``writers``; ``died`` when it had ended before.
        """
        try:
            self.tell({"do": "release", "segment": segment}, connections.fileno())
            return self.wait_for("touches")
        except ProcessEndedError:
            return {"touches": 0, "notes": [], "writers": [], "died": True}

    def keep(self, seconds: float, baseline: bool, connections: socket.socket) -> Message:
        """Stop serving, to be a keeper: ``kept``; or go on, with what it is ``busy`` with.

        Raises:
            ProcessEndedError: the process is gone.
        """
        asked = {"do": "keep", "seconds": seconds, "baseline": baseline}
        self.tell(asked, connections.fileno())
        return self.wait_for("kept", "busy")

    def become_keeper(self, kept: Message) -> Keeper:
        """The same process in its new role, as the answer to `keep` describes it."""
        self._slots.give_back(self.slot)
        return Keeper(
            self.channel, int(kept["segment"]), int(kept["memory"]), list(kept["writers"])
        )

    def touched(self, segment: int) -> Message:
        """What was touched since a segment began: ``keys``, ``values``, ``notes``, ``writers``.

        Raises:
            ProcessEndedError: the process is gone.
        """
        self.tell({"do": "touched", "segment": segment})
        return self.wait_for("keys")

    def has_ended(self) -> bool:
        """Whether the process is gone; it never speaks unasked, so silence means that it runs."""
        return bool(self._poller.poll(0))

    def close_ended(self) -> bool:
        """Free what a released server took, if it has ended; else it is still answering."""
        if not self.has_ended():
            return False
        self.close()
        return True

    def close(self) -> None:
        super().close()
        self._slots.give_back(self.slot)


class Slots:
    """The parts of the counters' file, one for each server that lives.

    Args:
        tally: the file.
    """

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._free = list(range(SLOTS))

    def take(self) -> int:
        """A slot with its counters at 0.

        Raises:
            SeedstateError: more servers live than the file has slots.
        """
        if not self._free:
            raise SeedstateError(
                f"more than {SLOTS} states of an embedded service are kept",
                fix="drop snapshots that are not needed any more",
            )
        # The oldest first: a server that lingers to end a download may still hold the newest.
        slot = self._free.pop(0)
        self.tally.clear(slot)
        return slot

    def give_back(self, slot: int) -> None:
        self._free.append(slot)

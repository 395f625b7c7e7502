"""The journal of a host: states of the service as a tree of kept processes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.change_sets import Describe, change_set
from pytest_seedstate.services.host.channel import Message
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.processes import Keeper, ProcessEndedError, Server, Slots
from pytest_seedstate.stores.base import Rewound, Taken
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.http_client import USER_AGENT

_MOST_STANDBYS = 4
BUSY_SECONDS = 10.0
"""How long `keep` and `mark` wait for requests that are being carried out."""


@dataclass(slots=True)
class _Position:
    """A state that can be gone back to.

    Attributes:
        keeper: its process; several positions may share one, when nothing was written in between.
        changed: whether anything was written between the position before and this one.
    """

    keeper: Keeper
    changed: bool


class HostJournal:
    """Baselines, positions and rewinds of a host.

    Args:
        name: of the service.
        title: how it is called in messages, e.g. ``the embedded AWS``.
        root: the keeper of the empty state.
        slots: the counters.
        describe: makes changes for change sets.
        died: makes the error for a host that has ended unasked.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        root: Keeper,
        slots: Slots,
        describe: Describe,
        died: Callable[[], SeedstateError],
    ) -> None:
        self.name = name
        self._title = title
        self._root = root
        self._slots = slots
        self._describe = describe
        self._died = died
        self._lock = threading.RLock()
        self._baselines: dict[str, Keeper] = {}
        self._current: str | None = None
        self._positions = [_Position(root, changed=False)]
        self._leaving: list[Server] = []
        self._with_standby: list[Keeper] = []
        self._server = root.next_server(slots)
        with self._reported():
            giving, taking = socket.socketpair()
            giving.close()
            with taking:
                self._server.start(taking)
            self._server.wait_until_it_serves()

    @property
    def serving_pid(self) -> int:
        """The process that answers requests now; another one after rewinds that forked it."""
        return self._server.pid

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the service holds now becomes `baseline`, and the current one; positions go.

        Returns:
            Who besides our stores has written of what the baseline before did not have.

        Raises:
            SeedstateError: a request has been in progress for too long, or the host has ended.
        """
        with self._lock, self._reported():
            keeper, _ = self._keep_state(baseline=True)
            replaced = self._baselines.get(baseline)
            self._baselines[baseline] = keeper
            self._become_current(baseline, keeper)
            if replaced is not None:
                self._let_go([replaced])
            return tuple(each for each in keeper.writers if not each.startswith(f"{USER_AGENT}:"))

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current, in place: endpoints and connections stay what they were.

        Raises:
            KeyError: it was never kept, or was forgotten.
            SeedstateError: the host has ended.
        """
        with self._lock, self._reported():
            keeper = self._baselines[baseline]
            self._replace_server(keeper)
            self._become_current(baseline, keeper)

    def renew(self) -> None:
        """Bring the current baseline back, whatever is known of the changes.

        Raises:
            SeedstateError: the host has ended.
        """
        assert self._current is not None
        self.switch(self._current)

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one.

        Raises:
            ValueError: it is the current one.
        """
        with self._lock:
            if baseline == self._current:
                raise ValueError(f"the baseline '{baseline}' is the current one")
            self._let_go([self._baselines.pop(baseline)])

    def taken_by(self, baseline: str) -> Taken:
        """What the process of a kept baseline takes; asked once, when it has just been kept."""
        keeper = self._baselines[baseline]
        shared = any(keeper is other for name, other in self._baselines.items() if name != baseline)
        return Taken(memory=0 if shared else keeper.memory)

    def mark(self) -> int:
        """A new position at what the service holds now: 1 or more, growing.

        Raises:
            SeedstateError: a request has been in progress for too long, or the host has ended.
        """
        with self._lock, self._reported():
            keeper, changed = self._keep_state(baseline=False)
            self._positions.append(_Position(keeper, changed))
            return len(self._positions) - 1

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position: a look at shared memory, no request."""
        with self._lock:
            if any(position.changed for position in self._positions[since + 1 :]):
                return False
            return self._is_untouched()

    def changes(self, since: int = 0) -> ChangeSet:
        """What differs from a position.

        Raises:
            SeedstateError: the host has ended.
        """
        with self._lock, self._reported():
            keeper = self._positions[since].keeper
            if keeper is self._positions[-1].keeper and self._is_untouched():
                return ChangeSet()
            touched = self._server.touched(keeper.segment)
            before = keeper.values(touched["keys"])
        return self._change_set(touched, before)

    def rewind(self, to: int = 0) -> Rewound:
        """Put the service back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: the host has ended.
        """
        with self._lock, self._reported():
            keeper = self._positions[to].keeper
            written = None
            if keeper is self._positions[-1].keeper:
                if self._is_untouched():
                    del self._positions[to + 1 :]
                    return Rewound()
                written = self._server.go_back()
            if written is None:
                written = self._replace_server(keeper, keeper.segment)
            dropped = [position.keeper for position in self._positions[to + 1 :]]
            del self._positions[to + 1 :]
            self._let_go(dropped)
        replaced = (
            (f"the serving process of {self._title}, which had died",) if "died" in written else ()
        )
        return Rewound(written["touches"], replaced, tuple(written["writers"]))

    def end_writers(self) -> None:
        """Nothing to do: a request is carried out before or after a rewind, never across it."""

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have what is served live as long as another process does; `close` is to follow.

        Returns:
            Descriptors which that process has to hold, and whose end is that of the service.

        Raises:
            SeedstateError: the host has ended.
        """
        with self._lock, self._reported():
            return [process.give_to(pid, start) for process in (self._root, self._server)]

    def close(self) -> None:
        """Let all processes end; nothing can be asked afterwards."""
        with self._lock:
            keepers = [self._root, *self._baselines.values()]
            keepers += [position.keeper for position in self._positions]
            for process in {*keepers, self._server, *self._leaving}:
                process.close()

    def _is_untouched(self) -> bool:
        """Whether the serving process is in the state that it was forked in."""
        server = self._server
        return self._slots.tally.written(server.slot) == 0 and not server.has_ended()

    def _keep_state(self, *, baseline: bool) -> tuple[Keeper, bool]:
        """A keeper of what the service holds now, and whether that is a new one."""
        if self._is_untouched():
            return self._positions[-1].keeper, False
        giving, taking = socket.socketpair()
        with giving, taking:
            answer = self._server.keep(BUSY_SECONDS, baseline, giving)
            if "busy" in answer:
                raise SeedstateError(
                    f"{self._title} is still carrying out requests, so its state cannot be kept",
                    checked=f"waited {BUSY_SECONDS:.0f} seconds; "
                    f"clients: {'; '.join(answer['busy'])}",
                    fix="let the test or fixture wait for its background work",
                )
            keeper = self._server.become_keeper(answer)
            self._server = keeper.next_server(self._slots)
            self._server.start(taking)
        self._server.wait_until_it_serves()
        self._have_standby(keeper)
        return keeper, True

    def _replace_server(self, keeper: Keeper, segment: int = 0) -> Message:
        """Serve a keeper's state; says what the server before was told since `segment`."""
        before, self._server = self._server, keeper.next_server(self._slots)
        self._leaving.append(before)
        giving, taking = socket.socketpair()
        with giving, taking:
            self._server.start(taking)
            written = before.release(segment, giving)
        self._server.wait_until_it_serves()
        self._leaving = [server for server in self._leaving if not server.close_ended()]
        self._have_standby(keeper)
        return written

    def _have_standby(self, keeper: Keeper) -> None:
        """Let the next server of a state get ready while the test runs; a few states have one."""
        keeper.prepare_next(self._slots)
        self._with_standby = [each for each in self._with_standby if each is not keeper] + [keeper]
        while len(self._with_standby) > _MOST_STANDBYS:
            self._with_standby.pop(0).drop_next()

    def _become_current(self, baseline: str, keeper: Keeper) -> None:
        dropped = [position.keeper for position in self._positions]
        self._current = baseline
        self._positions = [_Position(keeper, changed=False)]
        self._let_go(dropped)

    def _let_go(self, keepers: list[Keeper]) -> None:
        """End the keepers that no baseline and no position needs any more."""
        needed = {self._root, *self._baselines.values()}
        needed.update(position.keeper for position in self._positions)
        for keeper in set(keepers) - needed:
            keeper.close()
            self._with_standby = [each for each in self._with_standby if each is not keeper]

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except ProcessEndedError:
            raise self._died() from None

    def _change_set(self, touched: Message, values_before: list[Any]) -> ChangeSet:
        before = {Touch(*key): value for key, value in values_before}
        after = {Touch(*key): value for key, value in touched["values"]}
        writers = {Touch(*key): tuple(names) for key, names in touched["writers_of"]}
        return change_set(
            before,
            after,
            self._describe,
            writers_of=writers,
            notes=touched["notes"],
            writers=touched["writers"],
        )

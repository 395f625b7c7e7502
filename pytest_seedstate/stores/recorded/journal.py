"""The journal of services that others run: it knows what was touched, and holds how it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Collection as Some
from contextlib import suppress
from dataclasses import dataclass, field

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.change_sets import Describe, change_set
from pytest_seedstate.services.host.hosted import Log, Touch, all_touches
from pytest_seedstate.services.proxy.creations import NOTES
from pytest_seedstate.stores.base import Rewound, Taken
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.http_client import USER_AGENT
from pytest_seedstate.stores.recorded.contents import Contents
from pytest_seedstate.stores.recorded.recording import Recording
from pytest_seedstate.stores.recorded.state import (
    Records,
    State,
    Touched,
    collection_of,
    difference,
)

BUSY_SECONDS = 10.0
"""How long to wait for writes that are in flight."""

_TAKEN_BACK = ("dynamodb: ", "bucket ", "upload of ", "version of ", "object ")
"""How the notes of what is restored begin; all others are of services that are not."""
_STAYS = ("dynamodb: Export", "dynamodb: Import", "dynamodb: DeleteBackup")
"""How notes begin of what leaves an entry in a list that only grows, or takes a backup away."""


@dataclass(slots=True)
class _Position:
    """A state that can be gone back to.

    Attributes:
        state: what the service held.
        changed: whether anything was written between the position before and this one.
        log: what was written since, until the next position.
    """

    state: State
    changed: bool = False
    log: Log = field(default_factory=Log)


class RecordedJournal:
    """Baselines, positions and rewinds of a service behind a recorder.

    What is there when it is made belongs to somebody else, and is never changed.

    Args:
        name: of the service.
        title: how it is called in messages, e.g. ``LocalStack``.
        recording: what knows the writes of applications, and of our own stores.
        records: the kinds of data, each read and written past the recorder.
        describe: makes changes for change sets.
        ours: collections that are there already and are ours to change all the same.
        made: told what is made at a service that stays when this run ends, so that `close` has to
            tidy up; None where it goes.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        recording: Recording,
        records: Sequence[Records],
        describe: Describe,
        ours: Some[Touch] = (),
        made: Callable[[Touch], None] | None = None,
    ) -> None:
        self.name = name
        self._title = title
        self._shared = made is not None
        self._recording = recording
        self._contents = Contents(records, ours, made)
        self._describe = describe
        self._lock = threading.RLock()
        self._baselines: dict[str, State] = {}
        self._current: str | None = None
        self._positions: list[_Position] = []
        self._seen = 0
        self._memory: dict[str, int] = {}

    @property
    def foreign(self) -> frozenset[Touch]:
        """The collections that are somebody else's."""
        return self._contents.foreign

    def foreign_names(self, store: str) -> tuple[str, ...]:
        """The collections of a store that are somebody else's."""
        return tuple(sorted(at.collection for at in self._contents.foreign if at.store == store))

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the service holds now becomes `baseline`, and the current one; positions go.

        The first is read in full, later ones where something was touched.

        Returns:
            Who besides our stores has written of what the baseline before did not have.

        Raises:
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            if not self._positions:
                self._positions = [_Position({})]
                seen = self._catch_up()
                touched = Touched(map(collection_of, self._log.touches))
                for at in self._contents.collections():
                    touched.add(at, None)
            else:
                seen = self._catch_up()
                touched = self._touched()
            before = self._positions[-1].state
            state = self._contents.read(before, touched)
            writers = [name for each in self._positions for name in each.log.writers]
            self._memory[baseline] = self._contents.size_of_difference(before, state)
            self._baselines[baseline] = state
            self._become_current(baseline, seen)
            return tuple(
                name for name in dict.fromkeys(writers) if not name.startswith(f"{USER_AGENT}:")
            )

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current, in place.

        Raises:
            KeyError: it was never kept, or was forgotten.
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            state = self._baselines[baseline]
            seen = self._catch_up()
            self._go_to(state, self._away_from(state))
            self._become_current(baseline, seen)

    def renew(self) -> None:
        """Bring the current baseline back, whatever is known of the changes.

        Raises:
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            assert self._current is not None
            state = self._baselines[self._current]
            seen = self._catch_up()
            touched = self._away_from(state)
            for at in (*state, *self._contents.collections()):
                touched.add(at, None)
            self._go_to(state, touched)
            self._become_current(self._current, seen)

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one.

        Raises:
            ValueError: it is the current one.
        """
        with self._lock:
            if baseline == self._current:
                raise ValueError(f"the baseline '{baseline}' is the current one")
            del self._baselines[baseline]
            del self._memory[baseline]

    def taken_by(self, baseline: str) -> Taken:
        """What the values of a kept baseline take here that the one before did not have."""
        return Taken(memory=self._memory[baseline])

    def mark(self) -> int:
        """A new position at what the service holds now: 1 or more, growing.

        Raises:
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            seen = self._catch_up()
            state = self._contents.read(self._positions[-1].state, self._touched())
            self._positions.append(_Position(state, changed=seen != self._seen))
            self._seen = seen
            return len(self._positions) - 1

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position: a look at a counter, no request."""
        with self._lock:
            if any(position.changed for position in self._positions[since + 1 :]):
                return False
            return self._is_untouched()

    def changes(self, since: int = 0) -> ChangeSet:
        """What differs from a position.

        Raises:
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            if self.is_clean(since):
                return ChangeSet()
            self._catch_up(patience=0.0)
            then = self._positions[since].state
            now = self._contents.read(self._positions[-1].state, self._touched())
            touched = difference(then, now)
            logs = [position.log for position in self._positions[since:]]
            notes = [note for log in logs for note in log.notes]
            writers = [writer for log in logs for writer in log.writers]
            return change_set(
                self._contents.shown(then, touched),
                self._contents.shown(now, touched),
                self._describe,
                writers_of=all_touches(logs),
                notes=dict.fromkeys(notes),
                writers=dict.fromkeys(writers),
            )

    def rewind(self, to: int = 0) -> Rewound:
        """Put the service back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: a write has been in flight for too long, or the service refuses.
        """
        with self._lock:
            if self.is_clean(to):
                del self._positions[to + 1 :]
                self._positions[to].log = Log()
                return Rewound()
            seen = self._catch_up()
            state = self._positions[to].state
            logs = [position.log for position in self._positions[to:]]
            changed, told = self._go_to(state, self._away_from(state))
            writers = dict.fromkeys(writer for log in logs for writer in log.writers)
            told += self._left_by(note for log in logs for note in log.notes)
            del self._positions[to + 1 :]
            self._positions[to].log = Log()
            self._seen = seen
        return Rewound(changed, tuple(dict.fromkeys(told)), tuple(writers))

    def end_writers(self) -> None:
        """Nothing to do: a write is carried out before or after a rewind, never across it."""

    def close(self) -> None:
        """Close our connections; where the service is shared, remove what was made in it."""
        with self._lock, suppress(SeedstateError):
            if self._shared and self._positions:
                self._catch_up(patience=0.0)
                touched = self._away_from({})
                for at in self._contents.collections():
                    touched.add(at, None)
                self._contents.go_to({}, touched)
        self._contents.close()

    @property
    def _log(self) -> Log:
        return self._positions[-1].log

    def _touched(self) -> Touched:
        touches = self._log.touches
        ours = f"{USER_AGENT}:"
        loaded = {at for at, names in touches.items() if all(n.startswith(ours) for n in names)}
        return Touched(touches, loaded)

    def _is_untouched(self) -> bool:
        return self._recording.written() == self._seen

    def _catch_up(self, patience: float = BUSY_SECONDS) -> int:
        """Learn what was written; gives the count of the writes that this includes.

        Args:
            patience: seconds to wait for writes in flight; with 0 they are passed over.
        """
        busy = self._recording.settle(patience)
        if busy and patience:
            raise SeedstateError(
                f"{self._title} is still carrying out writes, so its state cannot be told",
                checked=f"waited {BUSY_SECONDS:.0f} seconds; writes: {'; '.join(busy)}",
                fix="let the test or fixture wait for its background work",
            )
        recorded = self._recording.take()
        for touch, writers in recorded.touches.items():
            if NOTES[touch.store].format(touch.collection) in recorded.notes:
                self._contents.was_made(collection_of(touch))
            for writer in writers:
                self._log.add([touch], (), writer)
        for writer in recorded.writers:
            self._log.add((), recorded.notes, writer)
        return recorded.written

    def _go_to(self, state: State, touched: Touched) -> tuple[int, list[str]]:
        done = self._contents.go_to(state, touched)
        if any(touched.keys(at) is None for at in touched):
            self._recording.forget_definitions()
        return done

    def _away_from(self, state: State) -> Touched:
        """Where the service may differ from a state now."""
        touched = difference(self._positions[-1].state, state)
        for at in self._log.touches:
            touched.add(collection_of(at), {at.key} if at.key else None)
        return touched

    def _become_current(self, baseline: str, seen: int) -> None:
        self._current = baseline
        self._positions = [_Position(self._baselines[baseline])]
        self._seen = seen

    def _left_by(self, notes: Iterable[str]) -> list[str]:
        """What was written to services that are not taken back, one phrase each."""
        return [
            f"{note} (not taken back on {self._title})"
            for note in notes
            if note.startswith(_STAYS) or not note.startswith(_TAKEN_BACK)
        ]

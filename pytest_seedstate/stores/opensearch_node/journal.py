"""The journal of a node: what it held is known by marks that move with every write."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, Literal

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.external.made import Made
from pytest_seedstate.stores.base import Rewound, Taken
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.http_client import USER_AGENT
from pytest_seedstate.stores.opensearch_node.contents import (
    CopiedContents,
    copy_contents,
    load_contents,
    read_measures,
)
from pytest_seedstate.stores.opensearch_node.copies import copies_of, is_orphan, sweep_copies
from pytest_seedstate.stores.opensearch_node.definitions import (
    ClusterDefinitions,
    ClusterRestorer,
    IndexDefinition,
    is_made_by_a_template,
    read_cluster,
    read_indices,
)
from pytest_seedstate.stores.opensearch_node.differences import Differences, without_aliases
from pytest_seedstate.stores.opensearch_node.documents import DocumentsUndo
from pytest_seedstate.stores.opensearch_node.left import note_indices, remove_left
from pytest_seedstate.stores.opensearch_node.node import Node, RefusedError, Searches
from pytest_seedstate.stores.opensearch_node.ownership import Ownership
from pytest_seedstate.stores.opensearch_node.restoring import Live, Restorer
from pytest_seedstate.stores.opensearch_node.state import Held, IndexState, State, contents_of
from pytest_seedstate.stores.opensearch_node.tasks import end_tasks
from pytest_seedstate.stores.opensearch_node.written import Written
from pytest_seedstate.stores.opensearch_schema import read_declared
from pytest_seedstate.stores.recorded.recording import Recording

_JOURNALS = count(1)

Mode = Literal["exact", "documents"]
"""How indices are rewound that were written to; see `NodeJournal`."""


class NodeJournal:
    """Baselines, positions and rewinds of a real OpenSearch node.

    Whether anything was written is asked of the node, so that writers are seen whichever way they
    took; who wrote and to what is told by the recording.

    Args:
        variables: ``url`` of the node, not of what records; ``ca_file``, see `HttpClient`.
        recording: of the writes that go through a proxy, None where there is none.
        mode: ``exact`` replaces indices that were written to, so that relevance scores, versions
            and sequence numbers are what they were; ``documents`` writes documents back in place.
        shared: whether others use the node too. Then only those indices, templates, pipelines and
            settings are touched that were claimed or that the recording names, and that is no index
            which was there before.
        made: told what is made at a shared node; what killed runs have left is removed first.

    Raises:
        SeedstateError: the node does not answer.
    """

    name = "opensearch"
    title = "OpenSearch"

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        recording: Recording | None = None,
        mode: Mode = "exact",
        shared: bool = False,
        made: Made | None = None,
    ) -> None:
        self._node = Node(variables)
        self._made = made
        if made is not None:
            remove_left(self._node, made)
        self._mode = mode
        self._lock = threading.RLock()
        self._ownership = Ownership(read_indices(self._node) if shared else None)
        self._prefix = f"{copies_of(os.getpid())}{next(_JOURNALS)}-"
        self._copies = (f"{self._prefix}{number}" for number in count(1))
        self._held: dict[str, Held] = {}
        self._searches: dict[str, Searches] = {}
        self._read: tuple[str, Mapping[str, IndexDefinition], ClusterDefinitions] | None = None
        self._written = Written(recording, self._ownership)
        self._baselines: dict[str, State] = {}
        self._current: str | None = None
        try:
            sweep_copies(self._node, is_orphan)
            self._positions = [self._read_state(may_load=False)]
            self._found = self._positions[0] if shared else None
        except BaseException:
            self._node.close()
            raise

    def claim(self, declared: Sequence[Mapping[str, Any]]) -> None:
        """What a schema declares is ours at a shared node, see `read_declared`."""
        self._ownership.claim(read_declared(declared))

    def foreign_names(self, store: str) -> tuple[str, ...]:
        """The indices that are somebody else's; see `SharingJournal`."""
        return self._ownership.foreign

    def owns(self, index: str) -> bool:
        """Whether an index is ours; always at a node that nobody else uses."""
        with self._lock:
            self._written.is_quiet()
            return self._ownership.owns(index)

    def keep(self, baseline: str) -> tuple[str, ...]:
        """What the node holds now becomes `baseline`, and the current one; positions go.

        Returns:
            Who besides our stores has written of what the baseline before did not have.

        Raises:
            SeedstateError: a write has been in progress for too long, or the node refused something.
        """
        with self._lock:
            self._written.wait("kept")
            writers = self._written.writers(0)
            state = self._read_state(may_load=True)
            replaced = self._baselines.get(baseline)
            self._baselines[baseline] = state
            self._become_current(baseline, state, [] if replaced is None else [replaced])
            return tuple(each for each in writers if not each.startswith(f"{USER_AGENT}:"))

    def switch(self, baseline: str) -> None:
        """Make a kept baseline current, in place.

        Raises:
            KeyError: it was never kept, or was forgotten.
            SeedstateError: the node refused something.
        """
        with self._lock:
            state = self._baselines[baseline]
            self._written.settle()
            self._restore(state)
            self._become_current(baseline, state)

    def renew(self) -> None:
        """Bring the current baseline back, whatever is known of the changes.

        Raises:
            SeedstateError: the node refused something.
        """
        assert self._current is not None
        with self._lock:
            self._held = {}
            self.switch(self._current)

    def forget(self, baseline: str) -> None:
        """Free what a kept baseline takes; it must not be the current one.

        Raises:
            ValueError: it is the current one.
        """
        with self._lock:
            if baseline == self._current:
                raise ValueError(f"the baseline '{baseline}' is the current one")
            self._drop_unneeded([self._baselines.pop(baseline)])

    def taken_by(self, baseline: str) -> Taken:
        """What the documents of a kept baseline take that no other one has."""
        others = [state for name, state in self._baselines.items() if name != baseline]
        own = contents_of([self._baselines[baseline]]) - contents_of(others)
        return Taken(sum(each.memory for each in own), sum(each.files for each in own))

    def mark(self) -> int:
        """A new position at what the node holds now: 1 or more, growing.

        Raises:
            SeedstateError: a write has been in progress for too long, or the node refused something.
        """
        with self._lock:
            self._written.wait("marked")
            top = self._positions[-1]
            state = top if self._is_at_top() else self._read_state(may_load=False)
            self._positions.append(state)
            position = len(self._positions) - 1
            self._written.begin(position)
            return position

    def is_clean(self, since: int = 0) -> bool:
        """Whether nothing was written since a position, to indices of others either."""
        with self._lock:
            if any(state is not self._positions[since] for state in self._positions[since + 1 :]):
                return False
            return self._is_at_top() and not self._left_as_written(since)

    def changes(self, since: int = 0) -> ChangeSet:
        """What differs from a position; searches see all that was written afterwards."""
        with self._lock:
            if self.is_clean(since):
                return ChangeSet()
            try:
                live = self._read_live()
            except RefusedError as error:
                # A test may have put up a block that forbids even to look.
                return ChangeSet(notes=(str(error),), unrecorded=(str(error),))
            then = self._positions[since]
            cluster = self._ownership.wanted(then.cluster, live.cluster)
            differences = Differences(self._node, live, self._held, replace(then, cluster=cluster))
            written = self._written
            return differences.change_set(
                written.touches(since), written.notes(since), written.writers(since)
            )

    def rewind(self, to: int = 0) -> Rewound:
        """Put the node back to a position; later positions are gone, this one stays.

        Raises:
            SeedstateError: the node refused something.
        """
        with self._lock:
            target = self._positions[to]
            busy = self._written.settle()
            dropped = self._positions[to + 1 :]
            told = self._left_as_written(to)
            rewound = Rewound(replaced=tuple(told))
            if self._positions[-1] is not target or not self._is_at_top():
                changed, phrases = self._restore(target)
                touched = sum(1 for at in self._written.touches(to) if at.key)
                writers = self._written.writers(to)
                rewound = Rewound(touched or changed, tuple(busy + told + phrases), writers)
            del self._positions[to + 1 :]
            self._written.begin(to)
            self._drop_unneeded(dropped)
            return rewound

    def end_writers(self) -> None:
        """Nothing to do: writes in progress were waited for or ended by the rewind."""

    def close(self) -> None:
        """Remove our copies, at a shared node what was made there, and close our connections."""
        with self._lock, suppress(SeedstateError):
            if self._found is not None:
                self._restore(self._found)
            sweep_copies(self._node, lambda name: name.startswith(self._prefix))
        self._node.close()

    # -- what the node holds

    def _is_at_top(self) -> bool:
        """Whether the node holds what the last position has."""
        top = self._positions[-1]
        if not self._written.is_quiet():
            return False
        try:
            marks = {n: each for n, each in self._node.marks().items() if self._ownership.owns(n)}
        except RefusedError as error:
            if error.is_forbidden:
                return False
            raise
        expected = {name for name, index in top.indices.items() if index.definition.is_open}
        if marks.keys() != expected:
            return False
        for name, (mark, searches) in marks.items():
            held = self._held.get(name)
            if held is None or held.contents is not top.indices[name].contents:
                return False
            if mark != held.mark or searches != self._searches.get(name, Searches()):
                return False
        return self._has_definitions_of(top)

    def _has_definitions_of(self, state: State) -> bool:
        definitions, cluster = self._read_definitions()
        if self._ownership.of_indices(definitions) != state.definitions:
            return False
        return cluster.is_as(self._ownership.wanted(state.cluster, cluster))

    def _read_definitions(self) -> tuple[Mapping[str, IndexDefinition], ClusterDefinitions]:
        """Of all indices, and what belongs to none; one request where nothing has changed."""
        now = self._node.state()
        if self._read is None or self._read[0] != now:
            self._read = (now, read_indices(self._node), read_cluster(self._node))
        return self._read[1:]

    def _read_live(self) -> Live:
        definitions, cluster = self._read_definitions()
        return Live(
            self._ownership.of_indices(definitions),
            cluster,
            {n: each for n, each in self._node.marks().items() if self._ownership.owns(n)},
        )

    def _read_blocked(self, target: State) -> Live:
        """The same before going to a state, whatever blocks a test has put up."""
        try:
            return self._read_live()
        except RefusedError as error:
            if not error.is_forbidden:
                raise
        now = read_cluster(self._node)
        wanted = self._ownership.wanted(target.cluster, now)
        ClusterRestorer(self._node, now, wanted).restore_settings()
        self._node.lift_metadata_blocks(self._ownership.owns)
        return self._read_live()

    def _read_state(self, *, may_load: bool) -> State:
        """What the node holds now, kept so that it can be gone back to.

        Args:
            may_load: whether searches may see all writes from now on, which they have to where
                documents are to be read.
        """
        if may_load:
            names = read_indices(self._node)
            self._node.refresh([n for n in names if names[n].is_open and self._ownership.owns(n)])
        live = self._read_live()
        indices = {}
        for name, definition in live.definitions.items():
            mark = live.mark(name)
            held = self._held.get(name)
            contents = None
            if mark is not None and definition.is_open:
                if (
                    held is None
                    or not held.is_held_by(mark, definition)
                    or held.definition.settings != definition.settings
                ):
                    held = self._take(name, live, definition, may_load=may_load)
                    self._held[name] = held
                contents = held.contents
            indices[name] = IndexState(definition, contents, live.searches(name))
        self._searches = {name: index.searches for name, index in indices.items()}
        return State(indices, live.cluster)

    def _take(self, name: str, live: Live, definition: IndexDefinition, *, may_load: bool) -> Held:
        mark = live.mark(name)
        assert mark is not None
        measures = read_measures(self._node, name)
        if may_load and not is_made_by_a_template(name, live.cluster):
            loaded = load_contents(self._node, name, definition, mark, measures)
            if loaded is not None:
                return Held(mark, loaded, definition)
        copied = copy_contents(self._node, name, definition, mark, measures, next(self._copies))
        held = Held(replace(mark, written=copied.mark.written), copied, definition)
        if not copied.is_merged or live.searches(name):
            return held
        # From now on its scores are those that it will have after each rewind.
        self._node.delete([name])
        made = copied.make(self._node, name, definition)
        note_indices(self._made, [name])
        return held if made is None else replace(held, mark=made)

    def _restore(self, target: State) -> tuple[int, list[str]]:
        phrases = end_tasks(self._node, self._ownership.owns)
        live = self._read_blocked(target)
        cluster = self._ownership.wanted(target.cluster, live.cluster)
        held, self._held = self._held, {}
        touches = without_aliases(self._written.touches(), live.definitions)
        undo = None if self._mode == "exact" else DocumentsUndo(self._node, live, touches)
        restorer = Restorer(
            self._node,
            live,
            held,
            replace(target, cluster=cluster),
            owns_all=self._ownership.owns_all,
            undo=undo,
        )
        restored = restorer.restore()
        self._held = restored.held
        replaced = [name for name, each in self._held.items() if held.get(name) is not each]
        note_indices(self._made, replaced)
        self._searches = {}
        if any(index.searches for index in target.indices.values()):
            marks = self._node.marks()
            self._searches = {name: searches for name, (_, searches) in marks.items()}
        return restored.changed, phrases + restored.phrases

    def _left_as_written(self, since: int) -> list[str]:
        return self._ownership.left_as_written(self._written.touches(since))

    # -- positions

    def _become_current(self, baseline: str, state: State, replaced: Sequence[State] = ()) -> None:
        dropped = [*self._positions, *replaced]
        self._current = baseline
        self._positions = [state]
        self._written.begin(0)
        self._drop_unneeded(dropped)

    def _drop_unneeded(self, states: Iterable[State]) -> None:
        """Delete the copies that no baseline and no position needs any more."""
        needed = contents_of([*self._baselines.values(), *self._positions])
        gone = contents_of(states) - needed
        copies = [each.copy for each in gone if isinstance(each, CopiedContents)]
        if copies:
            self._node.delete(sorted(copies))

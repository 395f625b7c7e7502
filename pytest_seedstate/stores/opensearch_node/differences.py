"""The change set of a node: documents and definitions that differ from a state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_seedstate.services.host.change_sets import change_set
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.changes import Change, ChangeSet
from pytest_seedstate.stores.opensearch_node.changed import Changed, read_changed
from pytest_seedstate.stores.opensearch_node.definitions import KINDS, IndexDefinition
from pytest_seedstate.stores.opensearch_node.node import Found, Node
from pytest_seedstate.stores.opensearch_node.restoring import Live
from pytest_seedstate.stores.opensearch_node.state import Held, State


class Differences:
    """What a node holds, compared with a state.

    Args:
        node: the node.
        live: what it holds beside documents.
        held: what its indices were last known to hold.
        then: the state.
    """

    def __init__(self, node: Node, live: Live, held: Mapping[str, Held], then: State) -> None:
        self._node = node
        self._live = live
        self._held = held
        self._then = then

    def change_set(
        self,
        touches: Mapping[Touch, Sequence[str]],
        recorded: Sequence[str],
        writers: Sequence[str],
    ) -> ChangeSet:
        """All that differs.

        Args:
            touches: what was written to since, with who wrote, as far as it is recorded.
            recorded: what else was written, as phrases.
            writers: who wrote.
        """
        touches = without_aliases(touches, self._live.definitions)
        before: dict[Touch, Any] = {}
        after: dict[Touch, Any] = {}
        for name in sorted({*self._live.definitions, *self._then.indices}):
            suspects = [at.key for at in touches if at.collection == name and at.key]
            changed = self._changed(name, suspects)
            before |= _values(name, changed.before)
            after |= _values(name, changed.after)
        notes = [*self._indices(), *(recorded or self._definitions())]
        return change_set(
            before, after, _describe, writers_of=touches, notes=notes, writers=writers
        )

    def _changed(self, name: str, suspects: Sequence[str]) -> Changed:
        mark = self._live.mark(name)
        index = self._then.indices.get(name)
        contents = index.contents if index is not None else None
        held = self._held.get(name)
        if mark is not None and held is not None and held.contents is contents:
            if held.mark == mark:
                return Changed({}, {})
            if held.mark.uuid == mark.uuid:
                return read_changed(self._node, name, held, suspects)
        before = {} if contents is None else contents.documents(self._node, None)
        if mark is None:
            return Changed(before, {})
        self._node.refresh([name])
        return Changed(before, {each.id: each for each in self._node.documents(name)})

    def _indices(self) -> Iterator[str]:
        now, then = self._live.definitions, self._then.indices
        for name in sorted(then.keys() - now.keys()):
            yield f"index {name} deleted"
        for name in sorted(now.keys() - then.keys()):
            yield f"index {name} created"
        for name in sorted(then.keys() & now.keys()):
            held, mark = self._held.get(name), self._live.mark(name)
            if held is not None and mark is not None and held.mark.uuid != mark.uuid:
                yield f"index {name} deleted"
                yield f"index {name} created"

    def _definitions(self) -> Iterator[str]:
        """What differs and is no document, where no record says how it came."""
        then = self._then.definitions
        for name in sorted(then.keys() & self._live.definitions.keys()):
            one, other = then[name], self._live.definitions[name]
            for what in ("mappings", "settings", "aliases"):
                if getattr(one, what) != getattr(other, what):
                    yield f"{what} of index {name}"
            if one.is_open != other.is_open:
                yield f"index {name} {'closed' if one.is_open else 'opened'}"
        for kind, about in KINDS.items():
            before, after = self._then.cluster.sections[kind], self._live.cluster.sections[kind]
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    yield f"{about.title} {name}"
        if self._then.cluster.settings != self._live.cluster.settings:
            yield "cluster settings"


def without_aliases(
    touches: Mapping[Touch, Sequence[str]], definitions: Mapping[str, IndexDefinition]
) -> dict[Touch, tuple[str, ...]]:
    """Touches by the names of indices, where applications have named aliases."""
    found: dict[Touch, tuple[str, ...]] = {}
    for at, writers in touches.items():
        behind = [name for name, index in definitions.items() if at.collection in index.aliases]
        for name in behind or [at.collection]:
            touch = replace(at, collection=name)
            found[touch] = (*found.get(touch, ()), *writers)
    return found


def _values(name: str, documents: Mapping[str, Found]) -> dict[Touch, Any]:
    return {
        Touch("opensearch", "", name, each.id): each.source or {} for each in documents.values()
    }


def _describe(at: Touch, before: Any, after: Any) -> Change:
    return Change("opensearch", at.collection, {"_id": at.key}, before, after)

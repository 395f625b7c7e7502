"""The way back to a state of a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.opensearch_node.contents import Contents
from pytest_seedstate.stores.opensearch_node.definitions import (
    ClusterDefinitions,
    ClusterRestorer,
    IndexDefinition,
    restore_aliases,
    restore_index_settings,
)
from pytest_seedstate.stores.opensearch_node.node import (
    Mark,
    Node,
    RefusedError,
    Searches,
    named,
)
from pytest_seedstate.stores.opensearch_node.state import Held, IndexState, State
from pytest_seedstate.stores.parallel import in_parallel

_READ_ONLY = "index.blocks.read_only"
"""The block that forbids deleting an index."""

Undo = Callable[[str, Held, IndexState], "tuple[Held, int] | None"]
"""Puts an index's documents back in place: what it holds then, and how many there were.

None where it has to be replaced.
"""

_MOST_ATTEMPTS = 20
"""To create an index that a client's writes create, too."""


@dataclass(frozen=True)
class Live:
    """What a node holds now, of what is ours.

    Attributes:
        definitions: of indices.
        cluster: what belongs to none.
        marks: of open indices, with the searches that they keep open.
    """

    definitions: Mapping[str, IndexDefinition]
    cluster: ClusterDefinitions
    marks: Mapping[str, tuple[Mark, Searches]]

    def mark(self, index: str) -> Mark | None:
        """Of an index; None where it is closed or gone."""
        return self.marks[index][0] if index in self.marks else None

    def searches(self, index: str) -> Searches:
        """Those that an index keeps open."""
        return self.marks[index][1] if index in self.marks else Searches()


@dataclass
class Restored:
    """What going back has done.

    Attributes:
        held: what our indices hold now; those are missing to which somebody wrote meanwhile.
        changed: documents that were put back in place, or indices that were replaced.
        phrases: what could not be put back as it was, one phrase each.
    """

    held: dict[str, Held] = field(default_factory=dict)
    changed: int = 0
    phrases: list[str] = field(default_factory=list)


class Restorer:
    """Makes a node hold a state again.

    Args:
        node: the node.
        live: what it holds.
        held: what its indices were last known to hold.
        target: what they are to hold.
        owns_all: whether no other client's searches are at the node.
        undo: puts documents back in place, None to replace every index that was written to.
    """

    def __init__(
        self,
        node: Node,
        live: Live,
        held: Mapping[str, Held],
        target: State,
        *,
        owns_all: bool,
        undo: Undo | None,
    ) -> None:
        self._node = node
        self._live = live
        self._held = held
        self._target = target
        self._owns_all = owns_all
        self._undo = undo
        self._restored = Restored()

    def restore(self) -> Restored:
        """Carry it out.

        Raises:
            SeedstateError: the node refused something; what it holds then is not known.
        """
        live, target = self._live, self._target
        cluster = ClusterRestorer(self._node, live.cluster, target.cluster)
        cluster.restore_settings()
        self._close_searches()
        kept = [name for name in target.indices if self._keep(name)]
        self._delete([name for name in live.definitions if name not in kept])
        restore_aliases(
            self._node,
            {name: live.definitions[name] for name in kept},
            {name: target.indices[name].definition for name in kept},
        )
        cluster.delete_new()
        self._restored.phrases += cluster.put_back()
        in_parallel(self._make, [name for name in target.indices if name not in kept])
        return self._restored

    def _close_searches(self) -> None:
        """End what a test has left open, at a node of ours; elsewhere their index is replaced."""
        left = [
            name
            for name, index in self._target.indices.items()
            if not index.searches and self._live.searches(name)
        ]
        if not left or not self._owns_all:
            return
        if not any(index.searches for index in self._target.indices.values()):
            self._node.call("DELETE", "/_search/scroll/_all")
            self._node.call("DELETE", "/_search/point_in_time/_all")

    def _keep(self, name: str) -> bool:
        """Bring an index back in place, if that is possible."""
        index = self._target.indices[name]
        definition = self._live.definitions.get(name)
        if definition is None:
            return False
        if index.contents is None:
            self._close(name, definition)
            return True
        held = self._held.get(name)
        if held is None or definition.mappings != index.definition.mappings:
            return False
        if not definition.is_open or self._leaves_searches(name, index):
            return False
        is_there = held.contents is index.contents and held.mark == self._live.mark(name)
        if not is_there and (self._undo is None or not self._is_same_index(name, held)):
            return False
        try:
            restore_index_settings(self._node, name, definition, index.definition)
        except RefusedError:
            return False
        if not is_there:
            assert self._undo is not None
            undone = self._undo(name, held, index)
            if undone is None:
                return False
            held, count = undone
            self._restored.changed += count
        self._restored.held[name] = Held(held.mark, index.contents, index.definition)
        return True

    def _is_same_index(self, name: str, held: Held) -> bool:
        mark = self._live.mark(name)
        return mark is not None and mark.uuid == held.mark.uuid

    def _leaves_searches(self, name: str, index: IndexState) -> bool:
        """Whether a search of a test would stay open, which only ends with its index."""
        return not self._owns_all and not index.searches and bool(self._live.searches(name))

    def _close(self, name: str, definition: IndexDefinition) -> None:
        if definition.is_open:
            self._node.call("POST", f"/{named(name)}/_close")
            self._restored.phrases.append(
                f"index {name}, which was closed: closed again, its documents as they are"
            )

    def _delete(self, names: list[str]) -> None:
        for name in names:
            settings = self._live.definitions[name].settings
            if settings.get(_READ_ONLY) == "true":
                self._node.lift(name, _READ_ONLY)
        if names:
            self._node.delete(names)
        for name in names:
            then = self._target.indices.get(name)
            if then is not None and then.searches:
                self._restored.phrases.append(f"open searches of index {name} (ended)")

    def _make(self, name: str) -> None:
        index = self._target.indices[name]
        if index.contents is None:
            self._restored.phrases.append(f"index {name}, which was closed (cannot be put back)")
            return
        mark = self._replace(name, index.contents, index.definition)
        self._restored.changed += index.contents.count
        if mark is not None:
            self._restored.held[name] = Held(mark, index.contents, index.definition)

    def _replace(self, name: str, contents: Contents, definition: IndexDefinition) -> Mark | None:
        for _ in range(_MOST_ATTEMPTS):
            try:
                return contents.make(self._node, name, definition)
            except RefusedError as error:
                if not error.is_there_already:
                    raise SeedstateError(
                        f"the index '{name}' cannot be brought back",
                        where=self._node.url,
                        checked=error.problem,
                        fix="look at the node's log",
                    ) from error
            # A client has written to it in the moment when it was not there.
            self._node.delete([name])
        raise SeedstateError(
            f"the index '{name}' cannot be brought back: somebody creates it all the time",
            where=self._node.url,
            checked=f"it was deleted and created {_MOST_ATTEMPTS} times",
            fix="end the background work of the test, or let it wait for that",
        )

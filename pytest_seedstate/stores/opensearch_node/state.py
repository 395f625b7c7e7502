"""A state of a node: what the journal goes back to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_seedstate.stores.opensearch_node.contents import Contents
from pytest_seedstate.stores.opensearch_node.definitions import ClusterDefinitions, IndexDefinition
from pytest_seedstate.stores.opensearch_node.node import Mark, Searches


@dataclass(frozen=True, eq=False)
class IndexState:
    """An index at one moment.

    Attributes:
        definition: what it was beside its documents.
        contents: what it held; None for a closed one, which tells nobody.
        searches: those that it kept open.
    """

    definition: IndexDefinition
    contents: Contents | None
    searches: Searches


@dataclass(frozen=True, eq=False)
class State:
    """Our indices, and what belongs to none, at one moment.

    Attributes:
        indices: by name.
        cluster: the rest.
    """

    indices: Mapping[str, IndexState]
    cluster: ClusterDefinitions

    @property
    def definitions(self) -> dict[str, IndexDefinition]:
        """Of the indices."""
        return {name: index.definition for name, index in self.indices.items()}


@dataclass(frozen=True)
class Held:
    """What an index is known to hold as long as its mark stays.

    Attributes:
        mark: of the index.
        contents: what it holds.
        definition: with which it got it.
    """

    mark: Mark
    contents: Contents
    definition: IndexDefinition

    def is_held_by(self, mark: Mark | None, definition: IndexDefinition) -> bool:
        """Whether an index still holds it, as it is read now."""
        return mark == self.mark and definition.mappings == self.definition.mappings


def contents_of(states: Iterable[State]) -> set[Contents]:
    """All contents that are needed to go back to these states."""
    found = (index.contents for state in states for index in state.indices.values())
    return {contents for contents in found if contents is not None}

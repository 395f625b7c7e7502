"""A node as it was at a moment, which it can go back to in place.

Nothing is copied but definitions, which are small; writes to documents copy what they change, see
`Index.hold` and `Contents.copy`. So going back is putting references back: the order of everything
is what it was, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_seedstate.services.opensearch.storage.node import Node

_CHANGED_IN_PLACE = frozenset(
    {"indices", "templates", "pipelines", "persistent", "transient", "contexts"}
    | {"settings", "aliases", "counters"}
)
"""Members of a node and of an index that are copied; all else is replaced when it changes."""


class Moment:
    """All that a node holds now.

    Definitions are changed by putting others in their place, so that copies need not be deep.

    Args:
        node: the node; its lock is held, or nobody else uses it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        for index in node.indices.values():
            index.hold()
        self._members = _with_copies(vars(node))
        self._indices = {each: _with_copies(vars(each)) for each in node.indices.values()}
        self._contexts = {each: vars(each).copy() for each in node.contexts.values()}

    def go_back(self) -> None:
        """Make the node what it was; this can be done again."""
        members = _with_copies(self._members)
        # The dictionary itself stays: others hold it.
        self._node.indices.clear()
        self._node.indices.update(members.pop("indices"))
        vars(self._node).update(members)
        for index, then in self._indices.items():
            vars(index).clear()
            vars(index).update(_with_copies(then))
        for each, then in self._contexts.items():
            vars(each).update(then)

    def holds_contexts(self) -> bool:
        """Whether the scrolls and points in time are those of the moment, as far as they were."""
        now = self._node.contexts
        return now.keys() == self._members["contexts"].keys() and all(
            vars(each) == then for each, then in self._contexts.items()
        )


def _with_copies(members: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.copy() if name in _CHANGED_IN_PLACE else value
        for name, value in members.items()
    }

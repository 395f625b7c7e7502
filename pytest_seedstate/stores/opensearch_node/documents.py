"""Putting documents back where they are: fast, but scores remember what was written."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.opensearch_node.changed import Changed, read_changed
from pytest_seedstate.stores.opensearch_node.node import Node, line, named
from pytest_seedstate.stores.opensearch_node.restoring import Live
from pytest_seedstate.stores.opensearch_node.state import Held, IndexState

_MOST_ACTIONS = 1000
"""Documents that are put back one by one; above that, replacing the index is as quick."""


class DocumentsUndo:
    """Undoes what was written to the documents of indices.

    Args:
        node: the node.
        live: what it holds, a moment ago.
        touches: what the recording names.
    """

    def __init__(self, node: Node, live: Live, touches: Iterable[Touch]) -> None:
        self._node = node
        self._live = live
        self._touches = list(touches)

    def __call__(self, name: str, held: Held, index: IndexState) -> tuple[Held, int] | None:
        """Put an index's documents back.

        Returns:
            What it holds then, and how many documents were put back; None where it has to be
            replaced: too much was written, it passes everything through a pipeline or refuses
            writes, or somebody else writes to it.
        """
        if (
            held.contents is not index.contents
            or "index.final_pipeline" in held.definition.settings
        ):
            return None
        before = self._live.mark(name)
        if before is None:
            return None
        suspects = {at.key for at in self._touches if at.collection == name and at.key}
        changed = read_changed(self._node, name, held, suspects)
        actions = _actions(changed)
        if actions is None or len(actions) > _MOST_ACTIONS:
            return None
        if actions:
            target = f"/{named(name)}/_bulk?refresh=true&pipeline=_none"
            if self._node.call("POST", target, b"".join(actions))["errors"]:
                return None
        after, _ = self._node.marks(named(name))[name]
        if after.uuid != before.uuid or after.operations != before.operations + len(actions):
            return None
        return Held(after, held.contents, held.definition), len(actions)


def _actions(changed: Changed) -> list[bytes] | None:
    """What a bulk request does to put documents back; None where it cannot."""
    actions = []
    for identifier in sorted({*changed.before, *changed.after}):
        then, now = changed.before.get(identifier), changed.after.get(identifier)
        one = then or now
        assert one is not None
        if then is not None and now is not None:
            if then.routing != now.routing:
                # Now there are two documents of this id, on two shards.
                return None
            # As text: Python takes true for 1.
            if line(then.source) == line(now.source):
                continue
        about = {"_id": identifier}
        if one.routing is not None:
            about["routing"] = one.routing
        if then is None:
            actions.append(line({"delete": about}))
        elif then.source is None:
            return None
        else:
            actions.append(line({"index": about}) + line(then.source))
    return actions

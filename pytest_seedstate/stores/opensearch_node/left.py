"""Indices that killed runs have left at a node of others."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_seedstate.services.external.made import Made
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.opensearch_node.node import USERS, Node

_CREATED = "index.creation_date"


def remove_left(node: Node, made: Made) -> None:
    """Delete what killed runs have made, where it is still what they made."""
    left = made.left()
    told = node.call(
        "GET", f"/{USERS}/_settings/{_CREATED}?expand_wildcards=all&flat_settings=true"
    )
    ages = {name: int(about["settings"][_CREATED]) / 1000 for name, about in told.items()}
    found = [at.collection for at in left if left.is_ours(at, ages.get(at.collection))]
    if found:
        node.delete(found)
    left.removed()


def note_indices(made: Made | None, names: Iterable[str]) -> None:
    """Indices were just made by us."""
    if made is not None:
        for name in names:
            made.note(Touch("opensearch", "", name))

"""What searches keep between requests: scrolls and points in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError, illegal_argument
from ..plain import plain
from ..storage.settings import milliseconds
from .execute import Found, Place
from .request import Search

if TYPE_CHECKING:
    from ..storage.node import Node

_LONGEST_KEEP = 86_400_000


@plain
class Scroll:
    """The rest of a search's hits."""

    search: Search
    places: list[Place]
    found: Found
    next: int
    expires: int


@plain
class Point:
    """Indices as they were at a moment."""

    places: list[Place]
    created: int
    keep_alive: int
    expires: int


def keep_alive(value: Any, name: str = "keep_alive") -> int:
    """How long something is kept, in milliseconds."""
    length = int(milliseconds(str(value), name))
    if length > _LONGEST_KEEP:
        raise illegal_argument(
            f"Keep alive for request ({value}) is too large. It must be less than (1d). This limit"
            " can be set by changing the [search.max_keep_alive] cluster level setting."
        )
    return length


def keep(node: Node, identifier: str, kept: Scroll | Point) -> None:
    for place in kept.places:
        place.reader.hold()
    node.contexts[identifier] = kept


def _drop_expired(node: Node) -> None:
    now = node.now()
    for identifier in [key for key, kept in node.contexts.items() if kept.expires < now]:
        del node.contexts[identifier]


def missing_context(identifier: str) -> ApiError:
    """The 404 for a scroll or point in time that is not there any more."""
    reason = f"No search context found for id [{sum(identifier.encode()) % 1000}]"
    cause = {"type": "search_context_missing_exception", "reason": reason}
    return ApiError(
        404,
        "search_phase_execution_exception",
        "all shards failed",
        root_cause=[cause],
        caused_by=cause,
        phase="query",
        grouped=True,
        failed_shards=[{"shard": -1, "index": None, "reason": cause}],
    )


def scroll_of(node: Node, identifier: str) -> Scroll:
    """The scroll of an id.

    Raises:
        ApiError: there is none.
    """
    _drop_expired(node)
    kept = node.contexts.get(identifier)
    if isinstance(kept, Scroll):
        return kept
    if not identifier.startswith(SCROLL):
        raise illegal_argument(
            "Cannot parse scroll id", {"type": "e_o_f_exception", "reason": None}
        )
    raise missing_context(identifier)


def point_of(node: Node, identifier: str) -> Point:
    """The point in time of an id.

    Raises:
        ApiError: there is none.
    """
    _drop_expired(node)
    kept = node.contexts.get(identifier)
    if isinstance(kept, Point):
        return kept
    if not identifier.startswith(POINT):
        raise illegal_argument("invalid id: [" + identifier + "]")
    raise missing_context(identifier)


SCROLL, POINT = "FGluY2x1ZGVfY29udGV4dF91dWlk", "o463QQE"  # how ids of a real node begin

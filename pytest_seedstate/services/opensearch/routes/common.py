"""What several API families read and tell alike."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.routes.registry import Request, Response
from pytest_seedstate.services.opensearch.storage.index import Index
from pytest_seedstate.services.opensearch.storage.settings import milliseconds
from pytest_seedstate.services.opensearch.storage.targets import Target

INDEX_OPTIONS = ("ignore_unavailable", "allow_no_indices", "expand_wildcards")
# Waiting for other nodes: there is none, so there is nothing to do.
TIMEOUTS = ("timeout", "master_timeout", "cluster_manager_timeout")
ACKNOWLEDGED: dict[str, Any] = {"acknowledged": True}


def acknowledged() -> Response:
    """Return the answer to a change that all nodes know of."""
    return Response(dict(ACKNOWLEDGED))


def check_timeouts(request: Request) -> None:
    """Check time parameters, which have no other use here.

    Raises:
        ApiError: one is no time.
    """
    for name in TIMEOUTS:
        if name in request.parameters:
            milliseconds(request.parameters[name], name)


def indices_of(
    request: Request,
    *,
    expression: str | None = None,
    expand: str = "open",
    allow_none: bool = True,
) -> list[Target]:
    """Return the indices that a request names, as its parameters want names resolved.

    Raises:
        ApiError: something is not there.
    """
    return request.node.targets(
        request.names() if expression is None else expression,
        ignore_unavailable=request.flag("ignore_unavailable"),
        allow_no_indices=request.flag("allow_no_indices", allow_none),
        expand_wildcards=request.parameters.get("expand_wildcards", expand),
    )


def copies(index: Index) -> int:
    """Return how many copies of its shards an index should have, the primaries included."""
    return index.number("number_of_shards", 1) * (1 + index.number("number_of_replicas", 1))


def shards_of_write(index: Index) -> dict[str, int]:
    """Return the ``_shards`` of a write's answer."""
    total = 1 + index.number("number_of_replicas", 1)
    return {"total": total, "successful": 1, "failed": 0}


def shards_of(targets: list[Target]) -> dict[str, int]:
    """Return the ``_shards`` of an answer about whole indices."""
    return {
        "total": sum(copies(target.index) for target in targets),
        "successful": sum(target.index.number("number_of_shards", 1) for target in targets),
        "failed": 0,
    }


def refresh_choice(value: str | None) -> str:
    """Return what the parameter ``refresh`` asks for: ``false``, ``true`` or ``wait_for``.

    Raises:
        ApiError: it asks for something else.
    """
    if value is None or value == "false":
        return "false"
    if value in ("", "true"):
        return "true"
    if value == "wait_for":
        return value
    raise illegal_argument(f"Unknown value for refresh: [{value}].")


def check_active_shards(request: Request) -> None:
    """Check the parameter ``wait_for_active_shards``: on one node only primaries get active.

    Raises:
        ApiError: it waits for copies that will never be.
    """
    value = request.parameters.get("wait_for_active_shards", "1")
    if value in ("0", "1", "index-setting"):
        return
    if value != "all" and not value.isdigit():
        cause = {"type": "number_format_exception", "reason": f'For input string: "{value}"'}
        raise illegal_argument(f"cannot parse ActiveShardCount[{value}]", cause)
    raise ApiError(
        503,
        "unavailable_shards_exception",
        f"Not enough active copies to meet shard count of [{value}] (have 1): the embedded "
        "OpenSearch has one node",
    )

"""The APIs of writing to what a search finds."""

from __future__ import annotations

from typing import Any

from ..errors import unsupported
from ..routes.registry import Request, Response, route
from .by_query import Work, delete_by_query, reindex, update_by_query
from .request import INDEX_PARAMETERS, QUERY_PARAMETERS, query_of_url

_BY_QUERY = (
    *QUERY_PARAMETERS, *INDEX_PARAMETERS,
    "conflicts", "max_docs", "refresh", "timeout", "wait_for_active_shards",
    "wait_for_completion", "requests_per_second", "slices", "scroll", "scroll_size",
    "search_timeout", "search_type", "preference", "routing", "request_cache", "pipeline",
)  # fmt: skip


def _check_by_query(request: Request) -> None:
    if not request.flag("wait_for_completion", True):
        raise unsupported("[wait_for_completion] with [false]")
    for name in ("routing", "max_docs"):
        if name == "routing" and name in request.parameters:
            raise unsupported(f"[{name}] of by-query requests")


def _worked(request: Request, work: Work, *shown: str) -> Response:
    if request.flag("refresh"):
        work.refresh()
    return Response(work.answer(*shown), work.status)


def _with_query(request: Request) -> dict[str, Any]:
    body = request.object()
    of_url = query_of_url(request.parameters)
    return body if of_url is None else {**body, "query": of_url}


@route("POST", "/{index}/_delete_by_query", parameters=_BY_QUERY, documents=True)
def delete_found(request: Request) -> Response:
    _check_by_query(request)
    work = delete_by_query(request.node, request.names(), _with_query(request), request.parameters)
    return _worked(request, work, "deleted")


@route("POST", "/{index}/_update_by_query", parameters=_BY_QUERY, documents=True)
def update_found(request: Request) -> Response:
    _check_by_query(request)
    work = update_by_query(request.node, request.names(), _with_query(request), request.parameters)
    return _worked(request, work, "updated", "deleted")


@route(
    "POST",
    "/_reindex",
    parameters=(
        "refresh", "timeout", "wait_for_active_shards", "wait_for_completion",
        "requests_per_second", "slices", "scroll", "max_docs", "require_alias",
    ), documents=True)  # fmt: skip
def copy_found(request: Request) -> Response:
    _check_by_query(request)
    body = request.object(required=True)
    if request.flag("require_alias"):
        raise unsupported("[require_alias] of [_reindex]")
    return _worked(
        request, reindex(request.node, body, request.parameters), "updated", "created", "deleted"
    )

"""The APIs of searching."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..aggregations.base import with_typed_keys
from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..queries import parse
from ..queries.leaf import MatchAll
from ..routes.registry import Request, Response, parse_json, read_flag, route
from ..storage.blocks import check_blocks
from ..storage.index import validation_failed
from . import by_query_routes, top_hits  # noqa: F401  # they register
from .contexts import (
    POINT,
    SCROLL,
    Point,
    Scroll,
    keep,
    keep_alive,
    point_of,
    scroll_of,
)
from .execute import Found, Place, Watch, all_failed, failure, places, run
from .fetch import hits_member
from .request import (
    INDEX_PARAMETERS,
    QUERY_PARAMETERS,
    URL_PARAMETERS,
    Search,
    query_of_url,
    read_search,
    with_url,
)

if TYPE_CHECKING:
    from ..storage.node import Node


def _new_id(prefix: str) -> str:
    return prefix + base64.urlsafe_b64encode(os.urandom(30)).decode()


def _shards(found: Found) -> dict[str, Any]:
    failed = len(found.failures)
    told: dict[str, Any] = {
        "total": found.shards,
        "successful": found.shards - failed,
        "skipped": 0,
        "failed": failed,
    }
    if failed:
        told["failures"] = found.failures
    return told


def _answer(
    node: Node, watch: Watch, searched: list[Place], search: Search, found: Found
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "took": 0,
        "timed_out": False,
        "_shards": _shards(found),
        "hits": _hits(node, searched, search, found),
    }
    if found.aggregations is not None:
        told["aggregations"] = found.aggregations
    told["took"] = watch.took()
    return told


def _adapted(told: dict[str, Any], search: Search, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The answer as the query string wants it shown."""
    if "aggregations" in told and read_flag(parameters, "typed_keys"):
        told["aggregations"] = with_typed_keys(search.aggregations, told["aggregations"])
    if read_flag(parameters, "rest_total_hits_as_int"):
        total = told["hits"].get("total")
        told["hits"]["total"] = -1 if total is None else total["value"]
    return told


def _hits(node: Node, searched: list[Place], search: Search, found: Found) -> dict[str, Any]:
    try:
        return hits_member(node, searched, search, found)
    except ApiError as problem:
        if problem.kind != "illegal_argument_exception" or not searched:
            raise
        raise all_failed(problem, [failure(problem, searched[0], node)]) from None


def search_once(
    node: Node, expression: str, body: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """The answer to one search.

    Raises:
        ApiError: it is wrong, or fails on all indices.
    """
    watch = Watch()
    search = read_search(body)
    read_flag(parameters, "typed_keys")  # wrong whether there are aggregations or not
    if read_flag(parameters, "rest_total_hits_as_int"):
        if type(search.track_total) is int and "track_total_hits" in body:
            raise illegal_argument(
                "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not"
                f" accurate, got {search.track_total}"
            )
        search.track_total = search.track_total is not False
    point: Point | None = None
    if search.point is not None:
        if expression:
            raise validation_failed(
                "[indices] cannot be used with point in time. Do not specify any index with point in time."
            )
        identifier = str(search.point["id"])
        point = point_of(node, identifier)
        if "keep_alive" in search.point:
            point.keep_alive = keep_alive(search.point["keep_alive"])
        point.expires = node.now() + point.keep_alive
        searched = point.places
    else:
        searched = places(node, expression, parameters)
        for place in searched:
            check_blocks(node.indices[place.reader.index], "read")
    if "scroll" in parameters:
        return _first_scroll(node, watch, searched, search, parameters)
    found = run(node, searched, search)
    told = _answer(node, watch, searched, search, found)
    if point is not None and search.point is not None:
        told = {"pit_id": search.point["id"], **told}
    return _adapted(told, search, parameters)


def _first_scroll(
    node: Node,
    watch: Watch,
    searched: list[Place],
    search: Search,
    parameters: Mapping[str, str],
) -> dict[str, Any]:
    length = keep_alive(parameters["scroll"], "scroll")
    if search.point is not None:
        raise validation_failed("using [point in time] is not allowed in a scroll context")
    if search.start:
        raise validation_failed("using [from] is not allowed in a scroll context")
    if not search.size:
        raise validation_failed("[size] cannot be [0] in a scroll context")
    if search.collapse is not None:
        raise illegal_argument("cannot use `collapse` in a scroll context")
    search.track_total = True
    found = run(node, searched, search, batch=search.size)
    identifier = _new_id(SCROLL)
    keep(
        node,
        identifier,
        Scroll(search, searched, found, search.size, node.now() + length),
    )
    told = _answer(node, watch, searched, search, found)
    return {"_scroll_id": identifier, **_adapted(told, search, parameters)}


def _body(request: Request) -> dict[str, Any]:
    return with_url(request.object(), request)


@route("GET,POST", "/_search", "/{index}/_search", parameters=URL_PARAMETERS)
def search(request: Request) -> Response:
    told = search_once(request.node, request.names(), _body(request), request.parameters)
    return Response(told)


@route(
    "GET,POST",
    "/_search/scroll",
    "/_search/scroll/{scroll_id}",
    parameters=("scroll", "scroll_id", "rest_total_hits_as_int"),
)
def next_scroll(request: Request) -> Response:
    watch = Watch()
    body = request.object()
    for key in body:
        if key not in ("scroll", "scroll_id"):
            raise illegal_argument(
                f"Unknown parameter [{key}] in request body or parameter is of the wrong type[VALUE_STRING] "
            )
    identifier = body.get(
        "scroll_id", request.variables.get("scroll_id", request.parameters.get("scroll_id"))
    )
    if not identifier:
        raise validation_failed("scrollId is missing")
    kept = scroll_of(request.node, str(identifier))
    length = body.get("scroll", request.parameters.get("scroll"))
    if length is not None:
        kept.expires = request.node.now() + keep_alive(length, "scroll")
    start, kept.next = kept.next, kept.next + kept.search.size
    kept.search.start = start
    told = _answer(request.node, watch, kept.places, kept.search, kept.found)
    kept.search.start = 0
    told.pop("aggregations", None)
    return Response({"_scroll_id": identifier, **_adapted(told, kept.search, request.parameters)})


@route("DELETE", "/_search/scroll", "/_search/scroll/{scroll_id}", reads=True)
def clear_scroll(request: Request) -> Response:
    body = request.object()
    given = body.get("scroll_id", request.variables.get("scroll_id"))
    if not given:
        raise validation_failed("no scroll ids specified")
    listed = given if isinstance(given, list) else str(given).split(",")
    contexts = request.node.contexts
    if listed == ["_all"]:
        listed = [key for key, kept in contexts.items() if isinstance(kept, Scroll)]
    for identifier in listed:
        if identifier not in contexts and not identifier.startswith(SCROLL):
            raise illegal_argument("Cannot parse scroll id")
    freed = sum(contexts.pop(identifier, None) is not None for identifier in listed)
    all_there = freed == len(listed)
    return Response({"succeeded": True, "num_freed": freed}, 200 if all_there else 404)


@route(
    "POST",
    "/{index}/_search/point_in_time",
    parameters=(
        "keep_alive", "preference", "routing", "ignore_unavailable", "allow_no_indices",
        "expand_wildcards", "allow_partial_pit_creation",
    ),
    reads=True,
)  # fmt: skip
def create_point(request: Request) -> Response:
    if "keep_alive" not in request.parameters:
        raise validation_failed("keep alive not specified")
    length = keep_alive(request.parameters["keep_alive"])
    searched = places(request.node, request.names(), request.parameters)
    now = request.node.now()
    identifier = _new_id(POINT)
    keep(request.node, identifier, Point(searched, now, length, now + length))
    shards = sum(place.shards for place in searched)
    told = {
        "pit_id": identifier,
        "_shards": {"total": shards, "successful": shards, "skipped": 0, "failed": 0},
        "creation_time": now,
    }
    return Response(told)


@route("GET", "/_search/point_in_time/_all")
def list_points(request: Request) -> Response:
    points = [
        {"pit_id": key, "creation_time": kept.created, "keep_alive": kept.keep_alive}
        for key, kept in request.node.contexts.items()
        if isinstance(kept, Point)
    ]
    return Response({"pits": points})


@route("DELETE", "/_search/point_in_time", "/_search/point_in_time/_all", reads=True)
def delete_points(request: Request) -> Response:
    contexts = request.node.contexts
    if request.path.rstrip("/").endswith("_all"):
        listed = [key for key, kept in contexts.items() if isinstance(kept, Point)]
    else:
        given = request.object().get("pit_id")
        if not given:
            raise validation_failed("no pit ids specified")
        listed = given if isinstance(given, list) else [given]
    deleted = [
        {"pit_id": one, "successful": isinstance(contexts.pop(one, None), Point)} for one in listed
    ]
    status = 200 if all(one["successful"] for one in deleted) else 404
    return Response({"pits": deleted}, status)


_HEADER = {
    "index": None, "indices": None, "ignore_unavailable": "ignore_unavailable",
    "allow_no_indices": "allow_no_indices", "expand_wildcards": "expand_wildcards",
    "search_type": None, "preference": None, "routing": None, "request_cache": None,
    "allow_partial_search_results": None, "ccs_minimize_roundtrips": None,
    "cancel_after_time_interval": None,
}  # fmt: skip


def _lines(request: Request) -> list[bytes]:
    if not request.body.strip():
        raise ApiError(400, "parse_exception", "request body or source parameter is required")
    if not request.body.endswith(b"\n"):
        raise illegal_argument("The msearch request must be terminated by a newline [\\n]")
    lines = request.body.split(b"\n")[:-1]
    if len(lines) % 2:
        lines.append(b"{}")
    return lines


@route(
    "GET,POST",
    "/_msearch",
    "/{index}/_msearch",
    parameters=(
        "search_type", "max_concurrent_searches", "typed_keys", "rest_total_hits_as_int",
        "pre_filter_shard_size", "max_concurrent_shard_requests", "ccs_minimize_roundtrips",
        "ignore_unavailable", "allow_no_indices", "expand_wildcards", "cancel_after_time_interval",
    ),
)  # fmt: skip
def multi_search(request: Request) -> Response:
    watch = Watch()
    responses = []
    searches = []
    lines = _lines(request)
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    for header_line, body_line in pairs:
        header = parse_json(header_line) if header_line.strip() else {}
        body = parse_json(body_line) if body_line.strip() else {}
        if not isinstance(header, dict) or not isinstance(body, dict):
            raise illegal_argument("a header and a body of _msearch must be objects")
        parameters = dict(request.parameters)
        for name, value in header.items():
            if name not in _HEADER:
                raise illegal_argument(f"key [{name}] is not supported in the metadata section")
            if _HEADER[name] is not None and value is not None:
                text = ",".join(value) if isinstance(value, list) else str(value)
                parameters[name] = text.lower() if isinstance(value, bool) else text
        names = header.get("index", header.get("indices", request.names()))
        expression = ",".join(names) if isinstance(names, list) else str(names or "")
        read_search(body)  # a wrong body fails all searches
        searches.append((expression, body, parameters))
    for expression, body, parameters in searches:
        try:
            told = search_once(request.node, expression, body, parameters)
            responses.append({**told, "status": 200})
        except ApiError as problem:
            responses.append(problem.body())
    return Response({"took": watch.took(), "responses": responses})


def _only_query(request: Request) -> Any:
    body = request.object()
    for key in body:
        if key != "query":
            raise parsing_error(f"request does not support [{key}]")
    of_url = query_of_url(request.parameters)
    return of_url if of_url is not None else body.get("query")


@route(
    "GET,POST",
    "/_count",
    "/{index}/_count",
    parameters=(
        *QUERY_PARAMETERS, *INDEX_PARAMETERS,
        "min_score", "preference", "routing", "ignore_throttled",
        "terminate_after",
    ),
)  # fmt: skip
def count(request: Request) -> Response:
    query = _only_query(request)
    search = Search(query=MatchAll() if query is None else parse(query), size=0)
    if "min_score" in request.parameters:
        search.min_score = float(request.parameters["min_score"])
    searched = places(request.node, request.names(), request.parameters)
    found = run(request.node, searched, search)
    told: dict[str, Any] = {"count": found.total, "_shards": _shards(found)}
    most = request.integer("terminate_after", 0)
    if most and found.total >= most:
        told = {"count": most, "terminated_early": True, "_shards": _shards(found)}
    return Response(told)


@route(
    "GET,POST",
    "/_validate/query",
    "/{index}/_validate/query",
    parameters=(*QUERY_PARAMETERS, *INDEX_PARAMETERS, "explain", "rewrite", "all_shards"),
)
def validate(request: Request) -> Response:
    for name in ("explain", "rewrite"):
        if request.flag(name):
            raise unsupported(f"[{name}] of [_validate/query]")
    searched = places(request.node, request.names(), request.parameters)
    try:
        query = _only_query(request)
        parsed = MatchAll() if query is None else parse(query)
    except ApiError:
        return Response({"valid": False})
    shards = {"total": 1, "successful": 1, "failed": 0}
    for place in searched:
        try:
            parsed.scores(place.context(request.node))
        except ApiError:
            return Response({"_shards": shards, "valid": False})
    return Response({"_shards": shards, "valid": True})

"""Indices: create, get, delete, exists; their settings."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import illegal_argument
from pytest_seedstate.services.opensearch.routes.common import (
    INDEX_OPTIONS,
    TIMEOUTS,
    acknowledged,
    check_active_shards,
    check_timeouts,
    indices_of,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.storage.index import Index, validation_failed
from pytest_seedstate.services.opensearch.storage.settings import (
    check_index_settings,
    index_settings,
    is_dynamic,
    nested,
)


@route("PUT", "/{index}", parameters=(*TIMEOUTS, "wait_for_active_shards"))
def create_index(request: Request) -> Response:
    check_timeouts(request)
    name = request.names()
    check_active_shards(request)
    body = request.object()
    request.node.create_index(name, body)
    return Response({"acknowledged": True, "shards_acknowledged": True, "index": name})


@route(
    "GET",
    "/{index}",
    parameters=(
        *INDEX_OPTIONS,
        *TIMEOUTS,
        "flat_settings",
        "include_defaults",
        "local",
    ),
)
def get_index(request: Request) -> Response:
    if request.method == "HEAD":
        indices_of(request)
        return Response({})
    shown = {}
    for target in indices_of(request):
        index = target.index
        shown[index.name] = {
            "aliases": index.aliases,
            "mappings": index.mapping.definition(),
            "settings": _shown_settings(index, request, ["*"]),
            **_defaults(request),
        }
    return Response(shown)


@route("DELETE", "/{index}", parameters=(*INDEX_OPTIONS, *TIMEOUTS))
def delete_index(request: Request) -> Response:
    check_timeouts(request)
    names = request.names()
    if not request.flag("ignore_unavailable"):
        for name in names.split(","):
            if name not in request.node.indices and request.node.names.holders(name):
                raise illegal_argument(
                    f"The provided expression [{name}] matches an alias, specify the corresponding "
                    "concrete indices instead."
                )
    patterns = [each for each in names.split(",") if "*" in each or each == "_all"]
    found = [
        target.index.name
        for target in indices_of(request, expand="open,closed")
        if _is_named(target.index.name, names.split(","), patterns)
    ]
    request.node.delete_indices(found)
    return acknowledged()


def _is_named(index: str, names: list[str], patterns: list[str]) -> bool:
    """Tell whether an index is meant by its own name: aliases never delete."""
    return index in names or any(each == "_all" or fnmatchcase(index, each) for each in patterns)


_SETTINGS_PARAMETERS = (
    *INDEX_OPTIONS,
    *TIMEOUTS,
    "flat_settings",
    "include_defaults",
    "local",
)


@route(
    "GET",
    "/_settings",
    "/_settings/{name}",
    "/{index}/_settings",
    "/{index}/_settings/{name}",
    "/{index}/_setting/{name}",
    parameters=_SETTINGS_PARAMETERS,
)
def get_settings(request: Request) -> Response:
    wanted = request.names("name") or "*"
    patterns = ["*"] if wanted == "_all" else wanted.split(",")
    shown = {}
    for target in indices_of(request, expand="open,closed"):
        settings = _shown_settings(target.index, request, patterns)
        if settings or patterns == ["*"]:
            shown[target.index.name] = {"settings": settings, **_defaults(request)}
    return Response(shown)


def _shown_settings(index: Index, request: Request, patterns: list[str]) -> dict[str, Any]:
    flat = {
        name: value
        for name, value in index.settings.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }
    return flat if request.flag("flat_settings") else nested(flat)


# The defaults that clients look at; all of OpenSearch's would be hundreds.
_DEFAULTS = {
    "index.refresh_interval": "1s",
    "index.max_result_window": "10000",
    "index.mapping.total_fields.limit": "1000",
    "index.mapping.depth.limit": "20",
    "index.number_of_replicas": "1",
    "index.number_of_shards": "1",
}


def _defaults(request: Request) -> dict[str, Any]:
    if not request.flag("include_defaults"):
        return {}
    return {"defaults": _DEFAULTS if request.flag("flat_settings") else nested(_DEFAULTS)}


_BLOCKS = ("metadata", "read", "read_only", "write")


@route("PUT", "/{index}/_block/{block}", parameters=(*INDEX_OPTIONS, *TIMEOUTS))
def add_block(request: Request) -> Response:
    check_timeouts(request)
    block = request.names("block")
    if block not in _BLOCKS:
        raise illegal_argument(f"No block found with name {block}")
    targets = indices_of(request)
    for target in targets:
        changes: dict[str, Any] = {f"index.blocks.{block}": "true"}
        request.node.change_settings(target.index, changes, keep_existing=False)
    blocked = [{"name": target.index.name, "blocked": True} for target in targets]
    return Response({"acknowledged": True, "shards_acknowledged": True, "indices": blocked})


@route(
    "PUT",
    "/_settings",
    "/{index}/_settings",
    parameters=(*INDEX_OPTIONS, *TIMEOUTS, "preserve_existing", "flat_settings"),
)
def put_settings(request: Request) -> Response:
    check_timeouts(request)
    body = request.object(required=True)
    if set(body) == {"settings"}:
        body = body["settings"]
    sent = index_settings(body)
    if not sent:
        raise validation_failed("no settings to update")
    targets = indices_of(request)
    check_index_settings(sent)
    fixed = [name for name in sent if not is_dynamic(name)]
    if fixed and targets:
        listed = ", ".join(f"[{t.index.name}/{t.index.uuid}]" for t in targets)
        raise illegal_argument(
            f"Can't update non dynamic settings [[{', '.join(fixed)}]] for open indices [{listed}]"
        )
    for target in targets:
        request.node.change_settings(
            target.index, sent, keep_existing=request.flag("preserve_existing")
        )
    return acknowledged()

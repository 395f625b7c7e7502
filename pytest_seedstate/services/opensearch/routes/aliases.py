"""Aliases: one by one, and several changes at once."""

from __future__ import annotations

from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.routes.common import (
    INDEX_OPTIONS,
    TIMEOUTS,
    acknowledged,
    check_timeouts,
    indices_of,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.shapes import as_names, as_object
from pytest_seedstate.services.opensearch.storage.index import Index
from pytest_seedstate.services.opensearch.storage.node import Node


@route(
    "GET",
    "/_alias",
    "/_aliases",
    "/_alias/{name}",
    "/{index}/_alias",
    "/{index}/_aliases",
    "/{index}/_alias/{name}",
    parameters=(*INDEX_OPTIONS, "local"),
)
def get_alias(request: Request) -> Response:
    wanted = [name for name in request.names("name").split(",") if name and name != "_all"]
    targets = indices_of(request, expand="open,closed,hidden")
    if not wanted:
        has_name = "name" in request.variables
        return Response(
            {
                target.index.name: {"aliases": target.index.aliases}
                for target in targets
                if target.index.aliases or not has_name
            }
        )
    shown: dict[str, Any] = {}
    for target in targets:
        found = {
            alias: definition
            for alias, definition in target.index.aliases.items()
            if any(fnmatchcase(alias, pattern) for pattern in wanted)
        }
        if found:
            shown[target.index.name] = {"aliases": found}
    known = {alias for each in shown.values() for alias in each["aliases"]}
    missing = sorted(name for name in wanted if "*" not in name and name not in known)
    if missing:
        plural = "es" if len(missing) > 1 else ""
        told = f"alias{plural} [{','.join(missing)}] missing"
        return Response({"error": told, "status": 404, **shown}, 404)
    return Response(shown)


@route(
    "PUT,POST",
    "/{index}/_alias/{name}",
    "/{index}/_aliases/{name}",
    "/_alias/{name}",
    parameters=TIMEOUTS,
)
def put_alias(request: Request) -> Response:
    body = request.object()
    name = request.names("name")
    return _changed(request, [{"add": {**body, "index": request.names() or "*", "alias": name}}])


@route("PUT", "/_alias", "/{index}/_alias", parameters=TIMEOUTS)
def put_alias_by_body(request: Request) -> Response:
    body = request.object()
    index = request.names() or body.get("index")
    if not index:
        raise illegal_argument("[indices] can't be empty")
    return _changed(request, [{"add": {**body, "index": index}}])


@route("DELETE", "/{index}/_alias/{name}", "/{index}/_aliases/{name}", parameters=TIMEOUTS)
def delete_alias(request: Request) -> Response:
    names = request.names("name").split(",")
    action = {"index": request.names(), "aliases": names}
    return _changed(request, [{"remove": action}])


@route("POST", "/_aliases", parameters=TIMEOUTS)
def change_aliases(request: Request) -> Response:
    body = request.object(required=True, reader="aliases")
    for key in body.keys() - {"actions"}:
        raise ApiError(400, "x_content_parse_exception", f"[1:2] [aliases] unknown field [{key}]")
    actions = body.get("actions") or []
    if not isinstance(actions, list) or not actions:
        raise illegal_argument("No action specified")
    return _changed(request, actions)


def _changed(request: Request, actions: list[Any]) -> Response:
    """Carry out all actions or none."""
    check_timeouts(request)
    node = request.node
    before = dict(node.indices), {name: deepcopy(i.aliases) for name, i in node.indices.items()}
    touched: set[str] = set()
    try:
        for action in actions:
            touched |= _carry_out(node, action)
        node.check_write_indices(touched)
    except ApiError:
        node.indices.clear()
        node.indices.update(before[0])
        for name, aliases in before[1].items():
            node.indices[name].aliases = aliases
        raise
    node.state_version += 1
    return acknowledged()


def _carry_out(node: Node, action: Any) -> set[str]:
    if not isinstance(action, dict) or len(action) != 1:
        raise _malformed("an action must be an object with one member")
    (kind, details), *_ = action.items()
    if kind not in ("add", "remove", "remove_index"):
        inner = f"[1:15] [alias_action] unknown field [{kind}]"
        cause = {"type": "x_content_parse_exception", "reason": inner}
        raise ApiError(
            400,
            "x_content_parse_exception",
            "[1:22] [aliases] failed to parse field [actions]",
            root_cause=[cause],
            caused_by=cause,
        )
    details = dict(as_object(details, kind))
    indices = _listed(details.pop("indices", details.pop("index", None)))
    if not indices:
        raise _malformed("One of [index] or [indices] is required")
    if kind == "remove_index":
        for index in _named(node, indices):
            del node.indices[index.name]
        return set()
    aliases = _listed(details.pop("aliases", details.pop("alias", None)))
    if not aliases:
        raise _malformed("One of [alias] or [aliases] is required")
    must_exist = details.pop("must_exist", None)
    if kind == "remove":
        _remove(node, indices, aliases, must_exist=must_exist is not False)
        return set()
    for index in _named(node, indices):
        for alias in aliases:
            node.set_alias(index, alias, details)
    return set(aliases)


def _named(node: Node, names: list[str]) -> list[Index]:
    for name in names:
        if name not in node.indices and node.names.holders(name):
            raise illegal_argument(
                f"The provided expression [{name}] matches an alias, specify the corresponding "
                "concrete indices instead."
            )
    found = node.targets(",".join(names), allow_no_indices=False, expand_wildcards="open,closed")
    return [target.index for target in found]


def _remove(node: Node, indices: list[str], aliases: list[str], *, must_exist: bool) -> None:
    removed = False
    for index in _named(node, indices):
        for name in list(index.aliases):
            if any(fnmatchcase(name, pattern) or pattern == "_all" for pattern in aliases):
                del index.aliases[name]
                removed = True
    if not removed and must_exist:
        shown = ",".join(aliases)
        more: dict[str, Any] = {"resource.id": shown, "resource.type": "aliases"}
        raise ApiError(404, "aliases_not_found_exception", f"aliases [{shown}] missing", **more)


def _malformed(reason: str) -> ApiError:
    return ApiError(
        400,
        "x_content_parse_exception",
        "[1:39] [aliases] failed to parse field [actions]",
        caused_by={"type": "illegal_argument_exception", "reason": reason},
    )


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [each for each in value.split(",") if each]
    return as_names(value, "aliases")

"""Index templates: composable ones, their components, and legacy ones."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.routes.common import (
    TIMEOUTS,
    acknowledged,
    check_timeouts,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.shapes import as_names, as_object, as_whole
from pytest_seedstate.services.opensearch.storage.index import validation_failed
from pytest_seedstate.services.opensearch.storage.settings import index_settings, nested
from pytest_seedstate.services.opensearch.storage.templates import (
    Blueprint,
    Definition,
    shown_template,
)

_READ = ("flat_settings", "local", *TIMEOUTS)


def _matching(names: dict[str, Definition], wanted: str) -> list[str]:
    patterns = wanted.split(",") if wanted else ["*"]
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _unknown(kind: str, body: Definition, known: tuple[str, ...]) -> None:
    for key in body:
        if key not in known:
            raise ApiError(
                400, "x_content_parse_exception", f"[1:2] [{kind}] unknown field [{key}]"
            )


def _check(request: Request, template: Definition) -> None:
    """Check that an index could be made from a template alone."""
    blueprint = Blueprint()
    blueprint.add(template)
    request.node.build_index("validate-template", blueprint)


@route("PUT,POST", "/_index_template/{name}", parameters=("create", "cause", *TIMEOUTS))
def put_index_template(request: Request) -> Response:
    check_timeouts(request)
    body, name = request.object(required=True, reader="index_template"), request.names("name")
    known = ("index_patterns", "template", "composed_of", "priority", "version", "_meta")
    if "data_stream" in body:
        raise unsupported("[data_stream] of index templates")
    _unknown("index_template", body, known)
    if not body.get("index_patterns"):
        raise illegal_argument("Required [index_patterns]")
    templates = request.node.templates
    if request.flag("create") and name in templates.composable:
        raise illegal_argument(f"index template [{name}] already exists")
    made: Definition = {"index_patterns": as_names(body["index_patterns"], "index_patterns")}
    if "template" in body:
        template = as_object(body["template"], "template")
        _unknown("template", template, ("settings", "mappings", "aliases"))
        _check(request, template)
        made["template"] = shown_template(template)
    made["composed_of"] = as_names(body.get("composed_of"), "composed_of")
    made.update({key: body[key] for key in ("priority", "version", "_meta") if key in body})
    for key in ("priority", "version"):
        if key in made:
            made[key] = as_whole(made[key], key)
    templates.put_composable(name, made)
    request.node.state_version += 1
    return acknowledged()


@route("GET", "/_index_template", "/_index_template/{name}", parameters=_READ)
def get_index_template(request: Request) -> Response:
    return _shown(request, request.node.templates.composable, "index_template")


@route("GET", "/_component_template", "/_component_template/{name}", parameters=_READ)
def get_component_template(request: Request) -> Response:
    return _shown(request, request.node.templates.components, "component_template")


def _shown(request: Request, kept: dict[str, Definition], kind: str) -> Response:
    wanted = request.names("name")
    found = _matching(kept, wanted)
    if wanted and not found and "*" not in wanted:
        raise ApiError(
            404,
            "resource_not_found_exception",
            f"{kind.replace('_', ' ')} matching [{wanted}] not found",
        )
    status = 404 if wanted and not found else 200
    return Response({f"{kind}s": [{"name": name, kind: kept[name]} for name in found]}, status)


@route("DELETE", "/_index_template/{name}", parameters=TIMEOUTS)
def delete_index_template(request: Request) -> Response:
    return _deleted(request, request.node.templates.composable, "index_template")


@route("DELETE", "/_component_template/{name}", parameters=TIMEOUTS)
def delete_component_template(request: Request) -> Response:
    templates = request.node.templates
    for name in _matching(templates.components, request.names("name")):
        users = templates.users_of(name)
        if users:
            raise illegal_argument(
                f"component templates [{name}] cannot be removed as they are still in use by index "
                f"templates [{', '.join(users)}]"
            )
    return _deleted(request, templates.components, "index_template")


@route("DELETE", "/_template/{name}", parameters=TIMEOUTS)
def delete_template(request: Request) -> Response:
    return _deleted(request, request.node.templates.legacy, "index_template")


def _deleted(request: Request, kept: dict[str, Definition], kind: str) -> Response:
    check_timeouts(request)
    wanted = request.names("name")
    found = _matching(kept, wanted)
    if not found and wanted != "*":
        raise ApiError(404, "index_template_missing_exception", f"{kind} [{wanted}] missing")
    for name in found:
        del kept[name]
    request.node.state_version += 1
    return acknowledged()


@route("PUT,POST", "/_component_template/{name}", parameters=("create", *TIMEOUTS))
def put_component_template(request: Request) -> Response:
    check_timeouts(request)
    body = request.object(required=True, reader="component_template")
    name = request.names("name")
    _unknown("component_template", body, ("template", "version", "_meta"))
    if "template" not in body:
        raise illegal_argument("Required [template]")
    components = request.node.templates.components
    if request.flag("create") and name in components:
        raise illegal_argument(f"component template [{name}] already exists")
    template = as_object(body["template"], "template")
    _unknown("template", template, ("settings", "mappings", "aliases"))
    _check(request, template)
    made: Definition = {"template": shown_template(template)}
    made.update({key: body[key] for key in ("version", "_meta") if key in body})
    components[name] = made
    request.node.state_version += 1
    return acknowledged()


@route("PUT,POST", "/_template/{name}", parameters=("create", "order", "cause", *TIMEOUTS))
def put_template(request: Request) -> Response:
    check_timeouts(request)
    body, name = request.object(required=True), request.names("name")
    known = ("index_patterns", "order", "version", "settings", "mappings", "aliases")
    for key in body:
        if key not in known:
            raise ApiError(
                400,
                "parse_exception",
                f"unknown key [{key}] in the template ",
            )
    if not body.get("index_patterns"):
        raise validation_failed("index patterns are missing")
    kept = request.node.templates.legacy
    if request.flag("create") and name in kept:
        raise illegal_argument(f"index_template [{name}] already exists")
    _check(request, {key: body[key] for key in known[3:] if key in body})
    made: Definition = {
        "order": as_whole(body.get("order", request.integer("order", 0)), "order"),
        "index_patterns": as_names(body["index_patterns"], "index_patterns"),
        "settings": nested(index_settings(body.get("settings") or {})),
        "mappings": body.get("mappings") or {},
        "aliases": body.get("aliases") or {},
    }
    if "version" in body:
        made["version"] = body["version"]
    kept[name] = made
    request.node.state_version += 1
    return acknowledged()


@route("GET", "/_template", "/_template/{name}", parameters=_READ)
def get_template(request: Request) -> Response:
    kept, wanted = request.node.templates.legacy, request.names("name")
    found = _matching(kept, wanted)
    shown = {name: kept[name] for name in found}
    return Response(shown, 404 if wanted and not found else 200)

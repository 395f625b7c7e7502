"""Ingest pipelines: put, get, delete."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pytest_seedstate.services.opensearch.errors import ApiError, unsupported
from pytest_seedstate.services.opensearch.ingest.pipelines import check_pipeline
from pytest_seedstate.services.opensearch.routes.common import (
    TIMEOUTS,
    acknowledged,
    check_timeouts,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route


@route("PUT", "/_ingest/pipeline/{id}", parameters=TIMEOUTS)
def put_pipeline(request: Request) -> Response:
    check_timeouts(request)
    body = request.object(required=True)
    check_pipeline(request.names("id"), body)
    request.node.pipelines[request.names("id")] = body
    request.node.state_version += 1
    return acknowledged()


@route(
    "GET",
    "/_ingest/pipeline",
    "/_ingest/pipeline/{id}",
    parameters=("master_timeout", "cluster_manager_timeout"),
)
def get_pipeline(request: Request) -> Response:
    wanted = request.names("id")
    found = _named(request, wanted or "*")
    return Response(
        {name: request.node.pipelines[name] for name in found},
        200 if found else 404,
    )


@route("DELETE", "/_ingest/pipeline/{id}", parameters=TIMEOUTS)
def delete_pipeline(request: Request) -> Response:
    check_timeouts(request)
    wanted = request.names("id")
    found = _named(request, wanted)
    if not found and wanted != "*":
        raise ApiError(404, "resource_not_found_exception", f"pipeline [{wanted}] is missing")
    for name in found:
        del request.node.pipelines[name]
    request.node.state_version += 1
    return acknowledged()


@route(
    "GET,POST",
    "/_ingest/pipeline/_simulate",
    "/_ingest/pipeline/{id}/_simulate",
    parameters=("verbose",),
)
def simulate(request: Request) -> Response:
    raise unsupported("[_ingest/pipeline/_simulate]")


def _named(request: Request, wanted: str) -> list[str]:
    patterns = wanted.split(",")
    return [
        name
        for name in request.node.pipelines
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]

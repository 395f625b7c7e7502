"""The cluster: what it is, how it does, its settings and its state."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.routes.common import (
    INDEX_OPTIONS,
    TIMEOUTS,
    check_timeouts,
    copies,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.storage.index import Index, validation_failed
from pytest_seedstate.services.opensearch.storage.node import VERSION, Node
from pytest_seedstate.services.opensearch.storage.settings import (
    check_cluster_settings,
    flattened,
    nested,
)

_COLORS = ("green", "yellow", "red")


@route("GET", "/")
def info(request: Request) -> Response:
    node = request.node
    return Response(
        {
            "name": node.name,
            "cluster_name": node.cluster_name,
            "cluster_uuid": node.uuid,
            "version": {
                "distribution": "opensearch",
                "number": VERSION,
                "build_type": "embedded",
                "build_hash": "unknown",
                "build_date": "1970-01-01T00:00:00.000000000Z",
                "build_snapshot": False,
                "lucene_version": "10.5.0",
                "minimum_wire_compatibility_version": "2.19.0",
                "minimum_index_compatibility_version": "2.0.0",
            },
            "tagline": "The OpenSearch Project: https://opensearch.org/",
        }
    )


def color(index: Index) -> str:
    """Return an index's health: replicas have no second node to be on."""
    return "yellow" if index.number("number_of_replicas", 1) else "green"


def health_of(node: Node, indices: list[Index]) -> dict[str, Any]:
    """Return the counts that health APIs tell of some indices."""
    primaries = sum(index.number("number_of_shards", 1) for index in indices)
    wanted = sum(copies(index) for index in indices)
    all_primaries = sum(index.number("number_of_shards", 1) for index in node.indices.values())
    all_wanted = sum(copies(index) for index in node.indices.values())
    return {
        "cluster_name": node.cluster_name,
        "status": max(map(color, indices), key=_COLORS.index, default="green"),
        "timed_out": False,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "discovered_master": True,
        "discovered_cluster_manager": True,
        "active_primary_shards": primaries,
        "active_shards": primaries,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": wanted - primaries,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0 * all_primaries / all_wanted
        if all_wanted
        else 100.0,
    }


@route(
    "GET",
    "/_cluster/health",
    "/_cluster/health/{index}",
    parameters=(
        *("level", "local", "wait_for_status", "wait_for_nodes", "wait_for_active_shards"),
        *("wait_for_events", "wait_for_no_relocating_shards", "wait_for_no_initializing_shards"),
        "expand_wildcards",
        *TIMEOUTS,
    ),
)
def health(request: Request) -> Response:
    check_timeouts(request)
    name = request.names()
    targets = request.node.targets(
        name,
        ignore_unavailable=True,
        expand_wildcards=request.parameters.get("expand_wildcards", "all"),
    )
    indices = [target.index for target in targets]
    body = health_of(request.node, indices)
    is_missing = bool(name) and not indices and "*" not in name
    if is_missing:
        body["status"] = "red"
    wanted = request.parameters.get("wait_for_status", "red")
    if wanted not in _COLORS:
        raise illegal_argument(f"unknown cluster health status [{wanted}]")
    level = request.parameters.get("level", "cluster")
    if level not in ("cluster", "indices", "shards"):
        raise illegal_argument(f"level must be one of [cluster, indices, shards] but was [{level}]")
    if level == "shards":
        raise unsupported("[level=shards] of [_cluster/health]")
    if level == "indices":
        body["indices"] = {index.name: _index_health(index) for index in indices}
    # Waiting would not help: health changes only with other requests, so it times out at once.
    if is_missing or _COLORS.index(body["status"]) > _COLORS.index(wanted) or _waits(request, body):
        body["timed_out"] = True
        return Response(body, 408)
    return Response(body)


def _waits(request: Request, body: dict[str, Any]) -> bool:
    """Tell whether more nodes or shards are waited for than there ever will be."""
    nodes = request.parameters.get("wait_for_nodes", "1").lstrip("<>=gelt()")
    shards = request.parameters.get("wait_for_active_shards", "0")
    if shards == "all":
        return bool(body["unassigned_shards"])
    try:
        return int(nodes) > 1 or int(shards) > int(body["active_shards"])
    except ValueError:
        raise illegal_argument(f"cannot parse [{nodes}] or [{shards}] as a number") from None


def _index_health(index: Index) -> dict[str, Any]:
    primaries = index.number("number_of_shards", 1)
    return {
        "status": color(index),
        "number_of_shards": primaries,
        "number_of_replicas": index.number("number_of_replicas", 1),
        "active_primary_shards": primaries,
        "active_shards": primaries,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": copies(index) - primaries,
    }


@route(
    "GET",
    "/_cluster/settings",
    parameters=("flat_settings", "include_defaults", "local", *TIMEOUTS),
)
def get_settings(request: Request) -> Response:
    body = _settings(request)
    if request.flag("include_defaults"):
        defaults = {"action.auto_create_index": "true", "cluster.name": request.node.cluster_name}
        body["defaults"] = defaults if request.flag("flat_settings") else nested(defaults)
    return Response(body)


def _settings(request: Request) -> dict[str, Any]:
    kept = {"persistent": request.node.persistent, "transient": request.node.transient}
    if request.flag("flat_settings"):
        return {kind: dict(settings) for kind, settings in kept.items()}
    return {kind: nested(settings) for kind, settings in kept.items()}


@route("PUT", "/_cluster/settings", parameters=("flat_settings", *TIMEOUTS))
def put_settings(request: Request) -> Response:
    check_timeouts(request)
    body = request.object(required=True)
    for key in body.keys() - {"persistent", "transient"}:
        raise illegal_argument(f"[1:2] [cluster_update_settings_request] unknown field [{key}]")
    sent = {kind: flattened(settings or {}) for kind, settings in body.items()}
    if not any(sent.values()):
        raise validation_failed("no settings to update")
    for kind, settings in sent.items():
        check_cluster_settings({n: v for n, v in settings.items() if "*" not in n}, kind)
    for kind, settings in sent.items():
        kept = request.node.persistent if kind == "persistent" else request.node.transient
        for name, value in settings.items():
            if value is not None:
                kept[name] = value
                continue
            beginning, is_pattern, _ = name.partition("*")
            for each in list(kept):
                if each == name or (is_pattern and each.startswith(beginning)):
                    del kept[each]
    request.node.state_version += 1
    return Response({"acknowledged": True, **_settings(request)})


@route(
    "GET",
    "/_cluster/state",
    "/_cluster/state/{metrics}",
    "/_cluster/state/{metrics}/{index}",
    parameters=(*INDEX_OPTIONS, *TIMEOUTS, "local", "flat_settings"),
)
def state(request: Request) -> Response:
    node = request.node
    metrics = (request.names("metrics") or "_all").split(",")
    everything = "_all" in metrics
    body: dict[str, Any] = {"cluster_name": node.cluster_name, "cluster_uuid": node.uuid}
    if everything or "version" in metrics:
        body["version"] = node.state_version
        body["state_uuid"] = node.uuid
    if everything or {"master_node", "cluster_manager_node"} & set(metrics):
        body["master_node"] = body["cluster_manager_node"] = node.node_id
    if everything or "blocks" in metrics:
        body["blocks"] = {}
    if everything or "nodes" in metrics:
        body["nodes"] = {node.node_id: {"name": node.name, "attributes": {}}}
    if everything or "metadata" in metrics:
        body["metadata"] = _metadata(request)
    for metric in ("routing_table", "routing_nodes"):
        if metric in metrics:
            raise unsupported(f"[{metric}] of [_cluster/state]")
    return Response(body)


def _metadata(request: Request) -> dict[str, Any]:
    node = request.node
    return {
        "cluster_uuid": node.uuid,
        "cluster_uuid_committed": True,
        "templates": node.templates.legacy,
        "index_template": {"index_template": node.templates.composable},
        "component_template": {"component_template": node.templates.components},
        "ingest": {
            "pipeline": [{"id": name, "config": config} for name, config in node.pipelines.items()]
        },
        "indices": {
            target.index.name: {
                "state": "open",
                "settings": nested(target.index.settings),
                "mappings": {"_doc": target.index.mapping.definition()},
                "aliases": sorted(target.index.aliases),
            }
            for target in node.targets(request.names())
        },
    }


@route("GET", "/_cluster/pending_tasks", parameters=("local", *TIMEOUTS))
def pending_tasks(request: Request) -> Response:
    return Response({"tasks": []})


@route("GET", "/_snapshot", "/_snapshot/_all", parameters=("local", *TIMEOUTS))
def repositories(request: Request) -> Response:
    return Response({})


@route("GET", "/_snapshot/{repository}", parameters=("local", *TIMEOUTS))
def repository(request: Request) -> Response:
    name = request.names("repository")
    if "*" in name:
        return Response({})
    raise ApiError(404, "repository_missing_exception", f"[{name}] missing")

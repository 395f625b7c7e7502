"""The nodes of the cluster, of which there is one: what clients ask to find addresses."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import unsupported
from pytest_seedstate.services.opensearch.ingest.processors import names_of_processors
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.storage.node import VERSION

_METRICS = frozenset({"http", "ingest", "plugins"})
# Of a real node. What stands for another process or machine is nothing that a test is about.
_ELSEWHERE = frozenset(
    {"settings", "os", "process", "jvm", "thread_pool", "transport", "aggregations", "indices"}
    | {"stats", "usage", "hot_threads", "reload_secure_settings", "search_pipelines"}
)


@route("GET", "/_nodes", "/_nodes/{node}", "/_nodes/{node}/{metric}", parameters=("timeout",))
def nodes_info(request: Request) -> Response:
    which, metrics = request.names("node"), request.names("metric")
    for name in f"{which},{metrics}".split(","):
        if name in _ELSEWHERE:
            raise unsupported(f"the API [{request.path}]")
    if not metrics and which and set(which.split(",")) <= _METRICS:
        which, metrics = "_all", which
    node = request.node
    asked = metrics.split(",") if metrics not in ("", "_all") else sorted(_METRICS)
    told: dict[str, Any] = {
        "name": node.name,
        "transport_address": "127.0.0.1:9300",
        "host": "127.0.0.1",
        "ip": "127.0.0.1",
        "version": VERSION,
        "build_type": "embedded",
        "build_hash": "unknown",
        "roles": ["cluster_manager", "data", "ingest", "remote_cluster_client"],
        "attributes": {},
    }
    if "http" in asked:
        told["http"] = {
            "bound_address": [request.host],
            "publish_address": request.host,
            "max_content_length_in_bytes": 100 * 1024 * 1024,
        }
    if "plugins" in asked:
        told["plugins"] = []
    if "ingest" in asked:
        told["ingest"] = {"processors": [{"type": name} for name in names_of_processors()]}
    known = ("_all", "_local", "_master", "_cluster_manager", node.node_id, "127.0.0.1")
    found = not which or any(
        name in known or fnmatchcase(node.name, name) for name in which.split(",")
    )
    return Response(
        {
            "_nodes": {"total": int(found), "successful": int(found), "failed": 0},
            "cluster_name": node.cluster_name,
            "nodes": {node.node_id: told} if found else {},
        }
    )

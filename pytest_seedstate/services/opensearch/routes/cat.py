"""The cat APIs: what there is, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import illegal_argument
from pytest_seedstate.services.opensearch.mapping.dates import format_date
from pytest_seedstate.services.opensearch.routes.cluster import color, health_of
from pytest_seedstate.services.opensearch.routes.common import INDEX_OPTIONS, indices_of
from pytest_seedstate.services.opensearch.routes.maintenance import store_size
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.routes.tables import PARAMETERS, Column, Row, Size, table
from pytest_seedstate.services.opensearch.storage.index import Index

_LISTED = (
    *("/_cat/aliases", "/_cat/aliases/{alias}", "/_cat/cluster_manager", "/_cat/count"),
    *("/_cat/count/{index}", "/_cat/health", "/_cat/indices", "/_cat/indices/{index}"),
    *("/_cat/nodes", "/_cat/pending_tasks", "/_cat/plugins", "/_cat/shards"),
    *("/_cat/shards/{index}", "/_cat/templates"),
)

_TIME = (
    Column("epoch", ("t", "time"), "seconds since 1970-01-01 00:00:00"),
    Column("timestamp", ("ts", "hms", "hhmmss"), "time in HH:MM:SS"),
)
_HEALTH = (
    *_TIME,
    Column("cluster", ("cl",), "cluster name"),
    Column("status", ("st",), "health status"),
    Column("node.total", ("nt", "nodeTotal"), "total number of nodes", right=True),
    Column("node.data", ("nd", "nodeData"), "number of nodes that can store data", right=True),
    Column(
        "discovered_cluster_manager",
        ("dcm", "dm", "discovered_master"),
        "cluster manager is discovered or not",
        right=True,
    ),
    Column("shards", ("t", "sh", "shards.total"), "total number of shards", right=True),
    Column("pri", ("p", "shards.primary"), "number of primary shards", right=True),
    Column("relo", ("r", "shards.relocating"), "number of relocating nodes", right=True),
    Column("init", ("i", "shards.initializing"), "number of initializing nodes", right=True),
    Column("unassign", ("u", "shards.unassigned"), "number of unassigned shards", right=True),
    Column("pending_tasks", ("pt", "pendingTasks"), "number of pending tasks", right=True),
    Column(
        "max_task_wait_time",
        ("mtwt", "maxTaskWaitTime"),
        "wait time of longest task pending",
        right=True,
    ),
    Column(
        "active_shards_percent",
        ("asp", "activeShardsPercent"),
        "active number of shards in percent",
        right=True,
    ),
)
_COUNT = (*_TIME, Column("count", ("dc", "docs.count", "docsCount"), "the document count"))
_INDICES = (
    Column("health", ("h",), "current health status"),
    Column("status", ("s",), "open/close status"),
    Column("index", ("i", "idx"), "index name"),
    Column("uuid", ("id",), "index uuid"),
    Column("pri", ("p", "shards.primary", "shardsPrimary"), "number of primary shards", right=True),
    Column("rep", ("r", "shards.replica", "shardsReplica"), "number of replica shards", right=True),
    Column("docs.count", ("dc", "docsCount"), "available docs", right=True),
    Column("docs.deleted", ("dd", "docsDeleted"), "deleted docs", right=True),
    Column("creation.date", ("cd",), "index creation date (millisecond value)", shown=False),
    Column("creation.date.string", ("cds",), "index creation date (as string)", shown=False),
    Column("store.size", ("ss", "storeSize"), "store size of primaries & replicas", right=True),
    Column("pri.store.size", (), "store size of primaries", right=True),
)
_ALIASES = (
    Column("alias", ("a",), "alias name"),
    Column("index", ("i", "idx"), "index alias points to"),
    Column("filter", ("f", "fi"), "filter"),
    Column("routing.index", ("ri", "routingIndex"), "index routing"),
    Column("routing.search", ("rs", "routingSearch"), "search routing"),
    Column("is_write_index", ("w", "isWriteIndex"), "write index"),
)
_TEMPLATES = (
    Column("name", ("n",), "template name"),
    Column("index_patterns", ("t",), "template index patterns"),
    Column("order", ("o", "p"), "template application order/priority number"),
    Column("version", ("v",), "version"),
    Column("composed_of", ("c",), "component templates comprising index template"),
)
_SHARDS = (
    Column("index", ("i", "idx"), "index name"),
    Column("shard", ("s", "sh"), "shard name"),
    Column("prirep", ("p", "pr", "primaryOrReplica"), "primary or replica"),
    Column("state", ("st",), "shard state"),
    Column("docs", ("d", "dc"), "number of docs in shard", right=True),
    Column("store", ("sto",), "store size of shard", right=True),
    Column("ip", (), "ip of node where it lives"),
    Column("node", ("n",), "name of node where it lives"),
)
_NODES = (
    Column("ip", ("i",), "ip address"),
    Column("node.role", ("r", "role", "nodeRole"), "roles, one letter each"),
    Column("node.roles", ("rs", "all roles"), "roles"),
    Column("cluster_manager", ("m", "master"), "*:current cluster manager"),
    Column("name", ("n",), "node name"),
)
_MANAGER = (
    Column("id", (), "node id"),
    Column("host", ("h",), "host name"),
    Column("ip", (), "ip address"),
    Column("node", ("n",), "node name"),
)


@route("GET", "/_cat")
def listed(request: Request) -> Response:
    return Response("=^.^=\n" + "".join(f"{path}\n" for path in _LISTED))


def _now(request: Request) -> Row:
    seconds = request.node.now() // 1000
    return {"epoch": seconds, "timestamp": f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"}


@route("GET", "/_cat/health", parameters=(*PARAMETERS, "ts"))
def health(request: Request) -> Response:
    told = health_of(request.node, list(request.node.indices.values()))
    row = {
        **(_now(request) if request.flag("ts", True) else {}),
        "cluster": told["cluster_name"],
        "status": told["status"],
        "node.total": 1,
        "node.data": 1,
        "discovered_cluster_manager": True,
        "shards": told["active_shards"],
        "pri": told["active_primary_shards"],
        "relo": 0,
        "init": 0,
        "unassign": told["unassigned_shards"],
        "pending_tasks": 0,
        "max_task_wait_time": "-",
        "active_shards_percent": f"{told['active_shards_percent_as_number']:.1f}%",
    }
    columns = _HEALTH if request.flag("ts", True) else _HEALTH[2:]
    return table(request, columns, [row])


@route("GET", "/_cat/count", "/_cat/count/{index}", parameters=PARAMETERS)
def count(request: Request) -> Response:
    found = sum(
        len(target.index.reader().ordinals) for target in request.node.targets(request.names())
    )
    return table(request, _COUNT, [{**_now(request), "count": found}])


@route(
    "GET",
    "/_cat/indices",
    "/_cat/indices/{index}",
    parameters=(
        *PARAMETERS,
        *INDEX_OPTIONS,
        *("health", "pri", "include_unloaded_segments"),
    ),
)
def indices(request: Request) -> Response:
    wanted = request.parameters.get("health")
    if wanted not in (None, "green", "yellow", "red"):
        raise illegal_argument(f"unknown cluster health status [{wanted}]")
    rows = [
        _index_row(target.index)
        for target in indices_of(request, expand="open,closed")
        if wanted in (None, color(target.index))
    ]
    return table(request, _INDICES, rows)


def _index_row(index: Index) -> Row:
    index.reader()  # shows writes that a scheduled refresh would have made visible
    created = int(index.settings["index.creation_date"])
    return {
        "health": color(index),
        "status": "open",
        "index": index.name,
        "uuid": index.uuid,
        "pri": index.number("number_of_shards", 1),
        "rep": index.number("number_of_replicas", 1),
        "docs.count": index.lucene_count,
        "docs.deleted": 0,
        "creation.date": created,
        "creation.date.string": format_date(created),
        "store.size": Size(store_size(index)),
        "pri.store.size": Size(store_size(index)),
    }


@route(
    "GET",
    "/_cat/aliases",
    "/_cat/aliases/{alias}",
    parameters=(*PARAMETERS, "expand_wildcards"),
)
def aliases(request: Request) -> Response:
    patterns = (request.names("alias") or "*").split(",")
    rows = [
        {
            "alias": name,
            "index": index.name,
            "filter": "*" if "filter" in definition else "-",
            "routing.index": definition.get("index_routing", "-"),
            "routing.search": definition.get("search_routing", "-"),
            "is_write_index": definition.get("is_write_index", "-"),
        }
        for index in request.node.indices.values()
        for name, definition in index.aliases.items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    return table(request, _ALIASES, rows)


@route("GET", "/_cat/templates", "/_cat/templates/{name}", parameters=PARAMETERS)
def templates(request: Request) -> Response:
    kept, pattern = request.node.templates, request.names("name") or "*"
    rows = [
        _template_row(name, each, each["order"], "")
        for name, each in kept.legacy.items()
        if fnmatchcase(name, pattern)
    ] + [
        _template_row(
            name, each, each.get("priority"), f"[{', '.join(each.get('composed_of', ()))}]"
        )
        for name, each in kept.composable.items()
        if fnmatchcase(name, pattern)
    ]
    return table(request, _TEMPLATES, rows)


def _template_row(name: str, definition: dict[str, Any], order: Any, composed_of: str) -> Row:
    return {
        "name": name,
        "index_patterns": f"[{', '.join(definition['index_patterns'])}]",
        "order": order,
        "version": definition.get("version"),
        "composed_of": composed_of,
    }


@route("GET", "/_cat/shards", "/_cat/shards/{index}", parameters=(*PARAMETERS, *INDEX_OPTIONS))
def shards(request: Request) -> Response:
    rows: list[Row] = []
    for target in indices_of(request):
        index = target.index
        for number in range(index.number("number_of_shards", 1)):
            # All documents are in the first shard: routing to several is not emulated.
            has_documents = number == 0
            primary = {
                "index": index.name,
                "shard": number,
                "prirep": "p",
                "state": "STARTED",
                "docs": index.lucene_count if has_documents else 0,
                "store": Size(store_size(index) if has_documents else 0),
                "ip": "127.0.0.1",
                "node": request.node.name,
            }
            replica = {
                "index": index.name,
                "shard": number,
                "prirep": "r",
                "state": "UNASSIGNED",
            }
            rows += [primary, *([replica] * index.number("number_of_replicas", 1))]
    return table(request, _SHARDS, rows)


@route("GET", "/_cat/nodes", parameters=PARAMETERS)
def nodes(request: Request) -> Response:
    row = {
        "ip": "127.0.0.1",
        "node.role": "dim",
        "node.roles": "cluster_manager,data,ingest",
        "cluster_manager": "*",
        "name": request.node.name,
    }
    return table(request, _NODES, [row])


@route("GET", "/_cat/cluster_manager", "/_cat/master", parameters=PARAMETERS)
def cluster_manager(request: Request) -> Response:
    row = {
        "id": request.node.node_id,
        "host": "127.0.0.1",
        "ip": "127.0.0.1",
        "node": request.node.name,
    }
    return table(request, _MANAGER, [row])


@route("GET", "/_cat/plugins", parameters=PARAMETERS)
def plugins(request: Request) -> Response:
    columns = (
        Column("name", ("n",), "node name"),
        Column("component", ("c",), "component"),
        Column("version", ("v",), "component version"),
    )
    return table(request, columns, [])


@route("GET", "/_cat/pending_tasks", parameters=PARAMETERS)
def pending_tasks(request: Request) -> Response:
    columns = (
        Column("insertOrder", ("o",), "task insertion order"),
        Column("timeInQueue", ("t",), "how long task has been in queue"),
        Column("priority", ("p",), "task priority"),
        Column("source", ("s",), "task source"),
    )
    return table(request, columns, [])

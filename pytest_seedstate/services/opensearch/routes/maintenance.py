"""Refresh, flush and the like, and what indices count."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.opensearch.errors import illegal_argument
from pytest_seedstate.services.opensearch.routes.common import (
    INDEX_OPTIONS,
    TIMEOUTS,
    indices_of,
    shards_of,
)
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, route
from pytest_seedstate.services.opensearch.storage.index import Index
from pytest_seedstate.services.opensearch.storage.targets import Target

# Of one document on disk; there is no disk here.
_BYTES_PER_DOCUMENT, _BYTES_EMPTY = 1024, 208


def store_size(index: Index) -> int:
    """Return about how many bytes an index would have on disk."""
    return _BYTES_EMPTY + _BYTES_PER_DOCUMENT * index.lucene_count


@route("GET,POST", "/_refresh", "/{index}/_refresh", parameters=INDEX_OPTIONS)
def refresh(request: Request) -> Response:
    targets = indices_of(request)
    for target in targets:
        target.index.refresh()
    return Response({"_shards": shards_of(targets)})


@route(
    "GET,POST",
    "/_flush",
    "/{index}/_flush",
    parameters=(*INDEX_OPTIONS, "force", "wait_if_ongoing"),
)
def flush(request: Request) -> Response:
    targets = indices_of(request)
    for target in targets:
        target.index.refresh()
        target.index.counters.flushes += 1
    return Response({"_shards": shards_of(targets)})


@route(
    "POST",
    "/_forcemerge",
    "/{index}/_forcemerge",
    parameters=(
        *INDEX_OPTIONS,
        *("flush", "max_num_segments", "only_expunge_deletes", "primary_only"),
    ),
    reads=True,
)
def force_merge(request: Request) -> Response:
    targets = indices_of(request)
    if request.flag("flush", True):
        for target in targets:
            target.index.refresh()
    return Response({"_shards": shards_of(targets)})


@route(
    "POST",
    "/_cache/clear",
    "/{index}/_cache/clear",
    parameters=(*INDEX_OPTIONS, "fielddata", "fields", "query", "request", "file"),
    reads=True,
)
def clear_cache(request: Request) -> Response:
    return Response({"_shards": shards_of(indices_of(request))})


_TIMES = ("query", "fetch", "scroll", "point_in_time", "suggest")


def _statistics(index: Index) -> dict[str, dict[str, Any]]:
    """Return what `_stats` tells of an index, by metric; what is not counted here is 0."""
    index.reader()  # shows writes that a scheduled refresh would have made visible
    counted = index.counters
    search: dict[str, Any] = {"open_contexts": 0}
    for name in _TIMES:
        search.update({f"{name}_total": 0, f"{name}_time_in_millis": 0, f"{name}_current": 0})
    search["query_total"] = search["fetch_total"] = counted.searches
    return {
        "docs": {"count": index.lucene_count, "deleted": 0},
        "store": {"size_in_bytes": store_size(index), "reserved_in_bytes": 0},
        "indexing": {
            "index_total": counted.indexed,
            "index_time_in_millis": 0,
            "index_current": 0,
            "index_failed": counted.failed,
            "delete_total": counted.deleted,
            "delete_time_in_millis": 0,
            "delete_current": 0,
            "noop_update_total": counted.noops,
            "is_throttled": False,
            "throttle_time_in_millis": 0,
        },
        "get": {
            "total": counted.gets,
            "getTime": "0s",
            "time_in_millis": 0,
            "exists_total": counted.found,
            "exists_time_in_millis": 0,
            "missing_total": counted.gets - counted.found,
            "missing_time_in_millis": 0,
            "current": 0,
        },
        "search": search,
        "refresh": {
            "total": counted.refreshes,
            "total_time_in_millis": 0,
            "external_total": counted.refreshes,
            "external_total_time_in_millis": 0,
            "listeners": 0,
        },
        "flush": {"total": counted.flushes, "periodic": 0, "total_time_in_millis": 0},
        "merges": _zeros("current", "current_docs", "current_size_in_bytes", "total"),
        "warmer": _zeros("current", "total", "total_time_in_millis"),
        "query_cache": _zeros("memory_size_in_bytes", "total_count", "hit_count", "miss_count"),
        "fielddata": _zeros("memory_size_in_bytes", "evictions"),
        "completion": _zeros("size_in_bytes"),
        "segments": _zeros("count", "memory_in_bytes"),
        "translog": _zeros("operations", "size_in_bytes", "uncommitted_operations"),
        "request_cache": _zeros("memory_size_in_bytes", "evictions", "hit_count", "miss_count"),
        "recovery": _zeros("current_as_source", "current_as_target"),
    }


def _zeros(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, 0)


_METRIC_NAMES = {"merge": "merges"}


@route(
    "GET",
    "/_stats",
    "/_stats/{metric}",
    "/{index}/_stats",
    "/{index}/_stats/{metric}",
    parameters=(
        *INDEX_OPTIONS,
        *TIMEOUTS,
        *("level", "include_unloaded_segments", "forbid_closed_indices"),
    ),
)
def stats(request: Request) -> Response:
    targets = indices_of(request)
    found = {target.index.name: _statistics(target.index) for target in targets}
    metrics = _metrics(request)
    level = request.parameters.get("level", "indices")
    if level not in ("cluster", "indices", "shards"):
        raise illegal_argument(
            f"level parameter must be one of [cluster] or [indices] or [shards] but was [{level}]"
        )
    kept = {
        name: {metric: each[metric] for metric in each if metrics is None or metric in metrics}
        for name, each in found.items()
    }
    total = _summed(list(kept.values()))
    body: dict[str, Any] = {
        "_shards": shards_of(targets),
        "_all": {"primaries": total, "total": total},
    }
    if level != "cluster":
        body["indices"] = {
            target.index.name: _index_entry(request, target, kept[target.index.name], level)
            for target in targets
        }
    return Response(body)


def _metrics(request: Request) -> set[str] | None:
    wanted = [each for each in request.names("metric").split(",") if each and each != "_all"]
    if not wanted:
        return None
    known = {
        *("docs", "store", "indexing", "get", "search", "refresh", "flush", "merges", "warmer"),
        *("query_cache", "fielddata", "completion", "segments", "translog", "request_cache"),
        "recovery",
    }
    metrics = {_METRIC_NAMES.get(each, each) for each in wanted}
    for each in sorted(metrics - known):
        raise illegal_argument(f"request [{request.path}] contains unrecognized metric: [{each}]")
    return metrics


def _index_entry(
    request: Request, target: Target, statistics: dict[str, Any], level: str
) -> dict[str, Any]:
    index = target.index
    entry: dict[str, Any] = {"uuid": index.uuid, "primaries": statistics, "total": statistics}
    if level == "shards":
        last = index.next_seq_no - 1
        shard = {
            "routing": {
                "state": "STARTED",
                "primary": True,
                "node": request.node.node_id,
                "relocating_node": None,
            },
            **statistics,
            "seq_no": {"max_seq_no": last, "local_checkpoint": last, "global_checkpoint": last},
        }
        entry["shards"] = {"0": [shard]}
    return entry


def _summed(each: list[dict[str, Any]]) -> dict[str, Any]:
    if not each:
        return {}
    return {
        name: _summed([one[name] for one in each])
        if isinstance(value, dict)
        else sum(one[name] for one in each)
        if isinstance(value, int) and not isinstance(value, bool)
        else value
        for name, value in each[0].items()
    }

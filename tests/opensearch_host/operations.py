"""What applications do to the OpenSearch host, with small numbers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .helpers import ARTISTS, INDICES, Answer, Client, artist

Operation = Callable[[Client, int, int], Answer]


def _index(n: int) -> str:
    return tuple(INDICES)[n % 2]


def _doc(n: int, m: int) -> str:
    return f"/{_index(n)}/_doc/{m}%2F+%C3%BC" if m > 6 else f"/{_index(n)}/_doc/{m}"


def _refresh(n: int) -> str:
    return "?refresh=true" if n % 3 else ""


def _bulk(client: Client, n: int, m: int) -> Answer:
    lines: list[Any] = [
        {"index": {"_index": _index(n), "_id": str(m)}},
        artist(n + m),
        {"create": {"_index": _index(n), "_id": "bulk"}},
        artist(m),
        {"delete": {"_index": _index(n), "_id": str(m + 1)}},
        {"update": {"_index": _index(n), "_id": str(n)}},
        {"doc": {"rating": m}},
        {"index": {"_index": "made-by-bulk", "_id": str(m)}},
        {"new": m},
    ]
    return client("POST", f"/_bulk{_refresh(n)}", lines)


RECORDS: dict[str, Operation] = {
    "index": lambda c, n, m: c("PUT", _doc(n, m) + _refresh(n), artist(n * m)),
    "index without id": lambda c, n, m: c("POST", f"/{_index(n)}/_doc{_refresh(m)}", artist(m)),
    "create": lambda c, n, m: c("PUT", f"/{_index(n)}/_create/{m * 4}{_refresh(n)}", artist(m)),
    "update": lambda c, n, m: c(
        "POST", f"/{_index(n)}/_update/{m}{_refresh(n)}", {"doc": {"rating": n, "fresh": "x" * m}}
    ),
    "upsert": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update/up{m}{_refresh(n)}",
        {"doc": {"rating": n}, "doc_as_upsert": True},
    ),
    "script": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update/{m}",
        {"script": {"source": "ctx._source.rating += params.n", "params": {"n": n}}},
    ),
    "delete": lambda c, n, m: c("DELETE", _doc(n, m) + _refresh(n)),
    "bulk": _bulk,
    "routed": lambda c, n, m: c("PUT", f"/{_index(n)}/_doc/r{m}?routing=x", artist(m)),
    "external version": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_doc/v{m}?version={n + 1}&version_type=external", artist(n)
    ),
}

OPERATIONS: dict[str, Operation] = {
    **RECORDS,
    "delete by query": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_delete_by_query{_refresh(m)}",
        {"query": {"range": {"rating": {"gte": m / 2}}}},
    ),
    "update by query": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update_by_query?conflicts=proceed",
        {
            "query": {"match": {"name": "stone"}},
            "script": {"source": "ctx._source.rating = params.m", "params": {"m": m}},
        },
    ),
    "reindex": lambda c, n, m: c(
        "POST",
        f"/_reindex{_refresh(n)}",
        {"source": {"index": _index(n)}, "dest": {"index": f"copy-{m % 2}"}},
    ),
    "refresh": lambda c, n, m: c("POST", f"/{_index(n)}/_refresh"),
    "scroll": lambda c, n, m: c("POST", f"/{_index(n)}/_search?scroll=1m", {"size": m + 1}),
    "point in time": lambda c, n, m: c("POST", f"/{_index(n)}/_search/point_in_time?keep_alive=1m"),
    "create index": lambda c, n, m: c("PUT", f"/new-{m % 2}", {"mappings": ARTISTS}),
    "delete index": lambda c, n, m: c("DELETE", f"/{('new-0', 'copy-0', *INDICES)[m % 4]}"),
    "index made by a write": lambda c, n, m: c("PUT", f"/log-{m % 3}/_doc/{n}", {}),
    "mapping": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_mapping", {"properties": {f"more{m}": {"type": "keyword"}}}
    ),
    "dynamic mapping": lambda c, n, m: c("PUT", _doc(n, m), {f"dynamic{m}": "text", "rating": n}),
    "settings": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_settings", {"index": {"max_result_window": 20_000 + m}}
    ),
    "alias": lambda c, n, m: c(
        "POST",
        "/_aliases",
        {
            "actions": [
                {"add": {"index": _index(n), "alias": f"alias{m % 3}"}},
                {"remove": {"index": _index(n), "alias": f"all-{_index(n)}", "must_exist": False}},
            ]
        },
    ),
    "filtered alias": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_alias/good", {"filter": {"range": {"rating": {"gt": m}}}}
    ),
    "delete alias": lambda c, n, m: c("DELETE", f"/{_index(n)}/_alias/*"),
    "template": lambda c, n, m: c(
        "PUT",
        f"/_index_template/{('logs', 'more')[m % 2]}",
        {"index_patterns": [f"{('log', 'more')[m % 2]}-*"], "priority": n},
    ),
    "delete template": lambda c, n, m: c("DELETE", f"/_index_template/{('logs', 'more')[m % 2]}"),
    "component template": lambda c, n, m: c(
        "PUT", f"/_component_template/c{m % 2}", {"template": {"settings": {}}}
    ),
    "pipeline": lambda c, n, m: c(
        "PUT",
        f"/_ingest/pipeline/{('stamp', 'more')[m % 2]}",
        {"processors": [{"set": {"field": "n", "value": n}}]},
    ),
    "delete pipeline": lambda c, n, m: c("DELETE", f"/_ingest/pipeline/{('stamp', 'more')[m % 2]}"),
    "index through a pipeline": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_doc/{m}?pipeline=stamp", artist(m)
    ),
    "cluster settings": lambda c, n, m: c(
        "PUT",
        "/_cluster/settings",
        {"persistent": {"action.auto_create_index": str(m > 1).lower()}},
    ),
    "block": lambda c, n, m: c("PUT", f"/{_index(n)}/_block/write"),
}

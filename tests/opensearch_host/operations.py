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


def _written_and_deleted(client: Client, n: int, m: int) -> Answer:
    client("PUT", f"/{_index(n)}/_doc/short{m}{_refresh(n)}", artist(m))
    return client("DELETE", f"/{_index(n)}/_doc/short{m}{_refresh(m)}")


def _conditional(client: Client, n: int, m: int) -> Answer:
    told = client("GET", f"/{_index(n)}/_doc/{m}").body
    place = f"if_seq_no={told.get('_seq_no', 0)}&if_primary_term=1"
    return client("PUT", f"/{_index(n)}/_doc/{m}?{place}", artist(n))


def _recreated(client: Client, n: int, m: int) -> Answer:
    client("DELETE", f"/{_index(n)}")
    client("PUT", f"/{_index(n)}", {"mappings": ARTISTS})
    return client("PUT", f"/{_index(n)}/_doc/{m}?refresh=true", artist(m))


def _emptied(client: Client, n: int, m: int) -> Answer:
    client("POST", f"/{_index(n)}/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    return client("PUT", f"/{_index(n)}/_doc/{m}", artist(m))


def _appended(client: Client, n: int, m: int) -> Answer:
    appends = {"append": {"field": "styles", "value": [f"appended{m}"]}}
    renames = {"set": {"field": "place.lat", "value": m}}
    client("PUT", "/_ingest/pipeline/append", {"processors": [appends, renames]})
    return client(
        "POST",
        f"/{_index(n)}/_update_by_query?pipeline=append&conflicts=proceed",
        {"query": {"exists": {"field": "place"}}},
    )


def _next_pages(client: Client, n: int, m: int) -> Answer:
    told = client("POST", f"/{_index(n)}/_search?scroll=1m", {"size": 2})
    for _ in range(m % 3 + 1):
        asked = {"scroll_id": told.body.get("_scroll_id"), "scroll": "1m"}
        told = client("POST", "/_search/scroll", asked)
    return told


def _closed_scroll(client: Client, n: int, m: int) -> Answer:
    told = client("POST", f"/{_index(n)}/_search?scroll=1m", {"size": m + 1})
    return client("DELETE", "/_search/scroll", {"scroll_id": told.body.get("_scroll_id", "x")})


def _index_of_a_component(client: Client, n: int, m: int) -> Answer:
    settings = {"template": {"settings": {"index.max_result_window": 20_000 + n}}}
    client("PUT", "/_component_template/window", settings)
    template = {"index_patterns": ["made-*"], "composed_of": ["window"], "priority": 50}
    client("PUT", "/_index_template/made", template)
    return client("PUT", f"/made-{m % 2}/_doc/{n}?refresh=true", artist(m))


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
    "external version or the same": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_doc/{m}?version={n + 9}&version_type=external_gte", artist(m)
    ),
    "delete with an external version": lambda c, n, m: c(
        "DELETE", f"/{_index(n)}/_doc/{m}?version={n + 9}&version_type=external"
    ),
    "refresh at once": lambda c, n, m: c("PUT", f"/{_index(n)}/_doc/{m}?refresh", artist(n * m)),
    "refresh waited for": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_doc/{m}?refresh=wait_for", artist(n * m)
    ),
    "no refresh": lambda c, n, m: c("PUT", f"/{_index(n)}/_doc/{m}?refresh=false", artist(n * m)),
    "written and deleted": _written_and_deleted,
    "delete of a routed document": lambda c, n, m: c(
        "DELETE", f"/{_index(n)}/_doc/{m}?routing=x&refresh=true"
    ),
    "conditional write": _conditional,
    "script that changes inside": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update/{m}{_refresh(n)}",
        {
            "script": {
                "source": "ctx._source.styles.add(params.s); ctx._source.place.lat = params.m;"
                " ctx._source.studio[0].name = params.s",
                "params": {"s": f"scripted{m}", "m": m},
            }
        },
    ),
    "update inside": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update/{m}{_refresh(n)}",
        {"doc": {"place": {"lat": n}, "deep": {"er": {"still": m}}}},
    ),
    "script that deletes": lambda c, n, m: c(
        "POST", f"/{_index(n)}/_update/{m}", {"script": {"source": "ctx.op = 'delete'"}}
    ),
    "nested objects": lambda c, n, m: c(
        "PUT",
        f"/{_index(n)}/_doc/{m}?refresh=true",
        artist(m, studio=[{"name": f"studio {each}"} for each in range(n + 1)]),
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
    "delete all by query": _emptied,
    "by query with a pipeline": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update_by_query?pipeline=stamp&conflicts=proceed",
        {"query": {"range": {"rating": {"lt": n + 1}}}},
    ),
    "by query with lists that grow": _appended,
    "script by query that changes inside": lambda c, n, m: c(
        "POST",
        f"/{_index(n)}/_update_by_query?conflicts=proceed",
        {
            "query": {"exists": {"field": "place"}},
            "script": {"source": "ctx._source.styles.add('by query'); ctx._source.place.lon = 1"},
        },
    ),
    "reindex of new ones": lambda c, n, m: c(
        "POST",
        "/_reindex?refresh=true",
        {
            "conflicts": "proceed",
            "source": {"index": _index(n), "query": {"match": {"name": "mia ada"}}},
            "dest": {"index": f"copy-{m % 2}", "op_type": "create"},
        },
    ),
    "reindex with versions": lambda c, n, m: c(
        "POST",
        "/_reindex",
        {
            "conflicts": "proceed",
            "source": {"index": _index(n)},
            "dest": {"index": f"copy-{m % 2}", "version_type": "external"},
            "script": {"source": "ctx._source.rating = params.m", "params": {"m": m}},
        },
    ),
    "refresh": lambda c, n, m: c("POST", f"/{_index(n)}/_refresh"),
    "scroll": lambda c, n, m: c("POST", f"/{_index(n)}/_search?scroll=1m", {"size": m + 1}),
    "point in time": lambda c, n, m: c("POST", f"/{_index(n)}/_search/point_in_time?keep_alive=1m"),
    "pages of a scroll": _next_pages,
    "scroll that is closed": _closed_scroll,
    "close points in time": lambda c, n, m: c("DELETE", "/_search/point_in_time/_all"),
    "flush": lambda c, n, m: c("POST", f"/{_index(n)}/_flush"),
    "merge": lambda c, n, m: c("POST", f"/{_index(n)}/_forcemerge?max_num_segments=1"),
    "delete and create index": _recreated,
    "index of component templates": _index_of_a_component,
    "delete component template": lambda c, n, m: c("DELETE", f"/_component_template/c{m % 2}"),
    "old template": lambda c, n, m: c(
        "PUT", f"/_template/old{m % 2}", {"index_patterns": [f"old{n}-*"], "order": m}
    ),
    "index of an old template": lambda c, n, m: c("PUT", f"/old{n}-1/_doc/{m}", {"a": m}),
    "create index": lambda c, n, m: c("PUT", f"/new-{m % 2}", {"mappings": ARTISTS}),
    "delete index": lambda c, n, m: c("DELETE", f"/{('new-0', 'copy-0', *INDICES)[m % 4]}"),
    "index made by a write": lambda c, n, m: c("PUT", f"/log-{m % 3}/_doc/{n}", {}),
    "mapping": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_mapping", {"properties": {f"more{m}": {"type": "keyword"}}}
    ),
    "dynamic mapping": lambda c, n, m: c("PUT", _doc(n, m), {f"dynamic{m}": "text", "rating": n}),
    "dynamic objects": lambda c, n, m: c(
        "PUT", _doc(n, m), {"grown": {f"deep{m}": {"number": n, "text": "stone"}}, "rating": n}
    ),
    "mapping refuses new fields": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_mapping", {"dynamic": "strict", "_meta": {"version": m}}
    ),
    "refresh interval": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_settings", {"index": {"refresh_interval": ("-1", "1s")[m % 2]}}
    ),
    "default pipeline": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_settings", {"index": {"default_pipeline": "stamp"}}
    ),
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
    "alias to write to": lambda c, n, m: c(
        "PUT", f"/{_index(n)}/_alias/written", {"is_write_index": True, "routing": f"r{m}"}
    ),
    "index through an alias": lambda c, n, m: c("PUT", f"/all-{_index(n)}/_doc/{m}", artist(n)),
    "index that becomes an alias": lambda c, n, m: c(
        "POST",
        "/_aliases",
        {
            "actions": [
                {"remove_index": {"index": _index(n)}},
                {"add": {"index": _index(n + 1), "alias": _index(n)}},
            ]
        },
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
    "transient settings": lambda c, n, m: c(
        "PUT",
        "/_cluster/settings",
        {"transient": {"action.auto_create_index": (None, "true", "-log-*,+*")[m % 3]}},
    ),
    "no block": lambda c, n, m: c("PUT", f"/{_index(n)}/_settings", {"index.blocks.write": None}),
    "block": lambda c, n, m: c("PUT", f"/{_index(n)}/_block/write"),
}

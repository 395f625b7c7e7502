"""What the tests of the OpenSearch host write, and what they compare."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

INDICES = {"artists": 20, "other": 6}
"""Documents of each: enough for dictionaries that are copied late, and few, copied at once."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any


class Served(Protocol):
    """What tells where it is."""

    @property
    def variables(self) -> Mapping[str, str]: ...


class Client:
    """An application's connection, which stays open."""

    is_a_node = False

    def __init__(self, service: Served) -> None:
        port = int(service.variables["port"])
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def __call__(self, method: str, target: str, body: Any = None) -> Answer:
        """Send a request; a list is sent as lines of JSON."""
        sent = None
        if isinstance(body, list):
            sent = "".join(json.dumps(line) + "\n" for line in body).encode()
        elif body is not None:
            sent = json.dumps(body).encode()
        headers = {"content-type": "application/json", "user-agent": "application"}
        self._connection.request(method, target, sent, headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else None)

    def everything(self) -> dict[str, Any]:
        """All that the public API says is there, with scores, versions and sequence numbers."""
        return _everything(self)

    def close(self) -> None:
        """Close it."""
        self._connection.close()


ARTISTS = {
    "properties": {
        "name": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "styles": {"type": "keyword"},
        "rating": {"type": "float"},
        "studio": {"type": "nested", "properties": {"name": {"type": "text"}}},
        "place": {"type": "geo_point"},
    }
}


def artist(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"{('Mia', 'Ada', 'Zoe')[number % 3]} {'Stone ' * (number % 4)}Black",
        "styles": [("realism", "blackwork", "fineline")[number % 3]],
        "rating": number / 2,
        "studio": [{"name": f"studio {number % 2}"}],
        "place": {"lat": 51.5 + number / 100, "lon": -0.1},
        **more,
    }


def fill(client: Client) -> None:
    assert client("PUT", "/_ingest/pipeline/stamp", {"processors": [_set("stamped")]}).status == 200
    template = {"index_patterns": ["log-*"], "template": {"mappings": {"dynamic": "strict"}}}
    assert client("PUT", "/_index_template/logs", template).status == 200
    old = {"index_patterns": ["old0-*"], "mappings": {"properties": {"a": {"type": "keyword"}}}}
    assert client("PUT", "/_template/old0", old).status == 200
    assert client("PUT", "/_component_template/c0", {"template": {}}).status == 200
    for index, count in INDICES.items():
        settings = {"number_of_replicas": 0}
        body = {"mappings": ARTISTS, "settings": settings, "aliases": {f"all-{index}": {}}}
        assert client("PUT", f"/{index}", body).status == 200
        lines = [part for n in range(count) for part in ({"index": {"_id": str(n)}}, artist(n))]
        # A node counts deleted documents in scores, and has to copy the index for it.
        lines += [] if client.is_a_node else [{"delete": {"_id": "gone"}}]
        assert not client("POST", f"/{index}/_bulk?refresh=true", lines).body["errors"]


def _set(field: str) -> dict[str, Any]:
    return {"set": {"field": field, "value": "yes"}}


SEARCHES: tuple[dict[str, Any], ...] = (
    {"query": {"match": {"name": "stone black"}}, "size": 50},
    {"query": {"multi_match": {"query": "mia stone", "fields": ["name^2", "styles"]}}},
    {"query": {"nested": {"path": "studio", "query": {"match": {"studio.name": "studio 1"}}}}},
    {"query": {"match_phrase": {"name": "stone stone black"}}},
    {"query": {"match": {"name": {"query": "stome", "fuzziness": 1}}}},
    {"query": {"query_string": {"query": "name:(ada OR zo*) AND rating:>1"}}},
    {
        "query": {
            "function_score": {
                "query": {"match": {"name": "black"}},
                "field_value_factor": {"field": "rating", "missing": 1, "modifier": "log1p"},
            }
        }
    },
    {"query": {"bool": {"should": [{"term": {"styles": "realism"}}, {"prefix": {"name": "st"}}]}}},
    {"query": {"exists": {"field": "stamped"}}, "sort": [{"rating": "desc"}]},
    {
        "size": 0,
        "aggs": {
            "styles": {
                "terms": {"field": "styles"},
                "aggs": {"mean": {"avg": {"field": "rating"}}},
            },
            "rating": {"extended_stats": {"field": "rating"}},
            "percentiles": {"percentiles": {"field": "rating"}},
            "studios": {"nested": {"path": "studio"}},
        },
    },
)


_IDS = ("bulk", "gone", *(f"{kind}{n}" for kind in ("", "up", "r", "v", "short") for n in range(9)))
"""Documents that the operations write, there or not."""


def everything(client: Client) -> dict[str, Any]:
    """What there is, as `Client.everything` tells it."""
    return client.everything()


def _everything(client: Client) -> dict[str, Any]:
    client("POST", "/_refresh")
    definitions = client("GET", "/_all?expand_wildcards=all").body
    return {
        "definitions": definitions,
        "order": list(definitions),
        "templates": client("GET", "/_index_template").body,
        "component templates": client("GET", "/_component_template").body,
        "old templates": client("GET", "/_template").body,
        "pipelines": client("GET", "/_ingest/pipeline").body,
        "points in time": client("GET", "/_search/point_in_time/_all").body,
        "cluster": client("GET", "/_cluster/settings").body,
        "version": client("GET", "/_cluster/state/version").body["version"],
        "indices": {name: _index(client, name) for name in definitions},
    }


def _index(client: Client, name: str) -> dict[str, Any]:
    asked = {"size": 1000, "version": True, "seq_no_primary_term": True, "sort": ["_doc"]}
    hits = client("POST", f"/{name}/_search", asked).body["hits"]["hits"]
    known = sorted({*_IDS, *(hit["_id"] for hit in hits)})
    lines = [part for search in SEARCHES for part in ({}, search)]
    found = client("POST", f"/{name}/_msearch", lines).body["responses"]
    return {
        "order": [hit["_id"] for hit in hits],
        # Found by id at once, and by searches after a refresh: two ways to what is there.
        "by id": client("POST", f"/{name}/_mget", {"ids": known}).body["docs"],
        "documents": {hit.pop("_id"): hit for hit in hits},
        "found": [
            {"hits": each.get("hits"), "aggregations": each.get("aggregations")} for each in found
        ],
        # What a write to each id would become, deleted ones included.
        "next": _numbers(client, name),
    }


def _numbers(client: Client, name: str) -> Any:
    told = client("GET", f"/{name}/_stats?level=shards").body["indices"][name]
    [shard] = told["shards"]["0"]
    return told["primaries"]["docs"], told["primaries"]["indexing"], shard["seq_no"]


def records(state: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """The documents of a state, by store, collection and key."""
    return {
        ("opensearch", name, key): hit.get("_source")
        for name, index in state["indices"].items()
        for key, hit in index["documents"].items()
    }

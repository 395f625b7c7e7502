"""What the tests of a real node write, and an independent look at all that it holds."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.opensearch_host.helpers import ARTISTS, INDICES, SEARCHES, Answer, artist

__all__ = ["ARTISTS", "INDICES", "Answer", "Client", "artist", "everything", "fill", "records"]

_MADE_BY_THE_NODE = (
    "index.uuid",
    "index.creation_date",
    "index.provided_name",
    "index.version",
    "index.resize",
    "index.routing.allocation.initial_recovery",
    "index.routing_partition_size",
)
_BLOCKS = ("index.blocks.metadata", "index.blocks.read_only")
_KINDS = {
    "_index_template": "index_templates",
    "_component_template": "component_templates",
    "_template": None,
    "_ingest/pipeline": None,
    "_search/pipeline": None,
}


class Client:
    """An application's connection, which stays open."""

    def __init__(self, port: int) -> None:
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

    def empty(self) -> None:
        """Delete all that anybody has made."""
        told = self("GET", "/_cluster/settings?flat_settings=true").body
        gone = {kind: dict.fromkeys(told[kind]) for kind in ("persistent", "transient")}
        if any(gone.values()):
            self("PUT", "/_cluster/settings", gone)
        state = self("GET", "/_cluster/state/metadata?filter_path=metadata.indices.*.state").body
        for name in state.get("metadata", {}).get("indices", ()):
            for block in _BLOCKS:
                self("PUT", f"/{name}/_settings", {block: False})
            self("DELETE", f"/{name}")
        for kind, listed in _KINDS.items():
            told = self("GET", f"/{kind}").body
            names = [each["name"] for each in told[listed]] if listed else list(told)
            for name in names:
                self("DELETE", f"/{kind}/{name}")
        self("DELETE", "/_scripts/stored")
        self("DELETE", "/_search/scroll/_all")
        self("DELETE", "/_search/point_in_time/_all")

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def fill(client: Client) -> None:
    """Two indices with twenty and six documents; templates, a pipeline, aliases."""
    stamp = {"processors": [{"set": {"field": "stamped", "value": "yes"}}]}
    assert client("PUT", "/_ingest/pipeline/stamp", stamp).status == 200
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
        assert not client("POST", f"/{index}/_bulk?refresh=true", lines).body["errors"]


def everything(client: Client) -> dict[str, Any]:
    """All that the API says is there, with scores, versions and sequence numbers."""
    client("POST", "/_refresh")
    definitions = client("GET", "/*,-.*?expand_wildcards=all&flat_settings=true").body
    for about in definitions.values():
        about["settings"] = {
            name: value
            for name, value in about["settings"].items()
            if value is not None and not name.startswith(_MADE_BY_THE_NODE)
        }
    return {
        "definitions": definitions,
        **{kind: client("GET", f"/{kind}").body for kind in _KINDS},
        "script": client("GET", "/_scripts/stored").body,
        "points in time": client("GET", "/_search/point_in_time/_all").body,
        "cluster": client("GET", "/_cluster/settings").body,
        "indices": {
            name: _index(client, name)
            for name, about in definitions.items()
            if "index.verified_before_close" not in about["settings"]
        },
    }


def _index(client: Client, name: str) -> dict[str, Any]:
    asked = {"size": 5000, "version": True, "seq_no_primary_term": True, "sort": ["_doc"]}
    hits = client("POST", f"/{name}/_search", asked).body["hits"]["hits"]
    lines = [part for search in SEARCHES for part in ({}, search)]
    found = client("POST", f"/{name}/_msearch", lines).body["responses"]
    told = client("GET", f"/{name}/_stats?level=shards&expand_wildcards=all").body["indices"][name]
    return {
        "order": [hit["_id"] for hit in hits],
        "documents": {hit.pop("_id"): hit for hit in hits},
        "found": [
            {"hits": each.get("hits"), "aggregations": each.get("aggregations")} for each in found
        ],
        "numbers": {
            shard: [copy["seq_no"]["max_seq_no"] for copy in copies if copy["routing"]["primary"]]
            for shard, copies in told["shards"].items()
        },
    }


def records(state: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """The documents of a state, by store, collection and key."""
    return {
        ("opensearch", name, key): hit.get("_source")
        for name, index in state["indices"].items()
        for key, hit in index["documents"].items()
    }

"""What the tests of a real node write, and an independent look at all that it holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from tests.opensearch_host.helpers import ARTISTS, SEARCHES, Client, artist, fill, records

__all__ = ["ARTISTS", "Client", "artist", "client_at", "everything", "fill", "records"]

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


class NodeClient(Client):
    """An application's connection to a real node."""

    is_a_node = True

    def everything(self) -> dict[str, Any]:
        """All that the API says is there, with scores, versions and sequence numbers."""
        return everything(self)

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


def client_at(url: str) -> NodeClient:
    """A connection to what is at a URL."""
    return NodeClient(SimpleNamespace(variables={"port": str(urlsplit(url).port)}))


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

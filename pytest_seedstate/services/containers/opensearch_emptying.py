"""Takes away what earlier runs have left in an OpenSearch node of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from pytest_seedstate.services.containers.http_status import call

_SECONDS = 30.0
#: Where each kind of the cluster's metadata is deleted, in an order in which nothing is still used:
#: data streams before indices and templates, those before the pipelines that they name.
_KINDS = {
    "data_stream": "/_data_stream/{}",
    "indices": "/{}",
    "index_template": "/_index_template/{}",
    "component_template": "/_component_template/{}",
    "templates": "/_template/{}",
    "search_pipeline": "/_search/pipeline/{}",
    "ingest": "/_ingest/pipeline/{}",
    "stored_scripts": "/_scripts/{}",
}
#: Those that the metadata names twice.
_DEEPER = ("data_stream", "index_template", "component_template")
_METADATA = "/_cluster/state/metadata?filter_path=" + ",".join(
    [
        "metadata.cluster_uuid",
        *(f"metadata.{kind}" for kind in _KINDS if kind != "indices"),
        "metadata.indices.*.state",
        "metadata.repositories",
    ]
)
_AT_ONCE = 50
_UNLOCKED = {"index.blocks.read_only": False}


def empty_node(port: int) -> None:
    """Delete all indices, hidden ones too, definitions, snapshots and settings of a node.

    Args:
        port: where it answers on 127.0.0.1.

    Raises:
        OSError: it refuses something.
    """
    # What a killed run has begun and nobody waits for.
    _call(port, "POST", "/_tasks/_cancel?actions=*byquery,*reindex")
    _reset_settings(port)
    _call(port, "DELETE", "/_search/scroll/_all", missing=True)
    _call(port, "DELETE", "/_search/point_in_time/_all", missing=True)
    there = _call(port, "GET", _METADATA)["metadata"]
    for repository in there.get("repositories", {}):
        place = f"/_snapshot/{quote(repository, safe='')}"
        # Its files would be there for the next repository of that place.
        _call(port, "DELETE", f"{place}/*", missing=True)
        _call(port, "DELETE", place)
    if there.get("indices"):
        _call(port, "PUT", "/_all/_settings?expand_wildcards=all", _UNLOCKED)
    for kind, path in _KINDS.items():
        names = [quote(name, safe="") for name in _names(kind, there.get(kind, {}))]
        # All indices of a request cost what one does.
        at_once = _AT_ONCE if kind == "indices" else 1
        for start in range(0, len(names), at_once):
            some = ",".join(names[start : start + at_once])
            _call(port, "DELETE", path.format(some), missing=True)


def _reset_settings(port: int) -> None:
    told = _call(port, "GET", "/_cluster/settings?flat_settings=true")
    unset = {scope: dict.fromkeys(told[scope]) for scope in ("persistent", "transient")}
    # A cluster that is locked takes the change that unlocks it, and no other beside that.
    locks = {
        scope: {name: None for name in names if name.startswith("cluster.blocks.")}
        for scope, names in unset.items()
    }
    for change in (locks, unset):
        if any(change.values()):
            _call(port, "PUT", "/_cluster/settings", change)


def _names(kind: str, told: Any) -> list[str]:
    if kind in ("ingest", "search_pipeline"):
        return [each["id"] for each in told.get("pipeline", ())]
    return list(told.get(kind, {}) if kind in _DEEPER else told)


def _call(port: int, method: str, path: str, body: Any = None, *, missing: bool = False) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    status, answer = call(port, method, path, sent, seconds=_SECONDS)
    if status >= 300 and not (missing and status == 404):
        raise OSError(f"{method} {path.partition('?')[0]}: {status} {answer.decode()[:200]}")
    return json.loads(answer)

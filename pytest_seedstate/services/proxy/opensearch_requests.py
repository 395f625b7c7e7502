"""What an OpenSearch request would touch, told from the request alone.

A request is a read only when it is on a list of reads, as with AWS: the record may be too large, and
is never too small.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pytest_seedstate.services.aws.recorder import Request, Write
from pytest_seedstate.services.host.hosted import Touch

_READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_READS = frozenset(
    {
        "_analyze",
        "_cache",
        "_cat",
        "_count",
        "_explain",
        "_field_caps",
        "_flush",
        "_forcemerge",
        "_mget",
        "_msearch",
        "_mtermvectors",
        "_nodes",
        "_rank_eval",
        "_refresh",
        "_render",
        "_search",
        "_search_shards",
        "_stats",
        "_tasks",
        "_termvectors",
        "_validate",
    }
)
"""APIs that change neither documents nor definitions, by the first part of their name."""
_TRIALS = frozenset({"_execute", "_simulate", "_simulate_index"})
"""Parts of a path that only try what is asked."""
_READ_PATHS = frozenset({("_cluster", "allocation"), ("_plugins", "_ppl"), ("_plugins", "_sql")})
_SEARCH_PIPELINE = ("_search", "pipeline")
_OF_DOCUMENTS = frozenset({"_doc", "_create", "_update"})
_BY_QUERY = frozenset({"_update_by_query", "_delete_by_query"})
_COPIES = frozenset({"_clone", "_shrink", "_split"})


def classify(request: Request) -> Write | None:
    """What a request may change; None for a read."""
    parts = [unquote(part) for part in request.path.split("/") if part]
    api = next((n for n, part in enumerate(parts) if part.startswith("_")), len(parts))
    names, rest = _names(parts[:api]), parts[api:]
    if _is_read(request.method, rest):
        return None
    action = f"{request.method} {rest[0] if rest else 'index'}"
    touches = _touches(names, rest, request.body)
    if touches is None:
        return Write("opensearch", action, (), f"{request.method} {request.path}")
    return Write("opensearch", action, tuple(dict.fromkeys(touches)))


def _names(parts: Iterable[str]) -> list[str]:
    return [name for part in parts for name in part.split(",") if name]


def _is_read(method: str, rest: list[str]) -> bool:
    if method in _READ_METHODS:
        return True
    if not rest or tuple(rest[:2]) == _SEARCH_PIPELINE:
        return False
    if rest[0] in _READS:
        return True
    return method == "POST" and (tuple(rest[:2]) in _READ_PATHS or not _TRIALS.isdisjoint(rest))


def _touches(names: list[str], rest: list[str], body: bytes) -> list[Touch] | None:
    """The documents and indices that a request names; None where it is about definitions."""
    if not rest:
        # An index is created or deleted.
        return [_whole(name) for name in names]
    if rest[0] in _OF_DOCUMENTS:
        # Without an id the service makes one, and nobody knows it yet.
        key = rest[1] if len(rest) > 1 else ""
        return [Touch("opensearch", "", name, key) for name in names]
    if rest[0] == "_bulk":
        return list(_of_bulk(names[0] if names else "", body))
    if rest[0] in _BY_QUERY:
        return [_whole(name) for name in names]
    if rest[0] == "_reindex":
        return [_whole(name) for name in _destination(body)]
    if rest[0] in _COPIES:
        return [_whole(name) for name in rest[1:2]]
    return None


def _whole(index: str) -> Touch:
    return Touch("opensearch", "", index)


def _destination(body: bytes) -> Iterator[str]:
    try:
        name = json.loads(body)["dest"]["index"]
    except (ValueError, KeyError, TypeError):
        # Malformed: the service refuses it.
        return
    if isinstance(name, str):
        yield name


def _of_bulk(index: str, body: bytes) -> Iterator[Touch]:
    """The documents of a bulk request; what is malformed is refused by the service."""
    lines = iter(body.split(b"\n"))
    for line in lines:
        if not line.strip():
            continue
        try:
            [(action, about)] = json.loads(line).items()
        except (ValueError, AttributeError):
            continue
        if action != "delete":
            next(lines, None)
        if isinstance(about, Mapping):
            yield _of_action(index, about)


def _of_action(index: str, about: Mapping[str, Any]) -> Touch:
    identifier = about.get("_id")
    key = "" if identifier is None else str(identifier)
    return Touch("opensearch", "", str(about.get("_index", index)), key)

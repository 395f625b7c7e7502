"""What requests touch, told from themselves; no node is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_seedstate.services.aws.recorder import Request, Write
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.opensearch_requests import classify


def _write(method: str, target: str, body: Any = None) -> Write | None:
    path, _, query = target.partition("?")
    if isinstance(body, list):
        sent = b"".join(json.dumps(line).encode() + b"\n" for line in body)
    else:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify(Request(method, path, query, {}, sent))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/artists/_doc/1"),
        ("HEAD", "/artists"),
        ("POST", "/artists/_search?scroll=1m"),
        ("POST", "/_search/scroll"),
        ("DELETE", "/_search/scroll"),
        ("POST", "/artists/_search/point_in_time?keep_alive=1m"),
        ("DELETE", "/_search/point_in_time/_all"),
        ("POST", "/_msearch"),
        ("POST", "/artists/_msearch/template"),
        ("POST", "/artists/_count"),
        ("POST", "/_mget"),
        ("POST", "/artists/_analyze"),
        ("POST", "/artists/_validate/query"),
        ("POST", "/_refresh"),
        ("POST", "/artists,other/_refresh"),
        ("POST", "/_flush"),
        ("POST", "/artists/_forcemerge"),
        ("POST", "/_ingest/pipeline/stamp/_simulate"),
        ("POST", "/_ingest/pipeline/_simulate"),
        ("POST", "/_index_template/_simulate_index/log-1"),
        ("POST", "/_scripts/painless/_execute"),
        ("POST", "/_cluster/allocation/explain"),
        ("POST", "/_plugins/_sql"),
        ("POST", "/_tasks/a:1/_cancel"),
    ],
)
def test_reads(method: str, target: str) -> None:
    """They leave no trace, whatever their method."""
    assert _write(method, target) is None


@pytest.mark.parametrize(
    ("method", "target", "body", "touched"),
    [
        ("PUT", "/artists/_doc/1", {}, [("artists", "1")]),
        ("PUT", "/artists/_doc/a%2Fb%20%C3%BC?refresh=true", {}, [("artists", "a/b ü")]),
        ("POST", "/artists/_doc", {}, [("artists", "")]),
        ("POST", "/artists/_create/1", {}, [("artists", "1")]),
        ("POST", "/artists/_update/1", {}, [("artists", "1")]),
        ("DELETE", "/artists/_doc/1?routing=x", None, [("artists", "1")]),
        ("POST", "/artists,other/_delete_by_query", {}, [("artists", ""), ("other", "")]),
        ("POST", "/artists/_update_by_query", {}, [("artists", "")]),
        ("POST", "/_reindex", {"source": {"index": "a"}, "dest": {"index": "b"}}, [("b", "")]),
        ("POST", "/_reindex", b"{", []),
        ("PUT", "/fresh", {}, [("fresh", "")]),
        ("DELETE", "/artists,other", None, [("artists", ""), ("other", "")]),
        ("PUT", "/artists/_clone/copy", {}, [("copy", "")]),
    ],
)
def test_documents_and_indices(
    method: str, target: str, body: Any, touched: list[tuple[str, str]]
) -> None:
    """By index and id; an index alone where the ids are not known."""
    write = _write(method, target, body)
    assert write is not None
    assert write.touches == tuple(Touch("opensearch", "", *each) for each in touched)
    assert write.note is None


def test_bulk() -> None:
    """Each line's own index and id, that of the path, ids made by the service, malformed lines."""
    lines = [
        {"index": {"_id": "1"}},
        {"delete": {"_id": "not an action, but a document"}},
        {"delete": {"_index": "other", "_id": "2"}},
        {"create": {}},
        {},
        {"update": {"_id": 7}},
        {"doc": {}},
    ]
    write = _write("POST", "/artists/_bulk", lines)
    assert write is not None
    assert [(at.collection, at.key) for at in write.touches] == [
        ("artists", "1"),
        ("other", "2"),
        ("artists", ""),
        ("artists", "7"),
    ]
    broken = _write("POST", "/_bulk", b'{"index": {"_index": "a", "_id": "1"}}\n{}\n{broken\n[]\n')
    assert broken is not None
    assert [at.key for at in broken.touches] == ["1"]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/artists/_mapping"),
        ("PUT", "/artists/_settings"),
        ("PUT", "/artists/_alias/stars"),
        ("POST", "/_aliases"),
        ("POST", "/artists/_close"),
        ("PUT", "/_index_template/logs"),
        ("DELETE", "/_ingest/pipeline/stamp"),
        ("PUT", "/_search/pipeline/p"),
        ("PUT", "/_cluster/settings"),
        ("POST", "/_something/new"),
    ],
)
def test_definitions(method: str, target: str) -> None:
    """They are told as their request; so is what nobody knows."""
    write = _write(method, target, {})
    assert write is not None
    assert write.touches == ()
    assert write.note == f"{method} {target}"


def test_what_the_writer_did() -> None:
    """The API's name, without the names of indices."""
    told = [_write("PUT", "/artists/_doc/1", {}), _write("DELETE", "/artists")]
    assert [write and write.action for write in told] == ["PUT _doc", "DELETE index"]

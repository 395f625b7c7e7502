"""Requests to OpenSearch, which are classified by their own rules."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_seedstate.services.host.hosted import Touch

from .services import Raw, Wire, answer, bare


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Raw]:
    """A proxy for OpenSearch in front of a bare socket."""
    with bare(tmp_path, "opensearch") as made:
        yield made


def exchange(there: Wire, here: Wire, line: str, body: bytes, *headers: str) -> None:
    head = [f"{line} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers, "", ""]
    request = "\r\n".join(head).encode() + body
    there.send(request)
    assert here.read(len(request)) == request
    here.send(answer(200, b"{}"))
    assert there.read(len(answer(200, b"{}"))) == answer(200, b"{}")


def test_documents_are_told_by_id(node: Raw) -> None:
    """Single documents and those of a bulk request, compressed or not; searches are no writes."""
    there, here = node.connect()
    exchange(there, here, "PUT /products/_doc/1?refresh=true", b"{}")
    lines = [{"index": {"_id": "2"}}, {"name": "x"}, {"delete": {"_index": "old", "_id": "3"}}]
    bulk = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    exchange(there, here, "POST /products/_bulk", gzip.compress(bulk), "Content-Encoding: gzip")
    exchange(there, here, "POST /products/_search", b'{"query": {"match_all": {}}}')
    exchange(there, here, "GET /products/_doc/1", b"")
    taken = node.proxy.take()
    assert set(taken.touches) == {
        Touch("opensearch", "", "products", "1"),
        Touch("opensearch", "", "products", "2"),
        Touch("opensearch", "", "old", "3"),
    }
    assert (taken.written, taken.notes) == (2, [])


def test_definitions_are_noted(node: Raw) -> None:
    """What is no document is told as a phrase, once it was granted."""
    there, here = node.connect()
    exchange(there, here, "PUT /_index_template/t", b"{}")
    assert node.proxy.take().notes == ["PUT /_index_template/t"]

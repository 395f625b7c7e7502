"""HTTP: what clients send and read, over a real socket too."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from pytest_seedstate.services.opensearch.http import Application
from pytest_seedstate.services.opensearch.storage.node import Node

from .conftest import Api


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server with an empty node."""
    server = make_server("127.0.0.1", 0, Application(Node()), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("compresses", [False, True])
def test_the_official_client_works(port: int, compresses: bool) -> None:
    """opensearch-py, with and without compressed bodies."""
    opensearchpy = pytest.importorskip("opensearchpy")
    client = opensearchpy.OpenSearch(f"http://127.0.0.1:{port}", http_compress=compresses)
    assert client.info()["version"]["distribution"] == "opensearch"
    client.indices.create(index="i", body={"mappings": {"properties": {"t": {"type": "text"}}}})
    actions = [{"_index": "i", "_id": str(n), "t": "word " * 50} for n in range(20)]
    assert opensearchpy.helpers.bulk(client, actions, refresh=True) == (20, [])
    assert client.get(index="i", id="3")["_source"]["t"].startswith("word")
    assert client.exists(index="i", id="3")
    assert not client.exists(index="i", id="99")
    assert not client.indices.exists(index="nope")
    client.update(index="i", id="3", body={"doc": {"n": 1}})
    with pytest.raises(opensearchpy.exceptions.ConflictError):
        client.create(index="i", id="3", body={})
    with pytest.raises(opensearchpy.exceptions.NotFoundError):
        client.get(index="i", id="99")
    assert client.cat.count(index="i", params={"format": "json", "h": "count"}) == [{"count": "20"}]
    client.close()


def test_bodies_are_unpacked_and_answers_packed_when_asked(api: Api) -> None:
    """Packed by gzip both ways; small answers stay as they are."""
    packed = gzip.compress(json.dumps({"t": "x" * 3000}).encode())
    sent = api("PUT", "/i/_doc/1", packed, headers={"Content-Encoding": "gzip"})
    assert sent.status == 201
    answer = api("GET", "/i/_doc/1", headers={"Accept-Encoding": "gzip, deflate"})
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.raw))["_source"]["t"] == "x" * 3000
    broken = api("PUT", "/i/_doc/1", b"no gzip", headers={"Content-Encoding": "gzip"})
    assert broken.status == 400


def test_pretty_and_filtered_answers(api: Api) -> None:
    """`pretty` writes as OpenSearch does; `filter_path` keeps and leaves out."""
    api("PUT", "/i/_doc/1", {"a": 1})
    assert api("GET", "/i/_doc/2?pretty").raw == (
        b'{\n  "_index" : "i",\n  "_id" : "2",\n  "found" : false\n}\n'
    )
    assert api("GET", "/i/_doc/1?filter_path=_source.a,f*").body == {
        "found": True,
        "_source": {"a": 1},
    }
    assert list(api("GET", "/i?filter_path=**.number_of_*").body["i"]["settings"]["index"]) == [
        "number_of_shards",
        "number_of_replicas",
    ]
    assert "_id" not in api("GET", "/i/_doc/1?filter_path=-_id,-_source").body
    assert api("GET", "/i/_doc/1?filter_path=nope").body == {}
    assert api("GET", "/i/_doc/1?pretty=maybe").status == 400


def test_head_has_headers_only(api: Api) -> None:
    """The length is that of the answer to GET."""
    api("PUT", "/i/_doc/1", {"a": 1})
    answer = api("HEAD", "/i/_doc/1")
    assert answer.raw == b""
    assert int(answer.headers["content-length"]) == len(api("GET", "/i/_doc/1").raw)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=UTF-8", 201),
        ("application/x-ndjson", 201),
        ("text/plain", 406),
        ("application/yaml", 406),
        ("", 406),
    ],
)
def test_content_types(api: Api, content_type: str, status: int) -> None:
    """What is neither JSON nor lines of JSON is not acceptable."""
    assert api("PUT", "/i/_doc/1", {"a": 1}, content_type=content_type).status == status


def test_a_wrong_method_says_which_are_right(api: Api) -> None:
    """A 405 with the header that HTTP wants."""
    refused = api("PATCH", "/i")
    assert refused.status == 405
    assert set(refused.headers["Allow"].split(",")) == {"DELETE", "GET", "HEAD", "PUT"}


def test_ids_with_slashes_and_other_letters(api: Api) -> None:
    """A path's segments are decoded one by one."""
    assert api("PUT", "/i/_doc/a%2Fb%20%C3%A9", {}).body["_id"] == "a/b é"
    assert api("GET", "/i/_doc/a%2Fb%20%C3%A9").status == 200


def test_analysis_of_texts(api: Api) -> None:
    """By analyzer, by field, by parts."""
    api("PUT", "/i", {"mappings": {"properties": {"k": {"type": "keyword"}}}})

    def terms(path: str, body: object) -> list[str]:
        return [token["token"] for token in api("POST", path, body).body["tokens"]]

    assert terms("/_analyze", {"text": "Big Cat"}) == ["big", "cat"]
    assert terms("/i/_analyze", {"field": "k", "text": "Big Cat"}) == ["Big Cat"]
    assert terms("/_analyze", {"tokenizer": "keyword", "filter": ["lowercase"], "text": "A B"}) == [
        "a b"
    ]
    assert api("POST", "/_analyze", {"analyzer": "nope", "text": "x"}).status == 400
    assert api("POST", "/_analyze", {}).reason.endswith("text is missing;")


def test_a_member_may_be_there_once(api: Api) -> None:
    """Which of two values counts is nobody's guess."""
    refused = api("PUT", "/i/_doc/1", '{"a": 1, "a": 2}')
    assert refused.kind == "mapper_parsing_exception"
    assert 'Duplicate Object property "a"' in refused.body["error"]["caused_by"]["reason"]

"""What applications use to speak to OpenSearch works unchanged: its Python client and curl."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from opensearchpy import (
    A,
    AsyncOpenSearch,
    Date,
    Document,
    Float,
    Keyword,
    NotFoundError,
    OpenSearch,
    Q,
    RequestError,
    Search,
    Text,
    helpers,
)

from tests.opensearch.serving import served

MAPPINGS = {"properties": {"name": {"type": "text"}, "style": {"type": "keyword"}}}
DOCUMENTS = [
    {"_index": "artists", "_id": str(number), "name": f"artist {number}", "style": "ab"[number % 2]}
    for number in range(250)
]


@pytest.fixture
def url() -> Iterator[str]:
    """A node of its own, over HTTP."""
    with served() as address:
        yield address


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def client(url: str, request: pytest.FixtureRequest) -> Iterator[OpenSearch]:
    """A client, with request bodies as they are and compressed."""
    with OpenSearch(url, http_compress=request.param) as made:
        made.indices.create(index="artists", body={"mappings": MAPPINGS})
        yield made


def test_the_usual_calls(client: OpenSearch) -> None:
    """Writing, reading, searching, and errors as the client's exceptions."""
    assert client.ping()
    assert client.info()["version"]["distribution"] == "opensearch"
    assert client.cluster.health(wait_for_status="yellow")["status"] in ("yellow", "green")
    client.index(index="artists", id="a/b c", body={"name": "Ünal"}, refresh=True)
    assert client.get(index="artists", id="a/b c")["_source"] == {"name": "Ünal"}
    assert client.exists(index="artists", id="a/b c")
    client.update(index="artists", id="a/b c", body={"doc": {"style": "a"}}, refresh="wait_for")
    found = client.search(index="artists", body={"query": {"match": {"name": "ünal"}}})
    assert found["hits"]["hits"][0]["_source"] == {"name": "Ünal", "style": "a"}
    assert client.count(index="artists")["count"] == 1
    client.indices.put_alias(index="artists", name="people")
    assert client.indices.exists_alias(name="people")
    assert client.cat.indices(format="json")[0]["index"] == "artists"
    assert client.snapshot.get_repository() == {}
    assert client.cluster.pending_tasks() == {"tasks": []}
    client.delete(index="artists", id="a/b c", refresh=True)
    with pytest.raises(NotFoundError):
        client.get(index="artists", id="a/b c")
    with pytest.raises(RequestError, match="unknown query"):
        client.search(index="artists", body={"query": {"bogus": {}}})
    with pytest.raises(RequestError, match="not supported by the embedded OpenSearch"):
        client.indices.close(index="artists")


def test_helpers(client: OpenSearch) -> None:
    """Bulk in one and in several threads, scan by scroll, reindex, and bulk errors one by one."""
    assert helpers.bulk(client, DOCUMENTS, chunk_size=100, refresh=True) == (250, [])
    parallel = helpers.parallel_bulk(client, DOCUMENTS, thread_count=3, chunk_size=40)
    assert all(done for done, _ in parallel)
    client.indices.refresh(index="artists")
    query = {"query": {"term": {"style": "a"}}}
    assert len(list(helpers.scan(client, query=query, index="artists", size=50))) == 125
    assert helpers.reindex(client, "artists", "copies", query=query) == (125, 0)
    client.indices.refresh(index="copies")
    assert client.count(index="copies")["count"] == 125
    again = [{**document, "_op_type": "create"} for document in DOCUMENTS[:2]]
    failed = list(helpers.streaming_bulk(client, again, raise_on_error=False))
    assert [done for done, _ in failed] == [False, False]
    assert failed[0][1]["create"]["status"] == 409


def test_the_query_language_of_the_client(url: str) -> None:
    """Documents, searches and aggregations as objects."""

    class Piece(Document):
        title = Text(analyzer="english", fields={"raw": Keyword()})
        price = Float()
        made = Date()

        class Index:
            name = "pieces"

    with OpenSearch(url) as client:
        Piece.init(using=client)
        for number, title in enumerate(("Running foxes", "A fox", "A dog")):
            Piece(
                meta={"id": number}, title=title, price=number * 10.5, made="2026-01-02T03:04:05Z"
            ).save(using=client, refresh=True)
        search = (
            Search(using=client, index="pieces")
            .query(Q("match", title="fox") & ~Q("range", price={"gte": 50}))
            .highlight("title")
            .sort("-price")
        )
        search.aggs.bucket("titles", A("terms", field="title.raw")).metric(
            "mean", "avg", field="price"
        )
        found: Any = search.execute()
        assert [hit.title for hit in found] == ["A fox", "Running foxes"]
        assert found[1].meta.highlight.title[0] == "Running <em>foxes</em>"
        assert {one.key: one.mean.value for one in found.aggregations.titles.buckets} == {
            "A fox": 10.5,
            "Running foxes": 0.0,
        }
        assert Piece.get("1", using=client).made.year == 2026


def test_the_asynchronous_client(url: str) -> None:
    """The same over asyncio, with requests at the same time."""
    pytest.importorskip("aiohttp")

    async def talk() -> list[int]:
        async with AsyncOpenSearch(url, http_compress=True) as client:
            await helpers.async_bulk(client, DOCUMENTS, refresh=True)
            asked = [
                client.count(index="artists", body={"query": {"term": {"style.keyword": style}}})
                for style in "abc"
            ]
            return [answer["count"] for answer in await asyncio.gather(*asked)]

    assert asyncio.run(talk()) == [125, 125, 0]


def test_a_client_that_asks_for_the_nodes(url: str) -> None:
    """A client that looks for other nodes finds the address that it asked."""
    with OpenSearch(url, sniff_on_start=True) as client:
        assert client.ping()
        (found,) = client.nodes.info(metric="http")["nodes"].values()
        assert found["http"]["publish_address"] == url.removeprefix("http://")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(url: str) -> None:
    """Bodies from the command line, tables, pretty JSON, HEAD."""

    def curl(*arguments: str) -> str:
        ran = subprocess.run(
            ["curl", "-sS", *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return ran.stdout

    json_type = ("-H", "content-type: application/json")
    lines = '{"index":{"_id":"1"}}\n{"name":"x"}\n'
    sent = curl(f"{url}/artists/_bulk?refresh", *json_type, "--data-binary", lines)
    assert json.loads(sent)["errors"] is False
    pretty = curl(f"{url}/artists/_count?pretty", *json_type, "-d", '{"query":{"match_all":{}}}')
    assert pretty.startswith('{\n  "count" : 1,')
    assert curl(f"{url}/_cat/count?h=count") == "1\n"
    assert curl("-I", f"{url}/artists/_doc/1").startswith("HTTP/1.0 200 OK")
    assert curl("-I", f"{url}/nobody").startswith("HTTP/1.0 404 ")

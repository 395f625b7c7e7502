"""The application in the test's own event loop, and OpenSearch by its asynchronous client."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from films.app import create_app
from films.indexing import INDEX
from httpx2 import ASGITransport, AsyncClient
from opensearchpy import AsyncOpenSearch, helpers


@pytest.fixture
async def films() -> AsyncIterator[AsyncClient]:
    app = create_app()
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://films.test") as client,
    ):
        yield client


async def test_many_searches_at_once(films: AsyncClient) -> None:
    words = ["whale", "lamps", "planet", "spade", "zzz"] * 4
    answers = await asyncio.gather(*(films.get("/search", params={"q": word}) for word in words))
    totals = [answer.json()["total"] for answer in answers]
    assert totals == totals[:5] * 4
    assert totals[0] == 1


@pytest.mark.parametrize("attempt", [1, 2])
async def test_what_the_application_wrote(
    films: AsyncClient, opensearch_async: AsyncOpenSearch, attempt: int
) -> None:
    assert (await opensearch_async.count(index=INDEX))["count"] == 12
    assert (await films.delete("/films/lamplighters")).status_code == 204
    assert (await opensearch_async.count(index=INDEX))["count"] == 11
    assert not await opensearch_async.exists(index=INDEX, id="lamplighters")


async def test_sequels_in_bulk(films: AsyncClient, opensearch_async: AsyncOpenSearch) -> None:
    sequels = [
        {"_index": INDEX, "_source": {**hit["_source"], "title": f"{hit['_source']['title']} II"}}
        async for hit in helpers.async_scan(opensearch_async, index=INDEX)
    ]
    done, errors = await helpers.async_bulk(opensearch_async, sequels, refresh=True)
    assert (done, errors) == (12, [])
    answer = (await films.get("/search", params={"q": "genre:fantasy"})).json()
    assert [film["title"] for film in answer["films"]] == [
        "The Cartographer",
        "The Cartographer II",
    ]


async def test_two_writers_and_one_version(opensearch_async: AsyncOpenSearch) -> None:
    found = await opensearch_async.get(index=INDEX, id="lamplighters")
    condition = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
    outcomes = await asyncio.gather(
        *(
            opensearch_async.index(
                index=INDEX,
                id="lamplighters",
                body={**found["_source"], "rating": rating},
                params=condition,
            )
            for rating in (1, 2, 3)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert {outcome.status_code for outcome in outcomes if not isinstance(outcome, dict)} == {409}

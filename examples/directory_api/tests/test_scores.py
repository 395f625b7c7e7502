"""Scores depend on every document of the index: they are the same to the last digit each time."""

import pytest
from opensearchpy import OpenSearch, helpers

pytestmark = pytest.mark.scenario("shop-window")

IN_A_BIO = {"match": {"bio": "roses"}}
IN_A_NAME = {"match": {"artistName": "rose"}}


def scores(opensearch: OpenSearch, query: dict, index: str = "artists") -> dict[str, float]:
    hits = opensearch.search(index=index, body={"query": query, "size": 100})["hits"]["hits"]
    return {hit["_source"]["artistName"]: hit["_score"] for hit in hits}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (IN_A_BIO, {"Rosa Whitfield": 0.405001, "Ada Byron": 0.31831336, "Rose Moss": 0.31831336}),
        (IN_A_NAME, {"Henry Rose": 0.5287049, "Rose Moss": 0.5287049}),
    ],
)
@pytest.mark.parametrize("attempt", range(3))
def test_scores(opensearch: OpenSearch, query: dict, expected: dict, attempt: int) -> None:
    assert scores(opensearch, query) == expected


@pytest.mark.parametrize("name", ["rosa", "joanna"])
@pytest.mark.parametrize("count", [1, 40])
def test_more_roses_are_worth_less(
    opensearch: OpenSearch, seedstate, name: str, count: int
) -> None:
    source = opensearch.get(index="artists", id=seedstate[name].artist_id)["_source"]
    before = scores(opensearch, IN_A_BIO)["Rosa Whitfield"]
    more = ({**source, "bio": "Roses."} for _ in range(count))
    actions = ({"_index": "artists", "_source": each} for each in more)
    helpers.bulk(opensearch, actions, refresh=True)
    assert scores(opensearch, IN_A_BIO)["Rosa Whitfield"] < before


def test_among_roses_a_rose_is_worth_less(opensearch: OpenSearch) -> None:
    before = scores(opensearch, IN_A_BIO)
    roses = opensearch.search(index="artists", body={"query": IN_A_BIO})["hits"]["hits"]
    about = opensearch.indices.get(index="artists")["artists"]
    # An index of their own: where documents are deleted, a real node goes on counting them.
    settings = {"analysis": about["settings"]["index"]["analysis"]}
    body = {"settings": settings, "mappings": about["mappings"]}
    opensearch.indices.create(index="roses", body=body)
    helpers.bulk(
        opensearch, ({"_index": "roses", "_source": hit["_source"]} for hit in roses), refresh=True
    )
    after = scores(opensearch, IN_A_BIO, index="roses")
    assert after.keys() == before.keys()
    assert all(after[name] < before[name] for name in before)

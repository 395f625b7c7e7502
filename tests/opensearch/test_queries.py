"""Queries: which documents match and with which scores; scores were taken from OpenSearch 3.8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opensearch.conftest import Api

_MAPPING = {
    "properties": {
        "t": {"type": "text"},
        "k": {"type": "keyword"},
        "n": {"type": "integer"},
        "b": {"type": "boolean"},
        "d": {"type": "date"},
        "ip": {"type": "ip"},
        "c": {
            "type": "nested",
            "properties": {"a": {"type": "text"}, "r": {"type": "integer"}},
        },
    }
}
_DOCUMENTS: list[dict[str, Any]] = [
    {
        "t": "quick brown fox", "k": "a", "n": 1, "b": True, "d": "2024-01-01", "ip": "10.0.0.1",
        "c": [{"a": "nice dog", "r": 5}, {"a": "bad dog", "r": 1}],
    },
    {
        "t": "quick quick dog jumps over the lazy dog", "k": ["a", "b"], "n": 2, "b": False,
        "d": "2024-02-01",
    },
    {"t": "brown dog", "k": "c", "n": 3, "b": True, "c": [{"a": "nice cat", "r": 3}]},
    {"t": "lazy", "k": "c", "n": 4},
]  # fmt: skip


@pytest.fixture
def shop(api: Api) -> Api:
    """A node with four documents."""
    api("PUT", "/sc", {"mappings": _MAPPING})
    for number, document in enumerate(_DOCUMENTS):
        api("PUT", f"/sc/_doc/{number}", document)
    api("POST", "/sc/_refresh")
    return api


def _found(api: Api, query: dict[str, Any]) -> dict[str, float]:
    answer = api("POST", "/sc/_search", {"query": query})
    assert answer.status == 200, answer.body
    return {hit["_id"]: hit["_score"] for hit in answer.body["hits"]["hits"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"term": {"k": "a"}}, {"0": 1.0, "1": 1.0}),
        ({"term": {"b": True}}, {"0": 0.21363801, "2": 0.21363801}),
        ({"term": {"ip": "10.0.0.0/8"}}, {"0": 1.0}),
        ({"match": {"t": "quick dog"}}, {"1": 0.6363318, "2": 0.38204962, "0": 0.33462277}),
        ({"match": {"t": {"query": "quick dog", "operator": "and"}}}, {"1": 0.6363318}),
        ({"match": {"t": {"query": "quikc", "fuzziness": "AUTO"}}}, {"0": 0.26769823, "1": 0.25453272}),
        ({"match_phrase": {"t": "quick dog"}}, {"1": 0.4129387}),
        ({"match_phrase": {"t": {"query": "quick jumps", "slop": 2}}}, {"1": 0.33199608}),
        ({"match_phrase_prefix": {"t": "quick br"}}, {"0": 0.66924554}),
        ({"match_bool_prefix": {"t": "quick br"}}, {"0": 1.3346227, "2": 1.0, "1": 0.3181659}),
        ({"fuzzy": {"t": "broan"}}, {"2": 0.30563968, "0": 0.26769823}),
        ({"regexp": {"t": "qu.*"}}, {"0": 1.0, "1": 1.0}),
        ({"multi_match": {"query": "quick dog", "fields": ["t^2", "k"]}},
         {"1": 1.2726636, "2": 0.76409924, "0": 0.66924554}),
        ({"nested": {"path": "c", "score_mode": "sum", "query": {"match": {"c.a": "dog"}}}}, {"0": 0.42727602}),
        ({"match": {"c.a": "dog"}}, {}),
        ({"bool": {"must_not": {"term": {"k": "a"}}}}, {"2": 0.0, "3": 0.0}),
        ({"bool": {"should": [{"term": {"k": "a"}}, {"match": {"t": "dog"}}], "must": {"match": {"t": "quick"}}}},
         {"1": 1.6363318, "0": 1.3346227}),
        ({"dis_max": {"queries": [{"match": {"t": "quick"}}, {"match": {"t": "dog"}}], "tie_breaker": 0.5}},
         {"1": 0.47724885, "2": 0.38204962, "0": 0.33462277}),
        ({"boosting": {"positive": {"match": {"t": "dog"}}, "negative": {"match": {"t": "lazy"}}, "negative_boost": 0.5}},
         {"2": 0.38204962, "1": 0.15908295}),
        ({"function_score": {"query": {"match": {"t": "dog"}}, "field_value_factor": {"field": "n", "factor": 1.2, "modifier": "sqrt"}}},
         {"2": 0.7248882, "1": 0.4929005}),
        ({"query_string": {"query": "t:quick AND dog"}}, {"1": 0.6363318}),
        ({"query_string": {"query": "quick brown", "default_field": "t"}},
         {"0": 0.66924554, "2": 0.38204962, "1": 0.3181659}),
        ({"simple_query_string": {"query": "quick +brown -lazy", "fields": ["t"]}}, {"0": 1.6692455, "2": 1.0}),
        ({"range": {"d": {"gte": "2024-01-15||/M", "lt": "now"}}}, {"0": 1.0, "1": 1.0}),
        ({"range": {"n": {"gt": 1.5, "lte": 3}}}, {"1": 1.0, "2": 1.0}),
        ({"exists": {"field": "d"}}, {"0": 1.0, "1": 1.0}),
        ({"ids": {"values": ["3", "9"]}}, {"3": 1.0}),
    ],
)  # fmt: skip
def test_scores_are_those_of_a_real_node(
    shop: Api, query: dict[str, Any], found: dict[str, float]
) -> None:
    """Documents and scores agree, to the last of 32 bits."""
    assert _found(shop, query) == found


@pytest.mark.parametrize(
    ("query", "kind", "reason"),
    [
        ({"bogus": {}}, "parsing_exception", "unknown query [bogus]"),
        ({"match": {"t": {"query": "a", "x": 1}}}, "parsing_exception", "[match] query does not support [x]"),
        ({"match": {"t": "a", "k": "b"}}, "parsing_exception",
         "[match] query doesn't support multiple fields, found [t] and [k]"),
        ({"bool": {"bogus": []}}, "x_content_parse_exception", "[1:1] [bool] unknown field [bogus]"),
        ({"script_score": {"query": {"match_all": {}}}}, "illegal_argument_exception",
         "[script_score] query is not supported by the embedded OpenSearch"),
        ({"match": {"n": "abc"}}, "search_phase_execution_exception", "all shards failed"),
    ],
)  # fmt: skip
def test_wrong_queries_are_told(shop: Api, query: dict[str, Any], kind: str, reason: str) -> None:
    """A query that is wrong or not supported is a 400 of OpenSearch's shape."""
    answer = shop("POST", "/sc/_search", {"query": query})
    assert (answer.status, answer.kind, answer.reason) == (400, kind, reason)


def test_a_value_that_cannot_be_one_names_the_index(shop: Api) -> None:
    """A problem that only an index's mapping shows is that shard's failure."""
    answer = shop("POST", "/sc/_search", {"query": {"match": {"n": "abc"}}})
    (failure,) = answer.body["error"]["failed_shards"]
    assert failure["index"] == "sc"
    assert failure["reason"]["type"] == "query_shard_exception"
    assert failure["reason"]["caused_by"]["type"] == "number_format_exception"


def test_named_queries_and_inner_hits(shop: Api) -> None:
    """Hits tell which named queries they match, and which nested objects."""
    nested = {"path": "c", "query": {"range": {"c.r": {"gte": 3}}}, "inner_hits": {}}
    query = {
        "bool": {
            "must": [{"nested": nested}],
            "should": {"term": {"k": {"value": "a", "_name": "is a"}}},
        }
    }
    hits = shop("POST", "/sc/_search", {"query": query}).body["hits"]["hits"]
    assert [(hit["_id"], hit.get("matched_queries")) for hit in hits] == [
        ("0", ["is a"]),
        ("2", None),
    ]
    inner = hits[0]["inner_hits"]["c"]["hits"]["hits"]
    assert [(one["_nested"], one["_source"]) for one in inner] == [
        ({"field": "c", "offset": 0}, {"a": "nice dog", "r": 5})
    ]

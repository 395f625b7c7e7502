"""Settings that limit requests are enforced with a real node's messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opensearch.conftest import Api

SETTINGS = {
    "max_result_window": 5,
    "max_terms_count": 2,
    "max_inner_result_window": 2,
    "max_docvalue_fields_search": 1,
    "max_regex_length": 5,
    "highlight.max_analyzed_offset": 10,
    "analyze.max_token_count": 3,
}
NESTED = {"path": "parts", "query": {"match_all": {}}}


@pytest.fixture
def limited(api: Api) -> Api:
    """An index with low limits and one document."""
    properties = {
        "text": {"type": "text"},
        "key": {"type": "keyword"},
        "parts": {"type": "nested", "properties": {"size": {"type": "integer"}}},
    }
    api("PUT", "/few", {"settings": SETTINGS, "mappings": {"properties": properties}})
    api("PUT", "/few/_doc/1?refresh=true", {"text": "hello big world", "key": "a"})
    return api


@pytest.mark.parametrize(
    ("target", "search", "told"),
    [
        ("", {"from": 3, "size": 3}, "from + size must be less than or equal to: [5] but was [6]"),
        ("?scroll=1m", {"size": 6}, "Batch size is too large, size must be less than or equal to"),
        ("", {"query": {"terms": {"key": ["1", "2", "3"]}}}, "number of terms [3] used in the"),
        ("", {"query": {"nested": {**NESTED, "inner_hits": {"size": 3}}}}, "definition's [null]'s"),
        ("", {"aggs": {"top": {"top_hits": {"size": 3}}}}, "the top hits aggregator [top]'s from"),
        ("", {"docvalue_fields": ["key", "parts.size"]}, "too many docvalue_fields"),
        (
            "",
            {"query": {"regexp": {"key": "abcdef"}}},
            "The length of regex [6] used in the Regexp",
        ),
        ("", {"query": {"query_string": {"query": "key:/abcdef/"}}}, "used in the [query_string]"),
        (
            "",
            {"query": {"match": {"text": "world"}}, "highlight": {"fields": {"text": {}}}},
            "The length of [text] field of [0] doc of [few] index has exceeded [10]",
        ),
    ],
)
def test_a_search_beyond_a_limit_is_refused(
    limited: Api, target: str, search: dict[str, Any], told: str
) -> None:
    """Each limit of the index's settings, with the message that names the setting."""
    answer = limited("POST", f"/few/_search{target}", {"size": 5, **search})
    assert answer.status == 400
    assert answer.kind == "search_phase_execution_exception"
    assert told in answer.body["error"]["caused_by"]["reason"]
    within = limited("PUT", "/few/_settings", dict.fromkeys(SETTINGS, 100))
    assert within.status == 200
    assert limited("POST", f"/few/_search{target}", {"size": 5, **search}).status == 200


def test_a_bool_query_has_1024_clauses_at_most(limited: Api) -> None:
    """As Lucene: one more is a 400, of queries on many words too."""
    words = [f"w{number}" for number in range(1025)]
    for query in (
        {"bool": {"should": [{"term": {"key": word}} for word in words]}},
        {"match": {"text": " ".join(words)}},
    ):
        answer = limited("POST", "/few/_search", {"size": 5, "query": query})
        assert answer.status == 400
        assert answer.body["error"]["caused_by"]["caused_by"]["type"] == "too_many_clauses"


def test_other_requests_have_limits_too(limited: Api) -> None:
    """By-query batches are scrolls; analysis has a most of tokens; composite one of buckets."""
    found = limited("POST", "/few/_delete_by_query?scroll_size=9", {"query": {"match_all": {}}})
    assert (found.status, found.kind) == (400, "search_phase_execution_exception")
    tokens = limited("POST", "/few/_analyze", {"text": "a b c d"})
    assert (tokens.status, tokens.kind) == (400, "illegal_state_exception")
    sources = [{"key": {"terms": {"field": "key"}}}]
    aggs = {"all": {"composite": {"size": 65_536, "sources": sources}}}
    buckets = limited("POST", "/few/_search", {"size": 0, "aggs": aggs})
    assert buckets.status == 503
    assert buckets.body["error"]["caused_by"]["type"] == "too_many_buckets_exception"

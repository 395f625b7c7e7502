"""Aggregations; expectations follow OpenSearch 3.8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opensearch.conftest import Api


@pytest.fixture
def shop(api: Api) -> Api:
    """A node with five documents."""
    mapping = {
        "properties": {
            "k": {"type": "keyword"},
            "n": {"type": "integer"},
            "b": {"type": "boolean"},
            "d": {"type": "date"},
            "r": {
                "type": "nested",
                "properties": {"u": {"type": "keyword"}, "s": {"type": "integer"}},
            },
        }
    }
    api("PUT", "/i", {"mappings": mapping})
    sources: list[dict[str, Any]] = [
        {"k": ["x", "y"], "n": 1, "b": True, "d": "2024-01-15", "r": [{"u": "a", "s": 5}]},
        {
            "k": "x",
            "n": 2,
            "b": False,
            "d": "2024-01-31T23:30:00Z",
            "r": [{"u": "a", "s": 1}, {"u": "b", "s": 3}],
        },
        {"k": "z", "n": 3, "b": True, "d": "2024-03-10"},
        {"k": "x", "n": 10},
        {"n": 4, "d": "2024-03-20"},
    ]
    for number, source in enumerate(sources):
        api("PUT", f"/i/_doc/{number}", source)
    api("POST", "/i/_refresh")
    return api


def _run(api: Api, definition: dict[str, Any]) -> dict[str, Any]:
    answer = api("POST", "/i/_search", {"size": 0, "aggs": {"a": definition}})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body["aggregations"]["a"]
    return found


def _counts(found: dict[str, Any]) -> list[tuple[Any, int]]:
    return [(one.get("key_as_string", one["key"]), one["doc_count"]) for one in found["buckets"]]


@pytest.mark.parametrize(
    ("options", "buckets"),
    [
        ({"field": "k"}, [("x", 3), ("y", 1), ("z", 1)]),
        ({"field": "k", "size": 1, "order": {"_key": "desc"}}, [("z", 1)]),
        ({"field": "k", "include": "[xy]", "exclude": ["y"]}, [("x", 3)]),
        (
            {"field": "k", "missing": "none", "min_doc_count": 1},
            [("x", 3), ("none", 1), ("y", 1), ("z", 1)],
        ),
        ({"field": "b"}, [("true", 2), ("false", 1)]),
        ({"field": "n", "order": {"_key": "desc"}, "size": 2}, [(10, 1), (4, 1)]),
        ({"field": "nope"}, []),
    ],
)
def test_terms(shop: Api, options: dict[str, Any], buckets: list[Any]) -> None:
    """Buckets by value, most frequent first, ties by key."""
    assert _counts(_run(shop, {"terms": options})) == buckets


def test_terms_partitions_hold_every_term_once(shop: Api) -> None:
    """The partitions of a terms aggregation divide the terms."""
    seen: list[str] = []
    for number in range(3):
        include = {"partition": number, "num_partitions": 3}
        seen += [
            key for key, _ in _counts(_run(shop, {"terms": {"field": "k", "include": include}}))
        ]
    assert sorted(seen) == ["x", "y", "z"]


def test_terms_ordered_by_a_figure_below(shop: Api) -> None:
    """An order by a sub-aggregation, and what does not fit told in sum_other_doc_count."""
    found = _run(
        shop,
        {
            "terms": {"field": "k", "size": 2, "order": {"m": "asc"}},
            "aggs": {"m": {"avg": {"field": "n"}}},
        },
    )
    assert [(one["key"], one["m"]["value"]) for one in found["buckets"]] == [("y", 1.0), ("z", 3.0)]
    assert found["sum_other_doc_count"] == 3


@pytest.mark.parametrize(
    ("definition", "answer"),
    [
        ({"avg": {"field": "n"}}, {"value": 4.0}),
        ({"sum": {"field": "nope"}}, {"value": 0.0}),
        ({"min": {"field": "nope"}}, {"value": None}),
        ({"value_count": {"field": "k"}}, {"value": 5}),
        ({"cardinality": {"field": "k"}}, {"value": 3}),
        ({"max": {"field": "d", "format": "yyyy-MM-dd"}}, {"value": 1710892800000.0, "value_as_string": "2024-03-20"}),
        ({"stats": {"field": "n"}}, {"count": 5, "min": 1.0, "max": 10.0, "avg": 4.0, "sum": 20.0}),
        ({"percentiles": {"field": "n", "percents": [50]}}, {"values": {"50.0": 3.0}}),
        ({"missing": {"field": "d"}}, {"doc_count": 1}),
        ({"global": {}}, {"doc_count": 5}),
        ({"filter": {"term": {"b": True}}}, {"doc_count": 2}),
    ],
)  # fmt: skip
def test_figures(shop: Api, definition: dict[str, Any], answer: dict[str, Any]) -> None:
    """Metrics and single buckets."""
    assert _run(shop, definition) == answer


@pytest.mark.parametrize(
    ("definition", "buckets"),
    [
        ({"histogram": {"field": "n", "interval": 5}}, [(0.0, 4), (5.0, 0), (10.0, 1)]),
        ({"range": {"field": "n", "ranges": [{"to": 2}, {"key": "rest", "from": 2}]}}, [("*-2.0", 1), ("rest", 4)]),
        ({"date_histogram": {"field": "d", "calendar_interval": "month", "format": "yyyy-MM"}},
         [("2024-01", 2), ("2024-02", 0), ("2024-03", 2)]),
        ({"date_histogram": {"field": "d", "calendar_interval": "month", "format": "MM", "time_zone": "Europe/Paris", "min_doc_count": 1}},
         [("01", 1), ("02", 1), ("03", 2)]),
        ({"date_histogram": {"field": "d", "fixed_interval": "60d", "format": "yyyy-MM-dd"}},
         [("2023-11-19", 1), ("2024-01-18", 2), ("2024-03-18", 1)]),
        ({"date_histogram": {"field": "d", "calendar_interval": "year", "format": "yyyy",
                             "extended_bounds": {"min": "2023", "max": "2025"}}},
         [("2023", 0), ("2024", 4), ("2025", 0)]),
    ],
)  # fmt: skip
def test_intervals(shop: Api, definition: dict[str, Any], buckets: list[Any]) -> None:
    """Buckets of numbers and of time, empty ones between them included."""
    assert _counts(_run(shop, definition)) == buckets


def test_nested_objects_and_back(shop: Api) -> None:
    """Nested objects are counted by themselves, their documents by reverse_nested."""
    found = _run(
        shop,
        {
            "nested": {"path": "r"},
            "aggs": {
                "u": {
                    "terms": {"field": "r.u"},
                    "aggs": {
                        "s": {"sum": {"field": "r.s"}},
                        "docs": {"reverse_nested": {}, "aggs": {"n": {"sum": {"field": "n"}}}},
                    },
                }
            },
        },
    )
    assert found["doc_count"] == 3
    assert [
        (b["key"], b["s"]["value"], b["docs"]["n"]["value"]) for b in found["u"]["buckets"]
    ] == [
        ("a", 6.0, 3.0),
        ("b", 3.0, 2.0),
    ]


def test_composite_pages_meet_every_bucket_once(shop: Api) -> None:
    """Going on behind the after_key goes through all combinations in order."""
    sources = [{"k": {"terms": {"field": "k"}}}, {"n": {"terms": {"field": "n", "order": "desc"}}}]
    composite: dict[str, Any] = {"sources": sources, "size": 2}
    seen: list[tuple[str, int]] = []
    while (found := _run(shop, {"composite": composite}))["buckets"]:
        seen += [(one["key"]["k"], one["key"]["n"]) for one in found["buckets"]]
        composite["after"] = found["after_key"]
    assert seen == [("x", 10), ("x", 2), ("x", 1), ("y", 1), ("z", 3)]


def test_top_hits_and_pipelines(shop: Api) -> None:
    """Hits inside buckets, buckets sorted and cut, and figures of all buckets."""
    body = {
        "size": 0,
        "aggs": {
            "k": {
                "terms": {"field": "k"},
                "aggs": {
                    "m": {"max": {"field": "n"}},
                    "h": {"top_hits": {"size": 1, "sort": [{"n": "desc"}], "_source": False}},
                    "cut": {"bucket_sort": {"sort": [{"m": "desc"}], "size": 2}},
                },
            },
            "best": {"max_bucket": {"buckets_path": "k>m"}},
        },
    }
    found = shop("POST", "/i/_search", body).body["aggregations"]
    shown = [(one["key"], one["h"]["hits"]["hits"][0]["_id"]) for one in found["k"]["buckets"]]
    assert shown == [("x", "3"), ("z", "2")]
    assert found["best"] == {"value": 10.0, "keys": ["x"]}


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"bogus": {}}, "Unknown aggregation type [bogus]"),
        ({"terms": {"field": "k", "bogus": 1}}, "[1:1] [terms] unknown field [bogus]"),
        ({"geo_centroid": {"field": "k"}}, "the aggregation [geo_centroid] is not supported by the embedded OpenSearch"),
        ({"avg": {"field": "k"}}, "all shards failed"),
        ({"terms": {"script": "1"}}, "[script] of [terms] is not supported by the embedded OpenSearch"),
    ],
)  # fmt: skip
def test_wrong_aggregations_are_told(shop: Api, definition: dict[str, Any], reason: str) -> None:
    """What is wrong or not supported is a 400 that names it."""
    answer = shop("POST", "/i/_search", {"aggs": {"a": definition}})
    assert (answer.status, answer.reason) == (400, reason)

"""Searches: order, pages, what is shown, several indices, scrolls and points in time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opensearch.conftest import Api

_PLACES = {"a": (51.5, -0.1), "b": (51.6, -0.2), "c": (52.0, 0.5)}


@pytest.fixture
def shop(api: Api) -> Api:
    """A node with six documents in two indices, and an alias with a filter."""
    mapping = {
        "properties": {
            "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
            "kind": {"type": "keyword"},
            "price": {"type": "double"},
            "n": {"type": "integer"},
            "day": {"type": "date"},
            "at": {"type": "geo_point"},
            "notes": {"type": "nested", "properties": {"stars": {"type": "integer"}}},
        }
    }
    api(
        "PUT",
        "/one",
        {"mappings": mapping, "aliases": {"odd": {"filter": {"term": {"kind": "b"}}}}},
    )
    api("PUT", "/two", {"mappings": mapping})
    lines: list[Any] = []
    for number in range(6):
        source: dict[str, Any] = {
            "title": f"Red rose number {number}. A second sentence follows it.",
            "kind": "ab"[number % 2],
            "n": number,
            "day": f"2024-0{number + 1}-01",
            "notes": [{"stars": number}, {"stars": 1}],
        }
        if number < 3:
            latitude, longitude = _PLACES["abc"[number]]
            source |= {"price": 10.5 - number, "at": {"lat": latitude, "lon": longitude}}
        lines += [{"index": {"_index": "one" if number < 4 else "two", "_id": str(number)}}, source]
    api.bulk(*lines, path="/_bulk?refresh=true")
    return api


def _ids(api: Api, body: dict[str, Any], path: str = "/one,two/_search") -> list[str]:
    answer = api("POST", path, body)
    assert answer.status == 200, answer.body
    return [hit["_id"] for hit in answer.body["hits"]["hits"]]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ([{"n": "desc"}], "543210"),
        (["price", "n"], "210345"),
        ([{"price": {"order": "asc", "missing": "_first"}}, "n"], "345210"),
        ([{"kind": "desc"}, {"n": "desc"}], "531420"),
        ([{"_geo_distance": {"at": [0.5, 52.0], "order": "asc"}}, "n"], "210345"),
        (
            [{"notes.stars": {"order": "desc", "mode": "sum", "nested": {"path": "notes"}}}],
            "543210",
        ),
        ([{"nope": {"unmapped_type": "long"}}, {"n": "asc"}], "012345"),
    ],
)
def test_order(shop: Api, sort: list[Any], ids: str) -> None:
    """Hits come in the order asked for, missing values last unless said otherwise."""
    assert "".join(_ids(shop, {"sort": sort})) == ids


def test_pages_by_search_after_meet_every_hit_once(shop: Api) -> None:
    """Going on behind the last hit's sort values, through missing values too, misses nothing."""
    seen: list[str] = []
    body: dict[str, Any] = {"size": 2, "sort": [{"price": "desc"}, {"n": "asc"}]}
    while hits := shop("POST", "/one,two/_search", body).body["hits"]["hits"]:
        seen += [hit["_id"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    assert seen == ["0", "1", "2", "3", "4", "5"]


def test_a_scroll_goes_on_with_what_it_saw(shop: Api) -> None:
    """Documents written after the first page are in none of the next ones."""
    first = shop("POST", "/one/_search?scroll=1m", {"size": 3, "sort": ["n"]}).body
    shop("PUT", "/one/_doc/new?refresh=true", {"n": 9})
    shop("DELETE", "/one/_doc/3?refresh=true")
    body = {"scroll": "1m", "scroll_id": first["_scroll_id"]}
    second = shop("POST", "/_search/scroll", body).body
    assert [hit["_id"] for hit in second["hits"]["hits"]] == ["3"]
    assert (
        shop("DELETE", "/_search/scroll", {"scroll_id": first["_scroll_id"]}).body["num_freed"] == 1
    )
    assert shop("POST", "/_search/scroll", body).status == 404


def test_a_point_in_time_does_not_change(shop: Api) -> None:
    """A search at a point in time sees what was there when it was made."""
    made = shop("POST", "/one/_search/point_in_time?keep_alive=1m").body
    shop("POST", "/one/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    body = {"pit": {"id": made["pit_id"]}, "sort": ["n"]}
    assert _ids(shop, body, "/_search") == ["0", "1", "2", "3"]
    assert _ids(shop, {}, "/one/_search") == []
    assert shop("DELETE", "/_search/point_in_time", {"pit_id": [made["pit_id"]]}).status == 200
    assert shop("POST", "/_search", body).status == 404


def test_an_alias_filters_and_a_missing_index_is_told(shop: Api) -> None:
    """Aliases restrict what is found; an unknown name is a 404."""
    assert sorted(_ids(shop, {}, "/odd/_search")) == ["1", "3"]
    assert sorted(_ids(shop, {}, "/odd,two/_search")) == ["1", "3", "4", "5"]
    assert shop("POST", "/nope/_search").status == 404


def test_what_hits_show(shop: Api) -> None:
    """Parts of the source, fields as the mapping reads them, doc values with formats."""
    body = {
        "query": {"ids": {"values": ["0"]}},
        "_source": ["n"],
        "fields": ["title.raw", {"field": "day", "format": "yyyy"}],
        "docvalue_fields": [{"field": "price", "format": "0.00"}],
        "version": True,
        "seq_no_primary_term": True,
    }
    (hit,) = shop("POST", "/one/_search", body).body["hits"]["hits"]
    assert hit["_source"] == {"n": 0}
    assert hit["fields"] == {
        "title.raw": ["Red rose number 0. A second sentence follows it."],
        "day": ["2024"],
        "price": ["10.50"],
    }
    assert (hit["_version"], hit["_seq_no"], hit["_primary_term"]) == (1, 0, 1)


def test_collapse_keeps_the_best_of_each(shop: Api) -> None:
    """One hit for each value, with others as inner hits."""
    inner = {"name": "all", "size": 1, "sort": ["n"]}
    body = {"collapse": {"field": "kind", "inner_hits": inner}, "sort": [{"n": "desc"}]}
    hits = shop("POST", "/one,two/_search", body).body["hits"]["hits"]
    assert [(hit["_id"], hit["fields"]) for hit in hits] == [
        ("5", {"kind": ["b"]}),
        ("4", {"kind": ["a"]}),
    ]
    assert [hit["inner_hits"]["all"]["hits"]["hits"][0]["_id"] for hit in hits] == ["1", "0"]


def test_post_filter_leaves_aggregations_alone(shop: Api) -> None:
    """Hits are filtered after the aggregations have counted."""
    body = {"post_filter": {"term": {"kind": "a"}}, "aggs": {"k": {"terms": {"field": "kind"}}}}
    answer = shop("POST", "/one,two/_search", body).body
    assert answer["hits"]["total"] == {"value": 3, "relation": "eq"}
    assert [bucket["doc_count"] for bucket in answer["aggregations"]["k"]["buckets"]] == [3, 3]


@pytest.mark.parametrize(
    ("highlight", "shown"),
    [
        ({"fields": {"title": {}}}, "<em>Red</em> <em>rose</em> number 0. A second sentence follows it."),
        ({"fields": {"title": {"fragment_size": 20}}}, "<em>Red</em> <em>rose</em> number 0."),
        ({"fields": {"*": {"number_of_fragments": 0}}, "pre_tags": ["<b>"], "post_tags": ["</b>"]},
         "<b>Red</b> <b>rose</b> number 0. A second sentence follows it."),
    ],
)  # fmt: skip
def test_highlights(shop: Api, highlight: dict[str, Any], shown: str) -> None:
    """Matches are marked, in passages of whole sentences."""
    query = {
        "bool": {"must": {"match_phrase": {"title": "red rose"}}, "filter": {"term": {"n": 0}}}
    }
    answer = shop("POST", "/one/_search", {"query": query, "highlight": highlight}).body
    assert answer["hits"]["hits"][0]["highlight"]["title"] == [shown]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"bogus": 1}, "Unknown key for a VALUE_NUMBER in [bogus]."),
        ({"explain": True}, "[explain] of a search is not supported by the embedded OpenSearch"),
        ({"profile": True}, "[profile] of a search is not supported by the embedded OpenSearch"),
        (
            {"rescore": {"x": 1}},
            "[rescore] of a search is not supported by the embedded OpenSearch",
        ),
        ({"rescore": {}}, "[rescore] of a search is not supported by the embedded OpenSearch"),
        ({"slice": {}}, "[slice] of a search is not supported by the embedded OpenSearch"),
        (
            {"timeout": "1x"},
            "failed to parse setting [timeout] with value [1x] as a time value: unit is missing or "
            "unrecognized",
        ),
        ({"timeout": None}, "Unknown key for a VALUE_NULL in [timeout]."),
        ({"size": -1}, "[size] parameter cannot be negative, found [-1]"),
        ({"sort": ["nope"]}, "all shards failed"),
        ({"from": 10_000, "size": 1}, "all shards failed"),
        (
            {"highlight": {"fields": 5}},
            "[highlight] is malformed: 'int' object has no attribute 'items'",
        ),
    ],
)
def test_wrong_requests_are_told(shop: Api, body: dict[str, Any], reason: str) -> None:
    """Nothing is ignored silently, and nothing is a 500."""
    answer = shop("POST", "/one/_search", body)
    assert (answer.status, answer.reason) == (400, reason)


@pytest.mark.parametrize(
    "name", ["ignore_unavailable", "allow_no_indices", "typed_keys", "rest_total_hits_as_int"]
)
def test_a_flag_is_true_or_false(shop: Api, name: str) -> None:
    """As on a real node, also where it would change nothing."""
    answer = shop("POST", f"/one/_search?{name}=maybe", {})
    told = "Failed to parse value [maybe] as only [true] or [false] are allowed."
    assert (answer.status, answer.reason) == (400, told)
    assert shop("POST", f"/one/_search?{name}", {}).status == 200


@pytest.mark.parametrize("timeout", ["5s", "-1", "100ms", 0])
def test_a_timeout_is_a_time(shop: Api, timeout: str | int) -> None:
    """In the body and in the query string; no search here takes longer."""
    assert shop("POST", "/one/_search", {"timeout": timeout}).status == 200
    assert shop("POST", f"/one/_search?timeout={timeout}", {}).status == 200
    assert shop("POST", "/one/_search?timeout=1x", {}).status == 400


def test_options_of_a_multi_search_may_be_null(shop: Api) -> None:
    """Then they are not said."""
    lines = ({"index": "one", "ignore_unavailable": None}, {"size": 0})
    answer = shop.bulk(*lines, path="/_msearch")
    assert [one["status"] for one in answer.body["responses"]] == [200]


def test_several_searches_at_once(shop: Api) -> None:
    """Each has its own answer; one that fails leaves the others."""
    lines = [
        {"index": "one"},
        {"size": 0},
        {"index": "nope"},
        {},
        {},
        {"query": {"term": {"n": 5}}},
    ]
    answer = shop.bulk(*lines, path="/two/_msearch").body
    assert [one["status"] for one in answer["responses"]] == [200, 404, 200]
    assert answer["responses"][2]["hits"]["hits"][0]["_id"] == "5"


def test_counts(shop: Api) -> None:
    """Counting takes a query and nothing else."""
    assert shop("GET", "/one,two/_count?q=kind:a").body["count"] == 3
    assert shop("POST", "/one/_count", {"query": {"range": {"n": {"gte": 2}}}}).body["count"] == 2
    assert shop("POST", "/one/_count", {"size": 1}).status == 400


def test_writes_by_query(shop: Api) -> None:
    """Documents found are copied, changed by a script and deleted."""
    copied = shop(
        "POST",
        "/_reindex?refresh=true",
        {"source": {"index": "one", "_source": ["n"]}, "dest": {"index": "copy"}},
    ).body
    assert (copied["total"], copied["created"], copied["failures"]) == (4, 4, [])
    script = {"source": "ctx._source.n += params.by", "params": {"by": 10}}
    body = {"query": {"term": {"n": 2}}, "script": script}
    assert shop("POST", "/copy/_update_by_query?refresh=true", body).body["updated"] == 1
    body = {"query": {"range": {"n": {"lt": 10}}}}
    assert shop("POST", "/copy/_delete_by_query?refresh=true", body).body["deleted"] == 3
    hits = shop("POST", "/copy/_search").body["hits"]["hits"]
    assert [(hit["_id"], hit["_source"]) for hit in hits] == [("2", {"n": 12})]


def test_a_write_behind_the_search_is_a_conflict(shop: Api) -> None:
    """A document changed since the last refresh is not touched by a by-query request."""
    shop("PUT", "/two/_doc/4", {"n": 40})
    body = {"query": {"match_all": {}}}
    answer = shop("POST", "/two/_delete_by_query", body)
    assert (answer.status, answer.body["version_conflicts"], answer.body["deleted"]) == (409, 1, 1)
    answer = shop("POST", "/two/_delete_by_query?conflicts=proceed", body)
    assert (answer.status, answer.body["version_conflicts"]) == (200, 2)

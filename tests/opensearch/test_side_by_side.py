"""What random requests to the engine and to a real node 3.8 found: its answers, kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.opensearch.conftest import Api

PROPERTIES = {
    "text": {"type": "text"},
    "key": {"type": "keyword"},
    "day": {"type": "date"},
    "n": {"type": "integer"},
    "parts": {"type": "nested", "properties": {"size": {"type": "integer"}}},
}
FIRST = {"text": "to be or not to be to", "key": "a", "day": "2024-01-01", "n": 3}
SECOND = {"text": "a fox's e-mail. And dogs! run", "day": "2024-01-03", "parts": [{"size": 1}]}


@pytest.fixture
def two(api: Api) -> Api:
    """An index with two documents."""
    api("PUT", "/p", {"mappings": {"properties": PROPERTIES}})
    api("PUT", "/p/_doc/1?refresh=true", FIRST)
    api("PUT", "/p/_doc/2?refresh=true", SECOND)
    return api


def search(api: Api, **body: Any) -> dict[str, Any]:
    """The answer to a search that works."""
    answer = api("POST", "/p/_search", body)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


def scores(found: dict[str, Any]) -> list[tuple[str, float]]:
    """Ids with scores."""
    return [(hit["_id"], hit["_score"]) for hit in found["hits"]["hits"]]


@pytest.mark.parametrize(
    ("phrase", "slop", "score"),
    [
        ("be be", 1, None),
        ("be be", 3, 0.2390163),
        ("to be to", 2, 1.094443),
        ("to to to to", 9, None),
    ],
)
def test_one_word_fills_one_place_of_a_phrase(
    two: Api, phrase: str, slop: int, score: float | None
) -> None:
    """Phrases with repeated words need as many of them, however far they may be moved."""
    found = search(two, query={"match_phrase": {"text": {"query": phrase, "slop": slop}}})
    assert scores(found) == ([] if score is None else [("1", pytest.approx(score))])


@pytest.mark.parametrize(
    ("random_score", "wanted"),
    [
        ({"seed": 42, "field": "key"}, [("2", 0.55350333), ("1", 0.053729475)]),
        ({"seed": "abc", "field": "n"}, [("1", 0.9823274), ("2", 0.6976935)]),
        ({"seed": 7}, [("2", 0.618734), ("1", 0.39326924)]),
    ],
)
def test_seeded_random_scores(
    two: Api, random_score: dict[str, Any], wanted: list[tuple[str, float]]
) -> None:
    """The same seed gives the same scores as elsewhere, of whatever type it is."""
    query = {"function_score": {"query": {"match_all": {}}, "random_score": random_score}}
    found = dict(scores(search(two, query=query)))
    assert found == pytest.approx(dict(wanted))


@pytest.mark.parametrize("least", [0, "75%", -5])
def test_some_clause_matches_where_nothing_else_is_asked(two: Api, least: int | str) -> None:
    """A minimum below one does not let everything through."""
    should = [{"term": {"key": "a"}}]
    query = {"bool": {"should": should, "minimum_should_match": least}}
    assert scores(search(two, query=query)) == [("1", pytest.approx(1.0))]


def test_a_minimum_without_optional_clauses(two: Api) -> None:
    """It cannot be reached, unless nothing at all is asked but what to leave out."""
    must = {"must": [{"term": {"key": "a"}}], "minimum_should_match": 1}
    must_not = {"must_not": [{"term": {"key": "a"}}], "minimum_should_match": 1}
    assert scores(search(two, query={"bool": must})) == []
    assert scores(search(two, query={"bool": must_not})) == [("2", 0.0)]


def test_near_words_as_far_as_they_are_long(two: Api) -> None:
    """Every edit of a word of one letter leaves nothing of it: found, with no score."""
    found = search(two, query={"match": {"text": {"query": "x", "fuzziness": 1}}})
    assert scores(found) == [("2", 0.0)]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"fragment_size": 0}, ["a fox's e-<em>mail</em>.", "And <em>dogs</em>!", "<em>run</em>"]),
        ({"boundary_scanner": "word"}, ["e-<em>mail</em>", "<em>dogs</em>", "<em>run</em>"]),
    ],
)
def test_sentences_and_words_of_highlights(
    two: Api, options: dict[str, Any], wanted: list[str]
) -> None:
    """As Java divides a text: dashes are inside words, exclamation marks end sentences."""
    highlight = {**options, "fields": {"text": {}}}
    found = search(two, query={"match": {"text": "dogs run mail"}}, highlight=highlight)
    assert found["hits"]["hits"][0]["highlight"]["text"] == wanted


def test_a_highlight_without_a_match(two: Api) -> None:
    """It ends with a word, encoded as the others; tags come in pairs."""
    fields = {"text": {"no_match_size": 5}}
    found = search(two, highlight={"encoder": "html", "fields": fields})
    assert found["hits"]["hits"][1]["highlight"]["text"] == ["a fox&#x27;s"]
    refused = two("POST", "/p/_search", {"highlight": {"fields": {"text": {"pre_tags": ["<b>"]}}}})
    assert (refused.status, refused.kind) == (400, "x_content_parse_exception")


def test_gaps_between_buckets(two: Api) -> None:
    """A derivative over a gap is null; sorted buckets without the first value stay, at the end."""
    below = {
        "mean": {"avg": {"field": "n"}},
        "change": {"derivative": {"buckets_path": "mean"}},
        "sorted": {"bucket_sort": {"sort": [{"mean": {"order": "asc"}}, {"_key": "desc"}]}},
    }
    days = {"date_histogram": {"field": "day", "fixed_interval": "1d"}, "aggs": below}
    buckets = search(two, size=0, aggs={"days": days})["aggregations"]["days"]["buckets"]
    assert [bucket["key_as_string"][:10] for bucket in buckets] == [
        "2024-01-01",
        "2024-01-03",
        "2024-01-02",
    ]
    assert [bucket.get("change") for bucket in buckets] == [None, {"value": None}, {"value": None}]


def test_figures_of_one_date(two: Api) -> None:
    """Extended statistics of a single date: what cannot be told is NaN, and a text besides."""
    found = search(
        two,
        size=0,
        query={"ids": {"values": ["1"]}},
        aggs={"days": {"extended_stats": {"field": "day"}}},
    )
    told = found["aggregations"]["days"]
    assert told["variance_sampling"] == "NaN"
    assert told["variance_sampling_as_string"] == "1970-01-01T00:00:00.000Z"
    assert told["sum_of_squares_as_string"] == "+292278994-08-17T07:12:55.807Z"
    assert told["std_deviation_bounds_as_string"]["upper"] == "2024-01-01T00:00:00.000Z"


def test_the_best_score_where_hits_are_sorted(two: Api) -> None:
    """It is told only where hits are sorted by it first."""
    assert search(two, sort=["n", "_score"])["hits"]["max_score"] is None
    assert search(two, sort=["_score", "n"])["hits"]["max_score"] == 1.0


def test_members_of_hits(two: Api) -> None:
    """No field for a group without a value; nested fields are listed flat."""
    hits = search(two, collapse={"field": "key"})["hits"]["hits"]
    assert [hit.get("fields") for hit in hits] == [{"key": ["a"]}, None]
    hits = search(two, fields=["parts.*"])["hits"]["hits"]
    assert [hit.get("fields") for hit in hits] == [None, {"parts.size": [1]}]


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        (
            {"composite": {"sources": [{"k": {"terms": {"field": "key"}}}]}},
            "illegal_argument_exception",
        ),
        ({"global": {}}, "aggregation_execution_exception"),
    ],
)
def test_aggregations_that_stand_alone(two: Api, below: dict[str, Any], kind: str) -> None:
    """They are refused below others."""
    aggs = {"keys": {"terms": {"field": "key"}, "aggs": {"inner": below}}}
    refused = two("POST", "/p/_search", {"size": 0, "aggs": aggs})
    assert refused.status == 400
    assert refused.body["error"]["caused_by"]["type"] == kind


@pytest.mark.parametrize(
    "query", [{"query": "x", "default_field": "text", "fields": ["key"]}, {"query": "te*:to"}]
)
def test_query_strings_that_contradict_themselves(two: Api, query: dict[str, Any]) -> None:
    """A default field beside fields, and a pattern of field names without a backslash."""
    refused = two("POST", "/p/_search", {"query": {"query_string": query}})
    assert refused.status == 400
    assert refused.body["error"]["caused_by"]["type"] == "query_shard_exception"


def test_clauses_after_one_without_hits_are_checked_too(two: Api) -> None:
    """A wrong value is told, whatever the other clauses find."""
    filters = [{"term": {"key": "nobody"}}, {"term": {"n": "three"}}]
    assert two("POST", "/p/_search", {"query": {"bool": {"filter": filters}}}).status == 400


def test_percentiles_are_those_of_a_digest(api: Api) -> None:
    """Estimates where values are grouped, as a real node's, not the exact numbers."""
    numbers = [(number * 7919) % 1009 / 10 for number in range(200)]
    api.bulk(*(line for number in numbers for line in ({"index": {"_index": "n"}}, {"v": number})))
    api("POST", "/n/_refresh")
    body = {
        "size": 0,
        "aggs": {
            "at": {"percentiles": {"field": "v", "percents": [5, 50, 75]}},
            "share": {"percentile_ranks": {"field": "v", "values": [50]}},
        },
    }
    found = api("POST", "/n/_search", body).body["aggregations"]
    assert found["at"]["values"] == pytest.approx(
        {"5.0": 4.799999952316284, "50.0": 50.77781066668809, "75.0": 76.24999974568684}
    )
    assert found["share"]["values"] == pytest.approx({"50.0": 49.25057011672322})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/p/_search", {"query": {"range": {"n": {"gt": [1]}}}}),
        ("POST", "/p/_search", {"query": {"geo_bounding_box": {"l": {"top_left": "", "b": 1}}}}),
        (
            "POST",
            "/p/_search",
            {"query": {"function_score": {"linear": {"where": {"origin": "(", "scale": "1km"}}}}},
        ),
        ("POST", "/p/_search", {"aggs": {"a": {"range": {"field": "n", "ranges": [{"to": "x"}]}}}}),
        (
            "POST",
            "/p/_search",
            {
                "aggs": {
                    "a": {
                        "histogram": {"field": "n", "interval": 1, "extended_bounds": {"min": "x"}}
                    }
                }
            },
        ),
        ("POST", "/p/_search", {"query": {"match": {"text": {"query": "be", "boost": 1e308}}}}),
        (
            "POST",
            "/p/_search",
            {
                "query": {
                    "nested": {
                        "path": "parts",
                        "query": {"match_all": {}},
                        "inner_hits": {"size": "many"},
                    }
                }
            },
        ),
        ("POST", "/_reindex", {"source": 1, "dest": {"index": "x"}}),
        ("POST", "/_reindex", {"source": {"index": [1]}, "dest": {"index": "x"}}),
        ("POST", "/_reindex", {"source": {"index": "p"}, "dest": True}),
        ("POST", "/p/_delete_by_query?max_docs=x", {"query": {"match_all": {}}}),
        (
            "PUT",
            "/x",
            {
                "settings": {
                    "analysis": {"normalizer": {"n": {"type": "custom", "filter": {"a": 1}}}}
                }
            },
        ),
    ],
)
def test_values_of_a_wrong_shape(two: Api, method: str, path: str, body: dict[str, Any]) -> None:
    """They are told with a 400, wherever they stand."""
    two("PUT", "/p/_mapping", {"properties": {"where": {"type": "geo_point"}}})
    assert two(method, path, body).status == 400


@pytest.mark.parametrize(
    "query",
    [
        {"query_string": {"query": "*"}},
        {"query_string": {"query": "*", "default_field": "*"}},
        {"simple_query_string": {"query": " * ", "fields": ["key"]}},
    ],
)
def test_an_asterisk_is_everything(two: Api, query: dict[str, Any]) -> None:
    """Documents without any indexed field too; in named fields it asks for a value."""
    two("PUT", "/p/_doc/3?refresh=true", {})
    assert len(search(two, query=query)["hits"]["hits"]) == 3
    named = {"query_string": {"query": "*", "fields": ["key"]}}
    assert scores(search(two, query=named)) == [("1", 1.0)]


def test_ignored_fields(two: Api) -> None:
    """Those with values that did not fit are told in hits and documents, and can be found."""
    two("PUT", "/p/_mapping", {"properties": {"m": {"type": "long", "ignore_malformed": True}}})
    two("PUT", "/p/_doc/3?refresh=true", {"m": "many"})
    assert two("GET", "/p/_doc/3").body["_ignored"] == ["m"]
    for query in ({"exists": {"field": "_ignored"}}, {"terms": {"_ignored": ["m"]}}):
        (hit,) = search(two, query=query)["hits"]["hits"]
        assert (hit["_id"], hit["_ignored"]) == ("3", ["m"])


def test_a_document_is_read_before_its_version_is_checked(two: Api) -> None:
    """What does not fit is told first; new fields stay in the mapping after a conflict."""
    assert two("PUT", "/p/_create/1", {"n": "three"}).status == 400
    assert two("PUT", "/p/_create/1", {"new": 1}).status == 409
    assert "new" in two("GET", "/p/_mapping").body["p"]["mappings"]["properties"]


def test_a_contradicting_item_refuses_the_whole_bulk_request(two: Api) -> None:
    """As a request of its own would be; what only one index knows is told item by item."""
    compares = {"_index": "p", "_id": "1", "if_seq_no": 0, "if_primary_term": 1}
    for action, line in (
        ("create", {"n": 1}),
        ("update", {"doc": {"n": 1}, "doc_as_upsert": True}),
    ):
        refused = two.bulk(
            {"index": {"_index": "p", "_id": "9"}}, {"n": 1}, {action: compares}, line
        )
        assert (refused.status, refused.kind) == (400, "action_request_validation_exception")
    assert two("GET", "/p/_doc/9").status == 404
    deleted = two.bulk({"delete": {"_index": "p", "_id": "1", "require_alias": True}})
    assert deleted.body["items"][0]["delete"]["result"] == "deleted"


def test_the_mapping_api_tells_problems_as_they_are(two: Api) -> None:
    """Index creation wraps them."""
    wrong = {"properties": {"x": {"type": "bogus"}}}
    told = "No handler for type [bogus] declared on field [x]"
    assert two("PUT", "/p/_mapping", wrong).reason == told
    created = two("PUT", "/q", {"mappings": wrong})
    assert created.reason == f"Failed to parse mapping [_doc]: {told}"


def test_phrases_with_stop_words_are_highlighted(api: Api) -> None:
    """What stands where the analyzer left words out may be anything."""
    api("PUT", "/e", {"mappings": {"properties": {"t": {"type": "text", "analyzer": "english"}}}})
    api("PUT", "/e/_doc/1?refresh=true", {"t": "a state-of-the-art thing of art and state"})
    body = {
        "query": {"match_phrase": {"t": "state-of-the-art"}},
        "highlight": {"fields": {"t": {}}},
    }
    (hit,) = api("POST", "/e/_search", body).body["hits"]["hits"]
    assert hit["highlight"]["t"] == ["a <em>state</em>-of-the-<em>art</em> thing of art and state"]


def test_an_empty_date(two: Api) -> None:
    """It is told as such."""
    refused = two("PUT", "/p/_doc/3", {"day": ""})
    assert refused.body["error"]["caused_by"]["reason"] == "cannot parse empty date"

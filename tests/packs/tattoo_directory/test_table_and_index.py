"""Running stores, through the plugin: table and index agree, and images are where they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.on_demand import on_demand

ROOT = Path(__file__).parents[3]

COMMON = '''
from decimal import Decimal

import pytest
from scenarios.tattoo_directory.records import Artist

BUCKET = "tattoo-directory-images"
SEARCH_ONLY = {"location", "styleNames", "styleDetails", "imageCount"}
TABLE_ONLY = {"pk", "sk", "entityType", "geoCell", "geoRank", "contactInfo", "styleMetadata"}


def items(dynamodb):
    """All items of the table."""
    table, found, start = dynamodb.Table("tattoo-directory"), [], {}
    while True:
        page = table.scan(**start)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def profiles(table):
    """The table's artists, in JSON's types, by id."""
    return {item["artistId"]: in_json(item) for item in table
            if item["pk"].startswith("ARTIST#") and item["sk"] == "PROFILE"}


def documents(opensearch):
    """The index's documents by id, read in pages as a real application would."""
    found, after = {}, {}
    while True:
        answer = opensearch.search(index="artists", body={
            "size": 100, "sort": [{"artistId": "asc"}], **after})
        hits = answer["hits"]["hits"]
        if not hits:
            return found
        found.update((hit["_id"], hit["_source"]) for hit in hits)
        after = {"search_after": hits[-1]["sort"]}


def in_json(value):
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: in_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [in_json(part) for part in value]
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def check(dynamodb, opensearch, s3, count):
    """Table and index agree, and the images that they name are in the bucket."""
    table, index = items(dynamodb), documents(opensearch)
    assert_agree(profiles(table), index, count)
    assert opensearch.count(index="artists")["count"] == count
    assert_images_are_there(table, index, s3)


def assert_agree(artists, index, count):
    assert len(artists) == count
    assert index.keys() == artists.keys()
    for key, source in index.items():
        told = {name: value for name, value in source.items() if name not in SEARCH_ONLY}
        assert told == {
            name: value for name, value in artists[key].items() if name not in TABLE_ONLY}


def assert_images_are_there(table, index, s3):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    stored = {thing["Key"] for page in pages for thing in page.get("Contents", [])}
    images = [item for item in table if item["sk"].startswith("IMAGE#")]
    shown = {image["s3Key"] for image in images}
    told = {url for source in index.values() for url in source["portfolioImages"]}
    assert told == {f"s3://{BUCKET}/{key}" for key in shown} == {image["url"] for image in images}
    avatars = {source["avatar"].removeprefix(f"s3://{BUCKET}/") for source in index.values()}
    assert shown | avatars <= stored
    for image in images[:20]:
        about = s3.head_object(Bucket=BUCKET, Key=image["s3Key"])
        assert about["ContentType"] == image["contentType"]
        assert about["ContentLength"] > 0
'''

EVERYWHERE = (
    COMMON
    + """

SCENARIOS = {
    "minimal": 3, "search-basic": 5, "london-artists": 5, "london-focused": 10, "high-rated": 3,
    "new-artists": 4, "booking-available": 6, "portfolio-rich": 4, "multi-style": 3,
    "style-diverse": 12, "pricing-range": 5, "full-dataset": 10, "empty": 0, "single": 1,
    "performance-test": 50, "location-london": 6, "style-traditional": 5, "high-rating": 5,
}
STATES = {
    "clean": 0, "fresh": 10, "minimal": 3, "search-ready": 17, "location-test": 10,
    "style-test": 8, "performance-test": 50, "frontend-ready": 3,
}


@pytest.mark.parametrize("count", [
    pytest.param(count, id=name, marks=pytest.mark.scenario(name, readonly=True))
    for name, count in SCENARIOS.items()])
def test_scenario(count, dynamodb, opensearch, s3, seedstate):
    assert len(seedstate.records(Artist)) == count
    check(dynamodb, opensearch, s3, count)


@pytest.mark.parametrize("count", [
    pytest.param(count, id=name, marks=pytest.mark.reset_state(name))
    for name, count in STATES.items()])
def test_state(count, dynamodb, opensearch, s3):
    check(dynamodb, opensearch, s3, count)


@pytest.mark.scenario("performance-test", count=200)
def test_many(dynamodb, opensearch, s3):
    check(dynamodb, opensearch, s3, 200)


@pytest.mark.reset_state("frontend-ready")
def test_there_are_no_rows_behind_the_pages(postgres, opensearch):
    assert postgres.execute("SELECT count(*) FROM artists").fetchone() == (0,)
    assert opensearch.count(index="artists")["count"] == 3
"""
)

SEARCHES = (
    COMMON
    + """

pytestmark = pytest.mark.reset_state("search-ready")


def ids(answer):
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def search(opensearch, **body):
    return opensearch.search(index="artists", body={"size": 100, **body})


def filtered(opensearch, *filters):
    return set(ids(search(opensearch, query={"bool": {"filter": list(filters)}})))


def wanted(seedstate, condition):
    found = {artist.artist_id for artist in seedstate.records(Artist) if condition(artist)}
    assert found
    return found


@pytest.mark.parametrize(("words", "style"), [
    ("Irezumi", "japanese"), ("photorealistic", "realism"), ("calligraphy", "lettering"),
    ("watercolor", "watercolor"), ("neo-traditional", "neo_traditional"),
])
def test_styles_are_found_by_other_words(opensearch, seedstate, words, style):
    query = {"match": {"styleNames": {"query": words, "operator": "and"}}}
    found = set(ids(search(opensearch, query=query)))
    assert found == wanted(seedstate, lambda artist: style in artist.styles)


def test_who_has_it_in_name_and_text_comes_first(opensearch, seedstate):
    fields = ["artistName^3", "styleNames^2", "bio"]
    answer = search(opensearch, query={"multi_match": {
        "query": "japanese", "fields": fields, "type": "most_fields"}})
    scores = [hit["_score"] for hit in answer["hits"]["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 1
    best = answer["hits"]["hits"][0]["_source"]
    assert "japanese" in best["styles"]
    assert "Japanese" in best["bio"]


def test_names_are_found_by_their_beginnings(opensearch, seedstate):
    for artist in seedstate.records(Artist):
        first = artist.artist_name.split()[0]
        query = {"match": {"artistName.beginning": first[:4].upper()}}
        assert artist.artist_id in ids(search(opensearch, query=query))


def test_filters(opensearch, seedstate):
    assert filtered(opensearch, {"range": {"rating": {"gte": 4.5}}}) == wanted(
        seedstate, lambda artist: artist.rating >= Decimal("4.5"))
    assert filtered(opensearch, {"range": {"pricing.hourlyRate": {"gte": 100, "lt": 200}}}
        ) == wanted(seedstate, lambda artist: 100 <= artist.pricing.hourly_rate < 200)
    assert filtered(opensearch, {"term": {"availability.bookingOpen": True}},
        {"terms": {"styles": ["traditional", "realism"]}}) == wanted(
        seedstate, lambda artist: artist.availability.booking_open
        and {"traditional", "realism"} & set(artist.styles))
    assert filtered(opensearch, {"term": {"tattooStudio.address.city": "London"}}) == wanted(
        seedstate, lambda artist: artist.tattoo_studio.address.city == "London")


def test_slots_are_found_by_their_time(opensearch, seedstate):
    soon = {"gte": seedstate.now.isoformat(), "lt": seedstate.now.isoformat() + "||+7d"}
    assert filtered(opensearch, {"range": {"availability.bookingSlots": soon}}) == wanted(
        seedstate, lambda artist: any(
            (slot - seedstate.now).days < 7 for slot in artist.availability.booking_slots))


def test_near_a_place(opensearch, seedstate):
    here = {"lat": 51.5072, "lon": -0.1276}
    answer = search(
        opensearch,
        query={"bool": {"filter": [{"geo_distance": {"distance": "40km", "location": here}}]}},
        sort=[{"_geo_distance": {"location": here, "order": "asc", "unit": "km"}}])
    distances = [hit["sort"][0] for hit in answer["hits"]["hits"]]
    assert distances == sorted(distances)
    assert set(ids(answer)) == wanted(
        seedstate, lambda artist: artist.tattoo_studio.address.city == "London")


def test_facets(opensearch, seedstate):
    artists = seedstate.records(Artist)
    facets = search(opensearch, size=0, aggs={
        "styles": {"terms": {"field": "styles", "size": 20}},
        "prices": {"stats": {"field": "pricing.hourlyRate"}},
        "rated": {"range": {"field": "rating", "ranges": [{"key": "top", "from": 4.5}]}},
        "hard": {"nested": {"path": "styleDetails"}, "aggs": {
            "difficulty": {"terms": {"field": "styleDetails.difficulty"}}}},
    })["aggregations"]
    counts = {one["key"]: one["doc_count"] for one in facets["styles"]["buckets"]}
    assert counts == {style: sum(style in artist.styles for artist in artists)
                      for artist in artists for style in artist.styles}
    rates = [artist.pricing.hourly_rate for artist in artists]
    assert (facets["prices"]["min"], facets["prices"]["max"]) == (min(rates), max(rates))
    (top,) = facets["rated"]["buckets"]
    assert top["doc_count"] == sum(artist.rating >= Decimal("4.5") for artist in artists)
    hard = {one["key"]: one["doc_count"] for one in facets["hard"]["difficulty"]["buckets"]}
    assert set(hard) == {"beginner", "intermediate", "advanced", "expert"}
    assert sum(hard.values()) == sum(len(artist.styles) for artist in artists)


def test_details_of_a_style_belong_together(opensearch, seedstate):
    query = {"nested": {"path": "styleDetails", "query": {"bool": {"filter": [
        {"term": {"styleDetails.difficulty": "expert"}},
        {"term": {"styleDetails.popularMotifs": "koi"}}]}}}}
    assert set(ids(search(opensearch, query=query))) == wanted(
        seedstate, lambda artist: "japanese" in artist.styles)


def test_the_index_takes_no_unknown_field(opensearch):
    from opensearchpy import RequestError

    with pytest.raises(RequestError, match="strict_dynamic_mapping_exception"):
        opensearch.index(index="artists", id="x", body={"phone": "1"})
"""
)


MANY = """
import pytest
from scenarios.tattoo_directory.records import ArtistStyle

@pytest.mark.scenario("performance-test", count=1000)
def test_a_thousand_artists(postgres, dynamodb, opensearch, seedstate):
    assert postgres.execute("SELECT count(*) FROM artists").fetchone() == (1000,)
    # Not scanned: the emulated service copies the whole table for every page.
    table = dynamodb.Table("tattoo-directory").meta.client.describe_table(
        TableName="tattoo-directory")["Table"]
    assert table["ItemCount"] > 3 * 1000
    facets = opensearch.search(index="artists", body={
        "size": 0, "track_total_hits": True,
        "aggs": {"styles": {"terms": {"field": "styles", "size": 20}}}})
    assert facets["hits"]["total"] == {"value": 1000, "relation": "eq"}
    counts = {one["key"]: one["doc_count"] for one in facets["aggregations"]["styles"]["buckets"]}
    assert sum(counts.values()) == len(seedstate.records(ArtistStyle))
    assert len(counts) == 12
"""


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """Run tests on the pack in a process of their own."""
    pytester.makepyfile(text)
    folders = (f"seedstate_scenarios={ROOT / 'scenarios'}", f"pythonpath={ROOT}")
    inis = [part for folder in folders for part in ("-o", folder)]
    return pytester.runpytest_subprocess("-p", "no:randomly", *inis, *options)


def test_table_index_and_bucket_agree(pytester: pytest.Pytester) -> None:
    """In every scenario and reset state."""
    run(pytester, EVERYWHERE).assert_outcomes(passed=28)


def test_the_index_is_good_for_searches(pytester: pytest.Pytester) -> None:
    """Other words, ranking, filters, distances and facets; every rewind verified."""
    run(pytester, SEARCHES, "--seedstate-verify").assert_outcomes(passed=13)


@on_demand
def test_the_performance_test_can_be_large(pytester: pytest.Pytester) -> None:
    """A thousand artists in every store that holds artists."""
    run(pytester, MANY).assert_outcomes(passed=1)

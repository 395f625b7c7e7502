"""The indexer: what searches find follows the profiles, a moment later."""

from collections.abc import Callable

import pytest
from directory_api.index import document, style_names
from fastapi.testclient import TestClient
from messages import handled
from opensearchpy import OpenSearch, helpers
from wishes import booking, picture, review

from pytest_seedstate.stores.changes import Change
from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("shop-window")

Wait = Callable[..., None]


@pytest.fixture
def artist(seedstate) -> Artist:
    return seedstate["ada"]


def found(client: TestClient, **wish) -> list[str]:
    artists = client.get("/v1/search", params=wish).json()["artists"]
    return [artist["artistName"] for artist in artists]


def documents(opensearch: OpenSearch) -> dict[str, dict]:
    return {hit["_id"]: hit["_source"] for hit in helpers.scan(opensearch, index="artists")}


def agrees_with_the_table(opensearch: OpenSearch, dynamodb) -> bool:
    """Whether the index has the documents of the table's profiles, and no others."""
    items = dynamodb.Table("tattoo-directory").query(
        IndexName="entity-index",
        KeyConditionExpression="entityType = :artist",
        ExpressionAttributeValues={":artist": "artist"},
    )["Items"]
    return documents(opensearch) == {
        item["artistId"]: document(item, style_names(item["styles"])) for item in items
    }


def test_they_agree_from_the_start(opensearch: OpenSearch, dynamodb) -> None:
    assert agrees_with_the_table(opensearch, dynamodb)


def test_a_new_bio_is_found(client: TestClient, artist: Artist, searchable: Wait) -> None:
    bio = {"bio": "Zeppelins only."}
    assert client.patch(f"/v1/artists/{artist.artist_id}", json=bio).status_code == 200
    searchable()
    assert found(client, q="zeppelin") == ["Ada Byron"]
    assert found(client, q="sacred") == []


def test_one_document_changes_in_one_field(
    client: TestClient, artist: Artist, searchable: Wait, seedstate
) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": 205})
    searchable()
    [change] = indexed(seedstate)
    assert change.key == {"_id": artist.artist_id}
    assert change.after == {
        **change.before,
        "pricing": {**change.before["pricing"], "hourlyRate": 205},
    }


def indexed(seedstate) -> list[Change]:
    return [change for change in seedstate.changes() if change.store == "opensearch"]


def test_a_new_rate_counts_in_another_range(
    client: TestClient, artist: Artist, searchable: Wait
) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": 205})
    searchable()
    prices = client.get("/v1/search").json()["facets"]["price"]
    assert [price["count"] for price in prices] == [0, 2, 2, 2]


def test_reviews_move_the_place_among_the_others(
    client: TestClient, artist: Artist, searchable: Wait
) -> None:
    assert found(client, sort="rating")[-1] == "Ada Byron"
    for _ in range(3):
        client.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(5))
    searchable(3)
    assert found(client, sort="rating")[0] == "Ada Byron"
    assert found(client, minRating=5) == ["Ada Byron"]


def test_books_that_close(client: TestClient, artist: Artist, searchable: Wait) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"bookingOpen": False})
    searchable()
    assert "Ada Byron" not in found(client, bookingOpen=True)


def test_a_picture_is_counted(client: TestClient, artist: Artist, searchable: Wait) -> None:
    client.post(f"/v1/artists/{artist.artist_id}/images", **picture())
    searchable()
    [ada] = client.get("/v1/search", params={"q": "byron"}).json()["artists"]
    assert ada["imageCount"] == 1


def test_who_leaves_is_not_found(
    client: TestClient, artist: Artist, searchable: Wait, opensearch: OpenSearch
) -> None:
    client.delete(f"/v1/artists/{artist.artist_id}")
    searchable()
    assert "Ada Byron" not in found(client)
    assert not opensearch.exists(index="artists", id=artist.artist_id)
    styles = client.get("/v1/search").json()["facets"]["style"]
    assert not {"geometric", "dotwork"} & {each["value"] for each in styles}


def test_everybody_leaves(client: TestClient, searchable: Wait, seedstate) -> None:
    everybody = seedstate.records(Artist)
    for artist in everybody:
        client.delete(f"/v1/artists/{artist.artist_id}")
    searchable(len(everybody))
    answer = client.get("/v1/search").json()
    assert (answer["total"], answer["facets"]["area"]) == (0, [])


def test_they_agree_after_a_busy_day(
    client: TestClient, searchable: Wait, seedstate, opensearch: OpenSearch, dynamodb
) -> None:
    for number, artist in enumerate(seedstate.records(Artist)):
        address = f"/v1/artists/{artist.artist_id}"
        client.patch(address, json={"hourlyRate": 100 + number, "bio": f"Number {number}."})
        client.post(f"{address}/reviews", json=review(1 + number % 5))
        client.post(f"{address}/images", **picture())
        if number % 3 == 0:
            client.delete(address)
    # Of whoever left, the worker may find the review when there is no profile to rate any more.
    seedstate.wait_for(lambda changes: handled(changes, "rating") == 7)
    waiting = [change for change in seedstate.changes() if change.collection == "outbox"]
    searchable(sum(change.after["topic"] == "index" for change in waiting))
    assert agrees_with_the_table(opensearch, dynamodb)


def test_nobody_waits_for_the_indexer(client: TestClient, artist: Artist) -> None:
    for rate in (100, 150, 200):
        answer = client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": rate})
        assert answer.json()["pricing"]["hourlyRate"] == rate


def test_a_profile_that_did_not_change(
    client: TestClient, artist: Artist, searchable: Wait, seedstate
) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"bio": artist.bio})
    searchable()
    assert not indexed(seedstate)


def test_the_search_is_out_of_order(
    client: TestClient, artist: Artist, searchable: Wait, seedstate, opensearch: OpenSearch
) -> None:
    [made] = opensearch.indices.get(index="artists").values()
    opensearch.indices.delete(index="artists")
    refused = client.get("/v1/search")
    assert (refused.status_code, refused.json()["title"]) == (503, "Search Unavailable")

    # Profiles and bookings go on; the message waits, and nothing makes an index by accident.
    address = f"/v1/artists/{artist.artist_id}"
    assert client.patch(address, json={"bio": "Zeppelins only."}).status_code == 200
    assert client.post(f"{address}/bookings", json=booking(artist)).status_code == 201
    changes = seedstate.wait_for("notifications", inserted=1)
    assert handled(changes, "index") == 0
    assert not opensearch.indices.exists(index="artists")

    opensearch.indices.create(
        index="artists",
        body={
            "settings": {"analysis": made["settings"]["index"]["analysis"]},
            "mappings": made["mappings"],
        },
    )
    searchable()
    assert found(client, q="zeppelin") == ["Ada Byron"]

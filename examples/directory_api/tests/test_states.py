"""Reset states, and what a test can do with its data while it runs."""

import pytest
from fastapi.testclient import TestClient
from wishes import booking, review

from scenarios.tattoo_directory.records import Artist


def total(client: TestClient) -> int:
    return client.get("/v1/artists").json()["total"]


@pytest.mark.reset_state("clean")
def test_an_empty_directory(client: TestClient) -> None:
    assert client.get("/v1/artists").json() == {"total": 0, "artists": []}
    assert client.post("/v1/artists/artist_001/reviews", json=review(5)).status_code == 404


@pytest.mark.reset_state("clean")
def test_an_empty_directory_is_filled(client: TestClient, seedstate) -> None:
    assert total(client) == 0
    seedstate.seed("minimal")
    assert total(client) == 3


@pytest.mark.reset_state("fresh")
def test_a_full_directory(client: TestClient, seedstate) -> None:
    assert total(client) == len(seedstate.records(Artist)) == 10
    client.delete("/v1/artists/artist_001")
    assert total(client) == 9


@pytest.mark.reset_state("minimal")
def test_a_full_directory_is_reset_to_an_empty_one(client: TestClient, seedstate) -> None:
    assert total(client) == 3
    seedstate.reset("clean")
    assert total(client) == 0


@pytest.mark.scenario("minimal")
def test_back_to_a_snapshot(client: TestClient, artist: Artist, seedstate) -> None:
    bookings = f"/v1/artists/{artist.artist_id}/bookings"
    client.post(bookings, json=booking(artist, day=0))
    seedstate.snapshot("one booking")
    before = client.get(bookings).json()
    client.post(bookings, json=booking(artist, day=1))
    client.delete(f"/v1/artists/{artist.artist_id}")
    seedstate.restore("one booking")
    assert client.get(bookings).json() == before
    assert client.get(f"/v1/artists/{artist.artist_id}").status_code == 200


@pytest.mark.scenario("performance-test", count=60)
def test_sixty_artists_page_by_page(client: TestClient, seedstate) -> None:
    seen: list[str] = []
    while page := client.get(
        "/v1/artists", params={"limit": 20, "after": seen[-1] if seen else ""}
    ).json()["artists"]:
        seen += [artist["artistId"] for artist in page]
        client.delete(f"/v1/artists/{seen[0]}")
    assert len(seen) == len(seedstate.records(Artist)) == 60

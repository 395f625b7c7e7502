"""Finding artists: nothing here writes, and each test says so."""

import pytest
from fastapi.testclient import TestClient

from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("full-dataset", readonly=True)


def ids(answer: dict) -> list[str]:
    return [artist["artistId"] for artist in answer["artists"]]


def test_all_artists_in_the_order_of_their_ids(client: TestClient, seedstate) -> None:
    answer = client.get("/v1/artists").json()
    assert answer["total"] == 10
    assert ids(answer) == sorted(artist.artist_id for artist in seedstate.records(Artist))


@pytest.mark.parametrize("style", ["traditional", "realism", "blackwork", "lettering"])
def test_artists_of_a_style_best_first(client: TestClient, seedstate, style: str) -> None:
    of_style = [artist for artist in seedstate.records(Artist) if style in artist.styles]
    best_first = sorted(
        of_style, key=lambda artist: (artist.rating, artist.artist_id), reverse=True
    )
    answer = client.get("/v1/artists", params={"style": style}).json()
    assert ids(answer) == [artist.artist_id for artist in best_first]


def test_a_style_that_nobody_does(client: TestClient) -> None:
    assert client.get("/v1/artists", params={"style": "knitting"}).json()["total"] == 0


@pytest.mark.parametrize("length", [4, 6, 9])
def test_artists_near_a_place(client: TestClient, seedstate, length: int) -> None:
    artists = seedstate.records(Artist)
    here = artists[0].geohash[:length]
    answer = client.get("/v1/artists", params={"near": here, "limit": 100}).json()
    assert set(ids(answer)) == {
        artist.artist_id for artist in artists if artist.geohash.startswith(here)
    }


def test_style_and_place_together(client: TestClient, seedstate) -> None:
    wanted = seedstate.records(Artist)[0]
    answer = client.get(
        "/v1/artists", params={"near": wanted.geohash, "style": wanted.styles[0]}
    ).json()
    assert wanted.artist_id in ids(answer)


def test_only_the_well_rated(client: TestClient, seedstate) -> None:
    answer = client.get("/v1/artists", params={"minRating": "4.5"}).json()
    assert answer["total"] == sum(artist.rating >= 4.5 for artist in seedstate.records(Artist))


def test_page_by_page(client: TestClient) -> None:
    everybody = ids(client.get("/v1/artists").json())
    first = ids(client.get("/v1/artists", params={"limit": 5}).json())
    second = ids(client.get("/v1/artists", params={"limit": 5, "after": first[-1]}).json())
    assert first + second == everybody


def test_a_place_that_is_none(client: TestClient) -> None:
    answer = client.get("/v1/artists", params={"near": "a place"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "https://tattoo-directory.com/errors/validation-error"
    assert [error["field"] for error in problem["errors"]] == ["near"]


def test_an_artist_that_is_none(client: TestClient) -> None:
    problem = client.get("/v1/artists/artist_999").json()
    assert (problem["status"], problem["instance"]) == (404, "/v1/artists/artist_999")

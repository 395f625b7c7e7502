"""Profiles: changed in all their copies, and forgotten everywhere."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("minimal")


def test_a_profile_is_shown_as_it_is(client: TestClient, artist: Artist) -> None:
    shown = client.get(f"/v1/artists/{artist.artist_id}").json()
    assert shown["bio"] == artist.bio
    assert shown["pricing"]["hourlyRate"] == artist.hourly_rate
    assert shown["reviewCount"] == artist.review_count
    assert not {"pk", "sk", "geoRank"} & set(shown)


@pytest.mark.parametrize("rate", [80, 125, 250])
def test_a_new_rate_stands_in_all_copies(
    client: TestClient,
    artist: Artist,
    seedstate,
    searchable: Callable[..., None],
    postgres,
    rate: int,
) -> None:
    assert artist.hourly_rate != rate
    answer = client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": rate})
    assert answer.json()["pricing"]["hourlyRate"] == rate
    row = postgres.execute(
        "SELECT hourly_rate FROM artists WHERE id = %s", (artist.artist_id,)
    ).fetchone()
    assert row == (Decimal(rate),)
    searchable()
    assert {(change.store, change.collection) for change in seedstate.changes()} == {
        ("postgres", "artists"),
        ("postgres", "outbox"),
        ("dynamodb", "tattoo-directory"),
        ("opensearch", "artists"),
    }


@pytest.mark.parametrize("rate", [79, 251, "much"])
def test_a_rate_that_is_refused(client: TestClient, artist: Artist, rate: object) -> None:
    answer = client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": rate})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "hourlyRate"


def test_a_new_bio_is_one_changed_item(client: TestClient, artist: Artist, seedstate) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"bio": "Now also on Sundays."})
    [change] = [change for change in seedstate.changes() if change.store == "dynamodb"]
    assert change.kind == "updated"
    assert (change.before["bio"], change.after["bio"]) == (artist.bio, "Now also on Sundays.")


def test_closed_books_take_no_booking(client: TestClient, artist: Artist) -> None:
    shown = client.patch(f"/v1/artists/{artist.artist_id}", json={"bookingOpen": False}).json()
    assert shown["availability"]["status"] == "Books closed"


def test_who_leaves_is_forgotten_everywhere(
    client: TestClient, artist: Artist, seedstate, postgres, s3
) -> None:
    before = client.get("/v1/artists").json()["total"]
    assert client.delete(f"/v1/artists/{artist.artist_id}").status_code == 204
    assert client.get(f"/v1/artists/{artist.artist_id}").status_code == 404
    assert client.get("/v1/artists").json()["total"] == before - 1
    left = postgres.execute(
        "SELECT (SELECT count(*) FROM bookings WHERE artist_id = %(id)s),"
        " (SELECT count(*) FROM reviews WHERE artist_id = %(id)s),"
        " (SELECT count(*) FROM artists WHERE id = %(id)s)",
        {"id": artist.artist_id},
    ).fetchone()
    assert left == (0, 0, 0)
    listed = s3.list_objects_v2(
        Bucket="tattoo-directory-images", Prefix=f"portfolio/{artist.artist_id}/"
    )
    assert listed["KeyCount"] == 0


def test_the_studio_forgets_who_leaves(client: TestClient, artist: Artist) -> None:
    studio_id = artist.tattoo_studio.studio_id
    assert artist.artist_id in client.get(f"/v1/studios/{studio_id}").json()["artists"]
    client.delete(f"/v1/artists/{artist.artist_id}")
    assert artist.artist_id not in client.get(f"/v1/studios/{studio_id}").json()["artists"]


def test_everybody_leaves(client: TestClient, seedstate, postgres) -> None:
    for artist in seedstate.records(Artist):
        assert client.delete(f"/v1/artists/{artist.artist_id}").status_code == 204
    assert client.get("/v1/artists").json() == {"total": 0, "artists": []}
    assert postgres.execute("SELECT count(*) FROM artists").fetchone() == (0,)


def test_three_artists_are_all(client: TestClient) -> None:
    assert client.get("/v1/artists").json()["total"] == 3

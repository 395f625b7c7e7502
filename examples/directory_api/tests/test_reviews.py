"""Reviews: ratings in the same transaction, profiles a moment later."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from fastapi.testclient import TestClient
from messages import handled
from wishes import review

from scenarios.tattoo_directory.records import Artist, Booking, Review

pytestmark = pytest.mark.scenario("minimal")


def mean(ratings: list[int]) -> Decimal:
    exact = Decimal(sum(ratings)) / len(ratings)
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


@pytest.fixture
def ratings(artist: Artist, seedstate) -> list[int]:
    """What the artist's clients gave so far."""
    return [
        known.rating for known in seedstate.records(Review) if known.artist_id == artist.artist_id
    ]


@pytest.mark.parametrize("rating", [1, 3, 5])
def test_a_review_moves_the_rating(
    client: TestClient,
    artist: Artist,
    seedstate,
    ratings: list[int],
    postgres,
    rating: int,
) -> None:
    answer = client.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(rating))
    assert answer.status_code == 201
    assert answer.json()["id"] == max(known.id for known in seedstate.records(Review)) + 1
    row = postgres.execute(
        "SELECT rating, review_count FROM artists WHERE id = %s", (artist.artist_id,)
    ).fetchone()
    assert row == (mean([*ratings, rating]), len(ratings) + 1)


def test_the_profile_follows(
    client: TestClient, artist: Artist, seedstate, ratings: list[int]
) -> None:
    client.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(1))
    seedstate.wait_for("tattoo-directory", updated=2 + len(artist.styles))
    shown = client.get(f"/v1/artists/{artist.artist_id}").json()
    assert shown["reviewCount"] == len(ratings) + 1
    assert Decimal(str(shown["rating"])) == mean([*ratings, 1])


def test_many_bad_reviews_cost_the_rank(
    client: TestClient, artist: Artist, seedstate, ratings: list[int], dynamodb
) -> None:
    address = f"/v1/artists/{artist.artist_id}/reviews"
    for _ in range(20):
        assert client.post(address, json=review(1)).status_code == 201
    seedstate.wait_for(lambda changes: handled(changes, "rating") == 20)
    ranked = dynamodb.Table("tattoo-directory").get_item(
        Key={"pk": f"ARTIST#{artist.artist_id}", "sk": f"STYLE#{artist.styles[0]}"}
    )["Item"]
    assert ranked["styleRank"] == f"{mean([*ratings, *[1] * 20])}#{artist.artist_id}"


def test_the_studio_is_rated_by_all_its_artists(
    client: TestClient, artist: Artist, seedstate, postgres
) -> None:
    studio_id = artist.tattoo_studio.studio_id
    colleagues = {
        other.artist_id
        for other in seedstate.records(Artist)
        if other.tattoo_studio.studio_id == studio_id
    }
    given = [known.rating for known in seedstate.records(Review) if known.artist_id in colleagues]
    client.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(2))
    row = postgres.execute(
        "SELECT rating, review_count FROM studios WHERE id = %s", (studio_id,)
    ).fetchone()
    assert row == (mean([*given, 2]), len(given) + 1)


def test_a_booking_is_reviewed_once(client: TestClient, seedstate) -> None:
    reviewed = {known.booking_id for known in seedstate.records(Review)}
    free = next(known for known in seedstate.records(Booking) if known.id not in reviewed)
    address = f"/v1/artists/{free.artist_id}/reviews"
    assert client.post(address, json=review(4, bookingId=free.id)).status_code == 201
    again = client.post(address, json=review(1, bookingId=free.id))
    assert (again.status_code, again.json()["title"]) == (409, "Already Reviewed")


def test_the_newest_review_comes_first(client: TestClient, artist: Artist) -> None:
    address = f"/v1/artists/{artist.artist_id}/reviews"
    client.post(address, json=review(5, text="The newest."))
    shown = client.get(address).json()
    assert shown[0]["text"] == "The newest."
    assert len(shown) == artist.review_count + 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"rating": 6}, 400), ({"text": ""}, 400), ({"bookingId": 999_999}, 404)],
)
def test_a_review_that_is_refused(
    client: TestClient, artist: Artist, seedstate, changed: dict, status: int
) -> None:
    body = {**review(3), **changed}
    answer = client.post(f"/v1/artists/{artist.artist_id}/reviews", json=body)
    assert answer.status_code == status
    assert not seedstate.changes().changes


def test_a_review_of_nobody(client: TestClient) -> None:
    assert client.post("/v1/artists/artist_999/reviews", json=review(3)).status_code == 404

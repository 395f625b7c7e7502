"""Bookings: transactions that commit, and conflicts about the same hours."""

from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from wishes import booking

from scenarios.tattoo_directory.records import Artist, Booking

pytestmark = pytest.mark.scenario("booked-week")


def book(client: TestClient, artist: Artist, **wish):
    return client.post(f"/v1/artists/{artist.artist_id}/bookings", json=booking(artist, **wish))


def test_a_free_slot_is_booked(client: TestClient, artist: Artist, seedstate) -> None:
    answer = book(client, artist, hour=12)
    assert answer.status_code == 201
    made = answer.json()
    assert made["id"] == seedstate["cancelled"].id + 1
    assert answer.headers["location"] == f"/v1/bookings/{made['id']}"
    assert Decimal(made["price"]) == max(2 * artist.hourly_rate, artist.minimum_charge)
    assert client.get(f"/v1/bookings/{made['id']}").json() == made


def test_the_same_slot_twice(client: TestClient, artist: Artist, seedstate) -> None:
    assert book(client, artist, hour=12).status_code == 201
    refused = book(client, artist, hour=12, clientName="Somebody else")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/slot-taken")
    assert len(client.get(f"/v1/artists/{artist.artist_id}/bookings").json()) == 1 + len(
        [known for known in seedstate.records(Booking) if known.artist_id == artist.artist_id]
    )


@pytest.mark.parametrize(("hour", "hours"), [(10, 2), (9, 2), (11, 1), (8, 8), (13, 2), (16, 2)])
def test_hours_that_overlap(client: TestClient, artist: Artist, hour: int, hours: int) -> None:
    assert book(client, artist, hour=hour, hours=hours).status_code == 409


def test_hours_that_touch(client: TestClient, artist: Artist) -> None:
    assert book(client, artist, hour=9, hours=1).status_code == 201
    assert book(client, artist, hour=12, hours=2).status_code == 201


def test_a_cancelled_slot_is_free_again(client: TestClient, artist: Artist) -> None:
    assert book(client, artist, hour=18, hours=1).status_code == 201


def test_a_neighbour_has_hours_of_their_own(client: TestClient, neighbour: Artist) -> None:
    assert book(client, neighbour, hour=10).status_code == 201


def test_the_price_is_the_rate_of_now(client: TestClient, artist: Artist) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"hourlyRate": 200})
    made = book(client, artist, hour=12, hours=2).json()
    assert Decimal(made["price"]) == Decimal(400)


def test_closed_books(client: TestClient, seedstate) -> None:
    refused = book(client, seedstate["closed"])
    assert (refused.status_code, refused.json()["title"]) == (409, "Booking Closed")


def test_books_that_open(client: TestClient, seedstate) -> None:
    closed = seedstate["closed"]
    client.patch(f"/v1/artists/{closed.artist_id}", json={"bookingOpen": True})
    assert book(client, closed).status_code == 201


def test_books_that_close(client: TestClient, artist: Artist) -> None:
    client.patch(f"/v1/artists/{artist.artist_id}", json={"bookingOpen": False})
    assert book(client, artist, hour=12).status_code == 409


def test_a_style_that_the_artist_does_not_do(client: TestClient, artist: Artist) -> None:
    assert book(client, artist, hour=12, styleId="knitting").status_code == 422


def test_a_week_without_the_artist(client: TestClient, artist: Artist, postgres) -> None:
    client.delete(f"/v1/artists/{artist.artist_id}")
    assert book(client, artist, hour=12).status_code == 404
    count = postgres.execute(
        "SELECT count(*) FROM bookings WHERE artist_id = %s", (artist.artist_id,)
    ).fetchone()
    assert count == (0,)


def test_the_table_is_emptied_behind_the_application(
    client: TestClient, artist: Artist, postgres
) -> None:
    postgres.execute("TRUNCATE bookings RESTART IDENTITY CASCADE")
    assert book(client, artist).json()["id"] == 1


def test_a_refused_booking_writes_nothing(client: TestClient, artist: Artist, seedstate) -> None:
    book(client, artist, hour=10)
    assert not seedstate.changes().changes

"""What the workers do a moment after the answer: some tests wait for it, some do not care."""

import pytest
from fastapi.testclient import TestClient
from messages import handled
from wishes import booking, review

from scenarios.tattoo_directory.records import Artist

pytestmark = pytest.mark.scenario("minimal")


def subjects(postgres) -> list[str]:
    rows = postgres.execute("SELECT subject FROM notifications ORDER BY id").fetchall()
    return [subject for (subject,) in rows]


def test_a_client_is_told(client: TestClient, artist: Artist, seedstate, postgres) -> None:
    made = client.post(f"/v1/artists/{artist.artist_id}/bookings", json=booking(artist)).json()
    seedstate.wait_for("notifications", inserted=1)
    assert subjects(postgres) == [f"Your booking {made['id']} with {artist.artist_name}"]


def test_every_step_is_told_in_order(
    client: TestClient, artist: Artist, seedstate, postgres
) -> None:
    made = client.post(f"/v1/artists/{artist.artist_id}/bookings", json=booking(artist)).json()
    for step in ("confirm", "complete"):
        client.post(f"/v1/bookings/{made['id']}/{step}")
    seedstate.wait_for("notifications", inserted=3)
    assert subjects(postgres)[1:] == [
        f"Booking {made['id']} is confirmed",
        f"Booking {made['id']} is completed",
    ]


def test_nobody_waits_for_the_worker(client: TestClient, artist: Artist) -> None:
    bookings = f"/v1/artists/{artist.artist_id}/bookings"
    for day in range(5):
        assert client.post(bookings, json=booking(artist, day=day)).status_code == 201


def test_nobody_waits_for_ratings_either(client: TestClient, artist: Artist) -> None:
    for rating in (1, 5, 1):
        address = f"/v1/artists/{artist.artist_id}/reviews"
        assert client.post(address, json=review(rating)).status_code == 201


def test_the_outbox_is_worked_off(client: TestClient, artist: Artist, seedstate, postgres) -> None:
    assert postgres.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    client.post(f"/v1/artists/{artist.artist_id}/reviews", json=review(4))
    seedstate.wait_for(lambda changes: handled(changes, "index") == 1)
    rows = postgres.execute("SELECT id, topic, payload FROM outbox ORDER BY id").fetchall()
    about = {"artistId": artist.artist_id}
    assert rows == [(1, "rating", about), (2, "index", about)]


def test_a_refused_booking_is_not_told(client: TestClient, artist: Artist, postgres) -> None:
    bookings = f"/v1/artists/{artist.artist_id}/bookings"
    client.post(bookings, json=booking(artist))
    assert client.post(bookings, json=booking(artist)).status_code == 409
    assert postgres.execute("SELECT count(*) FROM outbox").fetchone() == (1,)

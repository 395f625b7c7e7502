"""The life of a booking, and a day that fills up from test to test."""

from typing import ClassVar

import pytest
from fastapi.testclient import TestClient
from wishes import booking

from scenarios.tattoo_directory.records import Artist


@pytest.mark.scenario("booked-week")
@pytest.mark.parametrize(
    ("known_as", "step", "status", "reached"),
    [
        ("requested", "confirm", 200, "confirmed"),
        ("requested", "cancel", 200, "cancelled"),
        ("requested", "complete", 409, "requested"),
        ("confirmed", "complete", 200, "completed"),
        ("confirmed", "cancel", 200, "cancelled"),
        ("confirmed", "confirm", 409, "confirmed"),
        ("cancelled", "confirm", 409, "cancelled"),
    ],
)
def test_a_step(
    client: TestClient, seedstate, known_as: str, step: str, status: int, reached: str
) -> None:
    booking_id = seedstate[known_as].id
    assert client.post(f"/v1/bookings/{booking_id}/{step}").status_code == status
    assert client.get(f"/v1/bookings/{booking_id}").json()["status"] == reached


@pytest.mark.scenario("booked-week")
def test_what_is_confirmed(client: TestClient, artist: Artist, seedstate) -> None:
    client.post(f"/v1/bookings/{seedstate['requested'].id}/confirm")
    confirmed = client.get(
        f"/v1/artists/{artist.artist_id}/bookings", params={"status": "confirmed"}
    ).json()
    later = [found["id"] for found in confirmed if found["startsAt"] >= "2026-06"]
    assert later == [seedstate["confirmed"].id, seedstate["requested"].id]


@pytest.mark.scenario("minimal", scope="class")
class TestADayFillsUp:
    """Each test of the class finds what the ones before it booked, whichever those were."""

    booked: ClassVar[dict[int, int]] = {}

    @pytest.mark.parametrize("hour", [8, 10, 12, 14, 16])
    def test_one_more_client(self, client: TestClient, artist: Artist, hour: int) -> None:
        bookings = f"/v1/artists/{artist.artist_id}/bookings"
        made = client.post(bookings, json=booking(artist, hour=hour))
        assert made.status_code == 201
        self.booked[hour] = made.json()["id"]
        day = [found["id"] for found in client.get(bookings).json()]
        assert set(self.booked.values()) <= set(day)

    def test_no_hour_is_given_twice(self, client: TestClient, artist: Artist) -> None:
        bookings = f"/v1/artists/{artist.artist_id}/bookings"
        for hour in self.booked:
            assert client.post(bookings, json=booking(artist, hour=hour)).status_code == 409

    def test_what_was_booked_is_shown(self, client: TestClient, seedstate) -> None:
        for booking_id in self.booked.values():
            assert client.get(f"/v1/bookings/{booking_id}").json()["status"] == "requested"
        inserted = [change for change in seedstate.changes() if change.collection == "bookings"]
        assert len(inserted) == len(self.booked)

"""The application in this process, and the week in which its tests book."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from directory_api.app import app
from fastapi.testclient import TestClient
from wishes import at

from pytest_seedstate import scenario
from scenarios.tattoo_directory.records import Artist, Booking, BookingDetails


@scenario("booked-week", extends=("minimal",))
def booked_week(seed):
    """The first artist's Monday: 10-12 confirmed, 14-17 requested, 18-19 cancelled."""
    artist = next(found for found in seed.records(Artist) if found.booking_open)
    taken = max((booking.id for booking in seed.records(Booking)), default=0)
    for number, (status, hour, hours) in enumerate(
        [("confirmed", 10, 2), ("requested", 14, 3), ("cancelled", 18, 1)], start=1
    ):
        booking = Booking(
            id=taken + number,
            artist_id=artist.artist_id,
            client_name="Ines Moreau",
            client_email="ines@example.org",
            style_id=artist.styles[0],
            starts_at=at(0, hour),
            ends_at=at(0, hour + hours),
            price=artist.hourly_rate * Decimal(hours),
            status=status,
            details=BookingDetails(placement="left forearm", size_cm=12, in_color=False),
            created_at=seed.now,
        )
        yield seed.name(status, booking)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(app) as started:
        yield started


@pytest.fixture
def artist(seedstate) -> Artist:
    """The first artist of the scenario; in ``minimal`` the one whose books are open."""
    return seedstate.records(Artist)[0]


@pytest.fixture
def neighbour(seedstate) -> Artist:
    """Another artist of the scenario ``minimal`` who takes bookings."""
    return seedstate["busy"]

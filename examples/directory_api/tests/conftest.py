"""The application in this process, the week in which its tests book, the artists they look for."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from directory_api.app import app
from fastapi.testclient import TestClient
from messages import handled
from wishes import at

from pytest_seedstate import scenario
from scenarios.tattoo_directory.factories import ArtistFactory, StudioFactory
from scenarios.tattoo_directory.places import LONDON_PLACES, OTHER_PLACES
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


@scenario("shop-window", extends=("catalogue",))
def shop_window(seed):
    """Seven artists whose words, prices and places are known; the last one wants no visitors."""
    places = {place.district: place for place in LONDON_PLACES + OTHER_PLACES}
    for name, district, styles, rating, rate, status, bio in (
        (
            *("Rosa Whitfield", "Camden", ("traditional",), "4.9", 110, "Booking now"),
            "Roses and anchors, bold and bright.",
        ),
        (
            *("Henry Rose", "Camden", ("realism", "blackwork"), "4.2", 180, "Books closed"),
            "Portraits of people and their dogs.",
        ),
        (
            *("Mika Tanaka", "Shoreditch", ("japanese",), "4.7", 220, "Booking 1-2 months"),
            "Whole backs, with koi and waves.",
        ),
        (
            *("Ada Byron", "Shoreditch", ("geometric", "dotwork"), "3.9", 95, "Booking now"),
            "Sacred geometry dot by dot, sometimes a single rose.",
        ),
        (
            *("Joanna Pike", "Northern Quarter", ("traditional", "lettering"), "4.4", 140),
            *("Waiting list only", "Swallows, daggers and the names of sailors."),
        ),
        (
            *("Gwen Hollis", "Brixton", ("watercolor",), "4.6", 150, "Booking 1-2 weeks"),
            "Foxes <3 & ferns in loose colour.",
        ),
        (
            *("Rose Moss", "Brixton", ("traditional",), "5.0", 100, "Booking now"),
            "Roses, for those who know where to find me.",
        ),
    ):
        artist = ArtistFactory.build(
            artist_name=name,
            bio=bio,
            place=places[district],
            styles=styles,
            rating=Decimal(rating),
            review_count=10,
            hourly_rates=(rate, rate),
            status=status,
            opted_out=name == "Rose Moss",
            now=seed.now,
        )
        yield seed.name(name.split()[0].lower(), artist)
        yield StudioFactory.build(
            place=places[district],
            profile=artist.tattoo_studio,
            artists=(artist.artist_id,),
            specialties=styles,
        )


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


@pytest.fixture
def searchable(seedstate, opensearch) -> Callable[[int], None]:
    """Wait until the indexer is done with so many messages, and searches see what it wrote."""

    def wait(messages: int = 1) -> None:
        # Longer than usual: each message is several calls of services that may be containers.
        seedstate.wait_for(lambda changes: handled(changes, "index") >= messages, timeout=60)
        opensearch.indices.refresh(index="artists")

    return wait

"""The factories alone, as tests of an application use them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from scenarios.tattoo_directory.factories import (
    ArtistFactory,
    BookingFactory,
    PortfolioImageFactory,
    ReviewFactory,
    StudioFactory,
    StyleFactory,
)
from scenarios.tattoo_directory.places import LONDON_PLACES, OTHER_PLACES
from scenarios.tattoo_directory.ratings import mean, stars_between
from scenarios.tattoo_directory.sessions import LONGEST, past_slots, slots


@pytest.mark.parametrize(
    "factory",
    [ArtistFactory, StudioFactory, StyleFactory, PortfolioImageFactory, ReviewFactory],
)
def test_builds_alone(factory):
    """Nothing has to be said, and two records differ."""
    one, other = factory.build(), factory.build()
    assert one != other


def test_booking_is_of_its_artist():
    """A booking takes artist, style and price from the artist that it is given."""
    artist = ArtistFactory.build(status="Booking now")
    booking = BookingFactory.build(artist=artist, hours=3)
    assert booking.artist_id == artist.artist_id
    assert booking.style_id in artist.styles
    assert booking.price == 3 * artist.pricing.hourly_rate
    assert booking.starts_at in artist.availability.booking_slots


@pytest.mark.parametrize("place", LONDON_PLACES + OTHER_PLACES, ids=lambda place: place.street)
def test_every_place_is_a_valid_one(place):
    """Studios and artists of each street pass their own rules."""
    studio = StudioFactory.build(place=place)
    artist = ArtistFactory.build(place=place)
    assert studio.city == artist.tattoo_studio.address.city == place.city
    assert studio.postcode.startswith(place.sector)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize(("lowest", "highest"), [("1.0", "5.0"), ("4.5", "5.0"), ("3.0", "3.0")])
def test_stars_have_the_mean_that_is_asked_for(count, lowest, highest):
    """Bounds hold for any number of reviews that can have such a mean."""
    source = random.Random(count)
    for _ in range(50):
        stars = stars_between(Decimal(lowest), Decimal(highest), count, source)
        assert len(stars) == count
        assert set(stars) <= {1, 2, 3, 4, 5}
        assert Decimal(lowest) <= mean(stars) <= Decimal(highest)


def test_means_are_rounded_half_up():
    """4.25 is 4.3, and one review is its own mean."""
    assert mean([4, 4, 4, 5]) == Decimal("4.3")
    assert mean([5]) == Decimal("5.0")


def test_what_has_no_mean():
    """No reviews, and too few for a mean between two whole stars."""
    with pytest.raises(ValueError, match="no reviews"):
        mean([])
    with pytest.raises(ValueError, match=r"no 1 reviews have a mean from 4\.2 to 4\.8"):
        stars_between(Decimal("4.2"), Decimal("4.8"), 1, random.Random(0))


@pytest.mark.parametrize("month", [1, 7])
def test_sessions_lie_within_opening_hours(month):
    """In winter and in summer, from Tuesday to Saturday, 10:00 to 18:00 in London."""
    for start in islice(slots(datetime(2026, month, 1, 12, tzinfo=UTC), 0), 60):
        local = start.astimezone(ZoneInfo("Europe/London"))
        end = local + timedelta(hours=LONGEST)
        assert 1 <= local.weekday() <= 5
        assert (local.hour, local.minute) >= (10, 0)
        assert (end.hour, end.minute) <= (18, 0)


def test_sessions_do_not_depend_on_the_zone_of_the_clock():
    """One instant leads to one list of slots, whatever zone it is told in."""
    now = datetime(2026, 1, 1, 23, tzinfo=UTC)
    elsewhere = now.astimezone(ZoneInfo("Asia/Tokyo"))
    assert list(islice(slots(now, 1), 9)) == list(islice(slots(elsewhere, 1), 9))


def test_past_slots_are_over():
    """Sessions of the past have ended, and no two are at one time."""
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = past_slots(now, 40, random.Random(1))
    assert found == sorted(set(found))
    assert all(slot + timedelta(hours=LONGEST) < now for slot in found)

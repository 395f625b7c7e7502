"""What the source document's tables promise of each scenario and reset state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from pytest_seedstate.errors import SeedstateError
from scenarios.tattoo_directory.places import LONDON, LONDON_POSTCODE_AREAS
from scenarios.tattoo_directory.records import (
    Artist,
    ArtistStyle,
    Booking,
    PortfolioImage,
    Review,
    Studio,
)
from scenarios.tattoo_directory.styles import STYLES

ARTISTS = {
    "minimal": 3,
    "search-basic": 5,
    "london-artists": 5,
    "london-focused": 10,
    "high-rated": 3,
    "new-artists": 4,
    "booking-available": 6,
    "portfolio-rich": 4,
    "multi-style": 3,
    "style-diverse": 12,
    "pricing-range": 5,
    "full-dataset": 10,
    "empty": 0,
    "single": 1,
    "performance-test": 50,
    "location-london": 6,
    "style-traditional": 5,
    "high-rating": 5,
}
PARTS = {"catalogue", "picture-library"}


@pytest.mark.parametrize(("name", "count"), ARTISTS.items())
def test_artist_count(generated, name, count):
    """Each scenario holds as many artists as promised, in both stores that hold artists."""
    dataset = generated(name)
    assert len(dataset.records_of(Artist)) == count
    assert len(dataset.entries.get("postgres", {}).get("artists", [])) == count
    items = dataset.entries.get("dynamodb", {}).get("tattoo-directory", [])
    assert sum(item["entityType"] == "artist" for item in items) == count


def test_all_scenarios_are_in_the_table(registry):
    """The pack has the scenarios of the table and the two that others extend."""
    names = {one.name for one in registry.scenarios() if one.pack.name == "tattoo_directory"}
    assert names == set(ARTISTS) | PARTS


def test_every_scenario_says_what_it_is(registry):
    """Lists show a line for each scenario and reset state."""
    pack = next(pack for pack in registry.packs if pack.name == "tattoo_directory")
    assert all(one.summary for one in pack.scenarios)
    assert all(one.description for one in pack.states)


def test_minimal(generated, now):
    """Bookings of every status, past and coming, and artists that tests find by name."""
    dataset = generated("minimal")
    bookings = dataset.records_of(Booking)
    assert {booking.status for booking in bookings} == {
        "requested",
        "confirmed",
        "completed",
        "cancelled",
        "no_show",
    }
    assert {booking.starts_at > now for booking in bookings} == {True, False}
    assert dataset.records_of(Review)
    assert dataset.named["open"].availability.status == "Booking now"
    assert dataset.named["busy"].availability.booking_open
    assert not dataset.named["closed"].availability.booking_open
    assert len(set(map(id, dataset.named.values()))) == 3


def test_search_basic(generated):
    """Traditional and realism, both several times, as first styles."""
    first = [artist.styles[0] for artist in generated("search-basic").records_of(Artist)]
    assert set(first) == {"traditional", "realism"}
    assert min(first.count("traditional"), first.count("realism")) >= 2


@pytest.mark.parametrize("name", ["london-artists", "london-focused", "location-london"])
def test_london(generated, name):
    """Every artist and studio is in London by city, postcode and position."""
    dataset = generated(name)
    addresses = [artist.tattoo_studio.address for artist in dataset.records_of(Artist)]
    for place in (*addresses, *dataset.records_of(Studio)):
        assert place.city == "London"
        assert place.postcode.split()[0].rstrip("0123456789D") in LONDON_POSTCODE_AREAS
        assert LONDON.holds(place.latitude, place.longitude)
    districts = {artist.location_display for artist in dataset.records_of(Artist)}
    assert len(districts) == len(dataset.records_of(Studio))


@pytest.mark.parametrize("name", ["london-artists", "london-focused"])
def test_london_studios_have_staff(generated, name):
    """Each artist is on the roster of a studio, and a studio has more than one."""
    studios = generated(name).records_of(Studio)
    assert sum(len(studio.artists) for studio in studios) == ARTISTS[name]
    assert max(len(studio.artists) for studio in studios) > 1


@pytest.mark.parametrize("name", ["high-rated", "high-rating"])
def test_high_ratings(generated, name):
    """Ratings of 4.5 and better."""
    assert min(artist.rating for artist in generated(name).records_of(Artist)) >= Decimal("4.5")


def test_high_rated_is_premium(generated):
    """The three highly rated artists charge 180 pounds or more."""
    rates = [artist.pricing.hourly_rate for artist in generated("high-rated").records_of(Artist)]
    assert min(rates) >= 180


def test_new_artists(generated, now):
    """Joined within 30 days, with little experience, and certified nevertheless."""
    for artist in generated("new-artists").records_of(Artist):
        assert timedelta(0) < now.date() - artist.joined_on <= timedelta(days=30)
        assert artist.experience.years_active <= 2
        assert artist.experience.certifications


def test_booking_available(generated, now):
    """Booking is open for all six, with free slots in the time that the status promises."""
    within = {
        "Booking now": (0, 7),
        "Booking 1-2 weeks": (6, 14),
        "Booking 1-2 months": (29, 62),
    }
    for artist in generated("booking-available").records_of(Artist):
        assert artist.availability.booking_open
        assert len(artist.availability.booking_slots) >= 3
        soonest, latest = within[artist.availability.status]
        wait = artist.availability.booking_slots[0] - now
        assert timedelta(days=soonest) <= wait <= timedelta(days=latest)


def test_portfolio_rich(generated):
    """Eight images or more for each artist, different objects, with what marks their styles."""
    dataset = generated("portfolio-rich")
    for artist in dataset.records_of(Artist):
        images = [
            image
            for image in dataset.records_of(PortfolioImage)
            if image.artist_id == artist.artist_id
        ]
        assert len(images) >= 8
        assert len({image.s3_key for image in images}) == len(images)
        assert {image.style_id for image in images} == set(artist.styles)
        assert all(about.characteristics for about in artist.style_metadata.values())


def test_multi_style(generated):
    """Three styles or more for each artist."""
    for artist in generated("multi-style").records_of(Artist):
        assert len(artist.styles) >= 3


def test_style_diverse(generated):
    """All styles are somebody's first one, and every difficulty comes up."""
    artists = generated("style-diverse").records_of(Artist)
    assert {artist.styles[0] for artist in artists} == set(STYLES)
    difficulties = {
        about.difficulty for artist in artists for about in artist.style_metadata.values()
    }
    assert difficulties == {"beginner", "intermediate", "advanced", "expert"}


def test_style_traditional(generated):
    """All five work in traditional, and the index by style finds them there."""
    dataset = generated("style-traditional")
    assert all("traditional" in artist.styles for artist in dataset.records_of(Artist))
    listed = [one for one in dataset.records_of(ArtistStyle) if one.style_id == "traditional"]
    assert len(listed) == 5


def test_pricing_range(generated):
    """Five different rates from 100 to 180 pounds, each with a minimum charge in pounds."""
    prices = [artist.pricing for artist in generated("pricing-range").records_of(Artist)]
    assert sorted(price.hourly_rate for price in prices) == [100, 120, 140, 160, 180]
    assert all(0 < price.minimum_charge <= price.hourly_rate for price in prices)
    assert {price.currency for price in prices} == {"GBP"}


def test_full_dataset(generated, now):
    """Everything at once: other cities, all kinds of availability, bookings, reviews."""
    dataset = generated("full-dataset")
    artists = dataset.records_of(Artist)
    cities = {artist.tattoo_studio.address.city for artist in artists}
    assert "London" in cities
    assert len(cities) >= 3
    assert len({artist.availability.status for artist in artists}) == 5
    statuses = {booking.status for booking in dataset.records_of(Booking)}
    assert len(statuses) == 5
    assert {booking.artist_id for booking in dataset.records_of(Booking)} == {
        artist.artist_id for artist in artists
    }
    assert {"studios", "artists", "bookings", "reviews"} == set(dataset.entries["postgres"])


def test_single_has_a_complete_profile(generated):
    """The one artist has a value for everything."""
    artist = generated("single").one(Artist)
    assert all(getattr(artist, name) not in (None, (), "") for name in Artist.model_fields)
    assert artist.availability.next_available is not None


def test_empty_has_nothing(generated):
    """Not one record in any store."""
    assert not generated("empty").records
    assert not generated("empty").entries


@pytest.mark.parametrize("count", [0, 1, 7, 50, 1000, 1500])
def test_performance_test_has_as_many_as_asked_for(generated, count):
    """The parameter decides; keys stay different."""
    dataset = generated("performance-test", count=count)
    artists = dataset.records_of(Artist)
    assert len(artists) == count
    assert len({artist.artist_id for artist in artists}) == count
    assert len({artist.instagram_handle for artist in artists}) == count


def test_performance_test_loads_few_objects(generated):
    """Its images share objects, because objects take longest to load."""
    small, large = (generated("performance-test", count=count) for count in (50, 1000))
    assert len(small.entries["s3"]["tattoo-directory-images"]) == len(
        large.entries["s3"]["tattoo-directory-images"]
    )


def test_performance_test_refuses_a_negative_count(generated):
    """A count below nothing is an error that says so."""
    with pytest.raises(SeedstateError, match="cannot have -3 artists"):
        generated("performance-test", count=-3)


def test_scenarios_can_be_layered(registry, now):
    """Two scenarios on top of each other: the artists of both, other keys, one catalogue."""
    from pytest_seedstate.records.generate import generate
    from pytest_seedstate.records.plan import plan

    asked = plan(registry, ["minimal", "london-artists", "booking-available"])
    dataset = generate(asked, seed_number=0, now=now)
    assert len({artist.artist_id for artist in dataset.records_of(Artist)}) == 3 + 5 + 6
    items = dataset.entries["dynamodb"]["tattoo-directory"]
    assert sum(item["entityType"] == "style" for item in items) == len(STYLES)

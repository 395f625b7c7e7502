"""The rules that records refuse to break: each with a value that breaks it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_seedstate.records.record import Record
from scenarios.tattoo_directory.factories import (
    ArtistFactory,
    BookingFactory,
    PortfolioImageFactory,
    ReviewFactory,
    StudioFactory,
    StyleFactory,
)
from scenarios.tattoo_directory.pictures import PORTFOLIO
from scenarios.tattoo_directory.places import LONDON_PLACES, OTHER_PLACES
from scenarios.tattoo_directory.records import Artist, Booking, Review, Studio


def changed(record: Record, path: str, value: Any) -> dict[str, Any]:
    """A record's data with another value at a path such as ``pricing.currency``."""
    data = record.model_dump()
    *parents, last = path.split(".")
    target = data
    for name in parents:
        target = target[name]
    target[last] = value
    return data


ARTIST = ArtistFactory.build(place=LONDON_PLACES[0], status="Booking now", styles=("realism",))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("artist_id", "001", "pattern"),
        ("artist_name", "  ", "at least 1 character"),
        ("rating", Decimal("0.9"), "greater than or equal to 1"),
        ("rating", Decimal("5.1"), "less than or equal to 5"),
        ("rating", Decimal("4.55"), "no more than 1 decimal"),
        ("review_count", -1, "greater than or equal to 0"),
        ("pricing.hourly_rate", Decimal(79), "greater than or equal to 80"),
        ("pricing.hourly_rate", Decimal(251), "less than or equal to 250"),
        ("pricing.minimum_charge", Decimal(0), "greater than 0"),
        ("pricing.minimum_charge", Decimal(251), "above the hourly rate"),
        ("pricing.currency", "EUR", "'GBP'"),
        ("availability.status", "Maybe", "Booking now"),
        ("availability.booking_open", False, "bookingOpen is False under status 'Booking now'"),
        ("availability.waiting_list", True, "waitingList is True under status 'Booking now'"),
        ("availability.next_available", date(1999, 1, 1), "nextAvailable is 1999-01-01"),
        ("availability.booking_slots", (), "slots exactly where booking is open"),
        ("experience.years_active", -1, "greater than or equal to 0"),
        ("experience.certifications", ("First Aid", "First Aid"), "twice"),
        ("contact_info.instagram", "Not a handle", "pattern"),
        ("contact_info.instagram", "somebody_else", "differ"),
        ("contact_info.email", "nobody", "pattern"),
        ("contact_info.phone", "12345", "pattern"),
        ("contact_info.website", "http://insecure.example", "pattern"),
        ("instagram_handle", "ends.with.dot.", "pattern"),
        ("tattoo_studio.studio_id", "artist_001", "pattern"),
        ("tattoo_studio.address.postcode", "NW1", "pattern"),
        ("tattoo_studio.address.postcode", "NW1 7CI", "pattern"),
        ("tattoo_studio.address.postcode", "M1 1AA", "in London"),
        ("tattoo_studio.address.city", "Leeds", "in London"),
        ("tattoo_studio.address.latitude", Decimal("53.48"), "in London"),
        ("tattoo_studio.address.longitude", Decimal("2.35"), "not in the United Kingdom"),
        ("location_display", "Camden, Paris", "does not end in the city"),
        ("geohash", "gcpvj0d", "pattern"),
        ("geohash", "gcpvj0da", "pattern"),
        ("geohash", "u10hb5j4", "is not where"),
        ("styles", (), "at least 1 item"),
        ("styles", ("realism", "realism"), "twice"),
        ("styles", ("realistic",), "no such style; known: traditional"),
        ("styles", ("traditional",), "describes other styles"),
        ("style_metadata", {}, "describes other styles"),
        ("avatar", "https://elsewhere.example/me.png", "pattern"),
        ("portfolio_images", ("s3://tattoo-directory-images/notes.txt",), "pattern"),
    ],
)
def test_artist_refuses(path, value, message):
    """Every rule of an artist's profile, by a profile that is right but for one value."""
    Artist.model_validate(ARTIST.model_dump())
    with pytest.raises(ValidationError, match=message):
        Artist.model_validate(changed(ARTIST, path, value))


def without_default(model: type[Record]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


@pytest.mark.parametrize("name", without_default(Artist))
def test_artist_needs(name):
    """No field but `opted_out` has a default: what the document requires is required."""
    data = ARTIST.model_dump()
    del data[name]
    with pytest.raises(ValidationError, match="Field required"):
        Artist.model_validate(data)


@pytest.mark.parametrize(
    "required",
    ["artist_id", "artist_name", "instagram_handle", "styles", "location_display", "geohash"],
)
def test_fields_that_the_document_requires_of_artists(required):
    """The six that its validator names."""
    assert required in without_default(Artist)


def test_slots_come_in_order():
    """Free slots are sorted and different."""
    slots = ARTIST.availability.booking_slots
    with pytest.raises(ValidationError, match="in order"):
        Artist.model_validate(changed(ARTIST, "availability.booking_slots", (slots[0], *slots)))


STUDIO = StudioFactory.build(place=LONDON_PLACES[1])


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("studio_id", "studio_1", "pattern"),
        ("studio_name", "", "at least 1 character"),
        ("postcode", "SW1A", "pattern"),
        ("address", "1 Brick Lane, London", "does not end in"),
        ("city", "Manchester", "in London"),
        ("latitude", Decimal("55.95"), "in London"),
        ("geohash", "gcpvj0du", "is not where"),
        ("rating", Decimal("0.0"), "greater than or equal to 1"),
        ("established", 1492, "greater than or equal to 1900"),
        ("specialties", ("ink",), "no such style"),
        ("artists", ("artist_001", "artist_001"), "twice"),
        ("opening_hours.monday", "nine to five", "pattern"),
        ("opening_hours.friday", "18:00-10:00", "does not end after it begins"),
        ("opening_hours.friday", "10:00-29:00", "does not end after it begins"),
    ],
)
def test_studio_refuses(path, value, message):
    """Every rule of a studio."""
    Studio.model_validate(STUDIO.model_dump())
    with pytest.raises(ValidationError, match=message):
        Studio.model_validate(changed(STUDIO, path, value))


@pytest.mark.parametrize(
    ("postcode", "is_right"),
    [
        ("M1 1AE", True),
        ("G1 5AB", True),
        ("EH6 5LE", True),
        ("BS1 3PY", True),
        ("M1 1A", False),
        ("M11AE", False),
        ("m1 1ae", False),
        ("MMM1 1AE", False),
    ],
)
def test_postcodes(postcode, is_right):
    """The forms that UK postcodes have, outside of London."""
    data = StudioFactory.build(place=OTHER_PLACES[0]).model_dump()
    data["postcode"] = postcode
    data["address"] = f"1 Oldham Street, Manchester, {postcode}"
    if is_right:
        assert Studio.model_validate(data).postcode == postcode
    else:
        with pytest.raises(ValidationError, match="pattern"):
            Studio.model_validate(data)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("style_id", "cubism", "no such style"),
        ("style_name", "", "at least 1 character"),
        ("description", "", "at least 1 character"),
        ("difficulty", "impossible", "'beginner'"),
        ("popularity", 101, "less than or equal to 100"),
        ("popularity", -1, "greater than or equal to 0"),
        ("characteristics", (), "at least 1 item"),
    ],
)
def test_style_refuses(path, value, message):
    """Every rule of a style."""
    style = StyleFactory.build(style_id="japanese")
    with pytest.raises(ValidationError, match=message):
        type(style).model_validate(changed(style, path, value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("image_id", "1", "pattern"),
        ("url", "s3://tattoo-directory-images/portfolio/other.jpg", "is not the address of"),
        ("content_type", "text/html", "'image/jpeg'"),
        ("content_type", "image/png", "is not named like image/png"),
        ("width", 0, "greater than 0"),
        ("created_at", datetime(2026, 1, 1), "timezone"),
    ],
)
def test_image_refuses(path, value, message):
    """Every rule of a portfolio image."""
    image = PortfolioImageFactory.build(s3_key="portfolio/artist_001/001.jpg", picture=PORTFOLIO[0])
    with pytest.raises(ValidationError, match=message):
        type(image).model_validate(changed(image, path, value))


BOOKING = BookingFactory.build(artist=ARTIST)
START = BOOKING.starts_at


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("ends_at", START, "created, then starts, then ends"),
        ("created_at", START + timedelta(seconds=1), "created, then starts, then ends"),
        ("ends_at", START + timedelta(hours=8, seconds=1), "no session is longer than 8 hours"),
        ("price", Decimal(0), "greater than 0"),
        ("price", Decimal("80.001"), "no more than 2 decimal"),
        ("status", "maybe", "'requested'"),
        ("client_email", "nobody", "pattern"),
        ("style_id", "cubism", "no such style"),
        ("details.size_cm", 0, "greater than or equal to 1"),
    ],
)
def test_booking_refuses(path, value, message):
    """Every rule of a booking."""
    Booking.model_validate(BOOKING.model_dump())
    with pytest.raises(ValidationError, match=message):
        Booking.model_validate(changed(BOOKING, path, value))


@pytest.mark.parametrize("rating", [0, 6])
def test_review_has_one_to_five_stars(rating):
    """The bounds of a review's stars."""
    with pytest.raises(ValidationError, match="5" if rating else "1"):
        Review.model_validate(changed(ReviewFactory.build(), "rating", rating))


def test_fields_that_nobody_knows_are_refused():
    """A misspelt field is an error, not lost."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        ArtistFactory.build(ratingg=Decimal(4))

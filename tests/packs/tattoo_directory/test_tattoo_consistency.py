"""Rules between records, on the whole datasets of every scenario."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from pytest_seedstate.stores.canonical import encode
from scenarios.tattoo_directory import geohash
from scenarios.tattoo_directory.records import (
    Artist,
    ArtistStyle,
    Booking,
    PortfolioImage,
    Review,
    StoredPicture,
    Studio,
    Style,
)
from scenarios.tattoo_directory.styles import STYLES

ROOT = Path(__file__).parents[3]

POPULATED = [
    "minimal",
    "search-basic",
    "london-artists",
    "london-focused",
    "high-rated",
    "new-artists",
    "booking-available",
    "portfolio-rich",
    "multi-style",
    "style-diverse",
    "pricing-range",
    "full-dataset",
    "single",
    "performance-test",
    "location-london",
    "style-traditional",
    "high-rating",
]
WITH_BOOKINGS = ["minimal", "booking-available", "full-dataset", "single"]

in_every_scenario = pytest.mark.parametrize("name", POPULATED)


@in_every_scenario
def test_artists_and_studios_point_at_each_other(generated, name):
    """A studio names exactly the artists that name it, with one name and one address."""
    dataset = generated(name)
    studios = {studio.studio_id: studio for studio in dataset.records_of(Studio)}
    pointing = {(one.tattoo_studio.studio_id, one.artist_id) for one in dataset.records_of(Artist)}
    named = {(key, artist) for key, studio in studios.items() for artist in studio.artists}
    assert pointing == named
    for artist in dataset.records_of(Artist):
        studio, profile = studios[artist.tattoo_studio.studio_id], artist.tattoo_studio
        assert profile.studio_name == studio.studio_name
        address = profile.address
        assert f"{address.street}, {address.city}, {address.postcode}" == studio.address
        assert (address.latitude, address.longitude) == (studio.latitude, studio.longitude)
        assert artist.geohash == studio.geohash


@in_every_scenario
def test_specialties_are_the_artists_styles(generated, name):
    """A studio is good at what its artists are good at."""
    dataset = generated(name)
    artists = {artist.artist_id: artist for artist in dataset.records_of(Artist)}
    for studio in dataset.records_of(Studio):
        styles = {style for artist in studio.artists for style in artists[artist].styles}
        assert set(studio.specialties) == styles


@in_every_scenario
def test_geohash_agrees_with_coordinates(generated, name):
    """The point lies in the cell, and the index keys begin with the cell's larger ones."""
    dataset = generated(name)
    for studio in dataset.records_of(Studio):
        assert geohash.cell(studio.geohash).holds(studio.latitude, studio.longitude)
    for item in dataset.entries["dynamodb"]["tattoo-directory"]:
        if item["entityType"] == "artist":
            address = item["tattooStudio"]["address"]
            found = geohash.encode(address["latitude"], address["longitude"])
            assert item["geoCell"] == f"GEO#{found[:4]}"
            assert item["geoRank"] == f"{found}#{item['artistId']}"


@in_every_scenario
def test_ratings_come_from_reviews(generated, name):
    """Rating and review count are those of the rows, for artists and for studios."""
    dataset = generated(name)
    stars: dict[str, list[int]] = {}
    for review in dataset.records_of(Review):
        stars.setdefault(review.artist_id, []).append(review.rating)
    for artist in dataset.records_of(Artist):
        assert_rated(artist, stars[artist.artist_id])
    for studio in dataset.records_of(Studio):
        assert_rated(studio, [star for one in studio.artists for star in stars[one]])


def assert_rated(rated, stars):
    mean = Decimal(sum(stars)) / len(stars)
    assert rated.rating == mean.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert rated.review_count == len(stars)


@in_every_scenario
def test_rates_are_in_range(generated, name):
    """80 to 250 pounds an hour, and a smallest charge that is no more than that."""
    for artist in generated(name).records_of(Artist):
        assert 80 <= artist.pricing.hourly_rate <= 250
        assert artist.pricing.minimum_charge <= artist.pricing.hourly_rate


@in_every_scenario
def test_images_name_loaded_objects(generated, name):
    """Portfolio images and avatars lie in the bucket, under their content type."""
    dataset = generated(name)
    objects = {one.key: one for one in dataset.entries["s3"]["tattoo-directory-images"]}
    for image in dataset.records_of(PortfolioImage):
        stored = objects[image.s3_key]
        assert stored.content_type == image.content_type
        assert stored.body.is_file()
    for artist in dataset.records_of(Artist):
        assert artist.avatar.removeprefix("s3://tattoo-directory-images/") in objects


@in_every_scenario
def test_profiles_list_their_portfolio(generated, name):
    """An artist's images are the ones that the profile lists, numbered from 001, own styles."""
    dataset = generated(name)
    portfolios: dict[str, list[PortfolioImage]] = {}
    for image in dataset.records_of(PortfolioImage):
        portfolios.setdefault(image.artist_id, []).append(image)
    for artist in dataset.records_of(Artist):
        images = portfolios.pop(artist.artist_id)
        assert [image.url for image in images] == list(artist.portfolio_images)
        assert [image.image_id for image in images] == [
            f"{n:03}" for n in range(1, len(images) + 1)
        ]
        assert {image.style_id for image in images} <= set(artist.styles)
    assert not portfolios


@in_every_scenario
def test_styles_are_listed_and_described(generated, name):
    """All styles are there; what profiles and listings repeat of them and of artists is right."""
    dataset = generated(name)
    styles = {style.style_id: style for style in dataset.records_of(Style)}
    assert list(styles) == list(STYLES)
    listed = {(one.artist_id, one.style_id): one for one in dataset.records_of(ArtistStyle)}
    wanted = set()
    for artist in dataset.records_of(Artist):
        for style, about in artist.style_metadata.items():
            wanted.add((artist.artist_id, style))
            listing = listed[artist.artist_id, style]
            assert (listing.artist_name, listing.rating, listing.location_display) == (
                artist.artist_name,
                artist.rating,
                artist.location_display,
            )
            assert about.characteristics == styles[style].characteristics
            assert about.difficulty == styles[style].difficulty
            assert about.popular_motifs == styles[style].popular_motifs
            assert about.color_palette == styles[style].color_palette
    assert set(listed) == wanted


@in_every_scenario
def test_rows_and_items_agree(generated, name):
    """What PostgreSQL and DynamoDB both say of artists and studios is the same."""
    entries = generated(name).entries
    items = {(item["pk"], item["sk"]): item for item in entries["dynamodb"]["tattoo-directory"]}
    for row in entries["postgres"]["artists"]:
        item = items["ARTIST#" + row["id"], "PROFILE"]
        assert row == {
            "id": item["artistId"],
            "studio_id": item["tattooStudio"]["studioId"],
            "name": item["artistName"],
            "styles": item["styles"],
            "rating": item["rating"],
            "review_count": item["reviewCount"],
            "hourly_rate": item["pricing"]["hourlyRate"],
            "minimum_charge": item["pricing"]["minimumCharge"],
            "currency": item["pricing"]["currency"],
            "booking_open": item["availability"]["bookingOpen"],
            "joined_on": row["joined_on"],
            "opted_out": item["opted_out"],
        }
        assert row["joined_on"].isoformat() == item["joinedOn"]
    for row in entries["postgres"]["studios"]:
        item = items["STUDIO#" + row["id"], "PROFILE"]
        assert row == {
            "id": item["studioId"],
            "name": item["studioName"],
            "address": item["address"],
            "postcode": item["postcode"],
            "latitude": item["latitude"],
            "longitude": item["longitude"],
            "geohash": item["geohash"],
            "rating": item["rating"],
            "review_count": item["reviewCount"],
            "established": item["established"],
        }


@in_every_scenario
def test_keys_are_unique_and_references_exist(generated, name):
    """What primary and foreign keys ask for."""
    entries = generated(name).entries
    rows = entries["postgres"]
    ids = {table: {row["id"] for row in rows[table]} for table in rows}
    for table in rows:
        assert len(ids[table]) == len(rows[table])
    assert {row["studio_id"] for row in rows["artists"]} <= ids["studios"]
    assert {row["artist_id"] for row in rows["reviews"]} <= ids["artists"]
    assert {row["artist_id"] for row in rows.get("bookings", ())} <= ids["artists"]
    booked = [row["booking_id"] for row in rows["reviews"] if row["booking_id"] is not None]
    assert set(booked) <= ids.get("bookings", set())
    assert len(booked) == len(set(booked))


@pytest.mark.parametrize("name", WITH_BOOKINGS)
def test_bookings_keep_the_rules(generated, now, name):
    """Prices, slots, statuses and styles fit the artist and the clock."""
    dataset = generated(name)
    artists = {artist.artist_id: artist for artist in dataset.records_of(Artist)}
    studios = {studio.studio_id: studio for studio in dataset.records_of(Studio)}
    for booking in dataset.records_of(Booking):
        artist = artists[booking.artist_id]
        hours = int((booking.ends_at - booking.starts_at).total_seconds()) // 3600
        due = max(hours * artist.pricing.hourly_rate, artist.pricing.minimum_charge)
        assert booking.price == due
        assert booking.style_id in artist.styles
        is_past = booking.status in ("completed", "no_show")
        assert (booking.ends_at < now) if is_past else (booking.starts_at > now)
        assert booking.created_at < now
        week = studios[artist.tattoo_studio.studio_id].opening_hours
        assert getattr(week, f"{booking.starts_at:%A}".lower()) != "Closed"
        if booking.status == "requested":
            assert artist.availability.booking_open
        if not is_past:
            assert booking.starts_at not in artist.availability.booking_slots


@pytest.mark.parametrize("name", WITH_BOOKINGS)
def test_one_live_booking_per_slot(generated, name):
    """No artist is booked twice for one time; a cancelled booking has given its slot back."""
    bookings = generated(name).records_of(Booking)
    live = Counter(
        (booking.artist_id, booking.starts_at)
        for booking in bookings
        if booking.status != "cancelled"
    )
    assert set(live.values()) == {1}
    cancelled = {
        (booking.artist_id, booking.starts_at)
        for booking in bookings
        if booking.status == "cancelled"
    }
    assert cancelled
    assert cancelled <= set(live)


@pytest.mark.parametrize("name", WITH_BOOKINGS)
def test_reviews_of_bookings(generated, now, name):
    """A review that names a booking follows its completion, by its client, of its artist."""
    dataset = generated(name)
    bookings = {booking.id: booking for booking in dataset.records_of(Booking)}
    about = [review for review in dataset.records_of(Review) if review.booking_id is not None]
    assert about
    for review in about:
        booking = bookings[review.booking_id]
        assert booking.status == "completed"
        assert (review.artist_id, review.client_name) == (booking.artist_id, booking.client_name)
        assert booking.ends_at < review.created_at < now


@in_every_scenario
def test_nothing_leads_to_a_real_person(generated, name):
    """Addresses are of the domain for examples, numbers of the ranges kept for fiction."""
    dataset = generated(name)
    for one in (*dataset.records_of(Artist), *dataset.records_of(Studio)):
        contact = one.contact_info
        assert contact.email.endswith(".example")
        assert contact.website.endswith(".example")
        prefix, last = contact.phone.rsplit(" ", 1)
        fictional = ("+44 7700", "+44 20 7946", "+44 161 496", "+44 117 496", "+44 113 496")
        assert prefix in (*fictional, "+44 141 496", "+44 131 496")
        assert last.startswith("0" if prefix != "+44 7700" else "900")


@pytest.mark.parametrize("name", ["full-dataset", "performance-test"])
def test_same_data_in_another_process(generated, name):
    """Another process with another hash seed makes the same bytes."""
    script = (
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from pytest_seedstate.records.generate import generate\n"
        "from pytest_seedstate.records.plan import plan\n"
        "from pytest_seedstate.records.registry import Registry\n"
        "registry = Registry.find(Path.cwd(), [Path('scenarios')])\n"
        f"asked = plan(registry, ['tattoo_directory/{name}'])\n"
        "now = datetime(2026, 1, 1, 12, tzinfo=UTC)\n"
        "print(generate(asked, seed_number=0, now=now).fingerprint)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == generated(name).fingerprint, done.stderr


def test_another_seed_makes_other_data(generated):
    """The seed decides, and the promises hold for any."""
    one, other = generated("full-dataset"), generated("full-dataset", seed_number=1)
    assert encode(one.entries["postgres"]["artists"]) != encode(
        other.entries["postgres"]["artists"]
    )


def test_pictures_are_shared_by_path_not_by_copy(generated):
    """Objects of the large scenario are few, and all of them are shown by somebody."""
    dataset = generated("performance-test", count=1000)
    keys = {one.key for one in dataset.records_of(StoredPicture)}
    shown = {image.s3_key for image in dataset.records_of(PortfolioImage)}
    avatars = {
        artist.avatar.removeprefix("s3://tattoo-directory-images/")
        for artist in dataset.records_of(Artist)
    }
    assert keys == shown | avatars

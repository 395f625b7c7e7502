"""Factories of the directory's records.

Each builds a record alone, with plausible values for whatever is not said; a `Directory` builds
records that belong together. Random choices come from factory_boy's generator, which a running
scenario seeds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import factory
from factory.random import randgen

from pytest_seedstate import RecordFactory

from . import texts
from .fields import BUCKET
from .geohash import encode
from .parts import (
    CLOSED_STATUSES,
    OPEN_STATUSES,
    Address,
    BookingDetails,
    ContactInfo,
    Experience,
    OpeningHours,
    Pricing,
    StyleMetadata,
    TattooStudio,
)
from .pictures import AVATARS, PORTFOLIO
from .places import LONDON_PLACES, UNIT_LETTERS
from .records import Artist, Booking, PortfolioImage, Review, Studio, Style
from .sessions import LONGEST, availability
from .styles import STYLES

USUAL_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The present of a record that is built without saying when."""

METADATA = {style: StyleMetadata(**facts.metadata()) for style, facts in STYLES.items()}

WEEKS = tuple(
    OpeningHours(
        monday="Closed",
        tuesday="10:00-18:00",
        wednesday="10:00-18:00",
        thursday=late,
        friday=late,
        saturday="10:00-18:00",
        sunday=sunday,
    )
    for late in ("10:00-18:00", "10:00-20:00")
    for sunday in ("Closed", "11:00-16:00")
)
"""Opening hours; from Tuesday to Saturday every studio is open from 10:00 to 18:00 at least."""


def plain(name: str) -> str:
    """A name as addresses and handles spell it: small letters and digits."""
    return re.sub("[^a-z0-9]", "", name.lower())


def image_url(key: str) -> str:
    """The address of an S3 object, whatever the endpoint."""
    return f"s3://{BUCKET}/{key}"


def client_name() -> str:
    """A client's first and last name."""
    first = randgen.choice(texts.CLIENT_FIRST_NAMES)
    return f"{first} {randgen.choice(texts.CLIENT_LAST_NAMES)}"


def _nearby(coordinate: Decimal) -> Decimal:
    """Up to 0.0008 degrees away, which is 90 metres at most."""
    return coordinate + Decimal(randgen.randint(-800, 800)).scaleb(-6)


class AddressFactory(RecordFactory[Address]):
    """An address in one of the streets that have tattoo studios, in London by default."""

    class Params:
        place = factory.LazyFunction(lambda: randgen.choice(LONDON_PLACES))

    street = factory.LazyAttribute(
        lambda o: f"{randgen.randint(1, o.place.houses)} {o.place.street}"
    )
    city = factory.LazyAttribute(lambda o: o.place.city)
    postcode = factory.LazyAttribute(
        lambda o: o.place.sector + "".join(randgen.choices(UNIT_LETTERS, k=2))
    )
    latitude = factory.LazyAttribute(lambda o: _nearby(o.place.latitude))
    longitude = factory.LazyAttribute(lambda o: _nearby(o.place.longitude))


class TattooStudioFactory(RecordFactory[TattooStudio]):
    """A studio as its artists' profiles name it."""

    class Params:
        place = factory.LazyFunction(lambda: randgen.choice(LONDON_PLACES))

    studio_id = factory.Sequence(lambda n: f"studio_{n + 1:03}")
    studio_name = factory.LazyFunction(
        lambda: f"{randgen.choice(texts.STUDIO_NAMES)} {randgen.choice(texts.STUDIO_KINDS)}"
    )
    address = factory.LazyAttribute(lambda o: AddressFactory.build(place=o.place))


class ArtistFactory(RecordFactory[Artist]):
    """An artist in London.

    Params:
        place: where the studio stands; goes with `tattoo_studio` where that is given.
        hourly_rates: the lowest and the highest possible rate, pounds in steps of five.
        years: the fewest and the most years of work.
        joined: the fewest and the most days since the artist came to the directory.
        status: the availability's status.
        now: the present.
    """

    class Params:
        number = factory.Sequence(lambda n: n + 1)
        first_name = factory.Faker("first_name", locale="en_GB")
        last_name = factory.Faker("last_name", locale="en_GB")
        place = factory.LazyFunction(lambda: randgen.choice(LONDON_PLACES))
        hourly_rates = (80, 250)
        years = (1, 25)
        joined = (60, 2000)
        status = factory.LazyFunction(lambda: randgen.choice(OPEN_STATUSES + CLOSED_STATUSES))
        now = USUAL_NOW

    artist_id = factory.LazyAttribute(lambda o: f"artist_{o.number:03}")
    artist_name = factory.LazyAttribute(lambda o: f"{o.first_name} {o.last_name}")
    bio = factory.LazyAttribute(lambda o: _bio(o.styles[0]))
    avatar = factory.LazyFunction(lambda: image_url(randgen.choice(AVATARS).file))
    rating = factory.LazyFunction(lambda: Decimal(randgen.randint(32, 50)).scaleb(-1))
    review_count = 0
    pricing = factory.LazyAttribute(lambda o: _pricing(*o.hourly_rates))
    availability = factory.LazyAttribute(lambda o: availability(o.status, o.now, randgen))
    experience = factory.LazyAttribute(lambda o: _experience(*o.years))
    contact_info = factory.LazyAttribute(
        lambda o: ContactInfo(
            instagram=o.instagram_handle,
            email=f"{plain(o.first_name)}@{plain(o.tattoo_studio.studio_name)}.example",
            phone=f"+44 7700 900{randgen.randint(0, 999):03}",
            website=f"https://{plain(o.artist_name)}.example",
        )
    )
    instagram_handle = factory.LazyAttribute(
        lambda o: (
            f"{plain(o.first_name)[:10]}{plain(o.last_name)[:8]}"
            f"_{randgen.choice(texts.HANDLE_ENDINGS)}{o.number}"
        )
    )
    tattoo_studio = factory.LazyAttribute(lambda o: TattooStudioFactory.build(place=o.place))
    location_display = factory.LazyAttribute(lambda o: f"{o.place.district}, {o.place.city}")
    geohash = factory.LazyAttribute(
        lambda o: encode(o.tattoo_studio.address.latitude, o.tattoo_studio.address.longitude)
    )
    styles = factory.LazyFunction(lambda: (randgen.choice(tuple(STYLES)),))
    style_metadata = factory.LazyAttribute(lambda o: {style: METADATA[style] for style in o.styles})
    portfolio_images = ()
    joined_on = factory.LazyAttribute(
        lambda o: (o.now - timedelta(days=randgen.randint(*o.joined))).date()
    )


class StudioFactory(RecordFactory[Studio]):
    """A studio with nobody in it, in London.

    Params:
        place: where it stands; goes with `profile` where that is given.
        profile: the studio as its artists' profiles name it.
    """

    class Params:
        place = factory.LazyFunction(lambda: randgen.choice(LONDON_PLACES))
        profile = factory.LazyAttribute(lambda o: TattooStudioFactory.build(place=o.place))

    studio_id = factory.LazyAttribute(lambda o: o.profile.studio_id)
    studio_name = factory.LazyAttribute(lambda o: o.profile.studio_name)
    address = factory.LazyAttribute(lambda o: f"{o.profile.address.street}, {o.city}, {o.postcode}")
    city = factory.LazyAttribute(lambda o: o.profile.address.city)
    postcode = factory.LazyAttribute(lambda o: o.profile.address.postcode)
    latitude = factory.LazyAttribute(lambda o: o.profile.address.latitude)
    longitude = factory.LazyAttribute(lambda o: o.profile.address.longitude)
    geohash = factory.LazyAttribute(lambda o: encode(o.latitude, o.longitude))
    contact_info = factory.LazyAttribute(
        lambda o: ContactInfo(
            instagram=f"{plain(o.studio_name)[:22]}_{o.studio_id.removeprefix('studio_')}",
            email=f"info@{plain(o.studio_name)}.example",
            phone=f"{o.place.phone} {randgen.randint(0, 999):04}",
            website=f"https://{plain(o.studio_name)}.example",
        )
    )
    opening_hours = factory.LazyFunction(lambda: randgen.choice(WEEKS))
    artists = ()
    rating = factory.LazyFunction(lambda: Decimal(randgen.randint(32, 50)).scaleb(-1))
    review_count = 0
    established = factory.LazyFunction(lambda: randgen.randint(1985, 2024))
    specialties = factory.LazyFunction(lambda: (randgen.choice(tuple(STYLES)),))


class StyleFactory(RecordFactory[Style]):
    """A style as `STYLES` describes it; each style once, in order, where none is named."""

    class Params:
        facts = factory.LazyAttribute(lambda o: STYLES[o.style_id])

    style_id = factory.Sequence(lambda n: tuple(STYLES)[n % len(STYLES)])
    style_name = factory.LazyAttribute(lambda o: o.facts.name)
    description = factory.LazyAttribute(lambda o: o.facts.description)
    characteristics = factory.LazyAttribute(lambda o: o.facts.characteristics)
    difficulty = factory.LazyAttribute(lambda o: o.facts.difficulty)
    popular_motifs = factory.LazyAttribute(lambda o: o.facts.motifs)
    color_palette = factory.LazyAttribute(lambda o: o.facts.palette)
    popularity = factory.LazyAttribute(lambda o: o.facts.popularity)


class PortfolioImageFactory(RecordFactory[PortfolioImage]):
    """One image of a portfolio.

    Params:
        picture: what it shows.
        now: the present.
    """

    class Params:
        picture = factory.LazyFunction(lambda: randgen.choice(PORTFOLIO))
        now = USUAL_NOW

    artist_id = "artist_001"
    image_id = factory.Sequence(lambda n: f"{n % 999 + 1:03}")
    title = factory.LazyAttribute(lambda o: f"{o.picture.motif}, {STYLES[o.style_id].name.lower()}")
    style_id = factory.LazyAttribute(lambda o: o.picture.styles[0])
    s3_key = factory.LazyAttribute(
        lambda o: f"portfolio/{o.artist_id}/{o.image_id}{o.picture.suffix}"
    )
    url = factory.LazyAttribute(lambda o: image_url(o.s3_key))
    content_type = factory.LazyAttribute(lambda o: o.picture.content_type)
    width = factory.LazyAttribute(lambda o: o.picture.width)
    height = factory.LazyAttribute(lambda o: o.picture.height)
    created_at = factory.LazyAttribute(
        lambda o: o.now - timedelta(days=randgen.randint(1, 700), minutes=randgen.randint(0, 600))
    )


class BookingFactory(RecordFactory[Booking]):
    """A booking with an artist, who must be given; an hour to three hours long.

    Params:
        artist: the artist.
        hours: how long the session takes.
        now: the present.
    """

    class Params:
        artist = None
        hours = factory.LazyFunction(lambda: randgen.randint(1, LONGEST))
        now = USUAL_NOW

    id = factory.Sequence(lambda n: n + 1)
    artist_id = factory.LazyAttribute(lambda o: o.artist.artist_id)
    client_name = factory.LazyFunction(client_name)
    client_email = factory.LazyAttribute(
        lambda o: f"{o.client_name.lower().replace(' ', '.')}@mail.example"
    )
    style_id = factory.LazyAttribute(lambda o: randgen.choice(o.artist.styles))
    starts_at = factory.LazyAttribute(lambda o: o.artist.availability.booking_slots[0])
    ends_at = factory.LazyAttribute(lambda o: o.starts_at + timedelta(hours=o.hours))
    price = factory.LazyAttribute(
        lambda o: max(o.artist.pricing.hourly_rate * o.hours, o.artist.pricing.minimum_charge)
    )
    status = "confirmed"
    details = factory.LazyAttribute(
        lambda o: BookingDetails(
            placement=randgen.choice(texts.PLACEMENTS),
            size_cm=randgen.randint(3, 12) * o.hours,
            in_color=len(STYLES[o.style_id].palette) > 2,
        )
    )
    created_at = factory.LazyAttribute(
        lambda o: min(o.starts_at, o.now) - timedelta(days=randgen.randint(1, 28), hours=1)
    )


class ReviewFactory(RecordFactory[Review]):
    """A review of an artist, of one booking where that is given.

    Params:
        booking: the completed booking that it is about.
        now: the present.
    """

    class Params:
        booking = None
        now = USUAL_NOW

    id = factory.Sequence(lambda n: n + 1)
    artist_id = factory.LazyAttribute(lambda o: o.booking.artist_id if o.booking else "artist_001")
    booking_id = factory.LazyAttribute(lambda o: o.booking.id if o.booking else None)
    client_name = factory.LazyAttribute(
        lambda o: o.booking.client_name if o.booking else client_name()
    )
    rating = factory.LazyFunction(lambda: randgen.randint(3, 5))
    text = factory.LazyAttribute(lambda o: randgen.choice(texts.REVIEWS[o.rating]))
    created_at = factory.LazyAttribute(
        lambda o: (
            o.booking.ends_at + timedelta(hours=randgen.randint(1, 20))
            if o.booking
            else o.now - timedelta(days=randgen.randint(80, 900), minutes=randgen.randint(0, 600))
        )
    )


def _bio(style: str) -> str:
    facts = STYLES[style]
    bio = randgen.choice(texts.BIOS)
    return bio.format(style=facts.name, motif=" and ".join(randgen.sample(facts.motifs, 2)))


def _pricing(lowest: int, highest: int) -> Pricing:
    rate = 5 * randgen.randint(-(-lowest // 5), highest // 5)
    return Pricing(
        hourly_rate=Decimal(rate), minimum_charge=Decimal(min(rate, 10 * randgen.randint(5, 12)))
    )


def _experience(fewest: int, most: int) -> Experience:
    years = randgen.randint(fewest, most)
    learned = randgen.sample(texts.CERTIFICATIONS, randgen.randint(1, 3))
    return Experience(
        years_active=years,
        apprenticeship_completed=years >= 2,  # an apprenticeship takes about two years
        certifications=tuple(learned),
    )

"""The directory's records: their fields, the rules they keep, and where they are stored.

Attribute names follow Python here and are camelCase in DynamoDB. Rules between records (ratings
against reviews, studios against artists) cannot stand in one record; the tests of this pack check
them on whole datasets.
"""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from pytest_seedstate import Item, Object, Record, Row

from . import geohash as geohashes
from .pictures import CONTENT_TYPES
from .places import LONDON, LONDON_POSTCODE_AREAS, POSTCODE, UNITED_KINGDOM
from .styles import STYLES

TABLE = "tattoo-directory"
BUCKET = "tattoo-directory-images"

CAMEL = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


def _known_style(style: str) -> str:
    if style not in STYLES:
        raise ValueError(f"no such style; known: {', '.join(STYLES)}")
    return style


def _without_repetition(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("the same value stands in it twice")
    return values


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
ArtistId = Annotated[str, StringConstraints(pattern=r"^artist_\d{3,}$")]
StudioId = Annotated[str, StringConstraints(pattern=r"^studio_\d{3,}$")]
StyleId = Annotated[str, AfterValidator(_known_style)]
StyleIds = Annotated[tuple[StyleId, ...], Field(min_length=1), AfterValidator(_without_repetition)]
Rating = Annotated[Decimal, Field(ge=1, le=5, decimal_places=1)]
Latitude = Annotated[Decimal, Field(ge=-90, lt=90, decimal_places=6)]
Longitude = Annotated[Decimal, Field(ge=-180, lt=180, decimal_places=6)]
Geohash = Annotated[
    str, StringConstraints(pattern=rf"^[{geohashes.ALPHABET}]{{{geohashes.LENGTH}}}$")
]
Postcode = Annotated[str, StringConstraints(pattern=f"^{POSTCODE.pattern}$")]
InstagramHandle = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_](?:[a-z0-9_.]{0,28}[a-z0-9_])?$")
]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+44(?: ?\d){10}$")]
Website = Annotated[str, StringConstraints(pattern=r"^https://[^\s/]+")]
ImageUrl = Annotated[str, StringConstraints(pattern=rf"^s3://{BUCKET}/[^\s]+\.(?:jpg|png|webp)$")]
"""Where an image lies whatever the endpoint; the application makes an HTTP address of it."""
Hours = Annotated[str, StringConstraints(pattern=r"^(?:Closed|[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d)$")]


def check_place(city: str, postcode: str, latitude: Decimal, longitude: Decimal) -> None:
    """Whether postcode and coordinates fit each other and the city, as far as the rules go.

    Raises:
        ValueError: outside of the United Kingdom, or London in only some of the three.
    """
    if not UNITED_KINGDOM.holds(latitude, longitude):
        raise ValueError(f"{latitude}, {longitude} is not in the United Kingdom")
    area = re.match("[A-Z]+", postcode)
    signs = {
        "the city": city == "London",
        "the postcode": area is not None and area[0] in LONDON_POSTCODE_AREAS,
        "the position": LONDON.holds(latitude, longitude),
    }
    if len(set(signs.values())) > 1:
        says = ", ".join(f"{sign} {'is' if yes else 'is not'}" for sign, yes in signs.items())
        raise ValueError(f"{city}, {postcode}, {latitude}, {longitude}: in London? {says}")


def check_geohash(geohash: str, latitude: Decimal, longitude: Decimal) -> None:
    """Whether a point lies in a geohash's cell.

    Raises:
        ValueError: it does not; says the right geohash.
    """
    if not geohashes.cell(geohash).holds(latitude, longitude):
        right = geohashes.encode(latitude, longitude)
        raise ValueError(f"geohash {geohash} is not where {latitude}, {longitude} is: {right}")


class Part(BaseModel):
    """A nested piece of a record."""

    model_config = ConfigDict(**CAMEL, frozen=True)


class Pricing(Part):
    """What an artist charges, in whole pounds."""

    hourly_rate: Annotated[Decimal, Field(ge=80, le=250)]
    minimum_charge: Annotated[Decimal, Field(gt=0)]
    currency: Literal["GBP"] = "GBP"

    @model_validator(mode="after")
    def _minimum_is_at_most_an_hour(self) -> Self:
        if self.minimum_charge > self.hourly_rate:
            raise ValueError(f"the minimum charge is above the hourly rate of {self.hourly_rate}")
        return self


OPEN_STATUSES = ("Booking now", "Booking 1-2 weeks", "Booking 1-2 months")
CLOSED_STATUSES = ("Waiting list only", "Books closed")


class Availability(Part):
    """Whether an artist takes bookings, from when on, and the free slots that can be had."""

    status: Literal[
        "Booking now",
        "Booking 1-2 weeks",
        "Booking 1-2 months",
        "Waiting list only",
        "Books closed",
    ]
    booking_open: bool
    next_available: date | None
    waiting_list: bool
    booking_slots: tuple[AwareDatetime, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.booking_open != (self.status in OPEN_STATUSES):
            raise ValueError(f"bookingOpen is {self.booking_open} under status '{self.status}'")
        if self.waiting_list != (self.status == "Waiting list only"):
            raise ValueError(f"waitingList is {self.waiting_list} under status '{self.status}'")
        if self.booking_open != bool(self.booking_slots):
            raise ValueError("there are slots exactly where booking is open")
        if list(self.booking_slots) != sorted(set(self.booking_slots)):
            raise ValueError("slots come in order, each once")
        first = self.booking_slots[0].astimezone(UTC).date() if self.booking_slots else None
        if self.next_available != first:
            raise ValueError(f"nextAvailable is {self.next_available}, the first slot {first}")
        return self


class Experience(Part):
    """How long an artist has worked, and what on paper."""

    years_active: Annotated[int, Field(ge=0, le=60)]
    apprenticeship_completed: bool
    certifications: Annotated[tuple[Text, ...], AfterValidator(_without_repetition)]


class ContactInfo(Part):
    """How to reach an artist or a studio."""

    instagram: InstagramHandle
    email: Email
    phone: Phone
    website: Website


class Address(Part):
    """Where a studio stands, as an artist's profile repeats it."""

    street: Text
    city: Text
    postcode: Postcode
    latitude: Latitude
    longitude: Longitude

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        check_place(self.city, self.postcode, self.latitude, self.longitude)
        return self


class TattooStudio(Part):
    """The studio of an artist, as the artist's profile repeats it."""

    studio_id: StudioId
    studio_name: Text
    address: Address


class StyleMetadata(Part):
    """What marks a style, as an artist's profile repeats it."""

    characteristics: Annotated[tuple[Text, ...], Field(min_length=1)]
    difficulty: Literal["beginner", "intermediate", "advanced", "expert"]
    popular_motifs: Annotated[tuple[Text, ...], Field(min_length=1)]
    color_palette: Annotated[tuple[Text, ...], Field(min_length=1)]


class OpeningHours(Part):
    """A studio's week, local time: ``10:00-18:00`` or ``Closed``."""

    monday: Hours
    tuesday: Hours
    wednesday: Hours
    thursday: Hours
    friday: Hours
    saturday: Hours
    sunday: Hours

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        for day, hours in self:
            opens, _, closes = hours.partition("-")
            if closes and not opens < closes < "24:00":
                raise ValueError(f"{day}: {hours} does not end after it begins")
        return self


class Studio(Record):
    """A tattoo studio: the whole profile in DynamoDB, the facts to join with in PostgreSQL.

    Rating and review count are those of all its artists' reviews; its specialties are its
    artists' styles.
    """

    model_config = CAMEL

    studio_id: StudioId
    studio_name: Text
    address: Text
    city: Text
    postcode: Postcode
    latitude: Latitude
    longitude: Longitude
    geohash: Geohash
    contact_info: ContactInfo
    opening_hours: OpeningHours
    artists: Annotated[tuple[ArtistId, ...], AfterValidator(_without_repetition)]
    rating: Rating
    review_count: Annotated[int, Field(ge=0)]
    established: Annotated[int, Field(ge=1900, le=2100)]
    specialties: StyleIds

    stored_in = (
        Row(
            "studios",
            fields=(
                "studio_id",
                "studio_name",
                "address",
                "postcode",
                "latitude",
                "longitude",
                "geohash",
                "rating",
                "review_count",
                "established",
            ),
            columns={"studio_id": "id", "studio_name": "name"},
        ),
        Item(
            TABLE,
            pk="STUDIO#{studio_id}",
            sk="PROFILE",
            extra={"entityType": "studio"},
        ),
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        check_place(self.city, self.postcode, self.latitude, self.longitude)
        check_geohash(self.geohash, self.latitude, self.longitude)
        if not self.address.endswith(f", {self.city}, {self.postcode}"):
            raise ValueError(f"'{self.address}' does not end in '{self.city}, {self.postcode}'")
        return self


class Artist(Record):
    """A tattoo artist: the whole profile in DynamoDB, the facts to join with in PostgreSQL.

    Rating and review count are those of the artist's rows in `reviews`.
    """

    model_config = CAMEL

    artist_id: ArtistId
    artist_name: Text
    bio: Text
    avatar: ImageUrl
    rating: Rating
    review_count: Annotated[int, Field(ge=0)]
    pricing: Pricing
    availability: Availability
    experience: Experience
    contact_info: ContactInfo
    instagram_handle: InstagramHandle
    tattoo_studio: TattooStudio
    location_display: Text
    geohash: Geohash
    styles: StyleIds
    style_metadata: dict[str, StyleMetadata]
    portfolio_images: tuple[ImageUrl, ...]
    joined_on: date
    opted_out: Annotated[bool, Field(alias="opted_out")] = False

    stored_in = (
        Row(
            "artists",
            fields=(
                "artist_id",
                "studio_id",
                "artist_name",
                "styles",
                "rating",
                "review_count",
                "hourly_rate",
                "minimum_charge",
                "currency",
                "booking_open",
                "joined_on",
                "opted_out",
            ),
            columns={"artist_id": "id", "artist_name": "name"},
        ),
        Item(
            TABLE,
            pk="ARTIST#{artist_id}",
            sk="PROFILE",
            extra={
                "entityType": "artist",
                "geoCell": "GEO#{geohash:.4}",
                "geoRank": "{geohash}#{artist_id}",
            },
        ),
    )

    @property
    def studio_id(self) -> str:
        """The studio's id, for the row."""
        return self.tattoo_studio.studio_id

    @property
    def hourly_rate(self) -> Decimal:
        """Pounds an hour, for the row."""
        return self.pricing.hourly_rate

    @property
    def minimum_charge(self) -> Decimal:
        """Pounds for the smallest piece, for the row."""
        return self.pricing.minimum_charge

    @property
    def currency(self) -> str:
        """The prices' currency, for the row."""
        return self.pricing.currency

    @property
    def booking_open(self) -> bool:
        """Whether bookings are taken, for the row."""
        return self.availability.booking_open

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        address = self.tattoo_studio.address
        check_geohash(self.geohash, address.latitude, address.longitude)
        if self.instagram_handle != self.contact_info.instagram:
            raise ValueError("instagramHandle and contactInfo.instagram differ")
        if not self.location_display.endswith(f", {address.city}"):
            raise ValueError(f"'{self.location_display}' does not end in the city, {address.city}")
        if tuple(self.style_metadata) != self.styles:
            raise ValueError("styleMetadata describes other styles than the artist has")
        return self


class ArtistStyle(Record):
    """That an artist works in a style: what the index by style finds."""

    model_config = CAMEL

    artist_id: ArtistId
    artist_name: Text
    style_id: StyleId
    rating: Rating
    location_display: Text

    stored_in = (
        Item(
            TABLE,
            pk="ARTIST#{artist_id}",
            sk="STYLE#{style_id}",
            extra={
                "entityType": "artist-style",
                "styleKey": "STYLE#{style_id}",
                "styleRank": "{rating:.1f}#{artist_id}",
            },
        ),
    )


class Style(Record):
    """A style of tattooing; popularity from 0 to 100."""

    model_config = CAMEL

    style_id: StyleId
    style_name: Text
    description: Text
    characteristics: Annotated[tuple[Text, ...], Field(min_length=1)]
    difficulty: Literal["beginner", "intermediate", "advanced", "expert"]
    popular_motifs: Annotated[tuple[Text, ...], Field(min_length=1)]
    color_palette: Annotated[tuple[Text, ...], Field(min_length=1)]
    popularity: Annotated[int, Field(ge=0, le=100)]

    stored_in = (Item(TABLE, pk="STYLE#{style_id}", sk="PROFILE", extra={"entityType": "style"}),)


class PortfolioImage(Record):
    """A picture of an artist's work: what it shows, and the S3 object that holds it."""

    model_config = CAMEL

    artist_id: ArtistId
    image_id: Annotated[str, StringConstraints(pattern=r"^\d{3}$")]
    title: Text
    style_id: StyleId
    s3_key: Annotated[str, Field(alias="s3Key")]
    url: ImageUrl
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    created_at: AwareDatetime

    stored_in = (
        Item(TABLE, pk="ARTIST#{artist_id}", sk="IMAGE#{image_id}", extra={"entityType": "image"}),
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.url != f"s3://{BUCKET}/{self.s3_key}":
            raise ValueError(f"'{self.url}' is not the address of the key '{self.s3_key}'")
        if CONTENT_TYPES[Path(self.s3_key).suffix] != self.content_type:
            raise ValueError(f"'{self.s3_key}' is not named like {self.content_type}")
        return self


class StoredPicture(Record):
    """An S3 object: one picture, which several records may show."""

    key: Text
    path: Path
    content_type: Literal["image/jpeg", "image/png", "image/webp"]

    stored_in = (Object(BUCKET, key="{key}", body="path", content_type="{content_type}"),)


class BookingDetails(Part):
    """What the client asked for."""

    placement: Text
    size_cm: Annotated[int, Field(ge=1, le=120)]
    in_color: bool


class Booking(Record):
    """A client's appointment; the price in pounds is the artist's for that time."""

    id: Annotated[int, Field(gt=0)]
    artist_id: ArtistId
    client_name: Text
    client_email: Email
    style_id: StyleId
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    price: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    status: Literal["requested", "confirmed", "completed", "cancelled", "no_show"]
    details: BookingDetails
    created_at: AwareDatetime

    stored_in = (Row("bookings"),)

    @model_validator(mode="after")
    def _happens_in_order(self) -> Self:
        if not self.created_at <= self.starts_at < self.ends_at:
            raise ValueError("a booking is created, then starts, then ends")
        if self.ends_at - self.starts_at > timedelta(hours=8):
            raise ValueError("no session is longer than 8 hours")
        return self


class Review(Record):
    """What a client says about an artist, about a completed booking where one is named."""

    id: Annotated[int, Field(gt=0)]
    artist_id: ArtistId
    booking_id: Annotated[int, Field(gt=0)] | None
    client_name: Text
    rating: Annotated[int, Field(ge=1, le=5)]
    text: Text
    created_at: AwareDatetime

    stored_in = (Row("reviews"),)

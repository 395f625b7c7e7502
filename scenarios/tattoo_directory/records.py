"""The directory's records: their fields, the rules they keep, and where they are stored.

Attribute names follow Python here and are camelCase in DynamoDB and in the search index. Rules between records (ratings
against reviews, studios against artists) cannot stand in one record; the tests of this pack check
them on whole datasets.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from pytest_seedstate import Item, Object, Record, Row

from .fields import (
    BUCKET,
    ArtistId,
    Email,
    Geohash,
    ImageUrl,
    InstagramHandle,
    Latitude,
    Longitude,
    Postcode,
    Rating,
    StudioId,
    StyleId,
    StyleIds,
    Text,
    check_geohash,
    check_place,
    without_repetition,
)
from .parts import (
    CAMEL,
    Availability,
    BookingDetails,
    ContactInfo,
    Experience,
    OpeningHours,
    Pricing,
    StyleMetadata,
    TattooStudio,
)
from .pictures import CONTENT_TYPES, Picture
from .search import ARTIST_DOCUMENT, style_details, style_names

TABLE = "tattoo-directory"


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
    artists: Annotated[tuple[ArtistId, ...], AfterValidator(without_repetition)]
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
    """A tattoo artist: the profile in DynamoDB and, but for the contacts, in the search index.

    PostgreSQL has the facts to join with. Rating and review count are those of the artist's rows
    in `reviews`.
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
        ARTIST_DOCUMENT,
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

    @property
    def latitude(self) -> Decimal:
        """Where the studio is, for the search index."""
        return self.tattoo_studio.address.latitude

    @property
    def longitude(self) -> Decimal:
        """Where the studio is, for the search index."""
        return self.tattoo_studio.address.longitude

    @property
    def style_names(self) -> tuple[str, ...]:
        """The styles as people write them, for the search index."""
        return style_names(self.styles)

    @property
    def style_details(self) -> tuple[dict[str, Any], ...]:
        """What marks each style, for the search index."""
        return style_details(self.style_metadata)

    @property
    def image_count(self) -> int:
        """How many pictures the portfolio has, for the search index."""
        return len(self.portfolio_images)

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

    @classmethod
    def of(cls, artist: Artist, style_id: str) -> Self:
        """One of an artist's styles."""
        return cls(
            artist_id=artist.artist_id,
            artist_name=artist.artist_name,
            style_id=style_id,
            rating=artist.rating,
            location_display=artist.location_display,
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

    @classmethod
    def of(cls, picture: Picture, key: str | None = None) -> Self:
        """A picture under a key, by default its own name."""
        return cls.model_validate(
            {
                "key": key or picture.file,
                "path": picture.path,
                "content_type": picture.content_type,
            }
        )


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

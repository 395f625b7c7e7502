"""Types of the directory's fields, and the rules about places that several models share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from . import geohash as geohashes
from .places import LONDON, LONDON_POSTCODE_AREAS, POSTCODE, UNITED_KINGDOM
from .styles import STYLES

BUCKET = "tattoo-directory-images"
"""Where all pictures lie."""


def _known_style(style: str) -> str:
    if style not in STYLES:
        raise ValueError(f"no such style; known: {', '.join(STYLES)}")
    return style


def without_repetition(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("the same value stands in it twice")
    return values


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
ArtistId = Annotated[str, StringConstraints(pattern=r"^artist_\d{3,}$")]
StudioId = Annotated[str, StringConstraints(pattern=r"^studio_\d{3,}$")]
StyleId = Annotated[str, AfterValidator(_known_style)]
StyleIds = Annotated[tuple[StyleId, ...], Field(min_length=1), AfterValidator(without_repetition)]
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

"""A whole directory: artists, studios and all that hangs on them, built to fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle, islice
from typing import TYPE_CHECKING

from pytest_seedstate import Record

from .factories import (
    ArtistFactory,
    BookingFactory,
    PortfolioImageFactory,
    ReviewFactory,
    StudioFactory,
    TattooStudioFactory,
)
from .parts import CLOSED_STATUSES, OPEN_STATUSES, TattooStudio
from .pictures import PORTFOLIO, SHOWING, Picture
from .places import LONDON_PLACES, OTHER_PLACES, Place
from .ratings import HIGHEST, mean, stars_between
from .records import Artist, ArtistStyle, Booking, StoredPicture
from .sessions import coming_slots, past_slots
from .styles import STYLES, in_menu_order

if TYPE_CHECKING:
    from pytest_seedstate import Seed

EVERYWHERE = LONDON_PLACES + OTHER_PLACES

ARTISTS_PER_STUDIO = 2
"""On average; the studios of a directory get equally many, one more or less."""


@dataclass(frozen=True)
class Directory:
    """What a directory shall hold; `records` makes it.

    Where several values are given for the artists, they are dealt in turn and from the start
    again, so that a promise about "three statuses" or "all styles" does not hang on chance.

    Attributes:
        artists: how many.
        places: where the studios may stand; each is used once before one is used again.
        styles: the artists' styles; none given means that all styles of the menu come up as
            somebody's first one, in a random order.
        further_styles: the fewest and the most styles drawn in addition, where none are given.
        ratings: the lowest and the highest rating.
        hourly_rates: the lowest and the highest rates, in pounds.
        years: the fewest and the most years of work.
        joined: the fewest and the most days since an artist came to the directory.
        statuses: the artists' availability.
        images: the fewest and the most portfolio images of an artist.
        own_objects: whether each image is an S3 object of its own; otherwise images name the
            objects of the scenario ``picture-library``, which loads quicker.
        reviews: the fewest and the most reviews of an artist.
        bookings: whether artists have bookings, past and coming.
    """

    artists: int
    places: Sequence[Place] = LONDON_PLACES
    styles: Sequence[Sequence[str]] = ()
    further_styles: tuple[int, int] = (0, 2)
    ratings: tuple[Decimal, Decimal] = (Decimal("3.2"), HIGHEST)
    hourly_rates: Sequence[tuple[int, int]] = ((80, 250),)
    years: tuple[int, int] = (1, 25)
    joined: tuple[int, int] = (60, 2000)
    statuses: Sequence[str] = OPEN_STATUSES + CLOSED_STATUSES
    images: tuple[int, int] = (3, 6)
    own_objects: bool = True
    reviews: tuple[int, int] = (4, 12)
    bookings: bool = False

    def __post_init__(self) -> None:
        if self.artists < 0:
            raise ValueError(f"a directory cannot have {self.artists} artists")

    def records(self, seed: Seed) -> Iterator[Record]:
        """All records of the directory, each studio after its artists."""
        staff: dict[str, list[tuple[Artist, list[int]]]] = {}
        premises = list(self._premises(seed))
        styles = self._styles(seed)
        rates, statuses = cycle(self.hourly_rates), cycle(self.statuses)
        for n in range(self.artists):
            place, profile = premises[n % len(premises)]
            stars = stars_between(*self.ratings, seed.random.randint(*self.reviews), seed.random)
            artist = ArtistFactory.build(
                place=place,
                tattoo_studio=profile,
                styles=next(styles),
                hourly_rates=next(rates),
                status=next(statuses),
                years=self.years,
                joined=self.joined,
                rating=mean(stars),
                review_count=len(stars),
                now=seed.now,
            )
            staff.setdefault(profile.studio_id, []).append((artist, stars))
            yield from self._of_artist(seed, artist, stars)
        for place, profile in premises:
            yield _studio(place, profile, staff[profile.studio_id])

    def _premises(self, seed: Seed) -> Iterator[tuple[Place, TattooStudio]]:
        places = cycle(seed.random.sample(list(self.places), len(self.places)))
        for place in islice(places, -(-self.artists // ARTISTS_PER_STUDIO)):
            yield place, TattooStudioFactory.build(place=place)

    def _styles(self, seed: Seed) -> Iterator[tuple[str, ...]]:
        if self.styles:
            yield from cycle(tuple(styles) for styles in self.styles)
        for first in cycle(seed.random.sample(list(STYLES), len(STYLES))):
            others = [style for style in STYLES if style != first]
            count = seed.random.randint(*self.further_styles)
            yield (first, *seed.random.sample(others, count))

    def _of_artist(self, seed: Seed, artist: Artist, stars: list[int]) -> Iterator[Record]:
        yield from self._portfolio(seed, artist)
        yield artist
        for style in artist.styles:
            yield ArtistStyle.of(artist, style)
        bookings = _bookings(seed, artist) if self.bookings else []
        yield from bookings
        completed = [booking for booking in bookings if booking.status == "completed"]
        for n, rating in enumerate(stars):
            booking = completed[n] if n < len(completed) else None
            yield ReviewFactory.build(
                artist_id=artist.artist_id, booking=booking, rating=rating, now=seed.now
            )

    def _portfolio(self, seed: Seed, artist: Artist) -> Iterator[Record]:
        urls = []
        start = seed.random.randrange(len(PORTFOLIO))
        for n in range(seed.random.randint(*self.images)):
            style, picture = _shown(artist.styles, n, start)
            image = PortfolioImageFactory.build(
                artist_id=artist.artist_id,
                image_id=f"{n + 1:03}",
                picture=picture,
                style_id=style,
                now=seed.now,
                **({} if self.own_objects else {"s3_key": picture.file}),
            )
            urls.append(image.url)
            if self.own_objects:
                yield StoredPicture.of(picture, image.s3_key)
            yield image
        artist.portfolio_images = tuple(urls)


def _shown(styles: Sequence[str], n: int, start: int) -> tuple[str, Picture]:
    """The style and the picture of a portfolio's n-th image: all of a style before one again."""
    turn, which = divmod(n, len(styles))
    pictures = SHOWING[styles[which]]
    return styles[which], pictures[(start + turn) % len(pictures)]


def _studio(place: Place, profile: TattooStudio, staff: list[tuple[Artist, list[int]]]) -> Record:
    stars = [star for _, given in staff for star in given]
    return StudioFactory.build(
        place=place,
        profile=profile,
        artists=tuple(artist.artist_id for artist, _ in staff),
        specialties=in_menu_order({style for artist, _ in staff for style in artist.styles}),
        rating=mean(stars),
        review_count=len(stars),
    )


def _bookings(seed: Seed, artist: Artist) -> list[Booking]:
    """An artist's bookings: three past ones, then coming ones, as the books allow.

    The first coming slot was cancelled by one client and is confirmed for another, which is what
    the rule of one live booking per slot must let through.
    """
    past = past_slots(seed.now, 3, seed.random)
    free = artist.availability.booking_slots
    coming = coming_slots(seed.now, 2, free, seed.random)
    wanted = [
        *zip(past, ("completed", "completed", "no_show"), strict=True),
        (coming[0], "cancelled"),
        (coming[0], "confirmed"),
    ]
    if artist.availability.booking_open:
        wanted.append((coming[1], "requested"))
    return [
        BookingFactory.build(artist=artist, starts_at=slot, status=status, now=seed.now)
        for slot, status in wanted
    ]

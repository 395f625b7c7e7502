"""The directory's scenarios and reset states.

In all of them ratings and review counts are those of the rows in `reviews`, studios name exactly
the artists that name them, and every image names an object that is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_seedstate import Record, reset_state, scenario

from .directory import EVERYWHERE, Directory
from .factories import StyleFactory
from .parts import OPEN_STATUSES
from .pictures import AVATARS, PORTFOLIO
from .places import LONDON_PLACES, OTHER_PLACES
from .ratings import HIGHEST
from .records import Artist, StoredPicture
from .styles import STYLES

if TYPE_CHECKING:
    from pytest_seedstate import Seed

TOP_RATED = Decimal("4.5")
"""From which rating on the directory calls an artist highly rated."""


@scenario("catalogue")
def catalogue(seed: Seed) -> Iterator[Record]:
    """What every directory with artists holds: all styles, and the pictures for profiles."""
    for style in STYLES:
        yield StyleFactory.build(style_id=style)
    for picture in AVATARS:
        yield StoredPicture.of(picture)


@scenario("picture-library")
def picture_library(seed: Seed) -> Iterator[Record]:
    """Portfolio pictures that many artists show, for scenarios too large for own objects."""
    for picture in PORTFOLIO:
        yield StoredPicture.of(picture)


@scenario("minimal", extends=catalogue)
def minimal(seed: Seed) -> Iterator[Record]:
    """Three artists in two studios, with bookings and reviews; the third takes no bookings.

    Tests find them as ``seedstate["open"]``, ``seedstate["busy"]`` and ``seedstate["closed"]``.
    """
    directory = Directory(
        artists=3,
        styles=(("traditional", "neo_traditional"), ("realism",), ("fine_line", "minimalist")),
        statuses=("Booking now", "Booking 1-2 weeks", "Books closed"),
        images=(2, 3),
        bookings=True,
    )
    names = iter(("open", "busy", "closed"))
    for record in directory.records(seed):
        yield seed.name(next(names), record) if isinstance(record, Artist) else record


@scenario("search-basic", extends=catalogue)
def search_basic(seed: Seed) -> Iterator[Record]:
    """Five artists whose first style is traditional or realism."""
    styles = (("traditional",), ("realism",), ("traditional", "japanese"), ("realism", "blackwork"))
    yield from Directory(artists=5, places=EVERYWHERE, styles=styles).records(seed)


@scenario("london-artists", extends=catalogue)
def london_artists(seed: Seed) -> Iterator[Record]:
    """Five artists in three studios, all in London."""
    yield from Directory(artists=5).records(seed)


@scenario("london-focused", extends=catalogue)
def london_focused(seed: Seed) -> Iterator[Record]:
    """Ten artists in five studios of different London districts."""
    yield from Directory(artists=10).records(seed)


@scenario("location-london", extends=catalogue)
def location_london(seed: Seed) -> Iterator[Record]:
    """Six artists in London, no two studios in the same district."""
    yield from Directory(artists=6).records(seed)


@scenario("high-rated", extends=catalogue)
def high_rated(seed: Seed) -> Iterator[Record]:
    """Three artists rated 4.5 or better who charge 180 pounds an hour or more."""
    directory = Directory(artists=3, ratings=(TOP_RATED, HIGHEST), hourly_rates=((180, 250),))
    yield from directory.records(seed)


@scenario("high-rating", extends=catalogue)
def high_rating(seed: Seed) -> Iterator[Record]:
    """Five artists rated 4.5 or better, at any price."""
    yield from Directory(artists=5, ratings=(TOP_RATED, HIGHEST)).records(seed)


@scenario("new-artists", extends=catalogue)
def new_artists(seed: Seed) -> Iterator[Record]:
    """Four artists who joined in the last 30 days, with two years of work at most."""
    yield from Directory(artists=4, joined=(1, 30), years=(0, 2)).records(seed)


@scenario("booking-available", extends=catalogue)
def booking_available(seed: Seed) -> Iterator[Record]:
    """Six artists who take bookings, each with free slots; there are bookings already."""
    yield from Directory(artists=6, statuses=OPEN_STATUSES, bookings=True).records(seed)


@scenario("portfolio-rich", extends=catalogue)
def portfolio_rich(seed: Seed) -> Iterator[Record]:
    """Four artists with eight to twelve portfolio images each, in two styles or more."""
    yield from Directory(artists=4, images=(8, 12), further_styles=(1, 2)).records(seed)


@scenario("multi-style", extends=catalogue)
def multi_style(seed: Seed) -> Iterator[Record]:
    """Three artists with three styles or more."""
    yield from Directory(artists=3, further_styles=(2, 4)).records(seed)


@scenario("style-diverse", extends=catalogue)
def style_diverse(seed: Seed) -> Iterator[Record]:
    """Twelve artists who cover all styles: each style is somebody's first one."""
    yield from Directory(artists=12, places=EVERYWHERE).records(seed)


@scenario("style-traditional", extends=catalogue)
def style_traditional(seed: Seed) -> Iterator[Record]:
    """Five artists who work in traditional, some of them in a second style as well."""
    styles = (("traditional",), ("traditional", "lettering"), ("blackwork", "traditional"))
    yield from Directory(artists=5, styles=styles).records(seed)


@scenario("pricing-range", extends=catalogue)
def pricing_range(seed: Seed) -> Iterator[Record]:
    """Five artists from 100 to 180 pounds an hour, one at each step of twenty."""
    steps = tuple((rate, rate) for rate in range(100, 181, 20))
    yield from Directory(artists=5, hourly_rates=steps).records(seed)


@scenario("full-dataset", extends=catalogue)
def full_dataset(seed: Seed) -> Iterator[Record]:
    """Ten artists with everything the directory knows, in London and two other cities.

    The project's guide says ten artists in its table of scenarios and twelve in a list of
    commands; the table's number holds here.
    """
    places = (*LONDON_PLACES[:3], *OTHER_PLACES[:2])
    yield from Directory(artists=10, places=places, bookings=True).records(seed)


@scenario("single", extends=catalogue)
def single(seed: Seed) -> Iterator[Record]:
    """One artist with a complete profile, who takes bookings."""
    yield from Directory(artists=1, statuses=("Booking 1-2 weeks",), bookings=True).records(seed)


@scenario("empty")
def empty(seed: Seed) -> tuple[Record, ...]:
    """Nothing at all, for pages without results."""
    return ()


@scenario("performance-test", extends=(catalogue, picture_library))
def performance_test(seed: Seed, count: int = 50) -> Iterator[Record]:
    """Any number of artists all over the country: one image and two or three reviews each."""
    directory = Directory(
        artists=count, places=EVERYWHERE, images=(1, 1), own_objects=False, reviews=(2, 3)
    )
    yield from directory.records(seed)


reset_state("clean", description="empty stores: the schema and nothing in it")
reset_state("fresh", full_dataset, description="the full dataset")
reset_state("minimal", minimal, description="three artists, for quick tests")
reset_state(
    "search-ready",
    (search_basic, style_diverse),
    description="17 artists for searches: traditional and realism several times, every style once",
)
reset_state("location-test", london_focused, description="ten artists in five London districts")
reset_state(
    "style-test",
    (style_traditional, multi_style),
    description="eight artists for filters: five traditional ones, three of three styles or more",
)
reset_state(
    "performance-test",
    full_dataset,
    copies=5,
    description="the full dataset five times: 50 artists",
)
reset_state(
    "frontend-ready",
    minimal,
    stores=("dynamodb", "s3", "opensearch"),
    description="three artists in what pages are drawn from; no rows, so no bookings and reviews",
)

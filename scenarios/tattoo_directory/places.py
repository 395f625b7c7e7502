"""Where studios stand: real streets and postcode sectors, and what the rules call London.

Coordinates are those of the street, to about a hundred metres. Telephone prefixes are the ones
that Ofcom keeps free for fiction (numbers ending in 0000 to 0999 after them reach nobody).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle of coordinates in degrees, bounds included."""

    south: Decimal
    north: Decimal
    west: Decimal
    east: Decimal

    def holds(self, latitude: Decimal, longitude: Decimal) -> bool:
        """Whether a point lies in it."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


LONDON = Box(Decimal("51.28"), Decimal("51.70"), Decimal("-0.52"), Decimal("0.34"))
"""Greater London's extremes, rounded outwards."""

UNITED_KINGDOM = Box(Decimal("49.8"), Decimal("60.9"), Decimal("-8.7"), Decimal("1.8"))
"""From Scilly to Shetland, from Fermanagh to Lowestoft, rounded outwards."""

LONDON_POSTCODE_AREAS = frozenset({"E", "EC", "N", "NW", "SE", "SW", "W", "WC"})
"""Letters with which a postcode of the post town London begins."""

POSTCODE = re.compile(r"([A-Z]{1,2})(\d[A-Z\d]?) (\d)([ABD-HJLNP-UW-Z]{2})")
"""Area, district, sector and unit of a UK postcode; C, I, K, M, O and V never stand in a unit."""

UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


class Place(NamedTuple):
    """A street with tattoo studios.

    Attributes:
        sector: its postcode up to the first digit after the space.
        houses: highest house number in use.
        phone: the beginning of a telephone number there; four digits of 0000 to 0999 follow.
    """

    district: str
    city: str
    street: str
    sector: str
    latitude: Decimal
    longitude: Decimal
    houses: int
    phone: str


def _london(
    district: str, street: str, sector: str, latitude: str, longitude: str, houses: int
) -> Place:
    return Place(
        district,
        "London",
        street,
        sector,
        Decimal(latitude),
        Decimal(longitude),
        houses,
        "+44 20 7946",
    )


LONDON_PLACES = (
    _london("Camden", "Camden High Street", "NW1 7", "51.5372", "-0.1407", 240),
    _london("Shoreditch", "Brick Lane", "E1 6", "51.5215", "-0.0717", 220),
    _london("Soho", "Old Compton Street", "W1D 5", "51.5131", "-0.1308", 60),
    _london("Brixton", "Coldharbour Lane", "SW9 8", "51.4622", "-0.1120", 430),
    _london("Hackney", "Mare Street", "E8 3", "51.5432", "-0.0552", 420),
    _london("Islington", "Upper Street", "N1 2", "51.5412", "-0.1028", 330),
    _london("Peckham", "Rye Lane", "SE15 4", "51.4700", "-0.0688", 260),
    _london("Dalston", "Kingsland High Street", "E8 2", "51.5480", "-0.0756", 140),
    _london("Notting Hill", "Portobello Road", "W11 2", "51.5135", "-0.2030", 340),
    _london("Clapham", "Clapham High Street", "SW4 7", "51.4640", "-0.1330", 190),
    _london("Greenwich", "Greenwich Church Street", "SE10 9", "51.4813", "-0.0100", 60),
    _london("Hammersmith", "King Street", "W6 9", "51.4926", "-0.2330", 390),
    _london("Stoke Newington", "Stoke Newington Church Street", "N16 0", "51.5623", "-0.0795", 240),
    _london("Bethnal Green", "Bethnal Green Road", "E2 6", "51.5267", "-0.0640", 540),
    _london("Deptford", "Deptford High Street", "SE8 4", "51.4790", "-0.0263", 210),
    _london("Walthamstow", "Hoe Street", "E17 4", "51.5832", "-0.0185", 320),
)

OTHER_PLACES = (
    Place(
        "Northern Quarter",
        "Manchester",
        "Oldham Street",
        "M1 1",
        Decimal("53.4833"),
        Decimal("-2.2352"),
        110,
        "+44 161 496",
    ),
    Place(
        "Stokes Croft",
        "Bristol",
        "Stokes Croft",
        "BS1 3",
        Decimal("51.4632"),
        Decimal("-2.5898"),
        100,
        "+44 117 496",
    ),
    Place(
        "City Centre",
        "Leeds",
        "Call Lane",
        "LS1 7",
        Decimal("53.7950"),
        Decimal("-1.5405"),
        50,
        "+44 113 496",
    ),
    Place(
        "Merchant City",
        "Glasgow",
        "King Street",
        "G1 5",
        Decimal("55.8571"),
        Decimal("-4.2468"),
        110,
        "+44 141 496",
    ),
    Place(
        "Leith",
        "Edinburgh",
        "Great Junction Street",
        "EH6 5",
        Decimal("55.9731"),
        Decimal("-3.1750"),
        220,
        "+44 131 496",
    ),
)

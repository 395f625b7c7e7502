"""Geohashes: a place as a short text whose prefixes name ever larger cells around it.

Longitude and latitude are halved in turn, longitude first; each halving is one bit, five bits are
one character.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
"""The 32 characters of a geohash: digits and lower-case letters without a, i, l and o."""

LENGTH = 8
"""Characters that this pack uses: a cell of about 38 by 19 metres at the equator."""

_VALUE = {character: value for value, character in enumerate(ALPHABET)}


class Cell(NamedTuple):
    """The rectangle that a geohash names, in degrees; north and east bound are outside of it."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, latitude: Decimal | float, longitude: Decimal | float) -> bool:
        """Whether a point lies in it."""
        return self.south <= latitude < self.north and self.west <= longitude < self.east


def encode(latitude: Decimal | float, longitude: Decimal | float, length: int = LENGTH) -> str:
    """The geohash of the cell around a point.

    Args:
        latitude: degrees north, -90 up to but not including 90.
        longitude: degrees east, -180 up to but not including 180.
        length: characters wanted.

    Raises:
        ValueError: a coordinate is out of range.
    """
    if not (-90 <= latitude < 90 and -180 <= longitude < 180):
        raise ValueError(f"no such place: latitude {latitude}, longitude {longitude}")
    bits = 5 * length
    # The outcomes of n halvings are the first n binary digits of the point's place in its range.
    eastward = _cells_before(longitude, 180, (bits + 1) // 2)
    northward = _cells_before(latitude, 90, bits // 2)
    interleaved = 0
    for position in range(bits):  # from the last bit, which is a latitude's in an even length
        from_longitude = (bits - 1 - position) % 2 == 0
        source = eastward if from_longitude else northward
        interleaved |= (source >> position // 2 & 1) << position
    return "".join(ALPHABET[interleaved >> 5 * n & 31] for n in reversed(range(length)))


def _cells_before(degrees: Decimal | float, bound: int, halvings: int) -> int:
    """How many cells of a range from -bound to bound come before the one with a point."""
    # Whole numbers, because a float just below a border would be rounded across it.
    over, under = degrees.as_integer_ratio()
    return (over + bound * under << halvings) // (2 * bound * under)


def cell(geohash: str) -> Cell:
    """The rectangle that a geohash names.

    Raises:
        ValueError: it is empty or holds a character that no geohash has.
    """
    if not geohash or any(character not in _VALUE for character in geohash):
        raise ValueError(f"not a geohash: {geohash!r}")
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    along_longitude = True
    for character in geohash:
        for bit in (16, 8, 4, 2, 1):
            upper = bool(_VALUE[character] & bit)
            if along_longitude:
                middle = (west + east) / 2
                west, east = (middle, east) if upper else (west, middle)
            else:
                middle = (south + north) / 2
                south, north = (middle, north) if upper else (south, middle)
            along_longitude = not along_longitude
    return Cell(south, north, west, east)

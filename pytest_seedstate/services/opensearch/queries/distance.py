"""Distances on earth, as OpenSearch and Lucene measure them."""

from __future__ import annotations

import math
import re
from typing import Any

from ..errors import ApiError

_RADIUS = 6371008.7714  # meters, the mean radius that Lucene takes
_UNITS = {
    "mm": 0.001, "millimeters": 0.001, "cm": 0.01, "centimeters": 0.01, "m": 1.0, "meters": 1.0,
    "km": 1000.0, "kilometers": 1000.0, "in": 0.0254, "inch": 0.0254, "ft": 0.3048, "feet": 0.3048,
    "yd": 0.9144, "yards": 0.9144, "mi": 1609.344, "miles": 1609.344, "nmi": 1852.0, "NM": 1852.0,
    "nauticalmiles": 1852.0,
}  # fmt: skip
_DISTANCE = re.compile(r"\s*(-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*")

Point = tuple[float, float]


def unit(name: str) -> float:
    """A unit's length in meters."""
    if name not in _UNITS:
        raise ApiError(400, "illegal_argument_exception", f"No distance unit match [{name}]")
    return _UNITS[name]


def meters(value: Any, default_unit: str = "m") -> float:
    """The meters of a distance such as 200, "200" or "5.5km"."""
    found = _DISTANCE.fullmatch(str(value))
    if found is None:
        raise ApiError(400, "number_format_exception", f'For input string: "{value}"')
    return float(found[1]) * unit(found[2] or default_unit)


def haversine(one: Point, other: Point) -> float:
    """Meters along the surface of a sphere."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    part = 1 - math.cos(lat1 - lat2) + math.cos(lat1) * math.cos(lat2) * (1 - math.cos(lon1 - lon2))
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(part / 2)))


def plane(one: Point, other: Point) -> float:
    """Meters on a flat map, right only for near points."""
    x = math.radians(other[1] - one[1]) * math.cos(math.radians((one[0] + other[0]) / 2))
    y = math.radians(other[0] - one[0])
    return math.hypot(x, y) * _RADIUS

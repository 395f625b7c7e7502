"""Geo points, in all the ways to write one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.mapping.field import Field, ValueProblem, field_type
from pytest_seedstate.services.opensearch.storage.document import Part, Term

Point = tuple[float, float]  # latitude, longitude
_GEOHASH = "0123456789bcdefghjkmnpqrstuvwxyz"
_WKT = re.compile(r"\s*POINT\s*\(\s*(\S+)\s+(\S+?)(?:\s+\S+)?\s*\)\s*", re.IGNORECASE)


class GeoProblem(ValueProblem):
    """A value that is no point: OpenSearch does not show a preview of it."""


def _missing(reason: str, caused_by: dict[str, Any] | None = None) -> GeoProblem:
    return GeoProblem("parse_exception", reason, caused_by)


def point(value: Any) -> Point:
    """Return the point that a value describes: an object with lat and lon, a text "lat,lon", WKT
    or a geohash, an array of lon and lat, GeoJSON.

    Raises:
        GeoProblem: it describes none.
    """
    if isinstance(value, dict):
        return _of_object(value)
    if isinstance(value, list):
        if len(value) not in (2, 3):
            raise _missing("geo_point expected")
        return _number(value[1], "lat"), _number(value[0], "lon")
    if isinstance(value, str):
        return _of_text(value)
    raise _missing("geo_point expected")


def _of_object(value: Mapping[str, Any]) -> Point:
    names = set(value)
    if names == {"geohash"}:
        return geohash(str(value["geohash"]))
    if names == {"type", "coordinates"}:
        if str(value["type"]).lower() != "point" or not isinstance(value["coordinates"], list):
            raise _missing("[type] for geo_point can only be 'Point'")
        return point(value["coordinates"])
    for name in names - {"lat", "lon", "z"}:
        raise _missing(f"field must be either [lon], [lat] or [geohash] ([{name}] given)")
    for name in ("lat", "lon"):
        if name not in value:
            raise _missing(f"field [{name}] missing")
    return _number(value["lat"], "latitude"), _number(value["lon"], "longitude")


def _of_text(text: str) -> Point:
    if "," in text:
        parts = text.split(",")
        if len(parts) > 3:
            raise _missing(
                f"failed to parse [{text}], expected 2 or 3 coordinates but found: [{len(parts)}]"
            )
        return _number(parts[0].strip(), "latitude"), _number(parts[1].strip(), "longitude")
    found = _WKT.fullmatch(text)
    if found:
        return _number(found[2], "latitude"), _number(found[1], "longitude")
    if "(" in text:
        raise _missing("Invalid WKT format")
    return geohash(text)


def _number(value: Any, name: str) -> float:
    try:
        return float(str(value) if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise _missing(f"{name} must be a number") from None


def geohash_box(text: str) -> tuple[float, float, float, float]:
    """Return a geohash's cell: south, north, west, east.

    Raises:
        GeoProblem: it is none.
    """
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    if not text:
        raise _missing("geo_point expected")
    is_longitude = True
    for letter in text.lower():
        bits = _GEOHASH.find(letter)
        if bits < 0:
            reason = f"unsupported symbol [{letter}] in geohash [{text}]"
            raise _missing(reason, {"type": "illegal_argument_exception", "reason": reason})
        for bit in (16, 8, 4, 2, 1):
            if is_longitude:
                middle = (west + east) / 2
                west, east = (middle, east) if bits & bit else (west, middle)
            else:
                middle = (south + north) / 2
                south, north = (middle, north) if bits & bit else (south, middle)
            is_longitude = not is_longitude
    return south, north, west, east


def geohash(text: str) -> Point:
    """Return the lower left corner of a geohash's cell, which is what OpenSearch indexes."""
    south, _, west, _ = geohash_box(text)
    return south, west


def _as_lucene_keeps(latitude: float, longitude: float) -> Point:
    """Return a point as 32 bits for each coordinate keep it: rounded down by up to 1e-7 degrees."""
    lat_step, lon_step = 180.0 / 2**32, 360.0 / 2**32
    lat = min(int(latitude // lat_step), 2**31 - 1)
    lon = min(int(longitude // lon_step), 2**31 - 1)
    return lat * lat_step, lon * lon_step


@field_type("geo_point")
class GeoPoint(Field):
    """A place on earth; its doc value is (latitude, longitude)."""

    PARAMETERS: ClassVar[Mapping[str, Any]] = {
        "index": True,
        "doc_values": True,
        "store": False,
        "ignore_malformed": False,
        "ignore_z_value": True,
        "null_value": None,
    }
    UPDATABLE = frozenset({"ignore_malformed", "ignore_z_value"})

    def takes_array(self, value: list[Any]) -> bool:
        return bool(value) and isinstance(value[0], (int, float))

    def parse(self, value: Any) -> Point:
        latitude, longitude = point(value)
        if not -90 <= latitude <= 90:
            raise GeoProblem(
                "illegal_argument_exception", f"illegal latitude value [{latitude}] for {self.name}"
            )
        if not -180 <= longitude <= 180:
            raise GeoProblem(
                "illegal_argument_exception",
                f"illegal longitude value [{longitude}] for {self.name}",
            )
        return _as_lucene_keeps(latitude, longitude)

    def add(self, parsed: Point, part: Part) -> None:
        part.values.setdefault(self.name, []).append(parsed)
        part.present.add(self.name)

    def term_for(self, value: Any) -> Term:
        raise ApiError(
            400,
            "query_shard_exception",
            "Geometry fields do not support exact searching, use dedicated geometry queries "
            f"instead: [{self.name}]",
        )

    def format(self, value: Any, pattern: str | None = None, time_zone: str | None = None) -> Any:
        return {"lat": value[0], "lon": value[1]}

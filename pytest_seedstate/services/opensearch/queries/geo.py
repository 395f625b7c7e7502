"""Queries on places."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error
from ..mapping.field import ValueProblem
from ..mapping.geo import geohash_box, point
from ..plain import plain
from .base import Body, Context, Query, query
from .distance import Point, haversine, meters, plane


def geo_values(context: Context, name: str, ignore_unmapped: bool) -> Mapping[int, Any]:
    """Points by ordinal.

    Raises:
        ApiError: the field is unknown (and that is not ignored), or has no points.
    """
    found = context.field(name)
    if found is None:
        if ignore_unmapped:
            return {}
        raise ApiError(400, "query_shard_exception", f"failed to find geo field [{name}]")
    if found.type != "geo_point":
        raise ApiError(400, "query_shard_exception", f"field [{name}] is not a geo_point field")
    return context.reader.values(found.name)


def place(value: Any) -> Point:
    """The point that a value of a query describes."""
    try:
        latitude, longitude = point(value)
    except ValueProblem as problem:
        raise ApiError(
            400, "parse_exception", str(problem.reason), caused_by=problem.caused_by
        ) from None
    return latitude, longitude


@plain
class GeoDistance(Query):
    field: str
    origin: Point
    limit: float
    plain: bool
    ignore_unmapped: bool

    def docs(self, context: Context) -> Collection[int]:
        measure = plane if self.plain else haversine
        values = geo_values(context, self.field, self.ignore_unmapped)
        return {
            ordinal
            for ordinal, points in values.items()
            if any(measure(one, self.origin) <= self.limit for one in points)
        }


_METHODS = ("strict", "coerce", "ignore_malformed")


def checked(name: str, value: Point) -> Point:
    latitude, longitude = value
    if not -90 <= latitude <= 90:
        raise illegal_argument(f"illegal latitude value [{latitude}] for [{name}]")
    if not -180 <= longitude <= 180:
        raise illegal_argument(f"illegal longitude value [{longitude}] for [{name}]")
    return latitude, longitude


@query("geo_distance")
def geo_distance(body: Mapping[str, Any]) -> Query:
    members = Body("geo_distance", body)
    distance = members.get("distance")
    unit = str(members.get("unit", "m"))
    kind = members.choice("distance_type", "arc", "arc", "plane")
    if members.choice("validation_method", "strict", *_METHODS) != "strict":
        members.unsupported("validation_method")
    ignore = members.boolean("ignore_unmapped", False)
    known = {
        "distance", "unit", "distance_type", "validation_method", "ignore_unmapped", "boost", "_name",
    }  # fmt: skip
    names = [name for name in body if name not in known]
    if not names:
        raise parsing_error("geo_distance requires field and distance")
    if len(names) > 1 and {n.rpartition(".")[2] for n in names} == {"lat", "lon"}:
        base = names[0].rpartition(".")[0]
        value: Any = {n.rpartition(".")[2]: members.get(n) for n in names}
        names = [base]
    elif len(names) > 1:
        raise parsing_error(
            f"[geo_distance] query doesn't support multiple fields, found [{names[0]}] and"
            f" [{names[1]}]"
        )
    else:
        value = members.get(names[0])
    if distance is None:
        raise parsing_error("geo_distance requires 'distance' to be specified")
    limit = meters(distance, unit)
    if limit <= 0:
        raise illegal_argument("distance must be greater than zero")
    origin = checked("geo_distance", place(value))
    made = GeoDistance(names[0], origin, limit, kind == "plane", ignore)
    members.close(made)
    return made


@plain
class GeoBox(Query):
    field: str
    top: float
    bottom: float
    left: float
    right: float
    ignore_unmapped: bool

    def docs(self, context: Context) -> Collection[int]:
        values = geo_values(context, self.field, self.ignore_unmapped)
        return {ordinal for ordinal, points in values.items() if any(map(self._inside, points))}

    def _inside(self, place: Point) -> bool:
        latitude, longitude = place
        if not self.bottom <= latitude <= self.top:
            return False
        if self.left <= self.right:
            return self.left <= longitude <= self.right
        return longitude >= self.left or longitude <= self.right


def _box(value: Any) -> tuple[float, float, float, float]:
    """Top, bottom, left, right of a box in any of its notations."""
    if not isinstance(value, dict):
        raise ApiError(400, "parse_exception", "failed to parse bounding box")
    if "wkt" in value:
        numbers = str(value["wkt"]).partition("(")[2].rstrip(" )").split(",")
        if len(numbers) != 4:
            raise ApiError(400, "parse_exception", "failed to parse WKT bounding box")
        left, right, top, bottom = map(float, numbers)
        return top, bottom, left, right
    if {"top", "bottom", "left", "right"} <= value.keys():
        return tuple(float(value[k]) for k in ("top", "bottom", "left", "right"))  # type: ignore[return-value]
    corners: dict[str, Point] = {}
    for key in ("top_left", "bottom_right", "top_right", "bottom_left"):
        if key in value:
            corners[key] = _corner(key, value[key])
    unknown = set(value) - corners.keys()
    if unknown or len(corners) != 2:
        raise ApiError(
            400,
            "parse_exception",
            "failed to parse bounding box. "
            + (
                f"unexpected field [{min(unknown)}]" if unknown else "two opposite corners expected"
            ),
        )
    if "top_left" in corners and "bottom_right" in corners:
        first, last = corners["top_left"], corners["bottom_right"]
        return first[0], last[0], first[1], last[1]
    if "top_right" in corners and "bottom_left" in corners:
        first, last = corners["top_right"], corners["bottom_left"]
        return first[0], last[0], last[1], first[1]
    raise ApiError(400, "parse_exception", "failed to parse bounding box. corners are not opposite")


def _corner(name: str, value: Any) -> Point:
    if isinstance(value, str) and "," not in value and "(" not in value:
        try:
            south, north, west, east = geohash_box(value)
        except ValueProblem as problem:
            told = f"failed to parse [geo_bounding_box] query. [{problem.reason}]"
            raise ApiError(400, "parse_exception", told) from None
        return (north if "top" in name else south), (west if "left" in name else east)
    return place(value)


@query("geo_bounding_box")
def geo_bounding_box(body: Mapping[str, Any]) -> Query:
    members = Body("geo_bounding_box", body)
    if members.choice("validation_method", "strict", *_METHODS) != "strict":
        members.unsupported("validation_method")
    members.choice("type", "memory", "memory", "indexed")  # how, not what
    ignore = members.boolean("ignore_unmapped", False)
    known = {"validation_method", "type", "ignore_unmapped", "boost", "_name"}
    names = [name for name in body if name not in known]
    if len(names) != 1:
        raise parsing_error("failed to parse [geo_bounding_box] query. one field expected")
    top, bottom, left, right = _box(members.get(names[0]))
    for latitude, longitude in ((top, left), (bottom, right)):
        checked("geo_bounding_box", (latitude, longitude))
    if top < bottom:
        raise illegal_argument(f"top is below bottom corner: {top} vs. {bottom}")
    made = GeoBox(names[0], top, bottom, left, right, ignore)
    members.close(made)
    return made

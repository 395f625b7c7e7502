"""The order of hits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..errors import ApiError, illegal_argument
from ..plain import plain
from ..queries import Context, Query
from ..queries.base import as_set
from ..queries.distance import Point, haversine, plane, unit
from ..queries.geo import geo_values
from ..queries.nested import above
from .numbers import shown_score

Key = tuple[Any, ...]  # comparable within one sort
Keys = Callable[[int, float], tuple[Key, Any]]  # ordinal, score -> key and the value shown

_LONG = (-(2**63), 2**63 - 1)
_INT = (-(2**31), 2**31 - 1)
_EXTREMES = {  # what a missing value is shown as, by type; other numbers have infinities
    "long": _LONG,
    "date": _LONG,
    "boolean": _INT,
    "integer": _INT,
    "short": _INT,
    "byte": _INT,
    "unsigned_long": (0, 2**64 - 1),
}


@plain
class Nesting:
    """Where the values to sort by are: objects of a path that match a filter."""

    path: str
    filter: Query | None = None
    inner: Nesting | None = None


@plain
class Sort(ABC):
    """One criterion. Subclasses bind it to an index."""

    descending: bool = False

    @property
    def by_score(self) -> bool:
        return False

    @abstractmethod
    def bind(self, context: Context) -> Keys: ...

    def cursor(self, value: Any, contexts: Sequence[Context]) -> Key:
        """The key of a value of ``search_after``."""
        return (1, value)


@plain
class ByScore(Sort):
    descending: bool = True

    @property
    def by_score(self) -> bool:
        return True

    def bind(self, context: Context) -> Keys:
        def keys(ordinal: int, score: float) -> tuple[Key, Any]:
            shown = shown_score(score)
            return (1, shown), shown

        return keys

    def cursor(self, value: Any, contexts: Sequence[Context]) -> Key:
        return (1, float(value))


@plain
class ByDoc(Sort):
    def bind(self, context: Context) -> Keys:
        return lambda ordinal, score: ((1, ordinal), ordinal)


@plain
class ById(Sort):
    def bind(self, context: Context) -> Keys:
        def keys(ordinal: int, score: float) -> tuple[Key, Any]:
            name = context.reader.document(ordinal).id
            return (1, name), name

        return keys


def _reduced(values: Sequence[Any], mode: str) -> Any:
    if mode == "min":
        return min(values)
    if mode == "max":
        return max(values)
    if mode == "sum":
        return sum(values)
    if mode == "avg":
        mean = sum(values) / len(values)
        return mean if any(isinstance(v, float) for v in values) else _half_up(mean)
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    mean = (ordered[middle - 1] + ordered[middle]) / 2
    return mean if any(isinstance(v, float) for v in values) else _half_up(mean)


def _half_up(value: float) -> int:
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)


def nested_values(
    context: Context, name: str, nesting: Nesting | None
) -> Callable[[int], Sequence[Any]]:
    """The values of a field by ordinal, gathered from nested objects if asked for."""
    values: Mapping[int, Sequence[Any]] = context.reader.values(name)
    if nesting is None:
        return lambda ordinal: values.get(ordinal, ())
    allowed: Collection[int] | None = None
    if not context.reader.mapping.is_nested(nesting.path):
        raise ApiError(
            400,
            "query_shard_exception",
            f"[nested] failed to find nested object under path [{nesting.path}]",
        )
    inside = context.inside(nesting.path)
    if nesting.filter is not None:
        allowed = as_set(nesting.filter.docs(inside))
    gathered: dict[int, list[Any]] = {}
    deeper = nested_values(inside, name, nesting.inner) if nesting.inner else None
    for child in inside.universe():
        if allowed is None or child in allowed:
            found = deeper(child) if deeper else values.get(child, ())
            if found:
                gathered.setdefault(above(context, child, context.path), []).extend(found)
    return lambda ordinal: gathered.get(ordinal, ())


@plain
class ByField(Sort):
    field: str = ""
    mode: str | None = None
    missing: Any = "_last"
    unmapped_type: str | None = None
    nesting: Nesting | None = None

    def bind(self, context: Context) -> Keys:
        found = context.field(self.field)
        if found is None:
            if self.unmapped_type is None:
                raise ApiError(
                    400,
                    "query_shard_exception",
                    f"No mapping found for [{self.field}] in order to sort on",
                )
            absent = self._missing(self.unmapped_type, None)
            return lambda ordinal, score: absent
        check_doc_values(found)
        if found.type == "geo_point":
            raise illegal_argument(
                "can't sort on geo_point field without using specific sorting feature, like geo_distance"
            )
        absent = self._missing(found.type, found)
        mode = self.mode or ("max" if self.descending else "min")
        if found.type in ("keyword", "text", "ip") and mode not in ("min", "max"):
            raise illegal_argument("we only support AVG, MEDIAN and SUM on number based fields")
        values = _values_of(context, found, self.nesting)
        show = self._shower(found)

        def keys(ordinal: int, score: float) -> tuple[Key, Any]:
            stored = values(ordinal)
            if not stored:
                return absent
            value = stored[0] if len(stored) == 1 else _reduced(stored, mode)
            return (1, value), show(value)

        return keys

    @staticmethod
    def _shower(found: Any) -> Callable[[Any], Any]:
        if found.type == "boolean":
            return int
        if found.type in ("float", "half_float"):
            return shown_score
        if found.type == "ip":
            return lambda value: found.format(value)
        return lambda value: value

    def _missing(self, kind: str, found: Any) -> tuple[Key, Any]:
        first = self.missing == "_first"
        if self.missing not in ("_first", "_last"):
            value = found.term_for(self.missing) if found is not None else self.missing
            return (1, value), (self.missing if kind != "date" else value)
        rank = 1 if first == self.descending else -1
        rank = rank + 1  # 0 before all values, 2 after them
        if kind in ("keyword", "text", "ip"):
            return (rank,), None
        low, high = _EXTREMES.get(kind, ("-Infinity", "Infinity"))
        return (rank,), (low if rank == 0 else high)

    def cursor(self, value: Any, contexts: Sequence[Context]) -> Key:
        found = next(filter(None, (context.field(self.field) for context in contexts)), None)
        kind = found.type if found is not None else self.unmapped_type or "long"
        if value is None:
            return self._missing(kind, None)[0] if self.missing in ("_first", "_last") else (0,)
        low, high = _EXTREMES.get(kind, ("-Infinity", "Infinity"))
        if value == low:
            return (0,)
        if value == high:
            return (2,)
        if found is None:
            return (1, value)
        if kind == "date" and not isinstance(value, (int, float)):
            return (1, found.bound(value))
        if kind == "date":
            return (1, int(value))
        if kind in ("keyword", "text"):
            return (1, str(value))
        if kind == "boolean":
            return (1, value in (True, "true", 1))
        try:
            return (1, found.parse(value) if kind == "ip" else type(found.parse(0))(value))
        except (TypeError, ValueError):
            raise illegal_argument(
                f"Failed to parse search_after value for field [{self.field}]."
            ) from None


def check_doc_values(found: Any) -> None:
    """Refuse fields that have no values to sort or aggregate on.

    Raises:
        ApiError: in OpenSearch's words.
    """
    if found.type == "text":
        if found.parameter("fielddata"):
            return
        raise illegal_argument(
            "Text fields are not optimised for operations that require per-document field data like"
            " aggregations and sorting, so these operations are disabled by default. Please use a"
            f" keyword field instead. Alternatively, set fielddata=true on [{found.name}] in order"
            " to load field data by uninverting the inverted index. Note that this can use"
            " significant memory."
        )
    if not found.has_doc_values:
        raise illegal_argument(
            f"Can't load fielddata on [{found.name}] because fielddata is unsupported on fields of"
            f" type [{found.type}]. Use doc values instead."
        )


def text_values(context: Context, name: str) -> dict[int, list[str]]:
    """The terms of a text field by ordinal, sorted: its field data."""
    memory_key = ("field data", name)
    found: dict[int, list[str]] | None = context.memory.get(memory_key)
    if found is None:
        found = context.memory[memory_key] = {}
        for term in context.reader.terms(name):
            for ordinal in context.reader.postings(name, term):
                found.setdefault(ordinal, []).append(term)
    return found


def _values_of(
    context: Context, found: Any, nesting: Nesting | None
) -> Callable[[int], Sequence[Any]]:
    if found.type == "text":
        terms = text_values(context, found.name)
        return lambda ordinal: terms.get(ordinal, ())
    return nested_values(context, found.name, nesting)


@plain
class ByDistance(Sort):
    field: str = ""
    origins: tuple[Point, ...] = ()
    unit: str = "m"
    plain: bool = False
    mode: str | None = None
    nesting: Nesting | None = None
    ignore_unmapped: bool = False

    def bind(self, context: Context) -> Keys:
        geo_values(context, self.field, self.ignore_unmapped)
        found = context.field(self.field)
        values = nested_values(context, found.name, self.nesting) if found else (lambda ordinal: ())
        # As a real node: a single origin is measured along the arc, whatever is asked.
        measure = plane if self.plain and len(self.origins) > 1 else haversine
        mode = self.mode or ("max" if self.descending else "min")
        length = unit(self.unit)

        def keys(ordinal: int, score: float) -> tuple[Key, Any]:
            stored = values(ordinal)
            if not stored:
                return (2,), "Infinity"
            distances = [measure(one, origin) / length for one in stored for origin in self.origins]
            value = float(_reduced(distances, mode))
            return (1, value), value

        return keys

    def cursor(self, value: Any, contexts: Sequence[Context]) -> Key:
        return (2,) if value == "Infinity" else (1, float(value))

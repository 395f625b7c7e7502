"""Groups by several values at once, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..plain import plain
from ..search.numbers import decimal_format
from ..storage.limits import check_buckets
from .base import Aggregation, Options, Result, Run, Slice, aggregation
from .histogram import number_steps, time_steps
from .terms import slices_of
from .values import Source


@plain
class Part:
    """One source of a composite key."""

    name: str
    source: Source
    key: Callable[[Any], Any]
    descending: bool
    with_missing: bool
    missing_first: bool | None
    kind: str
    format: str | None
    zone: str | None = None

    def show(self, field: Any, value: Any) -> Any:
        if value is None or field is None:
            return value
        if self.kind == "histogram":
            return decimal_format(value, self.format) if self.format else float(value)
        if field.type == "date":
            if self.format is None:
                return value
            return field.format(value, self.format, self.zone)
        if field.type == "ip":
            return field.format(value)
        return value

    def read(self, field: Any, value: Any) -> Any:
        """A value of ``after`` as a key."""
        if value is None or field is None:
            return value
        if self.kind == "histogram":
            return float(value)
        if field.type == "date" and not isinstance(value, (int, float)):
            return field.bound(value, format=self.format) if self.format else field.bound(value)
        if field.type == "ip":
            return field.parse(value)
        return str(value) if field.type == "keyword" else value

    def rank(self, value: Any) -> tuple[int, Any]:
        """Where a missing value stands: by default first when ascending, last when descending."""
        if value is not None:
            return (1, value)
        if self.missing_first is None:
            return (0, 0)
        return (0, 0) if self.missing_first != self.descending else (2, 0)


@plain
class _Place:
    """A key in the order asked for."""

    parts: Sequence[Part]
    keys: tuple[Any, ...]

    def __lt__(self, other: _Place) -> bool:
        for part, mine, theirs in zip(self.parts, self.keys, other.keys, strict=True):
            left, right = part.rank(mine), part.rank(theirs)
            if left != right:
                return left > right if part.descending else left < right
        return False


@plain
class Composite(Aggregation):
    parts: list[Part]
    size: int
    after: dict[str, Any] | None

    def run(self, slices: list[Slice], run: Run) -> Result:
        check_buckets(self.size)
        if self.parent_kind not in ("", "nested", "reverse_nested", "filter"):
            words = "".join(word.title() for word in self.parent_kind.split("_"))
            what = "Aggregation" if self.parent_kind == "composite" else "Aggregator"
            raise illegal_argument(
                "[composite] aggregation cannot be used with a parent aggregation of type:"
                f" [{words}{what}Factory]"
            )
        fields = [part.source.field(run) for part in self.parts]
        groups: dict[tuple[Any, ...], dict[int, list[int]]] = {}
        for number, one in enumerate(slices):
            getters = [part.source.values(one.context) for part in self.parts]
            for ordinal in one.ordinals:
                columns = []
                for part, getter in zip(self.parts, getters, strict=True):
                    values: list[Any] = [part.key(value) for value in getter(ordinal)]
                    columns.append(values or ([None] if part.with_missing else []))
                for keys in set(product(*columns)):
                    groups.setdefault(keys, {}).setdefault(number, []).append(ordinal)
        places = sorted(_Place(self.parts, keys) for keys in groups)
        if self.after is not None:
            if set(self.after) != {part.name for part in self.parts}:
                raise illegal_argument(
                    f"[after] has {len(self.after)} value(s) but [sources] has {len(self.parts)}"
                )
            start = _Place(
                self.parts,
                tuple(
                    part.read(field, self.after[part.name])
                    for part, field in zip(self.parts, fields, strict=True)
                ),
            )
            places = [place for place in places if start < place]
        buckets = []
        for place in places[: self.size]:
            members = groups[place.keys]
            shown = {
                part.name: part.show(field, value)
                for part, field, value in zip(self.parts, fields, place.keys, strict=True)
            }
            bucket: Result = {"key": shown, "doc_count": sum(map(len, members.values()))}
            bucket.update(self.below(slices_of(slices, members), run))
            buckets.append(bucket)
        result: Result = {"buckets": buckets}
        if buckets:
            result = {"after_key": buckets[-1]["key"], **result}
        return result


def _part(definition: Any) -> Part:
    if not isinstance(definition, dict) or len(definition) != 1:
        raise parsing_error("[sources] must be an array of objects with one name each")
    ((name, body),) = definition.items()
    if not isinstance(body, dict) or len(body) != 1:
        raise parsing_error(f"source [{name}] must have one type")
    ((kind, members),) = body.items()
    options = Options(kind, name, members)
    key: Callable[[Any], Any] = lambda value: value  # noqa: E731  # the plain case
    zone = None
    if kind == "histogram":
        key = number_steps(options).key
    elif kind == "date_histogram":
        steps, zone = time_steps(options)
        key = steps.key
    elif kind != "terms":
        raise unsupported(f"the composite source [{kind}]")
    order = str(options.get("order", "asc")).lower()
    place = str(options.get("missing_order", "default"))
    if order not in ("asc", "desc") or place not in ("first", "last", "default"):
        raise illegal_argument(f"unknown order [{order}] or [{place}] of source [{name}]")
    made = Part(
        name,
        Source(options, numeric=kind != "terms"),
        key,
        order == "desc",
        options.flag("missing_bucket", False),
        None if place == "default" else place == "first",
        kind,
        options.text("format"),
        zone,
    )
    options.close()
    return made


@aggregation("composite")
def composite(name: str, options: Options) -> Aggregation:
    sources = options.get("sources")
    if not sources:
        raise illegal_argument("Composite [sources] cannot be null or empty")
    parts = [_part(one) for one in sources]
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise ApiError(
            400,
            "illegal_argument_exception",
            f"Composite source names must be unique, found duplicates: {names}",
        )
    return Composite(parts, options.integer("size", 10), options.get("after"))

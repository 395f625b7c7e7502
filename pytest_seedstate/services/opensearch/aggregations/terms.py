"""Groups by value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..plain import plain
from ..queries.regular import compiled
from ..search.numbers import decimal_format
from .base import (
    Aggregation,
    AnyAggregation,
    Options,
    Result,
    Run,
    Slice,
    aggregation,
    bucket_value,
)
from .values import Source

Grouped = dict[Any, dict[int, list[int]]]  # value -> number of the slice -> ordinals


def grouped(slices: list[Slice], source: Source) -> Grouped:
    """Documents by the values that they have."""
    result: Grouped = {}
    for number, one in enumerate(slices):
        values = source.values(one.context)
        for ordinal in one.ordinals:
            found = values(ordinal)
            for value in found if len(found) < 2 else dict.fromkeys(found):
                result.setdefault(value, {}).setdefault(number, []).append(ordinal)
    return result


def slices_of(slices: list[Slice], members: Mapping[int, list[int]]) -> list[Slice]:
    return [slices[number].only(ordinals) for number, ordinals in members.items()]


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def murmur3(data: bytes, seed: int) -> int:
    """The 32-bit hash by which terms are divided into partitions."""
    value = seed
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        block = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        value ^= _rotated(block, 15) * 0x1B873593 & 0xFFFFFFFF
        value = (_rotated(value, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    tail = int.from_bytes(data[whole:], "little")
    if tail:
        value ^= _rotated(tail * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF
    value ^= len(data)
    value ^= value >> 16
    value = value * 0x85EBCA6B & 0xFFFFFFFF
    value ^= value >> 13
    value = value * 0xC2B2AE35 & 0xFFFFFFFF
    value ^= value >> 16
    return value - 2**32 if value >= 2**31 else value


def mix64(value: int) -> int:
    """The 64-bit hash by which numbers are divided into partitions."""
    value &= 2**64 - 1
    value = (value ^ (value >> 32)) * 0x4CD6944C5CC20B6D & 2**64 - 1
    value = (value ^ (value >> 29)) * 0xFC12C5B19D3259E9 & 2**64 - 1
    value ^= value >> 32
    return value - 2**64 if value >= 2**63 else value


class Choice:
    """Which values get a bucket: ``include`` and ``exclude``."""

    def __init__(self, include: Any, exclude: Any) -> None:
        self._partition: tuple[int, int] | None = None
        if isinstance(include, dict):
            if set(include) != {"partition", "num_partitions"}:
                raise parsing_error("[include] needs [partition] and [num_partitions]")
            self._partition = int(include["partition"]), int(include["num_partitions"])
            if not 0 <= self._partition[0] < self._partition[1]:
                raise illegal_argument(
                    "partition must be >=0 and < numPartitions which is"
                    f" {self._partition[1]}, but was {self._partition[0]}"
                )
            include = None
        self._include, self._exclude = include, exclude

    def test(self, field: Any) -> Callable[[Any], bool]:
        """Whether a value of a field is chosen."""
        included, excluded = (
            None if one is None else self._one(one, field) for one in (self._include, self._exclude)
        )
        partition = self._partition

        def chosen(value: Any) -> bool:
            if partition is not None:
                number, count = partition
                hashed = (
                    murmur3(value.encode(), 31) if isinstance(value, str) else mix64(int(value))
                )
                if hashed % count != number:
                    return False
            return (included is None or included(value)) and not (excluded and excluded(value))

        return chosen

    @staticmethod
    def _one(spec: Any, field: Any) -> Callable[[Any], bool]:
        if isinstance(spec, list):
            if field is not None and field.type not in ("keyword", "text"):
                values = {field.term_for(one) for one in spec}
            else:
                values = {str(one) for one in spec}
            return lambda value: value in values
        if field is not None and field.type not in ("keyword", "text"):
            raise illegal_argument(
                "Aggregation cannot support regular expression style include/exclude settings as"
                " they can only be applied to string fields. Use an array of values for"
                " include/exclude clauses"
            )
        pattern = compiled(str(spec))
        return lambda value: pattern.fullmatch(value) is not None


Order = tuple[str, bool]  # path, descending


def read_order(value: Any, default: list[Order]) -> list[Order]:
    if value is None:
        return default
    result = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict) or len(one) != 1:
            raise parsing_error("Must specify at least one field for [order]")
        for path, direction in one.items():
            if str(direction).lower() not in ("asc", "desc"):
                raise parsing_error(f"Unknown order direction [{direction}]")
            result.append((path, str(direction).lower() == "desc"))
    return result


def ordered(
    buckets: list[Result], order: list[Order], owners: Mapping[str, AnyAggregation]
) -> list[Result]:
    """Buckets in an order; ties by ascending key."""
    raw = "_raw" if buckets and "_raw" in buckets[0] else "key"
    buckets = sorted(buckets, key=lambda bucket: bucket[raw])
    for path, descending in reversed(order):
        if path in ("_key", "_term"):
            buckets.sort(key=lambda bucket: bucket[raw], reverse=descending)
            continue
        values = []
        for bucket in buckets:
            try:
                value = bucket_value(bucket, path, owners)
            except ApiError:
                name = path.partition(">")[0].partition(".")[0]
                raise ApiError(
                    400,
                    "aggregation_execution_exception",
                    f"Invalid aggregation order path [{path}]. The provided aggregation [{name}]"
                    " either does not exist, or is a pipeline aggregation and cannot be used to"
                    " sort the buckets.",
                ) from None
            values.append(value)
        # Buckets without a figure come last in both directions.
        rank = {id(b): ((v is None) != descending, 0 if v is None else v)
                for b, v in zip(buckets, values, strict=True)}  # fmt: skip
        buckets.sort(key=lambda bucket: rank[id(bucket)], reverse=descending)
    return buckets


def key_members(field: Any, value: Any, pattern: str | None) -> Result:
    """How a value is shown as a bucket's key."""
    if field is None:
        return {"key": value}
    if field.type == "boolean":
        return {"key": int(value), "key_as_string": "true" if value else "false"}
    if field.type == "date":
        return {"key": value, "key_as_string": field.format(value, pattern)}
    if field.type == "ip":
        return {"key": field.format(value)}
    result: Result = {"key": value}
    if pattern is not None and not isinstance(value, str):
        result["key_as_string"] = decimal_format(value, pattern)
    return result


@plain
class Terms(Aggregation):
    source: Source
    size: int
    order: list[Order]
    choice: Choice
    least: int
    format: str | None
    show_error: bool

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        if field is not None and field.type == "geo_point":
            raise illegal_argument(
                f"Field [{field.name}] of type [geo_point] is not supported for aggregation [terms]"
            )
        self.typed = _typed(field)
        groups = grouped(slices, self.source)
        if self.least == 0 and field is not None:
            for context in run.contexts:
                for value in context.reader.terms(field.name):
                    groups.setdefault(value, {})
        chosen = self.choice.test(field)
        buckets: list[Result] = []
        members: dict[int, dict[int, list[int]]] = {}
        late = all(path in ("_key", "_term", "_count") for path, _ in self.order)
        for value, found in groups.items():
            count = sum(map(len, found.values()))
            if count < self.least or not chosen(value):
                continue
            bucket = {**key_members(field, value, self.format), "_raw": value, "doc_count": count}
            if self.show_error:
                bucket["doc_count_error_upper_bound"] = 0
            members[id(bucket)] = found
            if not late:
                bucket.update(self.below(slices_of(slices, found), run))
            buckets.append(bucket)
        buckets = ordered(buckets, self.order, self.children)
        others = sum(bucket["doc_count"] for bucket in buckets[self.size :])
        buckets = buckets[: self.size]
        for bucket in buckets:
            if late:
                bucket.update(self.below(slices_of(slices, members[id(bucket)]), run))
            del bucket["_raw"]
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": others,
            "buckets": buckets,
        }

    def typed_name(self, result: Result) -> str:
        return self.typed


def _typed(field: Any) -> str:
    if field is None:
        return "sterms"
    if field.type in ("keyword", "text", "ip"):
        return "sterms"
    if field.type in ("float", "double", "half_float", "scaled_float"):
        return "dterms"
    return "ulterms" if field.type == "unsigned_long" else "lterms"


@aggregation("terms")
def terms(name: str, options: Options) -> Aggregation:
    size = options.integer("size", 10)
    if size <= 0:
        raise illegal_argument(f"[size] must be greater than 0. Found [{size}] in [{name}]")
    options.get("shard_size")
    options.get("shard_min_doc_count")
    options.get("execution_hint")
    options.get("collect_mode")
    least = options.integer("min_doc_count", 1)
    if least < 0:
        raise illegal_argument(
            f"[min_doc_count] must be greater than or equal to 0. Found [{least}] in [{name}]"
        )
    if options.has("value_type"):
        raise unsupported("[value_type] of [terms]")
    return Terms(
        Source(options),
        size,
        read_order(options.get("order"), [("_count", True)]),
        Choice(options.get("include"), options.get("exclude")),
        least,
        options.text("format"),
        options.flag("show_term_doc_count_error", False),
    )

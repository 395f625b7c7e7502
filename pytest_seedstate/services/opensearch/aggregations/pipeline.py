"""Aggregations of other aggregations' buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, unsupported
from ..plain import plain
from ..search.numbers import decimal_format
from .base import AnyAggregation, BucketChange, Options, Result, Sibling, aggregation, bucket_value
from .metrics import exact_sum
from .terms import read_order


def _path(options: Options) -> str:
    value = options.get("buckets_path")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise illegal_argument(f"Required one of fields [buckets_path] for [{options.name}]")
    if str(options.get("gap_policy", "skip")).lower() != "skip":
        raise unsupported(f"[gap_policy] other than skip of [{options.kind}]")
    return value


@plain
class BucketSort(BucketChange):
    order: list[tuple[str, bool]]
    start: int
    size: int | None

    def change(
        self, name: str, buckets: list[Result], owners: Mapping[str, AnyAggregation]
    ) -> list[Result]:
        rows = [
            ([bucket_value(bucket, path, owners) for path, _ in self.order], bucket)
            for bucket in buckets
        ]
        if self.order:
            rows = [row for row in rows if any(value is not None for value in row[0])]
        for at in range(len(self.order) - 1, -1, -1):
            present = [row for row in rows if row[0][at] is not None]
            present.sort(key=lambda row: row[0][at], reverse=self.order[at][1])
            rows = present + [row for row in rows if row[0][at] is None]
        stop = None if self.size is None else self.start + self.size
        return [bucket for _, bucket in rows[self.start : stop]]


@aggregation("bucket_sort")
def bucket_sort(name: str, options: Options) -> AnyAggregation:
    order = []
    given = options.get("sort", [])
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, str):
            order.append((one, False))
        else:
            flat = {k: v.get("order", "asc") if isinstance(v, dict) else v for k, v in one.items()}
            order += read_order([{k: v} for k, v in flat.items()], [])
    if str(options.get("gap_policy", "skip")).lower() != "skip":
        raise unsupported("[gap_policy] other than skip of [bucket_sort]")
    size = options.integer("size", 0) if options.has("size") else None
    return BucketSort(order, options.integer("from", 0), size)


@plain
class FigureOfBuckets(Sibling):
    """One figure of a metric in all buckets of a sibling."""

    path: str
    compute: Callable[[list[tuple[Any, float]]], Result]
    format: str | None

    def reduce(self, siblings: Result, owners: Mapping[str, AnyAggregation]) -> Result | None:
        name, mark, rest = self.path.partition(">")
        if not mark:
            name, _, rest = self.path.partition(".")
        if name not in siblings or "buckets" not in siblings[name]:
            raise ApiError(
                400,
                "action_request_validation_exception",
                "Validation Failed: 1: No aggregation found for path [" + self.path + "];",
            )
        buckets = siblings[name]["buckets"]
        pairs = [
            (bucket.get("key_as_string", bucket.get("key", key)), bucket)
            for key, bucket in (
                buckets.items() if isinstance(buckets, dict) else enumerate(buckets)
            )
        ]
        valued = [
            (key, bucket_value(bucket, rest or "_count", owners[name].children))
            for key, bucket in pairs
        ]
        result = self.compute([(key, float(value)) for key, value in valued if value is not None])
        if self.format and isinstance(result.get("value"), float):
            result["value_as_string"] = decimal_format(result["value"], self.format)
        return result


def _best(pick: Callable[[list[float]], float]) -> Callable[[list[tuple[Any, float]]], Result]:
    def compute(pairs: list[tuple[Any, float]]) -> Result:
        if not pairs:
            return {"value": None, "keys": []}
        best = pick([value for _, value in pairs])
        return {"value": best, "keys": [str(key) for key, value in pairs if value == best]}

    return compute


def _stats(pairs: list[tuple[Any, float]]) -> Result:
    values = [value for _, value in pairs]
    return {
        "count": len(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "avg": exact_sum(values) / len(values) if values else None,
        "sum": exact_sum(values),
    }


def _mean(pairs: list[tuple[Any, float]]) -> Result:
    return {"value": exact_sum([v for _, v in pairs]) / len(pairs) if pairs else None}


_SIBLINGS: dict[str, tuple[str, Callable[[list[tuple[Any, float]]], Result]]] = {
    "max_bucket": ("bucket_metric_value", _best(max)),
    "min_bucket": ("bucket_metric_value", _best(min)),
    "avg_bucket": ("simple_value", _mean),
    "sum_bucket": ("simple_value", lambda pairs: {"value": exact_sum([v for _, v in pairs])}),
    "stats_bucket": ("stats_bucket", _stats),
}


def _sibling(kind: str) -> None:
    typed, compute = _SIBLINGS[kind]

    @aggregation(kind)
    def make(name: str, options: Options) -> AnyAggregation:
        made = FigureOfBuckets(_path(options), compute, options.text("format"))
        made.typed = typed
        return made


for _kind in _SIBLINGS:
    _sibling(_kind)


@plain
class Running(BucketChange):
    """A figure in each bucket, made of those of the buckets before."""

    path: str
    format: str | None
    differences: bool

    def change(
        self, name: str, buckets: list[Result], owners: Mapping[str, AnyAggregation]
    ) -> list[Result]:
        added = 0.0
        before: float | None = None
        for number, bucket in enumerate(buckets):
            value = bucket_value(bucket, self.path, owners)
            if self.differences:
                if number:
                    known = value is not None and before is not None
                    bucket[name] = self._shown(value - before) if known else {"value": None}
                before = value
            else:
                added += value or 0.0
                bucket[name] = self._shown(added)
        return buckets

    def _shown(self, value: float) -> Result:
        result: Result = {"value": float(value)}
        if self.format:
            result["value_as_string"] = decimal_format(float(value), self.format)
        return result


@aggregation("cumulative_sum")
def cumulative_sum(name: str, options: Options) -> AnyAggregation:
    return Running(_path(options), options.text("format"), False)


@aggregation("derivative")
def derivative(name: str, options: Options) -> AnyAggregation:
    return Running(_path(options), options.text("format"), True)

"""Groups by ranges of numbers or dates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error
from ..plain import plain
from ..search.numbers import decimal_format
from .base import Aggregation, Options, Result, Run, Slice, aggregation, total
from .values import Source


@plain
class Bound:
    """One range as it was asked for."""

    key: str | None
    low: Any
    high: Any


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise ApiError(400, "number_format_exception", f'For input string: "{value}"') from None


@plain
class Ranges(Aggregation):
    source: Source
    ranges: list[Bound]
    keyed: bool
    format: str | None
    zone: str | None
    dates: bool

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        now = run.contexts[0].now if run.contexts else 0
        read, show = self._reader(field, now)
        buckets = []
        bounds = [(one, read(one.low), read(one.high)) for one in self.ranges]
        lowest, highest = float("-inf"), float("inf")
        bounds.sort(
            key=lambda b: (
                lowest if b[1] is None else b[1],
                highest if b[2] is None else b[2],
            )
        )
        for one, low, high in bounds:
            kept = [self._inside(part, low, high) for part in slices]
            name = f"{'*' if low is None else show(low)}-{'*' if high is None else show(high)}"
            bucket: Result = {"key": one.key if one.key is not None else name}
            for end, value in (("from", low), ("to", high)):
                if value is not None:
                    bucket[end] = float(value)
                    if self.dates or self.format is not None:
                        bucket[f"{end}_as_string"] = show(value)
            bucket["doc_count"] = total(kept)
            bucket.update(self.below(kept, run))
            buckets.append(bucket)
        if self.keyed:
            return {"buckets": {bucket.pop("key"): bucket for bucket in buckets}}
        return {"buckets": buckets}

    def _inside(self, part: Slice, low: Any, high: Any) -> Slice:
        values = self.source.values(part.context)
        return part.only(
            [
                ordinal
                for ordinal in part.ordinals
                if any(
                    (low is None or value >= low) and (high is None or value < high)
                    for value in values(ordinal)
                )
            ]
        )

    def _reader(self, field: Any, now: int) -> tuple[Callable[[Any], Any], Callable[[Any], str]]:
        if not self.dates:
            pattern = self.format

            def show_number(value: Any) -> str:
                return decimal_format(value, pattern) if pattern else repr(float(value))

            return _number, show_number
        options = {
            key: value
            for key, value in (("format", self.format), ("time_zone", self.zone))
            if value is not None
        }

        def read_date(value: Any) -> Any:
            if value is None or field is None:
                return None
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return int(value)
            return field.bound(value, now=now, **options)

        def show_date(value: Any) -> str:
            return str(field.format(int(value), self.format, self.zone))

        return read_date, show_date


def _make(options: Options, dates: bool) -> Aggregation:
    given = options.get("ranges")
    if not given:
        raise illegal_argument(f"No [ranges] specified for the [{options.name}] aggregation")
    ranges = []
    for one in given:
        if not isinstance(one, dict):
            raise parsing_error("[ranges] must be an array of objects")
        for key in one:
            if key not in ("from", "to", "key"):
                raise ApiError(
                    400, "x_content_parse_exception", f"[1:1] [range] unknown field [{key}]"
                )
        ranges.append(
            Bound(
                None if one.get("key") is None else str(one["key"]), one.get("from"), one.get("to")
            )
        )
    zone = options.get("time_zone") if dates else None
    source = Source(options, numeric=True)
    return Ranges(
        source,
        ranges,
        options.flag("keyed", False),
        options.text("format"),
        None if zone is None else str(zone),
        dates,
    )


@aggregation("range")
def range_aggregation(name: str, options: Options) -> Aggregation:
    return _make(options, False)


@aggregation("date_range")
def date_range(name: str, options: Options) -> Aggregation:
    return _make(options, True)

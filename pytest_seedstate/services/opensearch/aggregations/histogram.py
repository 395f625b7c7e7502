"""Groups by intervals of numbers or of time."""

from __future__ import annotations

import math
import re
import sys
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import field
from typing import Any

from ..errors import ApiError, illegal_argument
from ..mapping.dates import add, round_down, time_zone
from ..plain import plain
from ..search.numbers import decimal_format
from ..storage.limits import check_buckets
from .base import Aggregation, Options, Result, Run, Slice, aggregation
from .terms import Order, ordered, read_order, slices_of
from .values import Source

_CALENDAR = {
    "second": "s", "1s": "s", "minute": "m", "1m": "m", "hour": "h", "1h": "h", "day": "d",
    "1d": "d", "week": "w", "1w": "w", "month": "M", "1M": "M", "quarter": "q", "1q": "q",
    "year": "y", "1y": "y",
}  # fmt: skip
_FIXED = re.compile(r"(\d+)(nanos|micros|ms|s|m|h|d)")
_FIXED_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Steps(ABC):
    """How values fall into intervals."""

    @abstractmethod
    def key(self, value: Any) -> Any: ...

    @abstractmethod
    def following(self, key: Any) -> Any: ...


@plain
class NumberSteps(Steps):
    interval: float
    offset: float

    def key(self, value: Any) -> float:
        steps: int = math.floor((value - self.offset) / self.interval)
        return steps * self.interval + self.offset

    def following(self, key: float) -> float:
        return self.key(key + self.interval * 1.5)


@plain
class CalendarSteps(Steps):
    unit: str
    zone: str | None
    offset: int

    known: list[tuple[int, int]] = field(default_factory=list)  # intervals asked for, in order

    def key(self, value: int) -> int:
        """The start of a value's interval; kept, because the calendar is slow."""
        place = bisect_right(self.known, (value, sys.maxsize))
        if place and value < self.known[place - 1][1]:
            return self.known[place - 1][0]
        start = self._start(value)
        self.known.insert(place, (start, self.following(start)))
        return start

    def _start(self, value: int) -> int:
        zone = time_zone(self.zone)
        value -= self.offset
        if self.unit != "q":
            return round_down(value, self.unit, zone) + self.offset
        month = round_down(value, "M", zone)
        year = round_down(value, "y", zone)
        quarter = year
        while add(quarter, 3, "M", zone) <= month:
            quarter = add(quarter, 3, "M", zone)
        return quarter + self.offset

    def following(self, key: int) -> int:
        zone = time_zone(self.zone)
        amount, unit = (3, "M") if self.unit == "q" else (1, self.unit)
        return add(key - self.offset, amount, unit, zone) + self.offset


@plain
class FixedSteps(Steps):
    interval: int
    zone: str | None
    offset: int

    def _shift(self, value: int) -> int:
        zone = time_zone(self.zone)
        # The zone's offset at that time: how far its days are from those of UTC.
        day = 86_400_000
        start = round_down(value, "d", zone)
        shift = -start % day
        return shift - day if shift > day // 2 else shift

    def key(self, value: int) -> int:
        value -= self.offset
        shift = self._shift(value) if self.zone is not None else 0
        return (value + shift) // self.interval * self.interval - shift + self.offset

    def following(self, key: int) -> int:
        return self.key(key + self.interval)


@plain
class Histogram(Aggregation):
    source: Source
    steps: Steps
    least: int
    order: list[Order]
    keyed: bool
    format: str | None
    zone: str | None
    extended: tuple[Any, Any] | None
    hard: tuple[Any, Any] | None
    dates: bool

    def run(self, slices: list[Slice], run: Run) -> Result:
        field = self.source.field(run)
        now = run.contexts[0].now if run.contexts else 0
        groups: dict[Any, dict[int, list[int]]] = {}
        key_of = self.steps.key
        hard = self._bounds(self.hard, field, now)
        for number, one in enumerate(slices):
            values = self.source.values(one.context)
            for ordinal in one.ordinals:
                for key in {key_of(value) for value in values(ordinal)}:
                    if hard is None or (
                        (hard[0] is None or key >= hard[0]) and (hard[1] is None or key <= hard[1])
                    ):
                        groups.setdefault(key, {}).setdefault(number, []).append(ordinal)
        if self.least == 0:
            self._fill(groups, self._bounds(self.extended, field, now))
        buckets = []
        for key in sorted(groups):
            members = groups[key]
            count = sum(map(len, members.values()))
            if count >= self.least:
                bucket = self._bucket(field, key)
                bucket["doc_count"] = count
                bucket.update(self.below(slices_of(slices, members), run))
                buckets.append(bucket)
        if self.order != [("_key", False)]:
            buckets = ordered(buckets, self.order, self.children)
        if self.keyed:
            return {"buckets": {b.get("key_as_string", str(b["key"])): b for b in buckets}}
        return {"buckets": buckets}

    def _bucket(self, field: Any, key: Any) -> Result:
        if self.dates:
            if field is None:
                return {"key": key}
            return {"key_as_string": field.format(key, self.format, self.zone), "key": key}
        bucket: Result = {"key": float(key)}
        if self.format is not None:
            bucket["key_as_string"] = decimal_format(key, self.format)
        return bucket

    def _bounds(
        self, bounds: tuple[Any, Any] | None, field: Any, now: int
    ) -> tuple[Any, Any] | None:
        if bounds is None or (self.dates and field is None):
            return None
        if not self.dates:
            return bounds
        options = {"format": self.format} if self.format else {}
        if self.zone:
            options["time_zone"] = self.zone
        low, high = (
            None if end is None else field.bound(end, now=now, **options) for end in bounds
        )
        return low, high

    def _fill(
        self, groups: dict[Any, dict[int, list[int]]], extended: tuple[Any, Any] | None
    ) -> None:
        ends = sorted(groups)
        low, high = (ends[0], ends[-1]) if ends else (None, None)
        if extended is not None and (groups or None not in extended):
            if extended[0] is not None:
                start = self.steps.key(extended[0])
                low = start if low is None else min(low, start)
            if extended[1] is not None:
                stop = self.steps.key(extended[1])
                high = stop if high is None else max(high, stop)
        if low is None or high is None:
            return
        key = low
        while key <= high:
            groups.setdefault(key, {})
            check_buckets(len(groups))
            key = self.steps.following(key)


def _ends(options: Options, name: str) -> tuple[Any, Any] | None:
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, dict) or not set(value) <= {"min", "max"}:
        raise ApiError(400, "x_content_parse_exception", f"[1:1] [{name}] unknown field")
    for end in value.values():
        if not isinstance(end, (int, float, str)):
            raise illegal_argument(f"[{name}] must have numbers or dates")
    ends = value.get("min"), value.get("max")
    if options.kind == "histogram":
        return tuple(None if end is None else _finite(name, end) for end in ends)  # type: ignore[return-value]
    return ends


def _finite(name: str, end: Any) -> float:
    try:
        number = float(end)
    except ValueError:
        raise ApiError(400, "number_format_exception", f'For input string: "{end}"') from None
    if not math.isfinite(number):
        raise illegal_argument(f"[{name}] must be finite numbers, not [{end}]")
    return number


def _make(options: Options, steps: Steps, zone: str | None, dates: bool) -> Histogram:
    return Histogram(
        Source(options, numeric=True),
        steps,
        options.integer("min_doc_count", 0),
        read_order(options.get("order"), [("_key", False)]),
        options.flag("keyed", False),
        options.text("format"),
        zone,
        _ends(options, "extended_bounds"),
        _ends(options, "hard_bounds"),
        dates,
    )


def number_steps(options: Options) -> NumberSteps:
    interval = float(options.get("interval", 0))
    if not interval > 0:
        raise illegal_argument(
            "[interval] must be >0 for histogram aggregation [" + options.name + "]"
        )
    return NumberSteps(interval, float(options.get("offset", 0)) % interval)


@aggregation("histogram")
def histogram(name: str, options: Options) -> Aggregation:
    return _make(options, number_steps(options), None, False)


def _milliseconds(text: str, what: str) -> int:
    found = _FIXED.fullmatch(text)
    if found is None or found[2] not in _FIXED_UNITS:
        raise illegal_argument(
            f"failed to parse setting [{what}] with value [{text}] as a time value: unit is missing"
            " or unrecognized"
        )
    return int(found[1]) * _FIXED_UNITS[found[2]]


def time_steps(options: Options) -> tuple[Steps, str | None]:
    """The intervals of time asked for, and the time zone."""
    zone = options.get("time_zone")
    zone = None if zone is None else str(zone)
    time_zone(zone)
    shift = str(options.get("offset", "0"))
    sign = -1 if shift.startswith("-") else 1
    digits = shift.lstrip("+-")
    offset = sign * (int(digits) if digits.isdigit() else _milliseconds(digits, "offset"))
    calendar, fixed = options.get("calendar_interval"), options.get("fixed_interval")
    either = options.get("interval")
    if either is not None:
        calendar, fixed = (either, None) if str(either) in _CALENDAR else (None, either)
    if calendar is not None and fixed is not None:
        raise illegal_argument(
            "Cannot use [fixed_interval] with [calendar_interval] configuration option."
        )
    if calendar is not None:
        if str(calendar) not in _CALENDAR:
            raise illegal_argument(
                f"The supplied interval [{calendar}] could not be parsed as a calendar interval."
            )
        return CalendarSteps(_CALENDAR[str(calendar)], zone, offset), zone
    if fixed is None:
        raise illegal_argument("Invalid interval specified, must be non-null and non-empty")
    interval = _milliseconds(str(fixed), "date_histogram.fixed_interval")
    if interval <= 0:
        raise illegal_argument("Zero or negative time interval not supported")
    return FixedSteps(interval, zone, offset), zone


@aggregation("date_histogram")
def date_histogram(name: str, options: Options) -> Aggregation:
    steps, zone = time_steps(options)
    return _make(options, steps, zone, True)

"""Dates: texts to epoch milliseconds and back, and date math such as ``now-1d/d``."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping.date_patterns import (
    MONTHS,
    Moment,
    Pattern,
    compiled,
)

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_UNITS = {"w": 7 * _DAY, "d": _DAY, "h": 3_600_000, "H": 3_600_000, "m": 60_000, "s": 1000}
_MATH = re.compile(r"([+-])(\d*)([yMwdhHms])|/(\d*)([yMwdhHms])")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class NotADateError(ValueError):
    """A text does not follow its format."""


@lru_cache(maxsize=128)
def time_zone(name: str | None) -> tzinfo:
    """Return a time zone named by an offset or by its place.

    Raises:
        ApiError: there is no such zone.
    """
    if name is None or name in ("Z", "UTC", "GMT"):
        return UTC
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?", name)
    if found:
        sign, hours, minutes, seconds = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
        return timezone(-offset if sign == "-" else offset)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import, rarely used

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ApiError(400, "zone_rules_exception", f"Unknown time-zone ID: {name}") from None


def parse_date(
    text: str, pattern: str = DEFAULT_FORMAT, zone: str | None = None, *, round_up: bool = False
) -> int:
    """Return the epoch milliseconds of a text.

    Args:
        text: the date.
        pattern: formats, separated by ``||``.
        zone: of texts that name none.
        round_up: take the end of the day, hour or minute that the text leaves open; month and day
            are the first ones all the same, so ``2020`` is the end of 2020-01-01 (tried on 3.8.0).

    Raises:
        NotADateError: it follows none of the formats.
    """
    for form in compiled(pattern):
        found = _read(text, form, zone, round_up)
        if found is not None:
            return found
    raise NotADateError(text)


def _read(text: str, form: Pattern, zone: str | None, round_up: bool) -> int | None:
    if form.read is None:
        if not _NUMBER.fullmatch(text):
            return None
        whole, _, fraction = text.partition(".")
        exact = int(whole) * form.unit
        extra = int((fraction + "000")[:3]) if form.unit == 1000 else 0
        return exact - extra if text.startswith("-") else exact + extra
    match = form.read.fullmatch(text)
    if match is None:
        return None
    try:
        return _millis(
            {k: v for k, v in match.groupdict().items() if v is not None}, zone, round_up
        )
    except (ValueError, OverflowError):
        return None


def _millis(parts: dict[str, str], zone: str | None, round_up: bool) -> int:
    year = int(
        parts["year"] if "year" in parts else f"20{parts['year2']}" if "year2" in parts else 1970
    )
    month = int(parts.get("month", 1))
    if "month_name" in parts:
        month = 1 + next(i for i, name in enumerate(MONTHS) if name.startswith(parts["month_name"]))
    last = calendar.monthrange(year if 1 <= year <= 9999 else 2000 + year % 400, month)[1]
    day = int(parts.get("day", 1))
    hour = _hour(parts, 23 if round_up else 0)
    minute = int(parts.get("minute", 59 if round_up else 0))
    second = int(parts.get("second", 59 if round_up else 0))
    fraction = parts.get("fraction", "999" if round_up else "0")
    if not (1 <= day <= last and hour < 24 and minute < 60 and second < 60):
        raise ValueError
    days = _days(year, month, day)
    if "day_of_year" in parts:
        days = _days(year, 1, int(parts["day_of_year"]))
    local = days * _DAY + ((hour * 60 + minute) * 60 + second) * 1000 + int((fraction + "00")[:3])
    return _to_utc(local, time_zone(parts.get("zone", parts.get("zone_name", zone))))


def _hour(parts: dict[str, str], default: int) -> int:
    if "hour12" not in parts:
        return int(parts.get("hour", default))
    return int(parts["hour12"]) % 12 + (12 if parts.get("half", "").lower() == "pm" else 0)


def _days(year: int, month: int, day: int) -> int:
    """Return days since 1970 of any year, by the proleptic calendar that Java has too."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _to_utc(local: int, zone: tzinfo) -> int:
    if zone is UTC:
        return local
    return local - _offset_at(local, zone, is_local=True)


def _offset_at(millis: int, zone: tzinfo, *, is_local: bool = False) -> int:
    """Return the zone's offset, in milliseconds, at a moment (or at a local time)."""
    try:
        moment = _EPOCH + timedelta(milliseconds=millis)
        there = moment.replace(tzinfo=zone) if is_local else moment.astimezone(zone)
    except OverflowError:
        there = _EPOCH.astimezone(zone)
    offset = there.utcoffset() or timedelta()
    return int(offset.total_seconds() * 1000)


def moment_of(millis: int, zone: str | None = None) -> Moment:
    """Return an epoch time's parts in a zone."""
    offset = _offset_at(millis, time_zone(zone))
    days, rest = divmod(millis + offset, _DAY)
    era, of_era = divmod(days + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    year = year_of_era + era * 400 + (month <= 2)
    return Moment(
        year=year,
        month=month,
        day=of_year - (153 * shifted + 2) // 5 + 1,
        hour=rest // 3_600_000,
        minute=rest // 60_000 % 60,
        second=rest // 1000 % 60,
        milli=rest % 1000,
        weekday=(days + 3) % 7,
        day_of_year=days - _days(year, 1, 1) + 1,
        offset=offset // 1000,
    )


def format_date(millis: int, pattern: str = DEFAULT_FORMAT, zone: str | None = None) -> str:
    """Return an epoch time as the first of a format's patterns writes it."""
    form = compiled(pattern)[0]
    if form.write is None:
        whole, rest = divmod(millis, form.unit)
        return str(whole) if not rest else f"{millis / form.unit:.3f}"
    return form.write(moment_of(millis, zone))


def date_math(
    expression: str,
    *,
    now: int,
    round_up: bool = False,
    pattern: str = DEFAULT_FORMAT,
    zone: str | None = None,
) -> int:
    """Return the epoch milliseconds of a date with or without math.

    Args:
        expression: ``now``, or a date and ``||``; then ``+1d``, ``-2M``, ``/d`` and so on.
        now: what ``now`` means.
        round_up: take the last millisecond of a rounded unit, not its first.
        pattern: the date's formats.
        zone: in which dates without one are read, and in which units are rounded.

    Raises:
        ApiError: it is no such expression.
    """
    if expression.startswith("now"):
        start, math = now, expression[3:]
    else:
        date, found, math = expression.partition("||")
        try:
            start = parse_date(date, pattern, zone, round_up=round_up and not found)
        except NotADateError:
            raise ApiError(
                400,
                "parse_exception",
                f"failed to parse date field [{expression}] with format [{pattern}]: "
                "[Failed to parse with all enclosed parsers]",
                caused_by={
                    "type": "date_time_parse_exception",
                    "reason": "Failed to parse with all enclosed parsers",
                },
            ) from None
    return _apply(start, math, time_zone(zone), round_up)


def _apply(millis: int, math: str, zone: tzinfo, round_up: bool) -> int:
    position = 0
    while position < len(math):
        step = _MATH.match(math, position)
        if step is None:
            raise ApiError(400, "parse_exception", f"operator not supported for date math [{math}]")
        sign, count, unit, rounded_count, rounded = step.groups()
        if rounded:
            if rounded_count not in ("", "1"):
                raise ApiError(
                    400,
                    "parse_exception",
                    f"rounding `/` can only be used on single unit types [{math}]",
                )
            start = round_down(millis, rounded, zone)
            millis = add(start, 1, rounded, zone) - 1 if round_up else start
        else:
            amount = int(count or 1)
            millis = add(millis, -amount if sign == "-" else amount, unit, zone)
        position = step.end()
    return millis


def add(millis: int, amount: int, unit: str, zone: tzinfo = UTC) -> int:
    """Return a moment some units later; months and years by the calendar, days by local time."""
    if unit in "yM":
        offset = _offset_at(millis, zone)
        local = moment_of(millis + offset)
        months = local.year * 12 + local.month - 1 + amount * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        last = calendar.monthrange(year if 1 <= year <= 9999 else 2000 + year % 400, month + 1)[1]
        days = _days(year, month + 1, min(local.day, last))
        return _to_utc(days * _DAY + (millis + offset) % _DAY, zone)
    if unit in "wd" and zone is not UTC:
        return _to_utc(millis + _offset_at(millis, zone) + amount * _UNITS[unit], zone)
    return millis + amount * _UNITS[unit]


def round_down(millis: int, unit: str, zone: tzinfo = UTC) -> int:
    """Return the start of the unit (``y M w d h m s``) that a moment is in."""
    local = millis + _offset_at(millis, zone)
    if unit in "yM":
        moment = moment_of(local)
        return _to_utc(_days(moment.year, 1 if unit == "y" else moment.month, 1) * _DAY, zone)
    if unit == "w":
        day = local // _DAY
        return _to_utc((day - (day + 3) % 7) * _DAY, zone)
    if unit == "d":
        return _to_utc(local // _DAY * _DAY, zone)
    return millis - local % _UNITS[unit]


def check_format(pattern: str, field: str) -> None:
    """Check a mapping's ``format``.

    Raises:
        ApiError: it is none.
    """
    try:
        compiled(pattern)
    except ApiError as problem:
        raise illegal_argument(
            f"Error parsing [format] on field [{field}]: {problem.reason}",
            {"type": problem.kind, "reason": problem.reason, "caused_by": problem.caused_by},
        ) from None

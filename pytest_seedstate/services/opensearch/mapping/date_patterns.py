"""Date patterns, as Java writes them, compiled to a reader and a writer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pytest_seedstate.services.opensearch.errors import illegal_argument

ZONE = r"(?P<zone>Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)"
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_TIME = (
    r"(?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
)
_STRICT = (
    r"(?P<year>-?\d{4}|[+-]\d{4,9})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    rf"(?:T(?:{_TIME}{ZONE}?)?)?)?)?"
)
_LENIENT = _STRICT.replace(r"-?\d{4}|[+-]\d{4,9}", r"[+-]?\d{1,9}").replace(r"\d{2})", r"\d{1,2})")

# Names with a pattern of their own; "strict_" may stand before each.
_NAMED = {
    "basic_date": "yyyyMMdd",
    "basic_date_time": "yyyyMMdd'T'HHmmss.SSSX",
    "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssX",
    "basic_time": "HHmmss.SSSX",
    "basic_time_no_millis": "HHmmssX",
    "date": "yyyy-MM-dd",
    "date_hour": "yyyy-MM-dd'T'HH",
    "date_hour_minute": "yyyy-MM-dd'T'HH:mm",
    "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
    "date_hour_minute_second_fraction": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_hour_minute_second_millis": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "hour": "HH",
    "hour_minute": "HH:mm",
    "hour_minute_second": "HH:mm:ss",
    "hour_minute_second_fraction": "HH:mm:ss.SSS",
    "hour_minute_second_millis": "HH:mm:ss.SSS",
    "ordinal_date": "yyyy-DDD",
    "time": "HH:mm:ss.SSSXXX",
    "time_no_millis": "HH:mm:ssXXX",
    "year": "yyyy",
    "year_month": "yyyy-MM",
    "year_month_day": "yyyy-MM-dd",
}
_ISO = {
    "strict_date_optional_time": _STRICT,
    "strict_date_optional_time_nanos": _STRICT,
    "date_optional_time": _LENIENT,
    "iso8601": _STRICT,
    "rfc3339_lenient": _STRICT,
}
_ISO_WRITTEN = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"


@dataclass(frozen=True)
class Moment:
    """A moment in its zone: what a writer writes.

    Attributes:
        offset: the zone's offset from UTC, in seconds.
        weekday: 0 is Monday.
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    milli: int
    weekday: int
    day_of_year: int
    offset: int


@dataclass(frozen=True)
class Pattern:
    """One format, compiled.

    Attributes:
        read: a regular expression with the names of a date's parts; None for epoch times.
        write: makes the text of a moment; None for epoch times.
        unit: milliseconds of an epoch time's unit.
    """

    name: str
    read: re.Pattern[str] | None
    write: Callable[[Moment], str] | None
    unit: int = 0


@lru_cache(maxsize=256)
def compiled(name: str) -> tuple[Pattern, ...]:
    """Return the patterns of a format such as ``yyyy-MM-dd||epoch_millis``.

    Raises:
        ApiError: a pattern is not one, or not supported.
    """
    return tuple(_compile(part) for part in name.split("||"))


def _compile(name: str) -> Pattern:
    if name in ("epoch_millis", "epoch_second"):
        return Pattern(name, None, None, 1 if name == "epoch_millis" else 1000)
    if name in _ISO:
        return Pattern(name, re.compile(_ISO[name]), _translate(_ISO_WRITTEN)[1])
    strict = name.removeprefix("strict_")
    java = _NAMED.get(strict)
    if java is not None and strict == name and not name.startswith("basic"):
        source, write = _translate(java, lenient=True)
    else:
        source, write = _translate(java or name)
    return Pattern(name, re.compile(source), write)


def _translate(java: str, lenient: bool = False) -> tuple[str, Callable[[Moment], str]]:
    source: list[str] = []
    writers: list[Callable[[Moment], str]] = []
    for token in re.finditer(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", java, re.DOTALL):
        quoted, letters, letter, other = token.groups()
        if letters:
            read, write = _letter(java, letter, len(letters), lenient)
            source.append(read)
            writers.append(write)
        elif other and other in "[]":
            source.append("(?:" if other == "[" else ")?")
        else:
            literal = other or quoted.replace("''", "'") or "'"
            source.append(re.escape(literal))
            writers.append(_constant(literal))
    return "".join(source), lambda moment: "".join(write(moment) for write in writers)


def _constant(text: str) -> Callable[[Moment], str]:
    return lambda _: text


_NUMBERS: dict[str, str] = {
    "M": "month",
    "L": "month",
    "d": "day",
    "H": "hour",
    "m": "minute",
    "s": "second",
    "D": "day_of_year",
}


def _letter(
    java: str, letter: str, count: int, lenient: bool
) -> tuple[str, Callable[[Moment], str]]:
    if letter in "yu":
        return _year(count, lenient)
    if letter in "ML" and count in (3, 4):
        names = [name if count == 4 else name[:3] for name in MONTHS]
        return f"(?P<month_name>{'|'.join(names)})", lambda m: names[m.month - 1]
    if letter in _NUMBERS and count <= 3:
        name = _NUMBERS[letter]
        digits = rf"\d{{1,{max(count, 2)}}}" if lenient or count == 1 else rf"\d{{{count}}}"
        return rf"(?P<{name}>{digits})", lambda m: f"{getattr(m, name):0{count}d}"
    if letter in "hK" and count <= 2:
        return rf"(?P<hour12>\d{{{1 if count == 1 else 2},2}})", (
            lambda m: f"{(m.hour % 12) or (12 if letter == 'h' else 0):0{count}d}"
        )
    if letter == "S":
        digits = r"\d{1,9}" if lenient else rf"\d{{{count}}}"
        return rf"(?P<fraction>{digits})", lambda m: f"{m.milli:03d}".ljust(count, "0")[:count]
    if letter == "a":
        return r"(?P<half>AM|PM|am|pm)", lambda m: "AM" if m.hour < 12 else "PM"
    if letter == "E":
        names = [name if count == 4 else name[:3] for name in DAYS]
        return f"(?:{'|'.join(names)})", lambda m: names[m.weekday]
    if letter in "XxZ":
        return _offset(letter, count)
    if letter in "zV":
        return r"(?P<zone_name>[A-Za-z][\w/+-]*)", lambda m: "UTC" if not m.offset else zone(m, ":")
    raise illegal_argument(
        f"Invalid format: [{java}]: Unknown pattern letter: {letter}",
        {"type": "illegal_argument_exception", "reason": f"Unknown pattern letter: {letter}"},
    )


def _year(count: int, lenient: bool) -> tuple[str, Callable[[Moment], str]]:
    if count == 2:
        return r"(?P<year2>\d{2})", lambda m: f"{m.year % 100:02d}"
    if lenient or count == 1:
        return r"(?P<year>[+-]?\d{1,9})", lambda m: _written_year(m.year, count)
    return r"(?P<year>-?\d{4})", lambda m: _written_year(m.year, 4)


def _written_year(year: int, count: int) -> str:
    # As Java: more digits than asked for have a sign.
    return f"+{year}" if count == 4 and year > 9999 else f"{year:0{count}d}"


def _offset(letter: str, count: int) -> tuple[str, Callable[[Moment], str]]:
    colon = ":" if (letter in "Xx" and count in (3, 5)) or (letter == "Z" and count == 5) else ""
    has_z = letter == "X" or (letter == "Z" and count == 5)
    pattern = (
        r"[+-]\d{2}:?\d{2}" if letter == "Z" and count < 4 else rf"[+-]\d{{2}}(?:{colon}\d{{2}})?"
    )
    read = rf"(?P<zone>{'Z|' if has_z else ''}{pattern})"
    return read, lambda m: "Z" if has_z and not m.offset else zone(m, colon, hours_only=count == 1)


def zone(moment: Moment, colon: str, *, hours_only: bool = False) -> str:
    """Return a moment's offset, such as ``+01:00``."""
    minutes = abs(moment.offset) // 60
    sign = "-" if moment.offset < 0 else "+"
    if hours_only and minutes % 60 == 0:
        return f"{sign}{minutes // 60:02d}"
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"

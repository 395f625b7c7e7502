"""Dates: formats, zones, what a text leaves open, and date math."""

from __future__ import annotations

import pytest

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.mapping.dates import (
    DEFAULT_FORMAT,
    NotADateError,
    add,
    date_math,
    format_date,
    parse_date,
    round_down,
    time_zone,
)

NOW = 1_600_000_000_000  # 2020-09-13T12:26:40Z, a Sunday


@pytest.mark.parametrize(
    ("text", "pattern", "shown"),
    [
        ("2020-01-31", DEFAULT_FORMAT, "2020-01-31T00:00:00.000Z"),
        ("2020", DEFAULT_FORMAT, "2020-01-01T00:00:00.000Z"),
        ("2020-01-01T10:11:12.1234+02:00", DEFAULT_FORMAT, "2020-01-01T08:11:12.123Z"),
        ("1500000000000", DEFAULT_FORMAT, "2017-07-14T02:40:00.000Z"),
        ("-1", DEFAULT_FORMAT, "1969-12-31T23:59:59.999Z"),
        ("31/01/2020 01:02", "dd/MM/yyyy HH:mm", "2020-01-31T01:02:00.000Z"),
        ("2020-1-2", "date", "2020-01-02T00:00:00.000Z"),
        ("3 Jan 2020 03:04 PM", "d MMM yyyy hh:mm a", "2020-01-03T15:04:00.000Z"),
        ("1.5", "epoch_second", "1970-01-01T00:00:01.500Z"),
        ("20200102T030405.123Z", "basic_date_time", "2020-01-02T03:04:05.123Z"),
        ("2020-060", "ordinal_date", "2020-02-29T00:00:00.000Z"),
        ("1 o'clock 2020", "H 'o''clock' yyyy", "2020-01-01T01:00:00.000Z"),
        ("0001-01-01", DEFAULT_FORMAT, "0001-01-01T00:00:00.000Z"),
    ],
)
def test_texts_are_read_and_written(text: str, pattern: str, shown: str) -> None:
    """A text of a format is the moment that it says."""
    assert format_date(parse_date(text, pattern)) == shown


@pytest.mark.parametrize(
    "text", ["foo", "2020-13-01", "2021-02-29", "2020-01-01 10:00", "", "20.1.1"]
)
def test_other_texts_are_no_dates(text: str) -> None:
    """The default format is strict."""
    with pytest.raises(NotADateError):
        parse_date(text)


def test_what_a_text_leaves_open_is_its_start_or_its_end() -> None:
    """Rounded up, a year is the end of its first day, as on a real node."""
    assert format_date(parse_date("2020", round_up=True)) == "2020-01-01T23:59:59.999Z"
    assert format_date(parse_date("2020-02", round_up=True)) == "2020-02-01T23:59:59.999Z"


@pytest.mark.parametrize(
    ("expression", "start", "end"),
    [
        ("now", "2020-09-13T12:26:40.000Z", "2020-09-13T12:26:40.000Z"),
        ("now-1d/d", "2020-09-12T00:00:00.000Z", "2020-09-12T23:59:59.999Z"),
        ("now/w", "2020-09-07T00:00:00.000Z", "2020-09-13T23:59:59.999Z"),
        ("now+1M/M", "2020-10-01T00:00:00.000Z", "2020-10-31T23:59:59.999Z"),
        ("2020-01-31||+1M", "2020-02-29T00:00:00.000Z", "2020-02-29T00:00:00.000Z"),
        ("2020-05-05||/y", "2020-01-01T00:00:00.000Z", "2020-12-31T23:59:59.999Z"),
    ],
)
def test_date_math(expression: str, start: str, end: str) -> None:
    """Units are added, and rounded down or up."""
    assert format_date(date_math(expression, now=NOW)) == start
    assert format_date(date_math(expression, now=NOW, round_up=True)) == end


@pytest.mark.parametrize("expression", ["now+1", "now*2d", "now/3d", "nonsense||+1d"])
def test_wrong_date_math_is_a_400(expression: str) -> None:
    """What is no expression is told as one that cannot be parsed."""
    with pytest.raises(ApiError) as caught:
        date_math(expression, now=NOW)
    assert (caught.value.status, caught.value.kind) == (400, "parse_exception")


def test_days_are_those_of_the_zone() -> None:
    """Rounding and adding days follow local time, over a change to summer time too."""
    berlin = "Europe/Berlin"
    assert format_date(date_math("now/d", now=NOW, zone=berlin)) == "2020-09-12T22:00:00.000Z"
    before = parse_date("2020-03-28T12:00:00", zone=berlin)
    assert format_date(add(before, 1, "d", time_zone(berlin)), zone=berlin).startswith(
        "2020-03-29T12:00:00"
    )
    assert round_down(before, "M", time_zone(berlin)) == parse_date("2020-03-01", zone=berlin)


def test_an_unknown_zone_is_a_400() -> None:
    """A zone that is not there is named."""
    with pytest.raises(ApiError, match="Nowhere/City"):
        time_zone("Nowhere/City")

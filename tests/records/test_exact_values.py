"""Values that are written to a dataset's file and read again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import math
import uuid
from collections import OrderedDict
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, AwareDatetime, BaseModel, PrivateAttr, Secret, SecretBytes, SecretStr

from pytest_seedstate import OpenSearchDocument, S3Object
from pytest_seedstate.records.cache.exact import NotExactError, Reader, Writer, found, place_of


class Colour(Enum):
    """A plain enum; one value is no text."""

    RED = "red"
    PAIR = (1, "two")


class Part(BaseModel):
    """A model inside of another, with all that a model can have."""

    model_config = {"extra": "allow"}
    number: Decimal
    note: str = "none"
    _hidden: int = PrivateAttr(3)


class Whole(BaseModel):
    """A model with a few fields that need care."""

    part: Part
    parts: tuple[Part, ...] = ()
    secret: SecretStr | SecretBytes | Secret[int] | None = None
    home: AnyUrl | None = None
    at: AwareDatetime | None = None
    colour: Colour = Colour.RED


@dataclasses.dataclass(frozen=True)
class Point:
    """A data class of a user."""

    x: float
    y: Decimal


def again(value: Any) -> Any:
    """A value, written and read."""
    writer = Writer()
    line = writer.text(value)
    assert b"\n" not in line
    return Reader([found(*place_of(kind)) for kind in writer.classes]).value(line)


def same(one: Any, other: Any) -> bool:
    """Equal in type and content, also inside; order counts where a type has one."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(same(a, b) for a, b in pairs)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (set, frozenset)):
        return one == other and {type(member) for member in one} == {type(m) for m in other}
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other) and (
            one == other or (math.isnan(one) and math.isnan(other))
        )
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, (dt.datetime, dt.time)):
        plain = one.replace(tzinfo=None) == other.replace(tzinfo=None)
        return plain and one.fold == other.fold and repr(one.tzinfo) == repr(other.tzinfo)
    return bool(one == other)


ZONES = st.one_of(
    st.none(),
    st.just(dt.UTC),
    st.sampled_from([ZoneInfo("Europe/London"), ZoneInfo("America/New_York")]),
    st.integers(-86_000, 86_000).map(lambda n: dt.timezone(dt.timedelta(seconds=n))),
    st.just(dt.timezone(dt.timedelta(hours=1), "one")),
)
TEXT = st.text(st.characters(exclude_categories=()))
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
    st.binary(),
    st.binary().map(bytearray),
    st.decimals(),
    st.builds(
        lambda at, zone, fold: at.replace(tzinfo=zone, fold=fold),
        st.datetimes(),
        ZONES,
        st.integers(0, 1),
    ),
    st.dates(),
    st.builds(
        lambda at, zone, fold: at.replace(tzinfo=zone, fold=fold),
        st.times(),
        ZONES,
        st.integers(0, 1),
    ),
    st.timedeltas(),
    st.uuids(),
    st.ip_addresses(),
    st.sampled_from(list(Colour)),
    st.builds(Point, st.floats(allow_nan=False), st.decimals(allow_nan=False)),
    TEXT.filter(lambda text: "\0" not in text).map(Path),
    st.builds(OpenSearchDocument, TEXT, st.dictionaries(TEXT, st.integers())),
    st.builds(S3Object, TEXT, st.binary() | st.just(Path("a.jpg")), tags=st.just({"a": "b"})),
)
KEYS = TEXT | st.integers() | st.sampled_from(["$decimal", "$map", "$", "$$"])
HASHABLE = st.integers() | TEXT | st.binary() | st.uuids() | st.decimals(allow_nan=False)
VALUES = st.recursive(
    PLAIN | st.frozensets(HASHABLE) | st.sets(HASHABLE),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.lists(inner).map(tuple),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    """Type, scale, zone, fold, sign of zero, order, text that is no Unicode; at any depth."""
    assert same(again(value), value)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.50"),
        Decimal("1E+5"),
        Decimal("-0"),
        Decimal("sNaN12"),
        "\ud83d\ude00",  # two halves, not the character that they would be together
        "a line\nand \u2028 another",
        {"$decimal": "1"},
        {"$utc": 1, "other": 2},
        {1: "one", "1": "text"},
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_interface("fe80::1%eth0/64"),
        PurePosixPath("a/b"),
        dt.datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=ZoneInfo("Europe/London")),
        uuid.UUID(int=0),
        10**400,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_is_easily_changed(value: Any) -> None:
    """What JSON, or a careless reader, would turn into something else."""
    assert repr(again(value)) == repr(value)


def test_a_model_comes_back_whole() -> None:
    """Fields, which of them were given, private ones, further ones, and pydantic's own types."""
    whole = Whole(
        part=Part(number=Decimal("1.10"), more=(1, 2)),
        parts=(Part(number=Decimal(2), note="given"),),
        home="https://example.org/a",
        at="2026-01-01T00:00:00+02:00",
        colour=Colour.PAIR,
    )
    whole.parts[0]._hidden = 7
    back = again(whole)
    assert back == whole
    assert repr(back) == repr(whole)
    assert back.part.model_fields_set == {"number", "more"}
    assert back.parts[0]._hidden == 7
    assert type(back.home) is type(whole.home)
    assert type(back.at.tzinfo) is type(whole.at.tzinfo)


def local_class() -> type:
    """A class that nobody can find by its name."""

    class Local(BaseModel):
        a: int = 1

    return Local


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (OrderedDict(a=1), "OrderedDict"),
        (type("Text", (str,), {})("a"), "Text"),
        (local_class()(), "Local"),
        (object(), "object"),
        ([{"deep": {"down": 1 + 2j}}], "complex"),
        (10**5000, "int"),
        (Whole(part=Part(number=1), secret=SecretStr("hush")), "SecretStr"),
        (Whole(part=Part(number=1), secret=SecretStr("*" * 10)), "SecretStr"),
        (Whole(part=Part(number=1), secret=SecretBytes(b"")), "SecretBytes"),
        (Whole(part=Part(number=1), secret=Secret[int](7)), "Secret"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_would_not_come_back_is_refused(value: Any, named: str) -> None:
    """Rather than turned into something that resembles it."""
    with pytest.raises(NotExactError, match=named):
        Writer().text(value)

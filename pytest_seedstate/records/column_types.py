"""PostgreSQL types of Python annotations."""

from __future__ import annotations

import datetime as dt
import ipaddress
import types
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from pytest_seedstate.records.annotations import bare

_SCALARS: tuple[tuple[type, str], ...] = (
    # bool is an int and datetime a date, so the narrower type stands first.
    (bool, "boolean"),
    (int, "bigint"),
    (float, "double precision"),
    (Decimal, "numeric"),
    (str, "text"),
    (bytes, "bytea"),
    (dt.datetime, "timestamptz"),
    (dt.date, "date"),
    (dt.time, "time"),
    (dt.timedelta, "interval"),
    (uuid.UUID, "uuid"),
    (ipaddress.IPv4Address, "inet"),
    (ipaddress.IPv6Address, "inet"),
    (PurePath, "text"),
    (Mapping, "jsonb"),
    (BaseModel, "jsonb"),
)

_PYDANTIC = {
    "AwareDatetime": "timestamptz",
    "NaiveDatetime": "timestamp",
    "PastDatetime": "timestamptz",
    "FutureDatetime": "timestamptz",
    "PastDate": "date",
    "FutureDate": "date",
    "SecretBytes": "bytea",
    "ByteSize": "bigint",
}


class ColumnType(NamedTuple):
    """A column's SQL type, and whether it takes NULL."""

    sql: str
    nullable: bool


def column_type(annotation: Any) -> ColumnType | None:
    """The column for values of an annotation, None where there is no one type for them."""
    kind = bare(annotation)
    if kind is Any:
        return ColumnType("jsonb", nullable=True)
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        found = {column_type(member) for member in members}
        nullable = len(members) < len(get_args(kind))
        one = found.pop() if len(found) == 1 else None
        return ColumnType(one.sql, one.nullable or nullable) if one else None
    sql = _sql_of(kind)
    return ColumnType(sql, nullable=False) if sql else None


def _sql_of(kind: Any) -> str | None:
    origin = get_origin(kind)
    if origin is Literal:
        return _sql_of_values(get_args(kind))
    if origin is not None:
        return _sql_of_generic(origin, get_args(kind))
    if not isinstance(kind, type):
        return None
    if issubclass(kind, Enum):
        return _sql_of_values([member.value for member in kind])
    if issubclass(kind, (list, tuple, AbstractSet)):
        return "jsonb"
    if kind.__module__.startswith("pydantic"):
        named = _PYDANTIC.get(kind.__name__)
        if named:
            return named
    for python, sql in _SCALARS:
        if issubclass(kind, python):
            return sql
    return "text" if kind.__module__.startswith("pydantic") else None


def _sql_of_values(values: Any) -> str | None:
    found = {_sql_of(type(value)) for value in values}
    return found.pop() if len(found) == 1 else None


def _sql_of_generic(origin: Any, arguments: tuple[Any, ...]) -> str | None:
    if not isinstance(origin, type):
        return None
    if issubclass(origin, Mapping):
        return "jsonb"
    if not issubclass(origin, (list, tuple, AbstractSet)):
        return _sql_of(origin)
    uniform = len(arguments) == 1 or (len(arguments) == 2 and arguments[1] is Ellipsis)
    member = column_type(arguments[0]) if uniform else None
    if member is None or member.sql == "jsonb" or member.sql.endswith("]"):
        return "jsonb"
    return f"{member.sql}[]"

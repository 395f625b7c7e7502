"""Python values to and from PostgreSQL, as far as psycopg needs to be told."""

from __future__ import annotations

import datetime as dt
import ipaddress
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import adapters
from psycopg.types.json import Json, Jsonb

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.catalog import Column

_OID = {name: adapters.types[name].oid for name in (
    "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar",
    "bytea", "date", "time", "timestamp", "timestamptz", "uuid", "json", "jsonb", "inet", "cidr",
    "interval",
)}  # fmt: skip

_WHOLE = {_OID["int2"]: 15, _OID["int4"]: 31, _OID["int8"]: 63}
_TEXTS = frozenset(_OID[name] for name in ("text", "varchar", "bpchar"))
_JSON = {_OID["json"]: Json, _OID["jsonb"]: Jsonb}

# The types whose values psycopg's binary dumper for the column's type takes as they are. Any other
# value (a string for a date, say) is sent as text and read by the server.
_AS_THEY_ARE: Mapping[int, frozenset[type]] = {
    _OID["bool"]: frozenset({bool}),
    _OID["float4"]: frozenset({float}),
    _OID["float8"]: frozenset({float}),
    _OID["numeric"]: frozenset({Decimal, int}),
    _OID["bytea"]: frozenset({bytes}),
    _OID["date"]: frozenset({dt.date}),
    _OID["uuid"]: frozenset({uuid.UUID}),
    _OID["interval"]: frozenset({dt.timedelta}),
    _OID["inet"]: frozenset({ipaddress.IPv4Address, ipaddress.IPv6Address}),
}

Fits = Callable[[Any], bool]


def fits_binary(column: Column) -> Fits | None:
    """Whether values can be sent to a column in binary form; None when no value can."""
    oid = column.base_oid
    if oid in _WHOLE:
        limit = 1 << _WHOLE[oid]
        return lambda value: type(value) is int and -limit <= value < limit
    if oid in _TEXTS or column.enum:
        return lambda value: type(value) is str and "\0" not in value
    if oid in _JSON:
        return lambda value: True
    if oid == _OID["timestamptz"]:
        return lambda value: type(value) is dt.datetime and value.tzinfo is not None
    if oid == _OID["timestamp"]:
        return lambda value: type(value) is dt.datetime and value.tzinfo is None
    if oid == _OID["time"]:
        return lambda value: type(value) is dt.time and value.tzinfo is None
    taken = _AS_THEY_ARE.get(oid)
    return (lambda value: type(value) in taken) if taken else None


def binary_oid(column: Column) -> int:
    """The type to send a column's values as; an enum's binary form is its label, char(n)'s text."""
    return _OID["text"] if column.enum or column.base_oid in _TEXTS else column.base_oid


def prepare(column: Column) -> Callable[[Any], Any] | None:
    """What makes a value of a column ready for psycopg; None when nothing needs to be done."""
    wrap = _JSON.get(column.base_oid)
    if wrap is None:
        return None
    # None is NULL, in a JSON column as in others.
    return lambda value: None if value is None else wrap(value)


class _Lenient(psycopg.adapt.Loader):
    """Loads with psycopg's own loader, and gives the text where Python has no such value."""

    inner: type[psycopg.abc.Loader]

    def __init__(self, oid: int, context: psycopg.abc.AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._inner = self.inner(oid, context)

    def load(self, data: psycopg.abc.Buffer) -> Any:
        try:
            return self._inner.load(data)
        except (psycopg.DataError, ValueError, OverflowError):
            return bytes(data).decode()


def load_all_times(reader: psycopg.Connection[Any] | psycopg.Cursor[Any]) -> None:
    """Let `reader` read times that Python has no value for (``infinity``, 44 BC) as text."""
    for name in ("date", "time", "timetz", "timestamp", "timestamptz"):
        oid = adapters.types[name].oid
        inner = adapters.get_loader(oid, psycopg.pq.Format.TEXT)
        if inner is not None:
            loader = type(f"Lenient{name}", (_Lenient,), {"inner": inner})
            reader.adapters.register_loader(oid, loader)


def load_all_values(connection: psycopg.Connection[Any]) -> None:
    """Let `connection` read whatever Python has no value for as text."""
    load_all_times(connection)
    # A timedelta has no months: as text an interval is what it is.
    text = adapters.get_loader(_OID["text"], psycopg.pq.Format.TEXT)
    if text is not None:
        connection.adapters.register_loader("interval", text)

"""One deterministic form of any value a store can hold, for fingerprints, dumps and comparisons.

JSON's own types stand for themselves; everything else is an object with one key that begins with
``$`` and names the type, so that ``"1"``, ``1``, ``Decimal("1")``, ``b"1"`` and ``{1}`` differ.
A mapping's own keys that begin with ``$`` get a second one.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from pytest_seedstate.errors import SeedstateError


@runtime_checkable
class HasCanonicalForm(Protocol):
    """A type of ours that says itself what identifies its content, as `S3Object` does."""

    def canonical_form(self) -> Mapping[str, Any]:
        """Its fields, in types that `canonical` takes."""


def canonical(value: Any) -> Any:
    """A value in types that JSON has, the same for equal content on every machine and Python.

    Args:
        value: None, bool, int, float, str, bytes, Decimal, Enum member, date, time, datetime,
            timedelta, UUID, IP address or network, list, tuple, set, mapping, `S3Object`, in any
            depth.

    Returns:
        None, bool, int, str, list or dict. Aware datetimes are in UTC, sets and keys sorted;
        a Decimal keeps its scale, because NUMERIC does.

    Raises:
        SeedstateError: a value of another type.
    """
    if isinstance(value, Enum):
        return canonical(value.value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (list, tuple)):
        return [canonical(member) for member in value]
    if isinstance(value, AbstractSet):
        return {"$set": _sorted(canonical(member) for member in value)}
    for types, form in _FORMS:
        if isinstance(value, types):
            return form(value)
    if isinstance(value, HasCanonicalForm):
        return {f"${type(value).__name__}": _mapping(value.canonical_form())}
    raise SeedstateError(
        f"a value of type {type(value).__module__}.{type(value).__qualname__} cannot be stored",
        fix="use str, int, Decimal, bool, bytes, date, time, datetime, UUID, list, set or dict",
    )


def encode(value: Any) -> bytes:
    """The canonical form as compact JSON text in UTF-8: equal content gives equal bytes.

    Raises:
        SeedstateError: a value of a type that `canonical` does not know.
    """
    return _text(canonical(value)).encode("utf-8", "surrogatepass")


def _text(form: Any) -> str:
    return json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sorted(forms: Iterable[Any]) -> list[Any]:
    return sorted(forms, key=_text)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) for key in value):
        return {
            f"${key}" if key.startswith("$") else str(key): canonical(member)
            for key, member in sorted(value.items())
        }
    return {"$map": _sorted([canonical(key), canonical(member)] for key, member in value.items())}


def _datetime(value: dt.datetime) -> dict[str, str]:
    if value.tzinfo is None:
        return {"$datetime_without_zone": value.isoformat(timespec="microseconds")}
    return {"$datetime": value.astimezone(dt.UTC).isoformat(timespec="microseconds")}


def _timedelta(value: dt.timedelta) -> dict[str, list[int]]:
    return {"$timedelta": [value.days, value.seconds, value.microseconds]}


_IP = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
)

# A datetime is also a date, so it stands before it.
_FORMS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Decimal, lambda value: {"$decimal": str(value)}),
    (float, lambda value: {"$float": repr(float(value))}),
    (
        (bytes, bytearray, memoryview),
        lambda value: {"$bytes": base64.b64encode(bytes(value)).decode("ascii")},
    ),
    (dt.datetime, _datetime),
    (dt.date, lambda value: {"$date": value.isoformat()}),
    (dt.time, lambda value: {"$time": value.isoformat(timespec="microseconds")}),
    (dt.timedelta, _timedelta),
    (uuid.UUID, lambda value: {"$uuid": str(value)}),
    (_IP, lambda value: {"$ip": str(value)}),
)

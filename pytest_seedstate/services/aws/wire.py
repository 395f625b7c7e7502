"""DynamoDB's attribute values, between Python and the JSON of its HTTP interface."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

Wire = dict[str, Any]

_MOST_DIGITS = 38
_LARGEST_EXPONENT = 125
_SMALLEST_EXPONENT = -130


class UnstorableError(ValueError):
    """A value that DynamoDB has no type for; the message begins with where it stands."""


def to_wire(value: Any, at: str = "") -> Wire:
    """A Python value as DynamoDB's JSON has it: ``5`` becomes ``{"N": "5"}``.

    Args:
        value: None, bool, int, Decimal, str, bytes, list, tuple, mapping with string keys, or a
            set of one kind of number, string or bytes.
        at: where it stands in the item, for errors.

    Raises:
        UnstorableError: anything else, and numbers beyond DynamoDB's limits (38 digits, magnitude
            1E-130 to 9.99E+125; "Supported data types" in Amazon's developer guide).
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, (int, Decimal)):
        return {"N": _number(value, at)}
    if isinstance(value, (bytes, bytearray)):
        return {"B": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {"M": item_to_wire(value, at)}
    if isinstance(value, (list, tuple)):
        return {"L": [to_wire(member, f"{at}[{n}]") for n, member in enumerate(value)]}
    if isinstance(value, AbstractSet):
        return _set(value, at)
    if isinstance(value, float):
        raise UnstorableError(f"{at} is the float {value!r}: use Decimal, as boto3 does")
    raise UnstorableError(f"{at} is of type {type(value).__name__}, which DynamoDB has no type for")


def item_to_wire(item: Mapping[Any, Any], at: str = "") -> dict[str, Wire]:
    """A whole item, or a map within one; see `to_wire`."""
    for name in item:
        if not isinstance(name, str):
            raise UnstorableError(
                f"{at or 'the item'} has the name {name!r}, which is not a string"
            )
    prefix = f"{at}." if at else ""
    return {name: to_wire(value, f"{prefix}{name}") for name, value in item.items()}


def from_wire(wire: Mapping[str, Any]) -> Any:
    """The Python value of an attribute, in the types that boto3's resources give: numbers as
    Decimal, binary as bytes, sets as sets.
    """
    ((kind, value),) = wire.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "B":
            return base64.b64decode(value)
        case "M":
            return {name: from_wire(member) for name, member in value.items()}
        case "L":
            return [from_wire(member) for member in value]
        case _:
            # SS, NS, BS: a set of what the first letter says.
            return {from_wire({kind[0]: member}) for member in value}


def _number(value: int | Decimal, at: str) -> str:
    number = Decimal(value)
    if not number.is_finite():
        raise UnstorableError(f"{at} is {value}, and DynamoDB stores finite numbers only")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > _MOST_DIGITS:
        raise UnstorableError(
            f"{at} has {len(digits)} digits ({value}), and DynamoDB stores {_MOST_DIGITS}"
        )
    if number and not _SMALLEST_EXPONENT <= number.adjusted() <= _LARGEST_EXPONENT:
        raise UnstorableError(f"{at} is {value}, out of DynamoDB's range of 1E-130 to 9.99E+125")
    return str(value)


def _set(value: AbstractSet[Any], at: str) -> Wire:
    if not value:
        raise UnstorableError(f"{at} is an empty set, which DynamoDB does not store: leave it out")
    members = [to_wire(member, f"{at}{{{member!r}}}") for member in value]
    kinds = {next(iter(member)) for member in members}
    if len(kinds) > 1 or kinds - {"S", "N", "B"}:
        raise UnstorableError(f"{at} is a set that is not all strings, all numbers or all bytes")
    (kind,) = kinds
    return {f"{kind}S": sorted(member[kind] for member in members)}

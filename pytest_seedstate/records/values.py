"""A field's value as each store takes it: without models, enums and types a service lacks.

Inside documents (an item, a JSON column, a search index) a field goes by its pydantic alias,
because that is the name that others read it by; a column goes by the field's own name.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import math
import uuid
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.canonical import encode

_AS_THEY_ARE: frozenset[type] = frozenset(
    {str, int, bool, type(None), Decimal, float, bytes, dt.datetime, dt.date, dt.time, uuid.UUID}
)


def row_value(value: Any) -> Any:
    """A value for a column: models and mappings become JSON documents, sets sorted lists."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (BaseModel, Mapping)):
        return json_value(value)
    if isinstance(value, (list, tuple)):
        return [row_value(member) for member in value]
    if isinstance(value, AbstractSet):
        # The order of a set of texts changes with every process.
        return sorted((row_value(member) for member in value), key=encode)
    return _pydantic_plain(value)


_JSON_AS_THEY_ARE: frozenset[type] = frozenset({str, int, bool, type(None), float})


def json_value(value: Any) -> Any:
    """A value inside a JSON column: instants and UUIDs are text, a Decimal is a number.

    Raises:
        SeedstateError: a type that JSON has no form for.
    """
    return _in_json(value, lambda other: _as_text(other, "a JSON column", _JSON_AS_THEY_ARE))


def search_value(value: Any) -> Any:
    """A value inside a document of a search index.

    As in a JSON column, but instants with a zone are in UTC and end in ``Z``, as date fields
    give them back, and bytes are Base64, as binary fields take them.

    Raises:
        SeedstateError: a value that JSON has no form for, which also are NaN and infinity.
    """
    return _in_json(value, _search_leaf)


def _search_leaf(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise SeedstateError(
            f"a search index cannot store the number {value}", fix="leave the field None"
        )
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, SecretBytes):
        value = value.get_secret_value()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return _as_text(value, "a search index", _JSON_AS_THEY_ARE)


def _in_json(value: Any, leaf: Callable[[Any], Any]) -> Any:
    if type(value) in _JSON_AS_THEY_ARE:
        return value if type(value) is not float else leaf(value)
    if isinstance(value, Enum):
        return _in_json(value.value, leaf)
    if isinstance(value, Decimal):
        return leaf(float(value))
    if isinstance(value, BaseModel):
        value = _document(value)
    if isinstance(value, Mapping):
        return {_text(_in_json(key, leaf)): _in_json(part, leaf) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_json(member, leaf) for member in value]
    if isinstance(value, AbstractSet):
        return sorted((_in_json(member, leaf) for member in value), key=encode)
    return leaf(value)


_ITEM_AS_THEY_ARE: frozenset[type] = frozenset({str, int, bool, type(None), Decimal, bytes})


def item_value(value: Any) -> Any:
    """A value for DynamoDB: numbers are int or Decimal, instants and UUIDs are text.

    DynamoDB has no empty sets, so an attribute that is one is left out of its mapping.
    """
    if type(value) in _ITEM_AS_THEY_ARE:
        return value
    if isinstance(value, Enum):
        return item_value(value.value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, BaseModel):
        value = _document(value)
    if isinstance(value, Mapping):
        return item_mapping({_text(item_value(key)): member for key, member in value.items()})
    if isinstance(value, (list, tuple)):
        return [item_value(member) for member in value]
    if isinstance(value, AbstractSet):
        return {item_value(member) for member in value}
    return _as_text(value, "DynamoDB", _ITEM_AS_THEY_ARE)


def item_mapping(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as DynamoDB takes them, without those that are an empty set."""
    return {
        name: item_value(value)
        for name, value in fields.items()
        if not (isinstance(value, AbstractSet) and not value)
    }


def stored_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields that are stored: declared ones in order, then computed ones."""
    return (*model.model_fields, *model.model_computed_fields)


@cache
def document_names(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Each stored field with its name inside documents: its alias, where it has one."""
    aliases: dict[str, str | None] = {
        name: field.serialization_alias or field.alias for name, field in model.model_fields.items()
    }
    aliases.update((name, one.alias) for name, one in model.model_computed_fields.items())
    return tuple((name, alias or name) for name, alias in aliases.items())


def _document(model: BaseModel) -> dict[str, Any]:
    return {outer: getattr(model, name) for name, outer in document_names(type(model))}


def _as_text(value: Any, place: str, known: frozenset[type]) -> Any:
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, ipaddress.IPv4Address, ipaddress.IPv6Address)):
        return str(value)
    plain = _pydantic_plain(value)
    if type(plain) not in known:
        raise SeedstateError(
            f"{place} cannot store a value of type {type(value).__name__}",
            fix="store it as text or as a number, for example in a computed field",
        )
    return plain


def _pydantic_plain(value: Any) -> Any:
    if isinstance(value, (SecretStr, SecretBytes)):
        return value.get_secret_value()
    if isinstance(value, PurePath) or type(value).__module__.startswith("pydantic"):
        return str(value)
    return value


def _text(key: Any) -> str:
    return key if isinstance(key, str) else str(key)

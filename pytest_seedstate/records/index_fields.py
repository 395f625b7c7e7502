"""OpenSearch field types of Python annotations."""

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
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from pytest_seedstate.records.annotations import bare, field_annotation
from pytest_seedstate.records.values import document_names

FieldMapping = dict[str, Any]
"""One field as an index's mappings declare it."""

_LONGEST_KEYWORD = 256
"""Characters; what dynamic mapping of OpenSearch takes for the keyword beside a text."""

_SCALARS: tuple[tuple[type, str], ...] = (
    # bool is an int and datetime a date, so the narrower type stands first.
    (bool, "boolean"),
    (int, "long"),
    (float, "double"),
    (Decimal, "double"),
    (bytes, "binary"),
    (SecretBytes, "binary"),
    (dt.date, "date"),
    (dt.time, "keyword"),
    (uuid.UUID, "keyword"),
    (ipaddress.IPv4Address, "ip"),
    (ipaddress.IPv6Address, "ip"),
    (PurePath, "keyword"),
    (Mapping, "object"),
)


def index_field(annotation: Any, *outer: type) -> FieldMapping | None:
    """The mapping for values of an annotation, None where the index shall find out itself.

    Lists and sets are mapped as their members, since every field of OpenSearch takes several
    values; a text is searchable by its words and, as ``.keyword``, as a whole.

    Args:
        annotation: the annotation.
        outer: the models that it stands in; one that holds itself is not spelled out again.
    """
    kind = bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _common([member for member in arguments if member is not type(None)], outer)
    if origin is Literal:
        return _common([type(value) for value in arguments], outer, text="keyword")
    if origin is not None:
        return _of_generic(origin, arguments, outer)
    return _of_class(kind, outer) if isinstance(kind, type) else None


def _properties(model: type[BaseModel], outer: tuple[type, ...]) -> dict[str, FieldMapping]:
    found = {
        shown: index_field(field_annotation(model, name), model, *outer)
        for name, shown in document_names(model)
    }
    return {name: mapping for name, mapping in found.items() if mapping is not None}


def _of_class(kind: type, outer: tuple[type, ...]) -> FieldMapping | None:
    if issubclass(kind, Enum):
        return _common([type(member.value) for member in kind], outer, text="keyword")
    if issubclass(kind, (str, SecretStr)):
        return _text()
    if issubclass(kind, BaseModel):
        return {"type": "object"} if kind in outer else {"properties": _properties(kind, outer)}
    for python, name in _SCALARS:
        if issubclass(kind, python):
            return {"type": name}
    if kind.__module__.startswith("pydantic"):
        return _of_pydantic(kind.__name__)
    return None


def _of_pydantic(name: str) -> FieldMapping:
    if name == "EmailStr":
        return _text()
    return {"type": "date" if "Date" in name else "keyword"}


def _of_generic(
    origin: Any, arguments: tuple[Any, ...], outer: tuple[type, ...]
) -> FieldMapping | None:
    if not isinstance(origin, type):
        return None
    if issubclass(origin, (list, tuple, AbstractSet)):
        return _common([member for member in arguments if member is not Ellipsis], outer)
    return _of_class(origin, outer)


def _common(
    kinds: list[Any], outer: tuple[type, ...], *, text: str = "text"
) -> FieldMapping | None:
    """The one mapping of several kinds; integers and fractions together are fractions."""
    found: list[FieldMapping | None] = []
    for kind in kinds:
        whole = text == "keyword" and isinstance(kind, type) and issubclass(kind, str)
        mapping = {"type": "keyword"} if whole else index_field(kind, *outer)
        if mapping not in found:
            found.append(mapping)
    if len(found) == 2 and all(one in ({"type": "long"}, {"type": "double"}) for one in found):
        return {"type": "double"}
    return found[0] if len(found) == 1 else None


def _text() -> FieldMapping:
    keyword = {"type": "keyword", "ignore_above": _LONGEST_KEYWORD}
    return {"type": "text", "fields": {"keyword": keyword}}

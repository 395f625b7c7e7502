"""Values of a source, and where in it nested objects are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..queries.base import Context


def values_at(source: Any, steps: list[str]) -> list[Any]:
    """The values of a source at a path; arrays on the way are gone through."""
    if isinstance(source, list):
        return [value for one in source for value in values_at(one, steps)]
    if not steps:
        return [] if source is None else [source]
    if not isinstance(source, Mapping):
        return []
    result = []
    for count in range(1, len(steps) + 1):
        name = ".".join(steps[:count])
        if name in source:
            result += values_at(source[name], steps[count:])
    return result


def nested_identity(context: Context, ordinal: int) -> dict[str, Any]:
    """Where in its document a nested object is."""
    reader = context.reader
    part = reader.part(ordinal)
    parent = reader.parent(ordinal)
    above = reader.part(parent).path
    if not above:
        return {"field": part.path, "offset": part.offset}
    outer = nested_identity(context, parent)
    inner = outer
    while "_nested" in inner:
        inner = inner["_nested"]
    inner["_nested"] = {"field": part.path.removeprefix(above + "."), "offset": part.offset}
    return outer


def nested_source(source: Any, identity: Mapping[str, Any]) -> Any:
    """The source of a nested object."""
    found = values_at(source, identity["field"].split("."))
    value = found[identity["offset"]] if identity["offset"] < len(found) else {}
    inner = identity.get("_nested")
    return value if inner is None else nested_source(value, inner)

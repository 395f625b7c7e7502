"""The indices that follow from records, for packs that declare none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.annotations import field_annotation
from pytest_seedstate.records.document import Document
from pytest_seedstate.records.index_fields import FieldMapping, index_field
from pytest_seedstate.records.template import Template
from pytest_seedstate.records.values import document_names

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record

_POINT = frozenset({"lat", "lon"})


def derived_indices(records: Iterable[type[Record]]) -> list[dict[str, Any]]:
    """An index, as it is declared, for each one that records live in.

    Fields are mapped by their types; what has none that tells, such as `Any`, is left to the
    index, which maps it by the first value. The field that is the id is a keyword, and an extra
    field of ``lat`` and ``lon`` a geo_point.

    Raises:
        SeedstateError: two records of one index that disagree about a field.
    """
    indices: dict[str, dict[str, FieldMapping]] = {}
    for model in records:
        for place in model.placements():
            if isinstance(place, Document):
                known = indices.setdefault(place.index, {})
                _merge(known, _properties(model, place), place.index, model)
    return [
        {"index": name, "mappings": {"properties": properties}}
        for name, properties in indices.items()
    ]


def _properties(model: type[Record], place: Document) -> dict[str, FieldMapping]:
    names = dict(document_names(model))
    found: dict[str, FieldMapping | None] = {
        names.get(name, name): index_field(field_annotation(model, name))
        for name in place.stored(model)
    }
    single = place.id_template.single
    for name in place.stored(model):
        mapping = found[names.get(name, name)]
        if name == single and mapping is not None and mapping.get("type") == "text":
            found[names.get(name, name)] = {"type": "keyword"}
    found.update((name, _extra(model, part)) for name, part in place.extra_parts.items())
    return {name: mapping for name, mapping in found.items() if mapping is not None}


def _extra(model: type[Record], part: Any) -> FieldMapping | None:
    if isinstance(part, Template):
        single = part.single
        return index_field(field_annotation(model, single)) if single else {"type": "keyword"}
    if isinstance(part, Mapping):
        if part.keys() == _POINT:
            return {"type": "geo_point"}
        inner = {name: _extra(model, member) for name, member in part.items()}
        return {"properties": {name: one for name, one in inner.items() if one is not None}}
    if isinstance(part, list):
        found = [_extra(model, member) for member in part]
        return found[0] if found and all(one == found[0] for one in found) else None
    return index_field(type(part))


def _merge(
    known: dict[str, FieldMapping],
    more: Mapping[str, FieldMapping],
    place: str,
    model: type[Record],
) -> None:
    for name, mapping in more.items():
        there = known.setdefault(name, mapping)
        if there == mapping:
            continue
        if there.keys() == mapping.keys() == {"properties"}:
            inner = dict(there["properties"])
            _merge(inner, mapping["properties"], f"{place}.{name}", model)
            known[name] = {"properties": inner}
            continue
        raise SeedstateError(
            f"records disagree about the field '{place}.{name}': "
            f"{_shown(there)} or {_shown(mapping)}",
            where=f"{model.__name__}.stored_in",
            fix="declare the index in the pack's schema, or give the fields one type",
        )


def _shown(mapping: FieldMapping) -> str:
    return str(mapping.get("type", "object"))

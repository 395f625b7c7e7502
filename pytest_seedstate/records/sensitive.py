"""The sensitive fields of a record: under which names they are stored, and their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_seedstate.records.placement import Row
from pytest_seedstate.records.values import document_names
from pytest_seedstate.stores.masking import MASK, masking_of_run

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record


def stored_names(model: type[Record], fields: Iterable[str]) -> Iterator[str]:
    """The names by which `fields` are found in the stores.

    Args:
        model: the record.
        fields: of the record.

    Returns:
        Plain names, because a record may be part of others; ``collection.name`` for keys and other
        values that a template makes of a field.
    """
    sensitive = set(fields)
    yield from sensitive
    yield from (outer for name, outer in document_names(model) if name in sensitive)
    for place in model.placements():
        if isinstance(place, Row):
            yield from (place.column(name) for name in sensitive)
        for name, template in place.composed():
            if sensitive.intersection(template.fields):
                yield f"{place.collection}.{name}"


def shown(model: type[Record], name: str, value: Any) -> Any:
    """A value of a field as people are shown it: masked, or with what is hidden in it masked.

    Args:
        model: the record.
        name: of the field or property.
        value: its value.
    """
    masking = masking_of_run()
    if value is None:
        return value
    if any(masking.hides(collection, each) for collection, each in _places(model, name)):
        return MASK
    return masking.masked("", value)


@cache
def _places(model: type[Record], field: str) -> tuple[tuple[str, str], ...]:
    """The collections that a field is in, each with its names there; one that has no name first."""
    outer = [each for name, each in document_names(model) if name == field]
    found = [("", field), *(("", name) for name in outer)]
    for place in model.placements():
        column = [place.column(field)] if isinstance(place, Row) else []
        found += [(place.collection, name) for name in (field, *outer, *column)]
    return tuple(dict.fromkeys(found))

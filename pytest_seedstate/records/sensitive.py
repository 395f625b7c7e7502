"""Under which names the sensitive fields of a record are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_seedstate.records.placement import Row
from pytest_seedstate.records.values import document_names

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

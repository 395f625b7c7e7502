"""Which of a record's fields a place stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.values import stored_fields

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record
    from pytest_seedstate.records.template import Template


def chosen_fields(
    model: type[Record], fields: Sequence[str] | None, exclude: Sequence[str]
) -> tuple[str, ...]:
    """The fields of a place that names some of them, in the model's order otherwise.

    Args:
        model: the record.
        fields: the fields wanted; None means all but those that an object has as its body.
        exclude: the fields that are left out.
    """
    if fields is not None:
        return tuple(name for name in fields if name not in exclude)
    # Imported here, because places themselves choose their fields with this.
    from pytest_seedstate.records.placement import Object

    bodies = {place.body for place in model.placements() if isinstance(place, Object)}
    left_out = bodies.union(exclude)
    return tuple(name for name in stored_fields(model) if name not in left_out)


def check_fields(
    model: type[Record], where: str, *groups: Sequence[str] | Mapping[str, str] | None
) -> None:
    """Refuse names of fields that the model lacks.

    Raises:
        SeedstateError: the unknown field, with the closest one.
    """
    names = model.readable_names()
    for group in groups:
        for name in group or ():
            if name not in names:
                raise unknown_name("field", name, names, where=where)


def required_value(template: Template, record: Record, value: Any) -> Any:
    """A key's value, whose fields must not be None.

    Raises:
        SeedstateError: one of them is.
    """
    missing = template.missing(record)
    if missing is not None:
        raise SeedstateError(
            f"the key '{template.text}' needs the field '{missing}', which is None",
            where=type(record).__name__,
        )
    return value

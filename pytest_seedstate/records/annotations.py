"""What fields are annotated with, and what is inside of an annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel


def field_annotation(model: type[BaseModel], name: str) -> Any:
    """The annotation of a field, a computed field or a property of a model."""
    if name in model.model_fields:
        return model.model_fields[name].annotation
    if name in model.model_computed_fields:
        return model.model_computed_fields[name].return_type
    getter = getattr(model, name).fget
    return get_type_hints(getter, include_extras=True).get("return")


def bare(annotation: Any) -> Any:
    """An annotation without `Annotated`, `NewType` and type aliases around it."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):  # NewType
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__"):  # type X = ...
            annotation = annotation.__value__
        else:
            return annotation

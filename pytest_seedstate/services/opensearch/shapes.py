"""Shapes of JSON values in requests: what is expected to be an object, a list or a number is."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError


def token_of(value: Any) -> str:
    """Return how messages name a JSON value's kind."""
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    names: dict[type, str] = {
        dict: "START_OBJECT",
        list: "START_ARRAY",
        str: "VALUE_STRING",
    }
    return names.get(type(value), "VALUE_NULL" if value is None else "VALUE_NUMBER")


def wrong_shape(value: Any, name: str) -> ApiError:
    """Return the 400 for a value of another kind than its name wants."""
    return ApiError(
        400,
        "x_content_parse_exception",
        f"[{name}] doesn't support values of type: {token_of(value)}",
    )


def as_object(value: Any, name: str) -> dict[str, Any]:
    """Return an object; null is an empty one.

    Raises:
        ApiError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_shape(value, name)
    return value


def as_list(value: Any, name: str) -> list[Any]:
    """Return a list; null is an empty one.

    Raises:
        ApiError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_shape(value, name)
    return value


def as_names(value: Any, name: str) -> list[str]:
    """Return texts: a list of them, or a single one.

    Raises:
        ApiError: it is something else.
    """
    if isinstance(value, str):
        return [value]
    found = as_list(value, name)
    for each in found:
        if not isinstance(each, str):
            raise wrong_shape(each, name)
    return found


def as_whole(value: Any, name: str) -> int:
    """Return a whole number, which may be written as a text.

    Raises:
        ApiError: it is something else.
    """
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            pass
    raise wrong_shape(value, name)

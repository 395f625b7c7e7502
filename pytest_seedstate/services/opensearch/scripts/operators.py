"""What scripts compute with: operators and methods."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from pytest_seedstate.services.opensearch.mapping.values import as_text


class ScriptProblem(Exception):  # noqa: N818 - becomes an ApiError that shows the script
    """A script cannot be read or run."""


def add(a: Any, b: Any) -> Any:
    """Return a sum, or texts put together."""
    if isinstance(a, str) or isinstance(b, str):
        return text(a) + text(b)
    return operator.add(number(a), number(b))


def number(value: Any) -> Any:
    """Return a number as it is.

    Raises:
        ScriptProblem: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ScriptProblem(f"Cannot apply an arithmetic operation to [{text(value)}]")
    return value


def text(value: Any) -> str:
    """Return a value as a text."""
    return "null" if value is None else as_text(value)


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


def _remainder(a: Any, b: Any) -> Any:
    return a - b * _divide(a, b) if isinstance(a, int) and isinstance(b, int) else a % b


def _equal(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


BINARY: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"==": _equal, "!=": lambda a, b: not _equal(a, b)},
    {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge},
    {"+": add, "-": lambda a, b: number(a) - number(b)},
    {
        "*": lambda a, b: number(a) * number(b),
        "/": lambda a, b: _divide(number(a), number(b)),
        "%": lambda a, b: _remainder(number(a), number(b)),
    },
]
ASSIGNING = {f"{sign}=": function for level in BINARY[2:] for sign, function in level.items()}


def _remove(target: Any, key: Any) -> Any:
    return target.pop(key, None) if isinstance(target, dict) else target.pop(key)


def _put(target: dict[str, Any], key: str, value: Any) -> None:
    target[key] = value


METHODS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("add", 1): lambda target, value: target.append(value),
    ("addAll", 1): lambda target, values: target.extend(values),
    ("remove", 1): _remove,
    ("put", 2): _put,
    ("clear", 0): lambda target: target.clear(),
    ("contains", 1): lambda target, value: value in target,
    ("containsKey", 1): lambda target, key: key in target,
    ("get", 1): lambda target, key: target.get(key) if isinstance(target, dict) else target[key],
    ("indexOf", 1): lambda target, value: (
        target.find(value)
        if isinstance(target, str)
        else next((i for i, each in enumerate(target) if each == value), -1)
    ),
    ("size", 0): len,
    ("length", 0): len,
    ("isEmpty", 0): lambda target: not target,
    ("equals", 1): _equal,
    ("toString", 0): text,
    ("toLowerCase", 0): lambda target: target.lower(),
    ("toUpperCase", 0): lambda target: target.upper(),
    ("trim", 0): lambda target: target.strip(),
    ("startsWith", 1): lambda target, value: target.startswith(value),
    ("endsWith", 1): lambda target, value: target.endswith(value),
    ("replace", 2): lambda target, old, new: target.replace(old, new),
}

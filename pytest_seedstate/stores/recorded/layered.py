"""Mappings that share what they have in common: a changed one costs what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Layered(Generic[Value]):
    """A mapping from text, never changed: `changed` gives another one.

    Held as layers, of which the newest that knows a key is right. A new layer swallows those below
    it that are not twice its size, so that there are few.

    Args:
        layers: the newest first; None in one stands for a key that is gone.
    """

    __slots__ = ("_layers",)

    def __init__(self, *layers: Mapping[str, Value | None]) -> None:
        self._layers = layers

    def get(self, key: str) -> Value | None:
        for layer in self._layers:
            if key in layer:
                return layer[key]
        return None

    def changed(self, changes: Mapping[str, Value | None]) -> Layered[Value]:
        """A mapping with other values for some keys; None takes a key away."""
        if not changes:
            return self
        newest = dict(changes)
        rest = list(self._layers)
        while rest and len(rest[0]) <= 2 * len(newest):
            newest = {**rest.pop(0), **newest}
        if not rest:
            newest = {key: value for key, value in newest.items() if value is not None}
        return Layered(newest, *rest)

    def items(self) -> Iterator[tuple[str, Value]]:
        whole: dict[str, Value | None] = {}
        for layer in reversed(self._layers):
            whole.update(layer)
        for key, value in whole.items():
            if value is not None:
                yield key, value

    def may_differ(self, other: Layered[Value]) -> set[str]:
        """The keys of which only a look at both values tells whether they differ."""
        shared = {id(layer) for layer in self._layers} & {id(layer) for layer in other._layers}
        return {
            key
            for layer in (*self._layers, *other._layers)
            if id(layer) not in shared
            for key in layer
        }

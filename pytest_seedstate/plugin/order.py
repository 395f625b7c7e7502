"""Ordering tests so that the state changes least often."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import groupby
from typing import TypeVar

import pytest

T = TypeVar("T")


def order_by_state(items: list[pytest.Item], state_of: Callable[[pytest.Item], Hashable]) -> None:
    """Bring tests of one state together, in place, changing as little as possible.

    Modules move as a whole, and classes and functions within their module: a wider fixture's
    tests stay together. The result depends on the given order alone, so that all xdist workers
    come to the same one.

    Args:
        items: collected tests, in the order that pytest and other plugins chose.
        state_of: the state a test asks for.
    """
    if any(_has_wide_parameters(item, ("session", "package")) for item in items):
        return
    modules = [
        list(group) for _, group in groupby(items, key=lambda item: item.nodeid.split("::")[0])
    ]
    for module in modules:
        if not any(_has_wide_parameters(item, ("module", "class")) for item in module):
            chunks = [list(chunk) for _, chunk in groupby(module, key=_chunk)]
            module[:] = _flattened(_together(chunks, lambda chunk: state_of(chunk[0])))
    # A module that mixes states counts as the one it ends with: the next module can go on there.
    items[:] = _flattened(_together(modules, lambda module: state_of(module[-1])))


def _chunk(item: pytest.Item) -> Hashable:
    in_class = item.getparent(pytest.Class)
    return in_class.nodeid if in_class else item.nodeid


def _together(parts: list[T], state_of: Callable[[T], Hashable]) -> list[T]:
    rank: dict[Hashable, int] = {}
    for part in parts:
        rank.setdefault(state_of(part), len(rank))
    return sorted(parts, key=lambda part: rank[state_of(part)])


def _flattened(parts: Iterable[list[T]]) -> list[T]:
    return [item for part in parts for item in part]


def _has_wide_parameters(item: pytest.Item, scopes: tuple[str, ...]) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and any(
        scope.value in scopes for scope in callspec._arg2scope.values()
    )

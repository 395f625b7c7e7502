"""Parts of a source: by the patterns of ``_source`` includes and excludes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pytest_seedstate.services.opensearch.shapes import as_names


@lru_cache(maxsize=512)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
        for pattern in patterns
    )


@lru_cache(maxsize=4096)
def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a pattern fits a path or an object that it is in."""
    steps = path.split(".")
    paths = [".".join(steps[: depth + 1]) for depth in range(len(steps))]
    return any(each.fullmatch(prefix) for each in _compiled(patterns) for prefix in paths)


@lru_cache(maxsize=4096)
def _may_match_below(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a pattern could fit something in an object."""
    for pattern in patterns:
        beginning = pattern.partition("*")[0]
        if "*" in pattern and (
            f"{path}.".startswith(beginning) or beginning.startswith(f"{path}.")
        ):
            return True
        if pattern.startswith(f"{path}."):
            return True
    return False


def projected(
    source: Mapping[str, Any], includes: Iterable[str] = (), excludes: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the parts of a source that patterns name.

    Args:
        source: a document's source.
        includes: paths with ``*``; none: everything.
        excludes: paths that are left out of it.
    """
    return _object(source, "", tuple(includes), tuple(excludes))


def _object(
    source: Mapping[str, Any], prefix: str, includes: tuple[str, ...], excludes: tuple[str, ...]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in source.items():
        path = f"{prefix}{name}"
        if excludes and _matches(path, excludes):
            continue
        is_named = not includes or _matches(path, includes)
        if isinstance(value, (dict, list)) and (excludes or not is_named):
            if not is_named and not _may_match_below(path, includes):
                continue
            inner = _inside(value, path, () if is_named else includes, excludes)
            if inner or (is_named and not value) or (is_named and isinstance(value, dict)):
                kept[name] = inner
        elif is_named:
            kept[name] = value
    return kept


def _inside(value: Any, path: str, includes: tuple[str, ...], excludes: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return _object(value, f"{path}.", includes, excludes)
    kept = []
    for each in value:
        if isinstance(each, (dict, list)):
            inner = _inside(each, path, includes, excludes)
            if inner:
                kept.append(inner)
        elif not includes:
            kept.append(each)
    return kept


def source_choice(chosen: Any) -> tuple[bool, list[str], list[str]]:
    """Return what a ``_source`` member of a request asks for.

    Args:
        chosen: true, false, a pattern, a list of them, or an object with includes and excludes.

    Returns:
        Whether there is to be a source, its includes and its excludes.
    """
    if isinstance(chosen, bool):
        return chosen, [], []
    if isinstance(chosen, Mapping):
        includes = chosen.get("includes", chosen.get("include", []))
        excludes = chosen.get("excludes", chosen.get("exclude", []))
        return True, _listed(includes), _listed(excludes)
    return True, _listed(chosen), []


def _listed(value: Any) -> list[str]:
    return as_names(value, "_source")

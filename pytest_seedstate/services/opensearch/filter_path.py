"""The parameter ``filter_path``: which members of an answer are sent."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

Steps = tuple[str, ...]


def filtered(body: Any, patterns: Sequence[str]) -> Any:
    """Return the members of an answer that patterns name.

    Args:
        body: the answer.
        patterns: paths with ``*`` (within a name) and ``**`` (any depth); those with a minus sign
            are left out.
    """
    wanted = [tuple(each.split(".")) for each in patterns if not each.startswith("-")]
    refused = [tuple(each[1:].split(".")) for each in patterns if each.startswith("-")]
    if wanted:
        body = _kept(body, wanted)
    if refused:
        body = _without(body, refused)
    return {} if body is None else body


def _advance(name: str, paths: list[Steps]) -> tuple[bool, list[Steps]]:
    """Return whether a path ends at a member, and the rest of those that go on below it."""
    ends, rest = False, []
    for steps in paths:
        if steps[0] == "**":
            if len(steps) == 1:
                ends = True
                continue
            rest.append(steps)
            found, below = _advance(name, [steps[1:]])
            ends |= found
            rest += below
        elif fnmatchcase(name, steps[0]):
            if len(steps) == 1:
                ends = True
            else:
                rest.append(steps[1:])
    return ends, rest


def _kept(body: Any, paths: list[Steps]) -> Any:
    if isinstance(body, list):
        found = [_kept(each, paths) for each in body]
        return [each for each in found if each is not None] or None
    if not isinstance(body, dict):
        return None
    kept = {}
    for name, value in body.items():
        ends, rest = _advance(name, paths)
        inner = value if ends else _kept(value, rest) if rest else None
        if inner is not None or ends:
            kept[name] = inner
    return kept or None


def _without(body: Any, paths: list[Steps]) -> Any:
    if isinstance(body, list):
        found = [_without(each, paths) for each in body]
        return [each for each in found if each is not None]
    if not isinstance(body, dict):
        return body
    kept = {}
    for name, value in body.items():
        ends, rest = _advance(name, paths)
        if ends:
            continue
        inner = _without(value, rest) if rest else value
        if rest and inner in ({}, []) and value not in ({}, []):
            continue
        kept[name] = inner
    return kept

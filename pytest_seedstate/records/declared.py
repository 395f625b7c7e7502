"""What modules declare while they run: scenarios, reset states and schemas, by file.

Declaring needs no registry and no order: a module that is imported by a test, by another module
or by us declares the same things once. Packs collect them by file afterwards.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

# Every module that declares something imports this one: what it reads of the environment while it
# is imported is what `began` has noted.
import pytest_seedstate.records.cache.began  # noqa: F401

if TYPE_CHECKING:
    from types import FrameType

    from pytest_seedstate.records.reset_state import ResetState
    from pytest_seedstate.records.scenario import Scenario
    from pytest_seedstate.records.schema import Schema


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def site(self) -> Site: ...


ThingT = TypeVar("ThingT", bound=_Named)


@dataclass
class Declared:
    """What one file declared.

    Attributes:
        names: the module's names, which tell one execution of the file from the next.
    """

    path: Path
    names: dict[str, Any]
    scenarios: list[Scenario] = field(default_factory=list)
    states: list[ResetState] = field(default_factory=list)
    schemas: list[Schema] = field(default_factory=list)


_BY_FILE: dict[Path, Declared] = {}
_CHANGES = itertools.count(1)
_last_change = 0


def last_change() -> int:
    """A number that is another one whenever something was declared or forgotten."""
    return _last_change


def _changed() -> None:
    global _last_change
    _last_change = next(_CHANGES)


@dataclass(frozen=True)
class Site:
    """Where something is declared."""

    path: Path
    line: int
    names: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def declared(self) -> Declared:
        """The list that things declared here belong to; a file that runs again starts anew."""
        _changed()
        known = _BY_FILE.get(self.path)
        if known is None or known.names is not self.names:
            known = _BY_FILE[self.path] = Declared(self.path, self.names)
        return known


def put(things: list[ThingT], thing: ThingT) -> None:
    """Add a declared thing; a module that is reloaded replaces what the same line declared."""
    for index, known in enumerate(things):
        if known.name == thing.name and known.site.line == thing.site.line:
            things[index] = thing
            return
    things.append(thing)


def calling_site(depth: int = 1) -> Site:
    """The place that called the caller of this function.

    Args:
        depth: how many callers further out.
    """
    frame: FrameType = sys._getframe(depth + 1)
    names = frame.f_globals
    path = Path(names.get("__file__") or frame.f_code.co_filename)
    return Site(path.resolve(), frame.f_lineno, names)


def all_declared() -> list[Declared]:
    """Everything declared in this process, in order."""
    return list(_BY_FILE.values())


def forget(path: Path) -> None:
    """Drop what a file declared, because running it failed."""
    _changed()
    _BY_FILE.pop(path.resolve(), None)

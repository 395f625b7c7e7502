"""The end of a run that keeps the state of a failed test, and what people are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.engine.keeping import KeptState
    from pytest_seedstate.engine.project import Project


def hand_over_kept(project: Project) -> None:
    """Leave the services with the kept state to a process that stays; nothing where none is kept."""
    keeping = project.engine.keeping
    if keeping.test is None:
        return
    try:
        project.figures.kept = keeping.hand_over()
    except SeedstateError as error:
        project.figures.remark(f"the state of {keeping.test} could not be kept: {error}")


def kept_lines(kept: KeptState) -> Iterator[str]:
    """How to look at the kept state, and how to drop it."""
    yield f"the state of {kept.test} is kept, by process {kept.pid}:"
    if kept.replaced is not None:
        yield f"  (that of {kept.replaced}, kept by an earlier run, is gone)"
    # Not the variables themselves, which have passwords in them: summaries end in logs.
    yield '  eval "$(seedstate up --export)" gives a shell its variables'
    yield "  look at it with seedstate status, drop it with seedstate down"

"""What is told of a container that does not start, or has ended."""

from __future__ import annotations

from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import End
from pytest_seedstate.services.ports import HOST


def has_ended(title: str, image: str, what: str, end: End, fix: str | None) -> SeedstateError:
    """The error for a container that has ended.

    Args:
        title: of its service.
        image: its name.
        what: when it has ended.
        end: how.
        fix: what to do about it, where that is known.
    """
    how = "ran out of memory" if end.out_of_memory else f"ended with status {end.status}"
    return SeedstateError(
        f"{title} {what}: its container {how}",
        where=f"image {image}",
        fix=fix,
        detail=end.log,
    )


def is_silent(title: str, image: str, port: int, seconds: float, log: str) -> SeedstateError:
    """The error for a container that runs while its service does not answer.

    Args:
        title: of its service.
        image: its name.
        port: where it was asked.
        seconds: for how long.
        log: its last lines.
    """
    fix = "look at its log below; a slow machine may need another try"
    if Path("/.dockerenv").exists():
        fix += (
            "; where pytest itself runs in a container that shares the host's Docker socket, "
            "run that one with --network=host"
        )
    return SeedstateError(
        f"{title} did not answer within {seconds:.0f} s, though its container runs",
        where=f"image {image}",
        checked=f"{HOST}:{port}",
        fix=fix,
        detail=log,
    )

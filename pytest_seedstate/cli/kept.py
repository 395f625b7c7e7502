"""Containers that ``--seedstate-reuse`` keeps, for `status` and `down`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_seedstate.config.services import STORES_OF_SERVICE
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.services.containers.sweeping import Kept

_WHAT = "the list of kept containers"


def kept_containers(root: Path) -> list[Kept]:
    """The kept containers of a project.

    Raises:
        SeedstateError: there should be some, and the Docker engine cannot be asked.
    """
    if not _keeps_any(root):
        return []
    from pytest_seedstate.services.containers import sweeping
    from pytest_seedstate.services.containers.docker_engine import DockerEngine

    with closing(DockerEngine(_WHAT)) as engine:
        return sweeping.kept_containers(engine, root)


def remove_kept(root: Path) -> list[Kept]:
    """Remove the kept containers of a project, but for those in use.

    Returns:
        All that there were; those with users are still there.

    Raises:
        SeedstateError: there should be some, and the Docker engine cannot be asked.
    """
    if not _keeps_any(root):
        return []
    from pytest_seedstate.services.containers import sweeping
    from pytest_seedstate.services.containers.docker_engine import DockerEngine

    with closing(DockerEngine(_WHAT)) as engine:
        return sweeping.remove_kept(engine, root)


def refuse_those_in_use(kept: list[Kept]) -> None:
    """Tell of containers that stay.

    Raises:
        SeedstateError: there are some.
    """
    used = [
        f"{one.service} by process {', '.join(map(str, one.users))}" for one in kept if one.users
    ]
    if used:
        raise SeedstateError(
            f"kept containers stay, because other runs use them: {'; '.join(used)}",
            fix="when those have ended: seedstate down",
        )


def _keeps_any(root: Path) -> bool:
    """Whether a run of the project has kept any, as far as this machine knows."""
    from pytest_seedstate.services.containers.register import register_of

    return any(register_of(root, service).folder.is_dir() for service in STORES_OF_SERVICE)

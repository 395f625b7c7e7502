"""Services in containers, as the settings want them."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_seedstate.config import Settings
from pytest_seedstate.errors import MissingExtraError

if TYPE_CHECKING:
    from pytest_seedstate.services.containers.service import ContainerService
    from pytest_seedstate.services.rundir import RunDir


def make_container(
    name: str,
    rundir: RunDir,
    settings: Settings,
    note: Callable[[str], None],
    tell: Callable[[str], None],
    *,
    port: int | None,
) -> ContainerService:
    """A service in a container, not yet started.

    Args:
        name: a key of `STORES_OF_SERVICE`.
        rundir: the run's folder.
        settings: the run's settings.
        note: told what went wrong without failing the run.
        tell: told how far a long start is.
        port: where it is to be published; None for a free port.

    Raises:
        MissingExtraError: testcontainers is not installed.
    """
    if find_spec("testcontainers") is None:
        raise MissingExtraError("containers", "testcontainers", f"a container of {name}")
    from pytest_seedstate.services import containers

    wishes: dict[str, Any] = {"port": port, "reuse": settings.reuse, "note": note, "tell": tell}
    if name == "postgres":
        return containers.ContainerPostgres(rundir, image=settings.images["postgres"], **wishes)
    if name == "opensearch":
        return containers.ContainerOpenSearch(rundir, image=settings.images["opensearch"], **wishes)
    if settings.reuse and settings.localstack == "shared":
        # A number that no other process has at the same time.
        wishes.update(alone=False, account=f"{os.getpid():012d}")
    return containers.ContainerLocalStack(rundir, image=settings.images["localstack"], **wishes)

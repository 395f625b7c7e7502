"""Removing containers that nobody needs any more: of killed runs, and those kept too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.cache import Note, log_note
from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from pytest_seedstate.services.containers.labels import (
    MACHINE,
    PROJECT,
    RECIPE,
    REUSABLE,
    SERVICE,
    TOKEN,
    is_leftover,
    this_machine,
)
from pytest_seedstate.services.containers.register import Register

#: Seconds after which a container that stays for later runs is removed when none came: a day.
_UNUSED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Kept:
    """A container that stays for later runs.

    Attributes:
        service: what it runs.
        container: the engine's name for it.
        running: whether it runs.
        users: pids of the processes that use it.
    """

    service: str
    container: str
    running: bool
    users: tuple[int, ...]


def sweep(engine: DockerEngine, note: Note = log_note) -> list[str]:
    """Remove what is left of killed runs, and what was kept and is of no use any more.

    Containers of runs that live, of other users and of other machines are left alone, and so are
    kept ones that somebody uses.

    Args:
        engine: where.
        note: is told of a container that cannot be removed: no run fails for another's leftovers.

    Returns:
        The ids of the containers that were removed.
    """
    removed = []
    leftovers = [found for found in engine.find(service=None) if is_leftover(found.labels)]
    for found in [*leftovers, *_kept(engine)]:
        try:
            if found in leftovers:
                engine.remove(found.id)
                removed.append(found.id)
                continue
            with _held(found) as register:
                if _remove_unused(engine, register, found, _is_stale):
                    removed.append(found.id)
        except SeedstateError as error:
            note(
                f"seedstate: a container of an earlier run stays ({found.id[:12]}): {error.detail}"
            )
    return removed


def remove_other_recipes(engine: DockerEngine, project: Path, service: str, recipe: str) -> None:
    """Remove a project's kept containers of a service that are made from another recipe.

    Args:
        engine: where.
        project: the project's root folder.
        service: what they run.
        recipe: the digest of the recipe that is in force.
    """
    for found in _kept(engine, project=str(project), service=service):
        if found.labels[RECIPE] != recipe:
            with _held(found) as register:
                _remove_unused(engine, register, found, lambda *_: True)


def kept_containers(engine: DockerEngine, project: Path) -> list[Kept]:
    """The containers that stay for a project's later runs."""
    kept = []
    for found in _kept(engine, project=str(project)):
        with _held(found) as register:
            kept.append(_told(register, found))
    return kept


def remove_kept(engine: DockerEngine, project: Path) -> list[Kept]:
    """Remove the containers that stay for a project's later runs, but for those in use.

    Returns:
        All that there were; those with `users` are still there.
    """
    kept = []
    for found in _kept(engine, project=str(project)):
        with _held(found) as register:
            kept.append(_told(register, found))
            _remove_unused(engine, register, found, lambda *_: True)
    return kept


@contextmanager
def _held(found: Found) -> Iterator[Register]:
    """The register that lists a container, locked."""
    register = Register(Path(found.labels[REUSABLE]))
    if register.folder.parent.parent.is_dir():
        with register.locked():
            yield register
    else:
        # It has gone with a temporary folder: nobody can be using what it listed.
        yield register


def _kept(engine: DockerEngine, **labels: str) -> list[Found]:
    here = this_machine()
    return [
        found for found in engine.find(reusable=None, **labels) if found.labels.get(MACHINE) == here
    ]


def _told(register: Register, found: Found) -> Kept:
    users = register.users(found.labels[TOKEN])
    return Kept(found.labels[SERVICE], found.id, found.running, tuple(users))


def _remove_unused(
    engine: DockerEngine,
    register: Register,
    found: Found,
    unwanted: Callable[[Register, Found], bool],
) -> bool:
    token = found.labels[TOKEN]
    if register.users(token) or not unwanted(register, found):
        return False
    engine.remove(found.id)
    register.forget(token)
    return True


def _is_stale(register: Register, found: Found) -> bool:
    return (
        not found.running
        or not Path(found.labels[PROJECT]).is_dir()
        or register.unused_for(found.labels[TOKEN]) > _UNUSED_SECONDS
    )

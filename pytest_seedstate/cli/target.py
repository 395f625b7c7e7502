"""What commands work on: the services that are up, or those that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_seedstate.cli.output import asking
from pytest_seedstate.cli.settings import load_settings
from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import SERVICE_OF_STORE
from pytest_seedstate.engine.endpoint_urls import Endpoint
from pytest_seedstate.engine.endpoints import (
    check_templates,
    named_endpoints,
    open_stores,
    places,
    url_variables,
)
from pytest_seedstate.engine.environment import DEFAULTS
from pytest_seedstate.engine.project import Project
from pytest_seedstate.engine.standing import schema_rows
from pytest_seedstate.engine.uprun import UpRun, find_up, killed_since
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Store

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Target:
    """Services that run, with their stores.

    Attributes:
        settings: the project's settings.
        project: the project, which reaches these services.
        up: the run that holds them; None for services that the environment names.
        endpoints: where they are, by service.
        stores: their stores, by name.
    """

    settings: Settings
    project: Project
    up: UpRun | None
    endpoints: Mapping[str, Endpoint]
    stores: Mapping[str, Store]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write to the stores.

        Raises:
            SeedstateError: another command is writing.
        """
        with self.up.working() if self.up is not None else nullcontext():
            yield

    def remember(self, told: Mapping[str, Any]) -> None:
        """Note what is done, for `UpRun.last`; services of others keep no such note."""
        if self.up is not None:
            self.up.remember(told)

    def each(
        self, names: Sequence[str], work: Callable[[Store], ResultT]
    ) -> dict[str, ResultT | SeedstateError]:
        """Do the same in several stores at once; their results, or why there is none."""

        def attempt(name: str) -> ResultT | SeedstateError:
            try:
                return work(self.stores[name])
            except SeedstateError as error:
                return error

        if not names:
            return {}
        with ThreadPoolExecutor(len(names)) as pool:
            return dict(zip(names, pool.map(attempt, names), strict=True))

    def check_named(self, names: Sequence[str] | None) -> None:
        """Refuse stores that were named and do not run.

        Raises:
            SeedstateError: which, what runs, and what to do.
        """
        missing = [name for name in names or () if name not in self.stores]
        if missing:
            raise SeedstateError(
                f"not running here: {', '.join(missing)}",
                where=str(self.settings.root),
                checked=f"running: {', '.join(self.stores)}",
                fix=self.way_to(missing),
            )

    def check_needed(self, names: Iterable[str], title: str) -> None:
        """Refuse data of stores that do not run.

        Args:
            names: the stores that it has records for.
            title: whose data it is.

        Raises:
            SeedstateError: which, what runs, and what to do.
        """
        names = sorted(names)
        missing = [name for name in names if name not in self.stores]
        if not missing:
            return
        rest = ",".join(name for name in names if name in self.stores)
        raise SeedstateError(
            f"'{title}' needs what does not run here: {', '.join(missing)}",
            checked=f"running: {', '.join(self.stores)}; nothing was begun",
            fix=self.way_to(missing) + (f"; or seed or reset with --stores {rest}" if rest else ""),
        )

    def way_to(self, missing: Sequence[str]) -> str:
        """What to do about stores that do not run."""
        if self.up is not None:
            wanted = ",".join([*self.stores, *missing])
            return f"seedstate down, and seedstate up --stores {wanted}"
        services = {SERVICE_OF_STORE[name] for name in missing}
        names = [
            name
            for service in services
            for name, template in DEFAULTS[service].items()
            if template == f"{{{service}.url}}"
        ]
        return f"set {' and '.join(sorted(names))}"

    @property
    def not_of_ours(self) -> str | None:
        """What is worked on where nothing is up, for people to see; None otherwise."""
        if self.up is not None:
            return None
        found = [
            f"{name} at {places(one.variables)} ({one.source})"
            for name, one in self.endpoints.items()
        ]
        return f"nothing is up, so this is done in {', '.join(found)}"

    def close(self) -> None:
        """Close all connections."""
        self.project.close()
        for store in self.stores.values():
            store.close()


@contextmanager
def opened(settings: Settings, up: UpRun | None = None) -> Iterator[Target]:
    """The services of a project that run.

    Args:
        settings: the project's settings.
        up: the run that holds them; None to look for it, and for what the environment names.

    Raises:
        SeedstateError: there are none.
        WrongUsageError: the environment names services that are not to be written to.
    """
    with asking():
        target = find_target(settings) if up is None else _target(settings, up)
    if target is None:
        raise nothing_runs(settings)
    try:
        yield target
    finally:
        target.close()


def find_target(settings: Settings) -> Target | None:
    """The services of a project that run; None where nothing says that any do.

    After `up` was killed there are none either: a shell that took its variables still has them,
    and their ports may be those of somebody else by now.

    Raises:
        SeedstateError: the environment names services that are not to be written to.
    """
    up = find_up(settings.root)
    if up is None and killed_since(settings.root) is not None:
        return None
    return _target(settings, up)


def _target(settings: Settings, up: UpRun | None) -> Target | None:
    endpoints = {e.service: e for e in up.endpoints} if up else named_endpoints(settings)
    if not endpoints:
        return None
    variables = {name: one.variables for name, one in endpoints.items()}
    return Target(
        settings,
        Project(settings, endpoints=variables),
        up,
        endpoints,
        open_stores(
            endpoints.values(),
            lock_timeout=settings.lock_timeout,
            schema_rows=schema_rows(up.folder) if up and up.kept is None else None,
        ),
    )


def nothing_runs(settings: Settings) -> SeedstateError:
    """The error for a project without services."""
    since = killed_since(settings.root)
    if since is not None:
        return SeedstateError(
            f"the services that were up since {since} are gone: their process was killed",
            where=str(settings.root),
            fix="seedstate up starts new ones, empty; seedstate down forgets the old ones",
        )
    return SeedstateError(
        "nothing is up",
        where=str(settings.root),
        checked="no services of seedstate up run for this project; "
        f"not set: {', '.join(url_variables(settings))}",
        fix="seedstate up",
    )


def settings_here(*, provider: str | None = None) -> Settings:
    """The settings of the project of the working directory.

    Args:
        provider: see `load_settings`.

    Raises:
        SeedstateError: a setting is wrong, or the directory is gone.
    """
    try:
        here = Path.cwd()
    except OSError as error:
        raise SeedstateError(f"the working directory is gone: {error.strerror}") from None
    return load_settings(here, provider=provider)


def check_project(settings: Settings) -> Project:
    """The project of some settings, with its packs imported.

    Raises:
        SeedstateError: there is no project here, or a mistake in its packs or settings.
    """
    project = Project(settings)
    project.check()
    check_templates(settings)
    if not project.registry.packs and not settings.schema and not settings.env:
        folders = ", ".join(str(path) for path in settings.scenarios)
        raise SeedstateError(
            "there is no project here: no pack and no setting of seedstate",
            where=str(settings.root),
            checked=f"packs in {folders}; pytest's ini; [tool.seedstate] of pyproject.toml",
            fix="seedstate init writes a first pack; or go to the project's folder",
        )
    return project

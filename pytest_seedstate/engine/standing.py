"""Services that stay up between commands, with their schema, and without a journal."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import SERVICE_OF_STORE
from pytest_seedstate.engine.endpoint_urls import Endpoint
from pytest_seedstate.engine.endpoints import open_stores
from pytest_seedstate.engine.project import Project
from pytest_seedstate.engine.providers import make_service
from pytest_seedstate.services.cache import log_note

if TYPE_CHECKING:
    from pytest_seedstate.services.base import Service
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Store

SOURCE = "seedstate up"

Step = Callable[[str], None]
"""Told what is being done, for progress; may be called from several threads."""


def schema_rows(folder: Path) -> Path:
    """Where a run keeps the rows that the schema put into PostgreSQL."""
    return folder / "schema-rows"


class Standing:
    """The services of one project.

    Args:
        settings: the project's settings.
        rundir: the folder of this run.
        stores: the stores that are wanted; None for those that the packs and the application use.
    """

    def __init__(
        self, settings: Settings, rundir: RunDir, stores: Collection[str] | None = None
    ) -> None:
        self._settings = settings
        self._rundir = rundir
        self._wanted = stores
        self._services: dict[str, Service] = {}
        self._failures: dict[str, str] = {}

    @property
    def endpoints(self) -> list[Endpoint]:
        """The services that were started."""
        return [Endpoint(name, one.variables, SOURCE) for name, one in self._services.items()]

    def start(self, step: Step = lambda _: None) -> None:
        """Start all services at once and create their schema.

        Raises:
            SeedstateError: a service or the schema failed; none runs.
        """
        try:
            self._start(step)
        except BaseException:
            self.stop()
            raise

    def _start(self, step: Step) -> None:
        asking = Project(self._settings)
        asking.check()
        names = services_for(asking, self._wanted)
        for name in names:
            self._services[name] = make_service(
                name, self._rundir, self._settings, log_note, step, recorded=False
            )
        # Reading the variables reserves the ports: programs may be told all before any starts.
        variables = {name: dict(one.variables) for name, one in self._services.items()}
        project = Project(self._settings, endpoints=variables)
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            starts = [pool.submit(self._start_one, name, project, step) for name in names]
            started = [store for start in starts for store in start.result()]
        if project.schema.has_programs:
            step("running the schema's programs")
            project.schema.run_programs(set(started))
        if "postgres" in started:
            self._keep_schema_rows()

    def _keep_schema_rows(self) -> None:
        from pytest_seedstate.stores.postgres import PostgresStore

        [store] = self._stores_of("postgres").values()
        assert isinstance(store, PostgresStore)
        try:
            store.keep_schema_rows()
        finally:
            store.close()

    def _stores_of(self, name: str) -> dict[str, Store]:
        return open_stores(
            [Endpoint(name, self._services[name].variables, SOURCE)],
            lock_timeout=self._settings.lock_timeout,
            schema_rows=schema_rows(self._rundir.path),
        )

    def _start_one(self, name: str, project: Project, step: Step) -> list[str]:
        service = self._services[name]
        step(f"starting {name}")
        service.start()
        step(f"creating the schema of {name}")
        stores = self._stores_of(name)
        try:
            project.schema.declare(list(stores.values()))
        finally:
            for store in stores.values():
                store.close()
        step(f"{name} is up")
        return list(stores)

    def failures(self) -> dict[str, str]:
        """Why services have ended since they were started, by name."""
        for name, service in self._services.items():
            if name not in self._failures:
                error = service.failure()
                if error is not None:
                    self._failures[name] = str(error)
        return dict(self._failures)

    def stop(self) -> None:
        """Stop all services."""
        for service in self._services.values():
            service.stop()


def services_for(project: Project, stores: Collection[str] | None) -> list[str]:
    """The services that must run.

    Args:
        project: the project.
        stores: the stores that are wanted; None for all that the packs and the application use.

    Returns:
        Their names, in order; those that programs of the schema may write to included.
    """
    if stores is None:
        used = {store for pack in project.registry.packs for store in pack.stores}
        names = set(project.services) | {SERVICE_OF_STORE[store] for store in used}
    else:
        names = {SERVICE_OF_STORE[store] for store in stores}
    return sorted(names | {SERVICE_OF_STORE[store] for store in project.schema.companions})

"""The services of one run: started together when a test first needs them, stopped at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.embedded import (
    SERVICE_OF_STORE,
    STORES_OF_SERVICE,
    make_service,
    make_stores,
)
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.services.base import Service
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Journal, Store

CreateSchema = Callable[["Sequence[Store]"], None]
"""Creates what must exist before data, in stores that have just started."""


class Fleet:
    """Services and stores by name.

    Args:
        settings: the run's settings.
        figures: where starts are counted.
    """

    def __init__(self, settings: Settings, figures: Figures) -> None:
        self._settings = settings
        self._figures = figures
        self._rundir: RunDir | None = None
        self._services: dict[str, Service] = {}
        self._failed: dict[str, SeedstateError] = {}
        self.stores: dict[str, Store] = {}

    def variables(self, service: str) -> Mapping[str, str]:
        """How to reach a service, known before it starts."""
        return self._service(service).variables

    @property
    def journals(self) -> list[Journal]:
        """The journals of all started stores, each once."""
        return list({id(store.journal): store.journal for store in self.stores.values()}.values())

    def lacks(self, stores: Iterable[str]) -> bool:
        """Whether one of `stores` does not run yet."""
        return any(store not in self.stores for store in stores)

    def start(self, stores: Iterable[str], create_schema: CreateSchema) -> None:
        """Start the services of `stores` that do not run yet, in parallel, and their schemas.

        What they hold then is kept as the baseline ``schema``.

        Raises:
            SeedstateError: a service or schema failed; the same again for every later test.
        """
        names = sorted({SERVICE_OF_STORE[store] for store in stores})
        for name in names:
            if name in self._failed:
                raise self._failed[name]
        missing = [name for name in names if STORES_OF_SERVICE[name][0] not in self.stores]
        if not missing:
            return
        try:
            with self._figures.timed("started"):
                self._start(missing, create_schema)
        except SeedstateError as error:
            self._failed.update(dict.fromkeys(missing, error))
            raise

    def _start(self, names: list[str], create_schema: CreateSchema) -> None:
        services = [self._service(name) for name in names]
        with ThreadPoolExecutor(len(services)) as pool:
            for start in [pool.submit(service.start) for service in services]:
                start.result()
        assert self._rundir is not None
        stores = [
            store
            for service in services
            for store in make_stores(service, self._rundir, self._settings)
        ]
        create_schema(stores)
        for journal in {id(store.journal): store.journal for store in stores}.values():
            journal.keep("schema")
        self.stores.update({store.name: store for store in stores})

    def _service(self, name: str) -> Service:
        if name not in self._services:
            if self._rundir is None:
                from pytest_seedstate.services.rundir import RunDir, sweep

                sweep()
                self._rundir = RunDir(self._settings.root)
            self._services[name] = make_service(
                name, self._rundir, self._settings, self._figures.remarks.append
            )
        return self._services[name]

    def stop(self) -> None:
        """Stop all services and remove the run's folder."""
        for store in self.stores.values():
            store.close()
        self.stores.clear()
        for service in self._services.values():
            service.stop()
        self._services.clear()
        if self._rundir is not None:
            self._rundir.close()
            self._rundir = None

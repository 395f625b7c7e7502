"""Services as the engine has them, of either provider."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pytest_seedstate.config import Settings
from pytest_seedstate.config.known import SETTINGS
from pytest_seedstate.engine.providers import PostgresService, make_service, make_stores
from pytest_seedstate.engine.recorded import RecordedService
from pytest_seedstate.services.base import Service
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.base import Journal, Store


def settings_of(folder: Path, provider: str, **more: str) -> Settings:
    """A project's settings, with images from the environment."""
    given = {"seedstate_provider": provider, **more}
    for setting in SETTINGS:
        if setting.name.endswith("_image") and setting.variable in os.environ:
            given[setting.name] = os.environ[setting.variable]
    return Settings.read(folder, given.get)


@dataclass(frozen=True)
class Served:
    """A service that runs.

    Attributes:
        service: it.
        stores: its stores by name.
    """

    service: Service
    stores: Mapping[str, Store]

    @property
    def variables(self) -> Mapping[str, str]:
        """How applications reach it."""
        return self.service.variables

    @property
    def behind(self) -> Mapping[str, str]:
        """How it is reached past its recorder."""
        return cast(RecordedService, self.service)._service.variables

    @property
    def conninfo(self) -> str:
        """Of PostgreSQL, as a superuser."""
        return cast(PostgresService, self.service).conninfo

    @property
    def journal(self) -> Journal:
        """The one that all its stores have."""
        return next(iter(self.stores.values())).journal


@contextmanager
def served(name: str, folder: Path, provider: str, **more: str) -> Iterator[Served]:
    """A service for the time of a block."""
    with RunDir(folder) as rundir:
        settings = settings_of(folder, provider, **more)
        service = make_service(name, rundir, settings, print)
        stores: list[Store] = []
        try:
            service.start()
            stores += make_stores(service, rundir, settings)
            yield Served(service, {store.name: store for store in stores})
        finally:
            for store in stores:
                store.close()
            service.stop()

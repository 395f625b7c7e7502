"""The services of one run: started together when a test first needs them, stopped at its end."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import SERVICE_OF_STORE, STORES_OF_SERVICE
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.engine.providers import make_service, make_stores, silent
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.engine.schema import Schema
    from pytest_seedstate.services.base import Service
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Journal, Store

_fleets: weakref.WeakSet[Fleet] = weakref.WeakSet()


def _leave_to_the_parent() -> None:
    """A forked child whose test fails goes on as a second pytest, on connections that it shares."""
    for fleet in list(_fleets):
        fleet.leave_to_the_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


class Fleet:
    """Services and stores by name.

    Args:
        settings: the run's settings.
        figures: where starts are counted.
        tell: told how far a long start is.

    Attributes:
        settings: the run's settings.
        stores: those that run, by name.
    """

    def __init__(
        self, settings: Settings, figures: Figures, tell: Callable[[str], None] = silent
    ) -> None:
        self.settings = settings
        self._tell = tell
        self._figures = figures
        self._making = Lock()
        self._rundir: RunDir | None = None
        self._services: dict[str, Service] = {}
        self._failed: dict[str, SeedstateError] = {}
        self._of_the_parent: dict[str, Store] = {}
        self.stores: dict[str, Store] = {}
        _fleets.add(self)

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

    def import_ahead(self, stores: Iterable[str]) -> None:
        """Import here what services of `stores` would import in threads of theirs.

        Python lets a thread have half of a package that another one is importing, where it thinks
        that they would wait for each other for ever: `module 'requests' has no attribute ...` in
        one run of ten, since docker and opensearch-py import it, and scenarios may.
        """
        services = {SERVICE_OF_STORE[store] for store in stores if store not in self.stores}
        if any(self.settings.providers[name] == "containers" for name in services):
            from pytest_seedstate.services.containers.docker_engine import import_packages

            import_packages()

    def start(self, stores: Iterable[str], schema: Schema) -> None:
        """Start the services of `stores` that do not run yet, in parallel, and create their schema.

        What they hold then is kept as the baseline ``schema``.

        Raises:
            SeedstateError: a service or schema failed; the same again for every later test.
        """
        names = sorted({SERVICE_OF_STORE[store] for store in stores})
        for name in names:
            if name in self._failed:
                raise self._failed[name]
        missing = [name for name in names if STORES_OF_SERVICE[name][0] not in self.stores]
        if missing:
            with self._figures.timed("started", len(missing)):
                self._start(missing, schema)

    def _start(self, names: list[str], schema: Schema) -> None:
        for name in names:
            with self._failing(name):
                self._service(name)
        with ThreadPoolExecutor(len(names)) as pool:
            starts = [pool.submit(self._start_one, name, schema) for name in names]
        if not schema.has_programs:
            for start in starts:
                start.result()
            return
        # A program may write to several services: which of them could do without is not known.
        with self._failing(*names):
            stores = [store for start in starts for store in start.result()]
            schema.run_programs({store.name for store in stores})
            _keep_schema(stores)

    def _start_one(self, name: str, schema: Schema) -> list[Store]:
        """One service with what files and packs declare for it, while others do the same."""
        assert self._rundir is not None
        with self._failing(name):
            self._services[name].start()
            stores = make_stores(self._services[name], self._rundir, self.settings)
            self.stores.update({store.name: store for store in stores})
            schema.declare(stores)
            if not schema.has_programs:
                _keep_schema(stores)
            return stores

    @contextmanager
    def _failing(self, *names: str) -> Iterator[None]:
        """Go on without services after an error; whoever asks for them later gets the same."""
        try:
            yield
        except BaseException as error:
            for name in names:
                self._leave_out(name)
            if isinstance(error, Exception):
                self._failed.update(dict.fromkeys(names, _told(error, names)))
            raise

    def _leave_out(self, service: str) -> None:
        for name in STORES_OF_SERVICE[service]:
            store = self.stores.pop(name, None)
            if store is not None:
                store.close()

    def leave_out_the_dead(self, patience: float = 0.0) -> SeedstateError | None:
        """Go on without services that have ended; who needs their stores is told by `start`.

        Args:
            patience: seconds to wait for news of an end, when something points to one.

        Returns:
            Why one has ended that was not known to have; None while all run.
        """
        found = None
        for name in sorted({SERVICE_OF_STORE[store] for store in self.stores}):
            error = self._services[name].failure(patience)
            if error is not None:
                found = self._failed[name] = error
                self._leave_out(name)
        return found

    def leave_to_the_parent(self) -> None:
        """In a forked child: have no stores, and start none."""
        error = SeedstateError(
            "this process was forked by a test, and went on to other tests",
            fix="end it with os._exit, also when something in it fails",
        )
        self._failed = dict.fromkeys(STORES_OF_SERVICE, error)
        # Not closed: that would end sessions of the parent.
        self._of_the_parent, self.stores = self.stores, {}

    def folder(self, name: str) -> Path:
        """A new folder in that of the run.

        Raises:
            OSError: no service has made that yet.
            SeedstateError: the folder cannot be made.
        """
        if self._rundir is None:
            raise FileNotFoundError("the run has no folder yet")
        return self._rundir.folder(name)

    def _service(self, name: str) -> Service:
        # A client is made while services start, by whichever thread comes first.
        with self._making:
            if name not in self._services:
                if self._rundir is None:
                    from pytest_seedstate.services.rundir import RunDir, sweep

                    sweep()
                    self._rundir = RunDir(self.settings.root)
                self._services[name] = make_service(
                    name, self._rundir, self.settings, self._figures.remarks.append, self._tell
                )
            return self._services[name]

    # -- leaving all of it to another process

    @property
    def running(self) -> dict[str, Mapping[str, str]]:
        """How to reach the services that run, by name."""
        names = sorted({SERVICE_OF_STORE[store] for store in self.stores})
        return {name: self._services[name].variables for name in names}

    @property
    def folders(self) -> list[Path]:
        """Where the run's files are."""
        return [] if self._rundir is None else self._rundir.folders

    def give_to(self, pid: int, start: str) -> dict[str, list[int]]:
        """Leave the services that run to another process, see `Service.give_to`.

        Returns:
            The descriptors for that process, by service.
        """
        names = sorted({SERVICE_OF_STORE[store] for store in self.stores})
        given = {name: self._services.pop(name).give_to(pid, start) for name in names}
        for store in self.stores.values():
            store.close()
        self.stores.clear()
        return given

    def leave_folder_to(self, pid: int, start: str) -> None:
        """Leave the run's folder to the process that has the services."""
        assert self._rundir is not None
        self._rundir.give_to(pid, start)
        self._rundir = None

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


def _keep_schema(stores: Sequence[Store]) -> None:
    for journal in {id(store.journal): store.journal for store in stores}.values():
        journal.keep("schema")


def _told(error: Exception, services: tuple[str, ...]) -> SeedstateError:
    """What later tests are told of an error, also of one that nobody has foreseen."""
    if isinstance(error, SeedstateError):
        return error
    return SeedstateError(
        f"{' and '.join(services)} could not be started: {type(error).__name__}: {error}"
    )

"""How each service is made, by its provider, and which stores stand on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.endpoints import external_endpoint
from pytest_seedstate.engine.recorded import RecordedService, Variables
from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services.base import Service
from pytest_seedstate.services.external.existing import ExistingService
from pytest_seedstate.stores.aws_http import variables_of
from pytest_seedstate.stores.base import Journal

if TYPE_CHECKING:
    from pytest_seedstate.services.external.made import Made
    from pytest_seedstate.services.proxy.pair import ProxyPair
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Store

Note = Callable[[str], None]


def silent(words: str) -> None:
    """Tell nobody."""


CLIENT_OF_SERVICE = {
    "postgres": ("postgres", "psycopg"),
    "aws": ("aws", "boto3"),
    "opensearch": ("opensearch", "opensearchpy"),
}
"""The extra and the package of each service's usual client."""

_NEEDS = {
    "postgres": CLIENT_OF_SERVICE["postgres"],
    "aws": CLIENT_OF_SERVICE["aws"],
    "opensearch": ("embedded", "snowballstemmer"),
}
"""The extra and the package without which a service is of no use."""


def make_service(
    name: str,
    rundir: RunDir,
    settings: Settings,
    note: Note,
    tell: Note = silent,
    *,
    recorded: bool = True,
) -> Service:
    """A service as its provider has it, not yet started.

    Args:
        name: a key of `STORES_OF_SERVICE`.
        rundir: the run's folder.
        settings: the run's settings.
        note: told what went wrong without failing the run, such as a cache that is read-only.
        tell: told how far a long start is.
        recorded: whether what is written to it is to be undone.

    Raises:
        MissingExtraError: something that it needs is not installed.
        SeedstateError: this system cannot run it, or nothing says where it is.
    """
    if settings.providers[name] == "embedded":
        return _embedded(name, rundir, settings, note)
    if settings.providers[name] == "external":
        endpoint = external_endpoint(name, settings)
        title = f"{name} at {endpoint.variables['host']}:{endpoint.variables['port']}"
        service: Service = ExistingService(name, endpoint.variables, endpoint.source)
        return _in_use(service, title, rundir, settings, note, shared=True)
    from pytest_seedstate.engine.containers import make_container

    # Where a proxy stands before it, that has the port which applications are told.
    behind_proxy = recorded and name != "postgres"
    port = None if behind_proxy else settings.port_of(name)
    container = make_container(name, rundir, settings, note, tell, port=port)
    if name != "postgres" and not recorded:
        return container
    return _in_use(
        container,
        container.title,
        rundir,
        settings,
        note,
        shared=False,
        told=container.credentials,
    )


def _in_use(
    service: Service,
    title: str,
    rundir: RunDir,
    settings: Settings,
    note: Note,
    *,
    shared: bool,
    told: Variables | None = None,
) -> Service:
    """A service that we do not run ourselves, with what finds the way back in it.

    Args:
        service: the service itself.
        title: how it is called in messages.
        rundir: the run's folder.
        settings: the run's settings.
        note: told what does not work as elsewhere.
        shared: whether others may use it too.
        told: see `RecordedService`.
    """
    if service.name == "postgres":
        from pytest_seedstate.services.external.database import OwnDatabase

        return OwnDatabase(service, note)
    if find_spec("httptools") is None:
        raise MissingExtraError("containers", "httptools", f"{title}, which is not embedded")
    from pytest_seedstate.services.proxy.service import RecordingProxy

    made: Made | None = None
    behind_proxy: Variables = {}
    if shared:
        from pytest_seedstate.services.external.made import Made

        urls = (service.variables.get(f"{each}_url", "") for each in ("dynamodb", "s3"))
        place = " ".join(filter(None, (*urls, service.variables["url"].rpartition("@")[2])))
        made = Made(rundir.project, service.name, place)
        behind_proxy = {"made": str(made.path), "made_at": place}

    def proxy_of(name: str, port: int | None) -> RecordingProxy:
        return RecordingProxy(
            rundir,
            title=f"the recording proxy of {title}",
            upstream=lambda: {**variables_of(name, service.variables), **behind_proxy},
            classifier=name,
            port=port,
        )

    proxy: RecordingProxy | ProxyPair = proxy_of(service.name, settings.port_of(service.name))
    if "s3_url" in service.variables:
        from pytest_seedstate.services.proxy.pair import ProxyPair

        first = proxy_of("dynamodb", settings.port_of("aws"))
        proxy = ProxyPair(first, {"s3": proxy_of("s3", None)})

    def make_aws(behind: Variables, through: Variables) -> list[Store]:
        from pytest_seedstate.stores.recorded.aws import recorded_aws

        _, dynamodb, s3 = recorded_aws(
            title, upstream=behind, recorded=through, recording=proxy, made=made
        )
        return [dynamodb, s3]

    def make_opensearch(behind: Variables, through: Variables) -> list[Store]:
        from pytest_seedstate.stores.opensearch import OpenSearchStore
        from pytest_seedstate.stores.opensearch_node.journal import NodeJournal

        journal = NodeJournal(
            behind, recording=proxy, mode=settings.opensearch_rewind, shared=shared, made=made
        )
        return [OpenSearchStore(through, journal, owns=journal.owns)]

    make = make_aws if service.name == "aws" else make_opensearch
    return RecordedService(service, proxy, make, told, made)


def _embedded(name: str, rundir: RunDir, settings: Settings, note: Note) -> Service:
    if sys.platform == "win32":
        raise SeedstateError(
            "the embedded services run on Linux and macOS only", fix="run the tests under WSL"
        )
    extra, package = _NEEDS[name]
    if find_spec(package) is None:
        raise MissingExtraError(extra, package, f"the {name} service")
    if name == "postgres":
        from pytest_seedstate.services.cache import cache_dir
        from pytest_seedstate.services.postgres import EmbeddedPostgres

        return EmbeddedPostgres(
            rundir,
            cache_dir(settings.cache_dir, note),
            bin_dir=settings.postgres_bin,
            port=settings.postgres_port,
            note=note,
        )
    if name == "opensearch":
        from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch

        return EmbeddedOpenSearch(rundir, port=settings.opensearch_port)
    from pytest_seedstate.services.aws import EmbeddedAws

    return EmbeddedAws(rundir, port=settings.aws_port, services=settings.aws_services)


class PostgresService(Service, Protocol):
    """A service with a database."""

    @property
    def conninfo(self) -> str:
        """Libpq's connection string for our own sessions."""

    @property
    def clones(self) -> bool:
        """Whether every rewind has to be a clone, see `CloneJournal`; known once started."""

    @property
    def beside(self) -> str | None:
        """Another database of the server that may be connected to, see `Control`."""


class JournaledService(Service, Protocol):
    """A service that knows its way back."""

    @property
    def journal(self) -> Journal:
        """What rewinds it."""


def make_stores(service: Service, rundir: RunDir, settings: Settings) -> list[Store]:
    """The stores of a started service."""
    if isinstance(service, RecordedService):
        return service.stores()
    if service.name == "postgres":
        from pytest_seedstate.stores.postgres import PostgresStore

        database = cast(PostgresService, service)
        store = PostgresStore(
            database.conninfo,
            spill=rundir.folder("baselines"),
            lock_timeout=settings.lock_timeout,
            clones=database.clones,
            beside=database.beside,
        )
        return [store]
    journal = cast(JournaledService, service).journal
    if service.name == "opensearch":
        from pytest_seedstate.stores.opensearch import OpenSearchStore

        return [OpenSearchStore(service.variables, journal)]
    from pytest_seedstate.stores.dynamodb import DynamoDBStore
    from pytest_seedstate.stores.s3 import S3Store

    return [DynamoDBStore(service.variables, journal), S3Store(service.variables, journal)]

"""How each service is made, by its provider, and which stores stand on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from pytest_seedstate.config import Settings
from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services.base import Service
from pytest_seedstate.stores.base import Journal

if TYPE_CHECKING:
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Store

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
    name: str, rundir: RunDir, settings: Settings, note: Callable[[str], None]
) -> Service:
    """A service as its provider has it, not yet started.

    Args:
        name: a key of `STORES_OF_SERVICE`.
        rundir: the run's folder.
        settings: the run's settings.
        note: told what went wrong without failing the run, such as a cache that is read-only.

    Raises:
        MissingExtraError: something that it needs is not installed.
        SeedstateError: this system cannot run it, or nothing says where it is.
    """
    if settings.providers[name] == "external":
        return _external(name, settings)
    return _embedded(name, rundir, settings, note)


def _external(name: str, settings: Settings) -> Service:
    from pytest_seedstate.engine.endpoints import external_endpoint
    from pytest_seedstate.services.external.existing import ExistingService

    endpoint = external_endpoint(name, settings)
    service = ExistingService(name, endpoint.variables, endpoint.source)
    if name == "postgres":
        from pytest_seedstate.services.external.database import OwnDatabase

        return OwnDatabase(service)
    raise SeedstateError(
        f"{name} cannot be external yet", fix=f"let it be embedded: {name}=embedded"
    )


def _embedded(
    name: str, rundir: RunDir, settings: Settings, note: Callable[[str], None]
) -> Service:
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


class JournaledService(Service, Protocol):
    """A service that knows its way back."""

    @property
    def journal(self) -> Journal:
        """What rewinds it."""


def make_stores(service: Service, rundir: RunDir, settings: Settings) -> list[Store]:
    """The stores of a started service."""
    if service.name == "postgres":
        from pytest_seedstate.stores.postgres import PostgresStore

        conninfo = cast(PostgresService, service).conninfo
        spill = rundir.folder("baselines")
        return [PostgresStore(conninfo, spill=spill, lock_timeout=settings.lock_timeout)]
    journal = cast(JournaledService, service).journal
    if service.name == "opensearch":
        from pytest_seedstate.stores.opensearch import OpenSearchStore

        return [OpenSearchStore(service.variables, journal)]
    from pytest_seedstate.stores.dynamodb import DynamoDBStore
    from pytest_seedstate.stores.s3 import S3Store

    return [DynamoDBStore(service.variables, journal), S3Store(service.variables, journal)]

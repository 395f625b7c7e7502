"""The embedded provider: which service runs which stores, and how each is made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_seedstate.config import Settings
from pytest_seedstate.errors import MissingExtraError, SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.services.base import Service
    from pytest_seedstate.services.rundir import RunDir
    from pytest_seedstate.stores.base import Store

STORES_OF_SERVICE = {
    "postgres": ("postgres",),
    "aws": ("dynamodb", "s3"),
    "opensearch": ("opensearch",),
}
SERVICE_OF_STORE = {
    store: service for service, stores in STORES_OF_SERVICE.items() for store in stores
}
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
    """The service that runs embedded, not yet started.

    Args:
        name: a key of `STORES_OF_SERVICE`.
        rundir: the run's folder.
        settings: the run's settings.
        note: told what went wrong without failing the run, such as a cache that is read-only.

    Raises:
        MissingExtraError: something that it needs is not installed.
        SeedstateError: this system cannot run it.
    """
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


def make_stores(service: Service, rundir: RunDir, settings: Settings) -> list[Store]:
    """The stores of a started service."""
    if service.name == "postgres":
        from pytest_seedstate.services.postgres import EmbeddedPostgres
        from pytest_seedstate.stores.postgres import PostgresStore

        assert isinstance(service, EmbeddedPostgres)
        spill = rundir.folder("baselines")
        return [PostgresStore(service.conninfo, spill=spill, lock_timeout=settings.lock_timeout)]
    if service.name == "opensearch":
        from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
        from pytest_seedstate.stores.opensearch import OpenSearchStore

        assert isinstance(service, EmbeddedOpenSearch)
        return [OpenSearchStore(service.variables, service.journal)]
    from pytest_seedstate.services.aws import EmbeddedAws
    from pytest_seedstate.stores.dynamodb import DynamoDBStore
    from pytest_seedstate.stores.s3 import S3Store

    assert isinstance(service, EmbeddedAws)
    return [
        DynamoDBStore(service.variables, service.journal),
        S3Store(service.variables, service.journal),
    ]

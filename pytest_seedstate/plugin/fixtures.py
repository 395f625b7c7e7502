"""The fixtures that tests ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_seedstate.plugin.failing import as_failure
from pytest_seedstate.plugin.session import runtime_of, session_of

if TYPE_CHECKING:
    import psycopg

    from pytest_seedstate.plugin.seedstate_fixture import Seedstate


@pytest.fixture
def seedstate(request: pytest.FixtureRequest) -> Seedstate:
    """The test's data: named records, what changed, snapshots, seeding and resetting."""
    from pytest_seedstate.plugin.seedstate_fixture import Seedstate

    return Seedstate(session_of(request.config).project, runtime_of(request.config).engine)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A psycopg connection to the application's database, in autocommit mode.

    What it writes is visible to the application at once, and undone after the test.
    """
    runtime_of(request.config).engine.start({"postgres"})
    clients = session_of(request.config).project.clients
    yield clients.postgres
    clients.tidy_postgres()


@pytest.fixture(scope="session")
def dynamodb(request: pytest.FixtureRequest) -> Any:
    """A boto3 DynamoDB resource on this run's service."""
    runtime_of(request.config).engine.start({"dynamodb"})
    return session_of(request.config).project.clients.dynamodb


@pytest.fixture(scope="session")
def s3(request: pytest.FixtureRequest) -> Any:
    """A boto3 S3 client on this run's service."""
    runtime_of(request.config).engine.start({"s3"})
    return session_of(request.config).project.clients.s3


@pytest.fixture(scope="session")
def opensearch(request: pytest.FixtureRequest) -> Any:
    """An opensearch-py client on this run's service."""
    runtime_of(request.config).engine.start({"opensearch"})
    with as_failure():
        return session_of(request.config).project.clients.opensearch


@pytest.fixture
def opensearch_async(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An ``AsyncOpenSearch`` client of opensearch-py on this run's service."""
    runtime_of(request.config).engine.start({"opensearch"})
    with as_failure():
        client = session_of(request.config).project.clients.new_opensearch_async()
    yield client
    for connection in client.transport.connection_pool.connections:
        if connection.session is not None:
            # Not closed, which would take the test's event loop; no connection is open in it.
            connection.session.detach()


@pytest.fixture(scope="session")
def seedstate_endpoints(request: pytest.FixtureRequest) -> Mapping[str, Mapping[str, str]]:
    """How to reach each service: ``seedstate_endpoints["postgres"]["url"]``."""
    return session_of(request.config).project.endpoints()


@pytest.fixture(scope="session")
def seedstate_env(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables that an application in another process needs: DATABASE_URL and the like."""
    return session_of(request.config).project.environment()


@pytest.fixture(scope="session")
def seedstate_container_env(request: pytest.FixtureRequest) -> dict[str, str]:
    """`seedstate_env` for an application in a container of its own, on this machine's Docker."""
    with as_failure():
        return session_of(request.config).project.environment_in_containers()

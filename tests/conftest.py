"""What the tests of all areas share: real services, started once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.cache import cache_dir
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from pytest_seedstate.services.postgres.server import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir

if TYPE_CHECKING:
    from tests.aws.services import Aws, RecordedAws
    from tests.opensearch_host.services import OpenSearch


@pytest.fixture(scope="session")
def run_folder() -> Iterator[RunDir]:
    """The run folder of this test session."""
    with RunDir(Path(__file__).parent) as rundir:
        yield rundir


@pytest.fixture(scope="session")
def embedded_aws(run_folder: RunDir) -> Iterator[EmbeddedAws]:
    """A running AWS host of this test session, in whatever state the test before left it."""
    service = EmbeddedAws(run_folder)
    service.start()
    service.journal.keep("empty")
    yield service
    service.stop()


@pytest.fixture(scope="session")
def embedded_opensearch(run_folder: RunDir) -> Iterator[EmbeddedOpenSearch]:
    """A running OpenSearch host of this test session, in whatever state the test before left it."""
    service = EmbeddedOpenSearch(run_folder)
    service.start()
    service.journal.keep("empty")
    yield service
    service.stop()


@pytest.fixture(scope="session")
def embedded_postgres(run_folder: RunDir) -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL server of this test session."""
    service = EmbeddedPostgres(run_folder, cache_dir(None))
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def our_aws(embedded_aws: EmbeddedAws) -> Iterator[Aws]:
    """The AWS host with who speaks to it."""
    from tests.aws.services import embedded_aws_of

    with embedded_aws_of(embedded_aws) as running:
        yield running


@pytest.fixture(scope="session")
def moto_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedAws]:
    """A moto server behind a recording proxy, in whatever state the test before left it."""
    from tests.aws.services import moto_aws_in

    with moto_aws_in(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture(scope="session")
def localstack_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedAws]:
    """LocalStack in a container, behind a recording proxy."""
    from tests.aws.services import localstack_in

    with localstack_in(tmp_path_factory.mktemp("localstack")) as running:
        yield running


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Aws:
    """The AWS services of a provider, in whatever state the test before left them."""
    from tests.aws.services import FIXTURES

    found: Aws = request.getfixturevalue(FIXTURES[request.param])
    return found


@pytest.fixture(scope="session")
def running_opensearch(request: pytest.FixtureRequest, run_folder: RunDir) -> Iterator[OpenSearch]:
    """The OpenSearch of the run's provider, in whatever state the test before left it."""
    from tests.docker import on_containers, require_docker
    from tests.opensearch_host.services import embedded, node_in_container

    if not on_containers():
        yield embedded(request.getfixturevalue("embedded_opensearch"))
        return
    require_docker()
    with node_in_container(run_folder) as node:
        yield node

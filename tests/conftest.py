"""What the tests of all areas share: real services, started once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.cache import cache_dir
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from pytest_seedstate.services.postgres.server import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir


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

"""One embedded AWS host for all tests of this folder, and boto3 clients that speak real HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.aws.journal import AwsJournal
from pytest_seedstate.services.rundir import RunDir

from .helpers import Clients, fill, make_client


@pytest.fixture(scope="session")
def running(run_folder: RunDir) -> Iterator[EmbeddedAws]:
    """The host, in whatever state the test before left it."""
    aws = EmbeddedAws(run_folder)
    aws.start()
    aws.journal.keep("empty")
    yield aws
    aws.stop()


@pytest.fixture(scope="session")
def clients(running: EmbeddedAws) -> Clients:
    names = [field.name for field in dataclasses.fields(Clients)]
    return Clients(**{name: make_client(running, name) for name in names})


@pytest.fixture
def aws(running: EmbeddedAws) -> EmbeddedAws:
    """The host with nothing in it."""
    running.journal.switch("empty")
    return running


@pytest.fixture
def journal(aws: EmbeddedAws) -> AwsJournal:
    return aws.journal


@pytest.fixture
def filled(aws: EmbeddedAws, clients: Clients) -> AwsJournal:
    """The host with one of everything, kept as the baseline ``filled``."""
    fill(clients)
    aws.journal.keep("filled")
    return aws.journal

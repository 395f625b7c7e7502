"""The session's AWS host, and boto3 clients that speak real HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal

from .helpers import Clients, fill, make_client
from .wire import Wire, wire_to


@pytest.fixture(scope="session")
def clients(embedded_aws: EmbeddedAws) -> Clients:
    names = [field.name for field in dataclasses.fields(Clients)]
    return Clients(**{name: make_client(embedded_aws, name) for name in names})


@pytest.fixture
def wire(embedded_aws: EmbeddedAws) -> Iterator[Wire]:
    """The connection that compares."""
    with wire_to(embedded_aws) as connection:
        yield connection


@pytest.fixture
def aws(embedded_aws: EmbeddedAws) -> EmbeddedAws:
    """The host with nothing in it."""
    embedded_aws.journal.switch("empty")
    return embedded_aws


@pytest.fixture
def journal(aws: EmbeddedAws) -> HostJournal:
    return aws.journal


@pytest.fixture
def filled(aws: EmbeddedAws, clients: Clients) -> HostJournal:
    """The host with one of everything, kept as the baseline ``filled``."""
    fill(clients)
    aws.journal.keep("filled")
    return aws.journal

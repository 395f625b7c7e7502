"""The session's OpenSearch host, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch

from .helpers import Client, fill


@pytest.fixture
def service(embedded_opensearch: EmbeddedOpenSearch) -> EmbeddedOpenSearch:
    """The host with nothing in it."""
    embedded_opensearch.journal.switch("empty")
    return embedded_opensearch


@pytest.fixture
def client(service: EmbeddedOpenSearch) -> Iterator[Client]:
    """A connection that lives through rewinds."""
    client = Client(service)
    yield client
    client.close()


@pytest.fixture
def filled(service: EmbeddedOpenSearch, client: Client) -> HostJournal:
    """The host with one of everything, kept as the baseline ``filled``."""
    fill(client)
    service.journal.keep("filled")
    return service.journal

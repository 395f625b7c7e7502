"""An OpenSearch and a connection to it: the session's host, or a real node behind a recording proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_seedstate.stores.base import Journal
from tests.opensearch_node.helpers import NodeClient

from .helpers import Client, fill
from .services import OpenSearch


@pytest.fixture
def service(running_opensearch: OpenSearch) -> OpenSearch:
    """It with nothing in it."""
    running_opensearch.journal.switch("empty")
    return running_opensearch


@pytest.fixture
def client(service: OpenSearch) -> Iterator[Client]:
    """A connection that lives through rewinds."""
    kind = NodeClient if service.is_a_node else Client
    client = kind(service)
    yield client
    client.close()


@pytest.fixture
def filled(service: OpenSearch, client: Client) -> Journal:
    """The service with one of everything, kept as the baseline ``filled``."""
    fill(client)
    service.journal.keep("filled")
    return service.journal

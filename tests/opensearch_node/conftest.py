"""A real node for this test session, in a container; without Docker these tests are skipped.

SEEDSTATE_TEST_OPENSEARCH_URL names a node that runs already, whose indices are all deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_seedstate.services.containers.opensearch import ContainerOpenSearch
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.opensearch_node.journal import NodeJournal
from tests.docker import image, require_docker

from .helpers import Client, client_at, fill


@pytest.fixture(scope="session")
def node_url() -> Iterator[str]:
    """Where the node is."""
    running = os.environ.get("SEEDSTATE_TEST_OPENSEARCH_URL")
    if running:
        yield running
        return
    require_docker()
    with RunDir(Path(__file__).parent) as rundir:
        service = ContainerOpenSearch(rundir, image=image("opensearch"))
        service.start()
        yield service.variables["url"]
        service.stop()


@pytest.fixture
def client(node_url: str) -> Iterator[Client]:
    """An application's connection to a node with nothing in it."""
    client = client_at(node_url)
    client.empty()
    yield client
    client.empty()
    client.close()


@pytest.fixture
def journal(node_url: str, client: Client) -> Iterator[NodeJournal]:
    """The journal of the empty node."""
    journal = NodeJournal({"url": node_url})
    yield journal
    journal.close()


@pytest.fixture
def filled(journal: NodeJournal, client: Client) -> NodeJournal:
    """The node with one of everything, kept as the baseline ``filled``."""
    fill(client)
    journal.keep("filled")
    return journal

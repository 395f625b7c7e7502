"""The OpenSearch that the run is for: ours, or with SEEDSTATE_PROVIDER=containers a node's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_seedstate.services.containers import ContainerOpenSearch
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.base import Journal
from pytest_seedstate.stores.opensearch_node.journal import NodeJournal
from tests.docker import image


@dataclass(frozen=True)
class OpenSearch:
    """A service that runs.

    Attributes:
        variables: how applications reach it.
        journal: its.
        is_a_node: whether it is not ours.
    """

    variables: Mapping[str, str]
    journal: Journal
    is_a_node: bool


def embedded(service: EmbeddedOpenSearch) -> OpenSearch:
    """Ours."""
    return OpenSearch(service.variables, service.journal, is_a_node=False)


@contextmanager
def node_in_container(rundir: RunDir) -> Iterator[OpenSearch]:
    """A node behind a recording proxy."""
    node = ContainerOpenSearch(rundir, image=image("opensearch"))
    proxy = RecordingProxy(
        rundir, title="the proxy", upstream=lambda: node.variables, classifier="opensearch"
    )
    node.start()
    proxy.start()
    journal = NodeJournal(node.variables, recording=proxy)
    journal.keep("empty")
    told = {**node.variables, "url": proxy.url, "host": proxy.host, "port": str(proxy.port)}
    try:
        yield OpenSearch(told, journal, is_a_node=True)
    finally:
        journal.close()
        proxy.stop()
        node.stop()

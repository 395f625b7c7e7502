"""The embedded OpenSearch, seen from the pytest process."""

from __future__ import annotations

from typing import Any

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.service import HostService
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.changes import Change


class EmbeddedOpenSearch(HostService):
    """A node of the embedded engine in processes of its own.

    Args:
        rundir: the run's folder; the log and the counters go there.
        port: the TCP port on 127.0.0.1, or None for a free one.

    Raises:
        SeedstateError: this system cannot fork.
    """

    name = "opensearch"
    title = "the embedded OpenSearch"
    root_module = "pytest_seedstate.services.opensearch.hosted"

    def __init__(self, rundir: RunDir, *, port: int | None = None) -> None:
        super().__init__(rundir, port=port, config={})

    def describe(self, at: Touch, before: Any, after: Any) -> Change:
        """A change of a document."""
        return Change("opensearch", at.collection, {"_id": at.key}, before, after)

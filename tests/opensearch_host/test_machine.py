"""Random applications against the OpenSearch host, see `tests.host_machine`."""

from __future__ import annotations

from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch
from tests.host_machine import Subject, run_host_machine

from .helpers import Client, everything, fill, records
from .operations import OPERATIONS, RECORDS


def test_whatever_is_done_comes_back(service: EmbeddedOpenSearch, client: Client) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    fill(client)

    def write(name: str, n: int, m: int) -> None:
        assert OPERATIONS[name](client, n, m).status < 500

    names = (*RECORDS, *OPERATIONS)
    run_host_machine(Subject(service.journal, names, write, lambda: everything(client), records))

"""Random applications against a real node, see `tests.host_machine`."""

from __future__ import annotations

from pytest_seedstate.stores.opensearch_node.journal import NodeJournal
from tests.host_machine import Subject, run_host_machine
from tests.opensearch_host.operations import OPERATIONS, RECORDS

from .helpers import Client, everything, fill, records

_LEFT_OPEN = frozenset({"scroll", "point in time", "pages of a scroll"})
"""Searches end with the index that is replaced; `test_writers` has what becomes of them."""


def test_whatever_is_done_comes_back(journal: NodeJournal, client: Client) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    journal.keep("empty")
    fill(client)

    def write(name: str, n: int, m: int) -> None:
        # It also refuses with 500, such as a second index to write to behind one alias.
        OPERATIONS[name](client, n, m)

    names = [name for name in (*RECORDS, *OPERATIONS) if name not in _LEFT_OPEN]
    subject = Subject(journal, names, write, lambda: everything(client), records)
    run_host_machine(subject, examples=3, steps=15)

"""Random applications against OpenSearch, see `tests.host_machine`."""

from __future__ import annotations

from tests.host_machine import Subject, run_host_machine

from .helpers import Client, everything, fill, records
from .operations import OPERATIONS, RECORDS
from .services import OpenSearch

_LEFT_OPEN = frozenset({"scroll", "point in time", "pages of a scroll"})
"""At a node searches end with the index that is replaced."""


def test_whatever_is_done_comes_back(service: OpenSearch, client: Client) -> None:
    """Random writes, marks, rewinds and switches, compared in full after each return."""
    fill(client)

    def write(name: str, n: int, m: int) -> None:
        # A node also refuses with 500, such as a second index to write to behind one alias.
        assert OPERATIONS[name](client, n, m).status < 500 or service.is_a_node

    names = (*RECORDS, *OPERATIONS)
    if service.is_a_node:
        names = tuple(name for name in names if name not in _LEFT_OPEN)
    subject = Subject(service.journal, names, write, lambda: everything(client), records)
    if service.is_a_node:
        run_host_machine(subject, examples=3, steps=15)
    else:
        run_host_machine(subject)

"""Every kind of write to a real node, then a rewind, then all of it compared with before."""

from __future__ import annotations

import pytest

from pytest_seedstate.stores.opensearch_node.journal import NodeJournal
from tests.opensearch_host.operations import OPERATIONS

from .helpers import Client, everything

# What another test would not see.
READ = frozenset(
    {"refresh", "flush", "merge", "scroll that is closed", "close points in time", "no block"}
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_write_comes_back(name: str, filled: NodeJournal, client: Client) -> None:
    """Documents, definitions, versions, sequence numbers and scores are what they were."""
    before = everything(client)

    assert OPERATIONS[name](client, 1, 2).status < 300
    assert filled.is_clean() == (name in READ)
    filled.rewind()

    assert everything(client) == before
    assert filled.is_clean()

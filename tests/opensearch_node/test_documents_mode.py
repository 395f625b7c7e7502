"""The fast mode: documents are written back in place, and scores remember it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_seedstate.stores.opensearch_node.journal import NodeJournal
from tests.opensearch_host.operations import OPERATIONS

from .helpers import ARTISTS, Client, artist, everything, fill


@pytest.fixture
def quick(node_url: str, client: Client) -> Iterator[NodeJournal]:
    """The journal of the filled node, in documents mode."""
    journal = NodeJournal({"url": node_url}, mode="documents")
    fill(client)
    journal.keep("filled")
    yield journal
    journal.close()


def _without_numbers(state: dict[str, Any]) -> dict[str, Any]:
    """What the mode promises: not order, versions, sequence numbers, scores."""
    indices = {
        name: {key: hit.get("_source") for key, hit in index["documents"].items()}
        for name, index in state["indices"].items()
    }
    return {**state, "indices": indices}


def _uuid(client: Client, index: str) -> str:
    told = client("GET", f"/{index}/_settings").body[index]
    return str(told["settings"]["index"]["uuid"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_write_comes_back(name: str, quick: NodeJournal, client: Client) -> None:
    """Documents and definitions are what they were."""
    before = _without_numbers(everything(client))
    OPERATIONS[name](client, 1, 2)
    quick.rewind()
    assert _without_numbers(everything(client)) == before
    assert quick.is_clean()
    assert not quick.changes()


def test_indices_stay(quick: NodeJournal, client: Client) -> None:
    """Nothing is replaced for documents and settings, again and again."""
    uuid = _uuid(client, "artists")
    before = _without_numbers(everything(client))
    for n in range(3):
        client("PUT", f"/artists/_doc/{n}", artist(n, name="stone stone"))
        client("PUT", "/artists/_doc/new", artist(1))
        client("DELETE", f"/artists/_doc/{n + 5}")
        client("PUT", "/artists/_settings", {"index": {"refresh_interval": "7s"}})
        assert not quick.is_clean()
        assert quick.rewind().changed == 3
        assert _without_numbers(everything(client)) == before
        assert _uuid(client, "artists") == uuid
    client("PUT", "/artists/_doc/1", {"dynamic": "field"})
    quick.rewind()
    assert _without_numbers(everything(client)) == before
    assert _uuid(client, "artists") != uuid


def test_a_large_index(quick: NodeJournal, client: Client) -> None:
    """The baseline's values come from its copy."""
    client("PUT", "/large", {"mappings": ARTISTS, "settings": {"number_of_shards": 2}})
    lines = [part for n in range(1500) for part in ({"index": {"_id": str(n)}}, artist(n))]
    client("POST", "/large/_bulk?refresh=true", lines)
    quick.keep("large")
    uuid = _uuid(client, "large")
    before = _without_numbers(everything(client))
    for n in range(2):
        client("PUT", f"/large/_doc/{n}?refresh=true", {})
        client("DELETE", "/large/_doc/1499")
        quick.rewind()
        assert _without_numbers(everything(client)) == before
        assert _uuid(client, "large") == uuid
    client("POST", "/large/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    quick.rewind()
    assert _without_numbers(everything(client)) == before


def test_layers_and_scenarios(quick: NodeJournal, client: Client) -> None:
    """Positions and switches are what they are in the exact mode."""
    states = [_without_numbers(everything(client))]
    for layer in (1, 2):
        client("PUT", f"/artists/_doc/{layer}", artist(layer, name="layer"))
        quick.mark()
        states.append(_without_numbers(everything(client)))
    for position in (2, 1, 0):
        client("DELETE", "/artists/_doc/3")
        quick.rewind(position)
        assert _without_numbers(everything(client)) == states[position]
        assert quick.is_clean(position)
    client("DELETE", "/artists/_doc/4")
    quick.keep("second")
    second = _without_numbers(everything(client))
    quick.switch("filled")
    assert _without_numbers(everything(client)) == states[0]
    quick.switch("second")
    assert _without_numbers(everything(client)) == second

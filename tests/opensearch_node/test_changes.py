"""Change sets of a real node, with and without a recording proxy before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.opensearch_node.journal import NodeJournal

from .helpers import Client, artist, client_at, everything, fill


@pytest.fixture(scope="module")
def proxy(node_url: str) -> Iterator[RecordingProxy]:
    """A recording proxy before the node."""
    with RunDir(Path(__file__).parent) as rundir:
        proxy = RecordingProxy(
            rundir, title="the proxy", upstream=lambda: {"url": node_url}, classifier="opensearch"
        )
        proxy.start()
        yield proxy
        proxy.stop()


@pytest.fixture
def through(proxy: RecordingProxy, client: Client) -> Iterator[Client]:
    """An application's connection, which leads through the proxy."""
    through = client_at(proxy.url)
    yield through
    through.close()


@pytest.fixture
def recorded(node_url: str, proxy: RecordingProxy, client: Client) -> Iterator[NodeJournal]:
    """The journal of the filled node, with what the proxy records."""
    journal = NodeJournal({"url": node_url}, recording=proxy)
    fill(client)
    journal.keep("filled")
    yield journal
    journal.close()


def test_writers_that_bypass_the_proxy(
    recorded: NodeJournal, through: Client, client: Client
) -> None:
    """What they wrote is told as well, deletions too, though not who they are."""
    before = everything(client)
    through("PUT", "/artists/_doc/1", {"name": "recorded"})
    client("DELETE", "/artists/_doc/2")
    client("PUT", "/artists/_doc/bypassed", {"name": "new"})
    client("DELETE", "/other/_doc/3")
    assert not recorded.is_clean()
    assert [
        (each.collection, each.key["_id"], each.kind, each.writers) for each in recorded.changes()
    ] == [
        ("artists", "1", "updated", ("application: PUT _doc",)),
        ("artists", "2", "deleted", ()),
        ("artists", "bypassed", "inserted", ()),
        ("other", "3", "deleted", ()),
    ]
    recorded.rewind()
    assert everything(client) == before


def test_indices_and_definitions(recorded: NodeJournal, through: Client) -> None:
    """Those that came and went, and what else was asked for, as the embedded engine tells it."""
    through("DELETE", "/other")
    through("PUT", "/fresh/_doc/1", {"a": 1})
    through("PUT", "/artists/_mapping", {"properties": {"x": {"type": "text"}}})
    assert through("PUT", "/artists", {}).status == 400
    changes = recorded.changes()
    assert changes.notes == (
        "index other deleted",
        "index fresh created",
        "PUT /artists/_mapping",
    )
    assert {(each.collection, each.kind) for each in changes} == {
        ("other", "deleted"),
        ("fresh", "inserted"),
    }


def test_definitions_without_a_record(filled: NodeJournal, client: Client) -> None:
    """What differs is named."""
    client("PUT", "/artists/_mapping", {"properties": {"x": {"type": "text"}}})
    client("PUT", "/artists/_alias/stars")
    client("PUT", "/other/_settings", {"index": {"refresh_interval": "5s"}})
    client("DELETE", "/_ingest/pipeline/stamp")
    asked = {"persistent": {"action.auto_create_index": "true"}}
    client("PUT", "/_cluster/settings", asked)
    assert filled.changes().notes == (
        "mappings of index artists",
        "aliases of index artists",
        "settings of index other",
        "ingest pipeline stamp",
        "cluster settings",
    )


def test_a_recreated_index(filled: NodeJournal, client: Client) -> None:
    """All its documents are compared."""
    client("DELETE", "/other")
    client("PUT", "/other/_doc/1?refresh=true", artist(1))
    changes = filled.changes()
    assert [each.key["_id"] for each in changes] == ["0", "2", "3", "4", "5"]
    assert changes.notes[:2] == ("index other deleted", "index other created")


def test_changes_of_a_large_index(filled: NodeJournal, client: Client) -> None:
    """A few, and more than are looked for one by one."""
    lines = [part for n in range(2500) for part in ({"index": {"_id": str(n)}}, {"n": n})]
    client("POST", "/large/_bulk?refresh=true", lines)
    filled.keep("large")
    client("DELETE", "/large/_doc/7")
    client("PUT", "/large/_doc/8", {"n": -8})
    assert [(each.key["_id"], each.kind) for each in filled.changes()] == [
        ("7", "deleted"),
        ("8", "updated"),
    ]
    client("POST", "/large/_bulk", [{**line, "n": 0} if "n" in line else line for line in lines])
    assert len(filled.changes()) == 2499


def test_a_node_that_may_not_be_looked_at(filled: NodeJournal, client: Client) -> None:
    """The change set says why it may lack something, and is equal to none."""
    client("PUT", "/artists/_settings", {"index.blocks.metadata": True})
    changes = filled.changes()
    assert "blocked" in changes.unrecorded[0]
    filled.rewind()
    assert not filled.changes()

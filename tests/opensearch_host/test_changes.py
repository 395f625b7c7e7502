"""Change sets of the OpenSearch host."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pytest_seedstate.stores.base import Journal
from pytest_seedstate.stores.changes import Change

from .helpers import Client, artist
from .services import OpenSearch


def test_nothing_changed(filled: Journal, client: Client) -> None:
    """Reads leave no trace, whatever their method."""
    client("POST", "/artists/_search", {"query": {"match_all": {}}})
    client("POST", "/_analyze", {"text": "a"})
    client("POST", "/_mget", {"docs": [{"_index": "artists", "_id": "1"}]})
    assert filled.is_clean()
    assert not filled.changes()


def test_documents(filled: Journal, client: Client) -> None:
    """Inserted, updated and deleted ones, with their sources before and after."""
    client("PUT", "/artists/_doc/99", {"name": "new"})
    client("POST", "/artists/_update/1", {"doc": {"rating": 5}})
    client("DELETE", "/other/_doc/2")

    changes = filled.changes()

    assert list(changes) == [
        Change("opensearch", "artists", {"_id": "1"}, artist(1), artist(1, rating=5)),
        Change("opensearch", "artists", {"_id": "99"}, None, {"name": "new"}),
        Change("opensearch", "other", {"_id": "2"}, artist(2), None),
    ]
    assert changes.notes == ()
    assert [change.writers for change in changes] == [
        ("application: POST _update",),
        ("application: PUT _doc",),
        ("application: DELETE _doc",),
    ]


def test_written_and_put_back(filled: Journal, client: Client) -> None:
    """A document that is what it was is no change, and yet its version is rewound."""
    client("PUT", "/artists/_doc/1", artist(1))
    assert not filled.changes()
    assert not filled.is_clean()
    filled.rewind()
    assert client("GET", "/artists/_doc/1").body["_version"] == 1


def test_a_rewind_says_what_it_undid(filled: Journal, client: Client) -> None:
    """Each time what was written since the last one."""
    client("PUT", "/artists/_doc/1", artist(1))
    client("PUT", "/artists/_doc/2", artist(1))
    assert filled.rewind().changed == 2
    client("DELETE", "/artists/_doc/3")
    assert filled.rewind().changed == 1


def test_a_deleted_index(filled: Journal, client: Client) -> None:
    """All its documents, and the index by name."""
    client("DELETE", "/other")
    changes = filled.changes()
    assert [(each.collection, each.kind) for each in changes] == [("other", "deleted")] * 6
    assert changes.notes == ("index other deleted",)


def test_an_index_made_by_a_write(filled: Journal, client: Client) -> None:
    """The document and the index."""
    client("PUT", "/fresh/_doc/1", {"a": 1})
    changes = filled.changes()
    assert [(each.collection, each.after) for each in changes] == [("fresh", {"a": 1})]
    assert changes.notes == ("index fresh created",)


def test_definitions_are_named(filled: Journal, client: Client) -> None:
    """What is no document is told as its request."""
    client("PUT", "/artists/_mapping", {"properties": {"x": {"type": "text"}}})
    client("PUT", "/artists/_alias/stars")
    assert filled.changes().notes == ("PUT /artists/_mapping", "PUT /artists/_alias/stars")


def test_what_was_refused_is_no_change(
    filled: Journal, client: Client, service: OpenSearch
) -> None:
    """Ours counts it beforehand, not knowing how it will end; a node is asked afterwards."""
    assert client("PUT", "/artists", {}).status == 400
    assert client("DELETE", "/nobody").status == 404
    assert client("PUT", "/artists/_create/1", {}).status == 409
    assert filled.is_clean() == service.is_a_node
    assert not filled.changes()


def test_writes_that_hit_nothing_are_no_change(filled: Journal, client: Client) -> None:
    """By-query writes without a match, updates to what is there, bulk items that are refused."""
    nothing = {"query": {"term": {"styles": "none"}}}
    assert client("POST", "/artists/_delete_by_query", nothing).body["deleted"] == 0
    assert client("POST", "/artists/_update/1", {"doc": {"rating": 0.5}}).body["result"] == "noop"
    lines = [{"create": {"_index": "artists", "_id": "1"}}, {}]
    assert client("POST", "/_bulk", lines).body["errors"]
    assert not filled.changes()


def test_true_is_not_one(filled: Journal, client: Client) -> None:
    """They are indexed as different words."""
    client("PUT", "/artists/_doc/n", {"styles": 1})
    position = filled.mark()
    client("PUT", "/artists/_doc/n", {"styles": True})
    assert [each.after for each in filled.changes(position)] == [{"styles": True}]


def test_the_way_of_writing_is_no_change(filled: Journal, client: Client) -> None:
    """The order of keys, and 1 or 1.0."""
    written = dict(reversed(artist(2).items()))
    assert written["rating"] == 1.0
    client("PUT", "/artists/_doc/2", {**written, "rating": 1})
    assert not filled.changes()


def test_changes_are_read_while_somebody_writes(filled: Journal, service: OpenSearch) -> None:
    """As a test does that waits for its background worker."""
    ends = threading.Event()

    def write(worker: int) -> None:
        writer = Client(service)
        number = 0
        while not ends.is_set():
            lines = [
                part
                for each in range(30)
                for part in (
                    {"index": {"_index": "artists", "_id": f"{worker}-{number}-{each}"}},
                    {},
                )
            ]
            writer("POST", "/_bulk", lines)
            number += 1
        writer.close()

    sizes = [0]
    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(write, worker) for worker in range(3)]
        try:
            while sizes[-1] < 3000:
                sizes.append(len(filled.changes()))
        finally:
            ends.set()
        for worker in workers:
            worker.result()
    assert sizes == sorted(sizes)
    filled.rewind()


def test_changes_since_a_position(filled: Journal, client: Client) -> None:
    """Each position has a change set of its own."""
    client("PUT", "/artists/_doc/1", {"name": "first"})
    position = filled.mark()
    client("PUT", "/artists/_doc/2", {"name": "second"})
    assert [each.key["_id"] for each in filled.changes()] == ["1", "2"]
    assert [each.key["_id"] for each in filled.changes(position)] == ["2"]


def test_ids_with_slashes(filled: Journal, client: Client) -> None:
    """An id is one thing, however it is written in a path."""
    client("PUT", "/artists/_doc/a%2Fb%20c", {"name": "x"})
    assert [each.key for each in filled.changes()] == [{"_id": "a/b c"}]

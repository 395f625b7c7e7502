"""Writers beside a rewind, and nodes that others use too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_seedstate.services.host.hosted import Log, Touch
from pytest_seedstate.stores.opensearch_node.copies import copies_of
from pytest_seedstate.stores.opensearch_node.journal import NodeJournal

from .helpers import Client, artist, client_at, everything


def test_a_task_that_goes_on_is_ended(filled: NodeJournal, client: Client) -> None:
    """A by-query write whose request was answered long ago does not write into the next test."""
    before = everything(client)
    lines = [part for n in range(3000) for part in ({"index": {"_id": str(n)}}, artist(n))]
    assert not client("POST", "/many/_bulk?refresh=true", lines).body["errors"]
    slowly = "wait_for_completion=false&requests_per_second=100&scroll_size=10&conflicts=proceed"
    assert client("POST", f"/many/_update_by_query?{slowly}").status == 200
    [phrase] = filled.rewind().replaced
    assert phrase == "update-by-query [many] (still running: cancelled)"
    assert everything(client) == before
    assert filled.is_clean()


def test_writers_during_rewinds(filled: NodeJournal, client: Client, node_url: str) -> None:
    """What a background worker writes meanwhile is never taken for clean."""
    before = everything(client)
    ends = threading.Event()

    def write() -> None:
        writer = client_at(node_url)
        number = 0
        while not ends.is_set():
            number += 1
            writer("PUT", f"/artists/_doc/{number % 30}", artist(number))
            writer("DELETE", f"/artists/_doc/{number % 7}")
        writer.close()

    worker = threading.Thread(target=write)
    worker.start()
    try:
        for _ in range(8):
            filled.rewind()
    finally:
        ends.set()
        worker.join()
    # Unless the last rewind came after the last write, the journal knows that there is more to do.
    if not filled.is_clean():
        filled.rewind()
    assert everything(client) == before


def test_copies_of_ended_processes_are_swept(node_url: str, client: Client) -> None:
    """Whatever ended them; those of living processes and of other machines stay."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f"{copies_of(os.getpid())}99-1", ".seedstate-copy-0-1-00000000-1-1"]
    gone = copies_of(ended.pid) + "1-1"
    for name in (*kept, gone):
        assert client("PUT", f"/{name}", {"settings": {"index.hidden": True}}).status == 200
    NodeJournal({"url": node_url}).close()
    assert sorted(client("GET", "/.seedstate-*?expand_wildcards=all").body) == sorted(kept)


class _Recording:
    """A record that the test writes."""

    def __init__(self) -> None:
        self.log = Log()
        self.count = 0

    def add(self, collection: str, note: str = "") -> None:
        self.count += 1
        touches = [Touch("opensearch", "", collection)] if collection else []
        self.log.add(touches, [note] if note else [], "application: PUT _doc")

    def written(self) -> int:
        return self.count

    def settle(self, seconds: float) -> list[str]:
        return []

    def take(self) -> Log:
        taken, self.log = self.log, Log()
        return taken


@pytest.fixture
def foreign(client: Client) -> Mapping[str, Any]:
    """What others have at the node."""
    client("PUT", "/theirs/_doc/1?refresh=true", {"a": 1})
    client("PUT", "/_index_template/theirs", {"index_patterns": ["their-*"]})
    client("PUT", "/_ingest/pipeline/theirs", {"processors": []})
    return {}


@pytest.fixture
def record() -> _Recording:
    return _Recording()


@pytest.fixture
def shared(node_url: str, foreign: Mapping[str, Any], record: _Recording) -> Iterator[NodeJournal]:
    """The journal of a node that others use, too."""
    journal = NodeJournal({"url": node_url}, recording=record, shared=True)
    yield journal
    journal.close()


def _ours(client: Client, record: _Recording) -> None:
    client("PUT", "/ours/_doc/1?refresh=true", {"a": 1})
    client("PUT", "/_index_template/ours", {"index_patterns": ["our-*"]})
    record.add("ours")
    record.add("", "PUT /_index_template/ours")


def test_what_is_not_ours_is_left_alone(
    shared: NodeJournal, record: _Recording, client: Client
) -> None:
    """Whatever others do, and whatever we go back to."""
    _ours(client, record)
    shared.keep("ours")
    client("PUT", "/ours/_doc/2", {"a": 2})
    record.add("ours")
    client("PUT", "/made/_doc/1", {"a": 2})
    record.add("made")
    client("PUT", "/_ingest/pipeline/ours", {"processors": []})
    record.add("", "PUT /_ingest/pipeline/ours")
    assert not shared.is_clean()
    client("PUT", "/theirs/_doc/2?refresh=true", {"a": 2})
    client("DELETE", "/_index_template/theirs")
    client("PUT", "/later/_doc/1?refresh=true", {"a": 2})
    client("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "true"}})
    changed = {each.collection for each in shared.changes()}
    assert changed == {"ours", "made"}

    shared.rewind()

    assert shared.is_clean()
    assert set(client("GET", "/_all").body) == {"ours", "theirs", "later"}
    assert client("GET", "/ours/_count").body["count"] == 1
    assert client("GET", "/theirs/_count").body["count"] == 2
    assert set(client("GET", "/_ingest/pipeline").body) == {"theirs"}
    told = client("GET", "/_index_template").body["index_templates"]
    assert [each["name"] for each in told] == ["ours"]
    assert client("GET", "/_cluster/settings").body["persistent"] != {}


def test_writing_to_what_was_there_does_not_make_it_ours(
    shared: NodeJournal, record: _Recording, client: Client
) -> None:
    """Neither is it rewound, nor does it make a state unclean for ever."""
    shared.keep("nothing")
    client("PUT", "/theirs/_doc/2?refresh=true", {"a": 2})
    record.add("theirs")
    shared.rewind()
    assert shared.is_clean()
    assert client("GET", "/theirs/_count").body["count"] == 2


def test_the_schema_s_are_ours(shared: NodeJournal, client: Client) -> None:
    """Also where they were there already, and nobody has recorded who made them."""
    shared.claim([{"index": "theirs"}, {"index_template": "theirs"}])
    shared.keep("schema")
    before = json.dumps(client("GET", "/_index_template").body)
    client("PUT", "/theirs/_doc/2?refresh=true", {"a": 2})
    client("DELETE", "/_index_template/theirs")
    assert not shared.is_clean()
    shared.rewind()
    assert client("GET", "/theirs/_count").body["count"] == 1
    assert json.dumps(client("GET", "/_index_template").body) == before


def test_searches_of_others_stay_open(
    shared: NodeJournal, record: _Recording, client: Client
) -> None:
    """An index of ours whose search was left open is replaced instead."""
    _ours(client, record)
    shared.keep("ours")
    search = "_search?scroll=1m"
    theirs = client("POST", f"/theirs/{search}", {"size": 1}).body["_scroll_id"]
    ours = client("POST", f"/ours/{search}", {"size": 1}).body["_scroll_id"]
    assert not shared.is_clean()
    shared.rewind()
    asked = {"scroll": "1m"}
    assert client("POST", "/_search/scroll", {**asked, "scroll_id": theirs}).status == 200
    assert client("POST", "/_search/scroll", {**asked, "scroll_id": ours}).status == 404
    assert shared.is_clean()


def test_a_search_of_a_fixture_stays_open(filled: NodeJournal, client: Client) -> None:
    """A point in time that was open at a position goes on, as long as its index is not written."""
    point = client("POST", "/artists/_search/point_in_time?keep_alive=1m").body["pit_id"]
    filled.mark()
    client("DELETE", "/other/_doc/1")
    filled.rewind(1)
    assert client("POST", "/_search", {"pit": {"id": point}}).status == 200
    assert filled.is_clean(1)
    client("DELETE", "/artists/_doc/1")
    assert "open searches of index artists (ended)" in filled.rewind(1).replaced
    assert client("POST", "/_search", {"pit": {"id": point}}).status == 404
    assert filled.is_clean(1)

"""Every kind of write, then a rewind, then all of it compared with what was there before."""

from __future__ import annotations

import pytest

from pytest_seedstate.stores.base import Journal
from tests.docker import in_sample, on_containers

from .helpers import INDICES, Client, artist, everything
from .operations import OPERATIONS
from .services import OpenSearch

READ = frozenset({"refresh", "flush", "merge", "scroll that is closed", "close points in time"})
no_node = pytest.mark.skipif(on_containers(), reason="a node's index is replaced: see no_node")
"""For what no way from outside brings back: searches that were left open end with an index that is
replaced, and what a node remembers of deleted documents, for a minute, goes with it.
"""
READ_BY_A_NODE = READ | {"no block"}  # there its state tells that nothing was set
UNSEEN = READ_BY_A_NODE | {
    "scroll",
    "pages of a scroll",
}  # nothing that the API tells is another then


@pytest.mark.parametrize("name", in_sample(OPERATIONS) if on_containers() else OPERATIONS)
def test_each_write_comes_back(
    name: str, filled: Journal, client: Client, service: OpenSearch
) -> None:
    """Documents, definitions, versions, sequence numbers and scores are what they were."""
    before = everything(client)

    assert OPERATIONS[name](client, 1, 2).status < 300
    assert filled.is_clean() == (name in (READ_BY_A_NODE if service.is_a_node else READ))
    filled.rewind()

    assert everything(client) == before
    assert filled.is_clean()


def test_every_operation_does_something(filled: Journal, client: Client) -> None:
    """Each write leaves a state that differs: otherwise its test of the rewind could not fail."""
    before = everything(client)
    idle = []
    names = in_sample(OPERATIONS) if on_containers() else OPERATIONS
    for name in set(names) - UNSEEN:
        OPERATIONS[name](client, 1, 2)
        if everything(client) == before:
            idle.append(name)
        filled.rewind()
    assert idle == []


def test_scores_are_those_of_the_baseline(filled: Journal, client: Client) -> None:
    """Deleted documents count in no statistics: on a real node they do until a merge."""
    search = {"query": {"match": {"name": "stone"}}}
    before = client("POST", "/artists/_search", search).body["hits"]
    for n in range(5):
        client("PUT", f"/artists/_doc/extra{n}?refresh=true", artist(n, name="stone stone"))
    assert client("POST", "/artists/_search", search).body["hits"] != before

    filled.rewind()

    assert client("POST", "/artists/_search", search).body["hits"] == before


@no_node
def test_the_same_write_twice_is_the_same_twice(filled: Journal, client: Client) -> None:
    """Versions and sequence numbers start again where the baseline left them."""
    told = []
    for _ in range(2):
        ids = ("1", "new", "gone", "1", "gone")
        told.append([client("PUT", f"/artists/_doc/{each}", artist(1)).body for each in ids])
        told[-1].append(client("DELETE", "/artists/_doc/2").body)
        filled.rewind()
    assert [each["_version"] for each in told[0]] == [2, 1, 2, 3, 3, 2]
    assert told[0] == told[1]


def test_an_empty_index_is_empty_again(service: OpenSearch, client: Client) -> None:
    """Its first document has the first sequence number, time after time."""
    client("PUT", "/empty", {})
    service.journal.keep("empty index")
    told = []
    for _ in range(2):
        told.append(client("PUT", "/empty/_doc/1?refresh=true", {"a": 1}).body)
        service.journal.rewind()
        assert client("GET", "/empty/_mapping").body == {"empty": {"mappings": {}}}
    assert told[0] == told[1]


def test_settings_that_were_not_there_go(filled: Journal, client: Client) -> None:
    """Of the cluster, the kind that a restart would forget."""
    for _ in range(2):
        asked = {"transient": {"action.auto_create_index": "false"}}
        assert client("PUT", "/_cluster/settings", asked).status == 200
        filled.rewind()
        assert client("GET", "/_cluster/settings").body["transient"] == {}


@no_node
def test_sorted_terms_are_those_of_the_moment(filled: Journal, client: Client) -> None:
    """What a point in time and its index find by a range of terms, each sees its own."""
    client("PUT", "/artists/_doc/z?refresh=true", {"styles": ["zigzag"]})
    search = {"query": {"range": {"styles": {"gte": "z"}}}}
    point = {**search, "pit": {"id": _point(client)}}
    filled.mark()
    for _ in range(2):
        client("DELETE", "/artists/_doc/z?refresh=true")
        assert client("POST", "/artists/_search", search).body["hits"]["total"]["value"] == 0
        assert client("POST", "/_search", point).body["hits"]["total"]["value"] == 1
        filled.rewind(1)
        assert client("POST", "/artists/_search", search).body["hits"]["total"]["value"] == 1


def _point(client: Client) -> str:
    told = client("POST", "/artists/_search/point_in_time?keep_alive=1m").body
    return str(told["pit_id"])


def test_what_is_kept_is_refreshed(filled: Journal, client: Client) -> None:
    """Searches of a kept state see all of it, however soon they come."""
    client("PUT", "/artists/_settings", {"index": {"refresh_interval": "-1"}})
    client("PUT", "/artists/_doc/late", artist(1))
    assert client("GET", "/artists/_count").body["count"] == INDICES["artists"]
    filled.keep("with late")
    assert client("GET", "/artists/_count").body["count"] == INDICES["artists"] + 1


def test_a_scroll_does_not_outlive_a_rewind(filled: Journal, client: Client) -> None:
    """Its context was opened in a state that is gone."""
    told = client("POST", "/artists/_search?scroll=1m", {"size": 1}).body
    assert not filled.changes()
    filled.rewind()
    asked = {"scroll_id": told["_scroll_id"], "scroll": "1m"}
    assert client("POST", "/_search/scroll", asked).status == 404
    assert filled.is_clean()


def test_a_scroll_that_is_closed_leaves_nothing(filled: Journal, client: Client) -> None:
    """The usual test that reads pays for no rewind."""
    told = client("POST", "/artists/_search?scroll=1m", {"size": 1}).body
    assert not filled.is_clean()
    client("DELETE", "/_search/scroll", {"scroll_id": told["_scroll_id"]})
    assert filled.is_clean()


@no_node
def test_another_scroll_is_not_the_same(filled: Journal, client: Client) -> None:
    """One opened and one closed leave as many as there were, and yet something to rewind."""
    search = ("POST", "/artists/_search?scroll=1m", {"size": 1})
    first = client(*search).body["_scroll_id"]
    filled.mark()
    second = client(*search).body["_scroll_id"]
    client("DELETE", "/_search/scroll", {"scroll_id": first})
    assert not filled.is_clean(1)
    filled.rewind(1)
    assert client("POST", "/_search/scroll", {"scroll_id": first}).status == 200
    assert client("POST", "/_search/scroll", {"scroll_id": second}).status == 404


@no_node
def test_a_scroll_goes_back_to_its_page(filled: Journal, client: Client) -> None:
    """Where a fixture has opened it, each test reads what comes next from there."""
    told = client("POST", "/artists/_search?scroll=1m", {"size": 1}).body
    filled.mark()
    asked = {"scroll_id": told["_scroll_id"], "scroll": "1m"}
    read = []
    for _ in range(3):
        read.append(client("POST", "/_search/scroll", asked).body["hits"])
        assert not filled.is_clean(1)
        filled.rewind(1)
    assert read[0]["hits"][0]["_id"] == "1"
    assert read[0] == read[1] == read[2]


@no_node
def test_a_point_in_time_sees_what_it_saw(filled: Journal, client: Client) -> None:
    """Whatever is written and rewound beside it."""
    search = {"query": {"match": {"name": "stone"}}, "size": 50}
    before = client("POST", "/artists/_search", search).body["hits"]
    point = _point(client)
    filled.mark()
    for _ in range(3):
        client("DELETE", "/artists/_doc/1?refresh=true")
        client("PUT", "/artists/_doc/2?refresh=true", artist(2, name="stone"))
        assert client("POST", "/artists/_search", search).body["hits"] != before
        told = client("POST", "/_search", {**search, "pit": {"id": point}}).body["hits"]
        assert told == before
        filled.rewind(1)
        assert client("POST", "/artists/_search", search).body["hits"] == before
        told = client("POST", "/_search", {**search, "pit": {"id": point}}).body["hits"]
        assert told == before


def test_a_position_shows_searches_nothing_more(filled: Journal, client: Client) -> None:
    """A snapshot in the middle of a test must not hide a refresh that the application forgot."""
    client("PUT", "/artists/_settings", {"index": {"refresh_interval": "-1"}})
    client("PUT", "/artists/_doc/late", artist(1))
    filled.mark()
    assert client("GET", "/artists/_count").body["count"] == INDICES["artists"]

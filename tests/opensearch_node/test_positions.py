"""Baselines and positions of a real node: kept, switched, layered, forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_seedstate.stores.opensearch_node.journal import NodeJournal

from .helpers import ARTISTS, Client, artist, everything

_LARGE = 1200
"""Documents: more than are loaded again."""


def _scores(client: Client, index: str) -> Any:
    asked = {"query": {"match": {"name": "stone black"}}, "size": 50}
    return client("POST", f"/{index}/_search", asked).body["hits"]


def _large(client: Client, index: str = "large", **settings: Any) -> None:
    body = {"mappings": ARTISTS, "settings": {"number_of_replicas": 0, **settings}}
    assert client("PUT", f"/{index}", body).status == 200
    lines = [part for n in range(_LARGE) for part in ({"index": {"_id": str(n)}}, artist(n))]
    assert not client("POST", f"/{index}/_bulk?refresh=true", lines).body["errors"]


def _copies(client: Client) -> list[str]:
    return list(client("GET", "/.seedstate-*?expand_wildcards=all").body)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_large_index_comes_back(shards: int, journal: NodeJournal, client: Client) -> None:
    """It is cloned from a hidden copy, with scores to the last digit, versions and numbers."""
    _large(client, number_of_shards=shards)
    journal.keep("large")
    before = everything(client)
    assert len(_copies(client)) == 1
    for _ in range(2):
        client("POST", "/large/_delete_by_query", {"query": {"match": {"name": "mia"}}})
        client("PUT", "/large/_doc/new?refresh=true", artist(1, name="stone stone"))
        assert not journal.is_clean()
        journal.rewind()
        assert everything(client) == before
        assert journal.is_clean()


def test_copies_are_hidden_and_go_with_their_baseline(journal: NodeJournal, client: Client) -> None:
    """No listing of indices shows them, and none is left when nobody needs it."""
    journal.keep("nothing")
    _large(client)
    journal.keep("large")
    assert _copies(client)
    assert list(client("GET", "/_all").body) == ["large"]
    assert [each["index"] for each in client("GET", "/_cat/indices?format=json").body] == ["large"]
    journal.switch("nothing")
    assert client("GET", "/_all").body == {}
    journal.forget("large")
    assert not _copies(client)
    assert journal.is_clean()


def test_a_baseline_that_is_kept_again_leaves_no_copies(
    journal: NodeJournal, client: Client
) -> None:
    """Whatever was current when it was replaced."""
    journal.keep("nothing")
    for _ in range(3):
        _large(client)
        journal.keep("large")
        assert len(_copies(client)) == 1
        journal.switch("nothing")


def test_copies_go_when_the_journal_is_closed(
    node_url: str, journal: NodeJournal, client: Client
) -> None:
    """Those of another journal stay."""
    _large(client)
    journal.keep("large")
    other = NodeJournal({"url": node_url})
    other.keep("large")
    assert len(_copies(client)) == 2
    other.close()
    assert len(_copies(client)) == 1


def test_scores_of_a_baseline_with_deleted_documents(journal: NodeJournal, client: Client) -> None:
    """What a scenario has deleted does not count in scores, from the first test on."""
    client("PUT", "/artists", {"mappings": ARTISTS})
    for n in range(12):
        client("PUT", f"/artists/_doc/{n}", artist(n))
    for n in range(6):
        client("DELETE", f"/artists/_doc/{n}")
    client("POST", "/artists/_update/7", {"doc": {"name": "stone"}})
    journal.keep("with deleted")
    before = everything(client)
    for _ in range(2):
        client("PUT", "/artists/_doc/9?refresh=true", artist(9, name="stone stone"))
        journal.rewind()
        assert everything(client) == before


def test_scenarios_are_switched(filled: NodeJournal, client: Client) -> None:
    """Whatever was written in between; what both have is left alone."""
    first = everything(client)
    uuid = client("GET", "/other/_settings").body["other"]["settings"]["index"]["uuid"]
    client("DELETE", "/artists/_doc/1")
    client("PUT", "/more/_doc/1", {"a": 1})
    client("PUT", "/_index_template/more", {"index_patterns": ["more-*"]})
    filled.keep("second")
    second = everything(client)
    client("PUT", "/more/_doc/2", {"a": 2})
    for _ in range(2):
        filled.switch("filled")
        assert everything(client) == first
        filled.switch("second")
        assert everything(client) == second
        assert filled.is_clean()
    told = client("GET", "/other/_settings").body["other"]["settings"]["index"]["uuid"]
    assert told == uuid


def test_an_unknown_baseline(filled: NodeJournal) -> None:
    """Neither switched to nor forgotten; the current one is not forgotten either."""
    with pytest.raises(KeyError):
        filled.switch("nobody")
    with pytest.raises(KeyError):
        filled.forget("nobody")
    with pytest.raises(ValueError, match="current"):
        filled.forget("filled")


def test_layers(filled: NodeJournal, client: Client) -> None:
    """Each position has scores, versions and numbers of its own, deleted documents included."""
    states = [everything(client)]
    for layer in range(1, 4):
        client("PUT", f"/artists/_doc/{layer}", artist(layer, name="stone stone"))
        client("PUT", f"/artists/_doc/layer{layer}?refresh=true", artist(layer))
        client("PUT", f"/layer{layer}/_doc/1", {"a": layer})
        assert filled.mark() == layer
        states.append(everything(client))
    for position in (3, 2, 2, 0):
        client("DELETE", "/artists/_doc/1?refresh=true")
        client("DELETE", "/layer1")
        assert not filled.is_clean(position)
        filled.rewind(position)
        assert everything(client) == states[position]
        assert filled.is_clean(position)
        assert filled.is_clean(0) == (position == 0)


def test_a_position_of_nothing_new(filled: NodeJournal) -> None:
    """A fixture that writes nothing costs nothing."""
    assert filled.mark() == 1
    assert filled.is_clean(0)
    assert filled.is_clean(1)
    assert filled.rewind(0).changed == 0


def test_renewed(filled: NodeJournal, client: Client) -> None:
    """Everything is made anew, whatever is known of it."""
    before = everything(client)
    uuid = client("GET", "/other/_settings").body["other"]["settings"]["index"]["uuid"]
    filled.renew()
    assert everything(client) == before
    assert filled.is_clean()
    told = client("GET", "/other/_settings").body["other"]["settings"]["index"]["uuid"]
    assert told != uuid


def test_what_a_baseline_takes(filled: NodeJournal, client: Client) -> None:
    """Small indices take memory, copies take files, and what another baseline has takes nothing."""
    assert filled.taken_by("filled").memory > 1000
    assert filled.taken_by("filled").files == 0
    _large(client)
    filled.keep("large")
    taken = filled.taken_by("large")
    assert taken.memory == 0
    assert taken.files > 10_000


_UNUSUAL: Mapping[str, list[tuple[str, str, Any]]] = {
    "several shards": [
        ("PUT", "/x", {"settings": {"number_of_shards": 3}}),
        ("PUT", "/x/_doc/1?routing=a", {"a": "b"}),
        ("PUT", "/x/_doc/2", {"a": "b"}),
    ],
    "one id on two shards": [
        ("PUT", "/x", {"settings": {"number_of_shards": 5}}),
        *(("PUT", f"/x/_doc/1?routing={n}", {"a": n}) for n in range(9)),
    ],
    "fields mapped after documents came": [
        ("PUT", "/x", {"mappings": {"dynamic": False}}),
        ("PUT", "/x/_doc/1", {"name": "stone"}),
        ("PUT", "/x/_mapping", {"properties": {"name": {"type": "text"}}}),
    ],
    "no new fields any more": [
        ("PUT", "/x", {"mappings": {"dynamic": False}}),
        ("PUT", "/x/_doc/1", {"name": "stone"}),
        ("PUT", "/x/_mapping", {"dynamic": "strict"}),
    ],
    "a pipeline for everything": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "keyword"}}}}),
        ("PUT", "/x/_doc/1", {"n": "written before the pipeline"}),
        ("PUT", "/x/_settings", {"index": {"final_pipeline": "stamp"}}),
    ],
    "a pipeline from the beginning": [
        (
            "PUT",
            "/x",
            {"settings": {"default_pipeline": "stamp", "final_pipeline": "stamp"}},
        ),
        ("PUT", "/x/_doc/1", {"n": 1}),
    ],
    "blocked": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "keyword"}}}}),
        ("PUT", "/x/_doc/1", {"n": 1}),
        ("PUT", "/x/_settings", {"index": {"blocks.write": True}}),
    ],
    "read only": [
        ("PUT", "/x/_doc/1", {"n": 1}),
        ("PUT", "/x/_settings", {"index": {"blocks.read_only": True}}),
    ],
    "numbers that Python writes otherwise": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "keyword"}}}}),
        ("PUT", "/x/_bulk", [{"index": {"_id": "1"}}, {"n": 1e22}, {"index": {}}, {"n": 1}]),
    ],
    "no sources": [
        ("PUT", "/x", {"mappings": {"_source": {"enabled": False}}}),
        ("PUT", "/x/_doc/1", {"name": "stone"}),
    ],
    "sorted": [
        (
            "PUT",
            "/x",
            {
                "settings": {"index": {"sort.field": "n", "sort.order": "desc"}},
                "mappings": {"properties": {"n": {"type": "integer"}}},
            },
        ),
        *(("PUT", f"/x/_doc/{n}", {"n": n}) for n in range(5)),
    ],
    "made by a template": [
        ("PUT", "/log-1", {"mappings": {"properties": {"n": {"type": "integer"}}}}),
        ("PUT", "/log-1/_doc/1", {"n": 1}),
    ],
    "made before its template": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "integer"}}}}),
        (
            "PUT",
            "/_index_template/x",
            {
                "index_patterns": ["x*"],
                "template": {
                    "mappings": {"properties": {"m": {"type": "text"}}},
                    "settings": {"index.refresh_interval": "7s"},
                    "aliases": {"unwanted": {}},
                },
            },
        ),
    ],
    "external versions": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "integer"}}}}),
        ("PUT", "/x/_doc/1?version=17&version_type=external", {"n": 1}),
        ("PUT", "/x/_doc/2?version=0&version_type=external", {"n": 1}),
    ],
    "joined": [
        (
            "PUT",
            "/x",
            {"mappings": {"properties": {"of": {"type": "join", "relations": {"artist": "work"}}}}},
        ),
        ("PUT", "/x/_doc/1", {"of": "artist"}),
        ("PUT", "/x/_doc/2?routing=1", {"of": {"name": "work", "parent": "1"}}),
    ],
    "an alias with everything": [
        (
            "PUT",
            "/x",
            {
                "aliases": {
                    "y": {
                        "filter": {"term": {"n": 1}},
                        "index_routing": "a",
                        "search_routing": "b",
                        "is_write_index": True,
                        "is_hidden": True,
                    }
                }
            },
        ),
    ],
    "hidden": [("PUT", "/x", {"settings": {"index.hidden": True}})],
    "a stored script": [
        ("PUT", "/x", {}),
        ("PUT", "/_scripts/stored", {"script": {"lang": "painless", "source": "1"}}),
    ],
    "a search pipeline": [
        ("PUT", "/x", {}),
        ("PUT", "/_search/pipeline/p", {"description": "nothing"}),
    ],
    "ids that paths would misread": [
        ("PUT", "/x", {"mappings": {"properties": {"n": {"type": "integer"}}}}),
        ("PUT", "/x/_doc/%2F%3Fa%2C%C3%BC", {"n": 1}),
    ],
}


@pytest.mark.parametrize("name", _UNUSUAL)
def test_unusual_indices_come_back(name: str, filled: NodeJournal, client: Client) -> None:
    """After they were written to, and after they were deleted."""
    for method, target, body in _UNUSUAL[name]:
        assert client(method, target, body).status < 300
    filled.keep("unusual")
    before = everything(client)

    for block in ("read_only", "write"):
        client("PUT", "/x/_settings", {f"index.blocks.{block}": False})
    for n in range(3):
        client("PUT", f"/x/_doc/{n}?refresh=true", {"name": "stone"})
    client("DELETE", "/x/_doc/1?refresh=true")
    client("POST", "/log-1/_delete_by_query?refresh=true", {"query": {"match_all": {}}})
    client("DELETE", "/_scripts/stored")
    client("DELETE", "/_search/pipeline/p")
    assert everything(client) != before
    filled.rewind()
    assert everything(client) == before
    assert filled.is_clean()

    filled.switch("filled")
    assert client("GET", "/x").status == 404
    filled.switch("unusual")
    assert everything(client) == before
    assert filled.is_clean()


def test_indices_that_become_read_only_are_replaced_all_the_same(
    filled: NodeJournal, client: Client
) -> None:
    """Neither such a block nor one of the whole cluster keeps a rewind from its work."""
    before = everything(client)
    client("PUT", "/artists/_doc/1", {})
    client("PUT", "/artists/_settings", {"index.blocks.read_only": True})
    client("PUT", "/fresh/_doc/1", {})
    client("PUT", "/fresh/_settings", {"index.blocks.metadata": True})
    asked = {"persistent": {"cluster.blocks.read_only": True}}
    assert client("PUT", "/_cluster/settings", asked).status == 200
    filled.rewind()
    assert everything(client) == before
    assert filled.is_clean()


def test_closed_indices(filled: NodeJournal, client: Client) -> None:
    """One that a test closes comes back; one that was closed is closed again, and that is told."""
    before = everything(client)
    client("POST", "/artists/_close")
    assert not filled.is_clean()
    assert not filled.rewind().replaced
    assert everything(client) == before

    client("POST", "/other/_close")
    filled.keep("closed")
    assert filled.is_clean()
    client("POST", "/other/_open")
    assert not filled.is_clean()
    assert "index other, which was closed" in filled.rewind().replaced[0]
    assert filled.is_clean()
    filled.switch("filled")
    assert everything(client) == before

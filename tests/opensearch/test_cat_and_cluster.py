"""Tables, health, cluster settings and statistics."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api


@pytest.fixture
def filled(api: Api) -> Api:
    """A node with an index of two documents, one of them with a nested object, and an empty one."""
    api("PUT", "/b", {"mappings": {"properties": {"n": {"type": "nested"}}}})
    api("PUT", "/a", {"settings": {"number_of_replicas": 0}, "aliases": {"x": {}}})
    api.bulk(
        {"index": {"_index": "b"}},
        {"n": [{"k": 1}]},
        {"index": {"_index": "b"}},
        {"n": []},
        path="/_bulk?refresh=true",
    )
    return api


def test_columns_are_chosen_sorted_and_named(filled: Api) -> None:
    """`h`, `s` and `v`; names are shown as they were asked for."""
    table = filled("GET", "/_cat/indices?v&h=i,docs.count,pri&s=index:desc")
    assert table.headers["content-type"] == "text/plain; charset=UTF-8"
    assert table.body == "i docs.count pri\nb          3   1\na          0   1\n"


def test_tables_as_json_and_their_columns_explained(filled: Api) -> None:
    """`format=json` gives texts only; `help` lists the columns."""
    [row] = filled("GET", "/_cat/indices/a?format=json&bytes=b&h=index,health,ss").body
    assert row == {"index": "a", "health": "green", "ss": "208"}
    assert filled("GET", "/_cat/aliases?h=alias,index&format=json").body == [
        {"alias": "x", "index": "a"}
    ]
    assert filled("GET", "/_cat/count?help").body.startswith("epoch     | t,time")
    assert filled("GET", "/_cat/indices?s=foo").status == 400
    assert "not supported" in filled("GET", "/_cat/indices?format=yaml").reason


def test_counts_leave_out_nested_objects_but_indices_do_not(filled: Api) -> None:
    """As Lucene and the count API differ."""
    assert filled("GET", "/_cat/count/b?h=count").body == "2\n"
    assert filled("GET", "/_stats/docs").body["indices"]["b"]["total"] == {
        "docs": {"count": 3, "deleted": 0}
    }


def test_health_is_yellow_for_replicas_without_a_node(filled: Api) -> None:
    """Waiting for green ends at once, because nothing would change."""
    assert filled("GET", "/_cluster/health").body["status"] == "yellow"
    assert filled("GET", "/_cluster/health/a").body["status"] == "green"
    waited = filled("GET", "/_cluster/health?wait_for_status=green&timeout=1ms")
    assert (waited.status, waited.body["timed_out"]) == (408, True)
    assert filled("GET", "/_cluster/health/nope?timeout=1ms").body["status"] == "red"


def test_cluster_settings_are_kept_and_taken_back(api: Api) -> None:
    """Automatic creation of indices follows its setting."""
    told = api("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "false"}})
    assert told.body["persistent"] == {"action": {"auto_create_index": "false"}}
    assert api("PUT", "/i/_doc/1", {}).kind == "index_not_found_exception"
    api("PUT", "/_cluster/settings", {"persistent": {"action.*": None}})
    assert api("PUT", "/i/_doc/1", {}).status == 201
    assert api("PUT", "/_cluster/settings", {"persistent": {"foo": 1}}).kind == "settings_exception"


def test_changes_of_metadata_are_counted_and_documents_by_sequence_number(filled: Api) -> None:
    """What a rewind asks to find out whether anything changed."""

    def version() -> Any:
        return filled("GET", "/_cluster/state/version").body["version"]

    def last_number() -> Any:
        path = "/b/_stats/docs?level=shards&filter_path=indices.*.shards.*.seq_no.max_seq_no"
        return filled("GET", path).body["indices"]["b"]["shards"]["0"][0]["seq_no"]["max_seq_no"]

    assert last_number() == 1
    before = version()
    filled("PUT", "/b/_doc/1", {"n": []})
    assert (version(), last_number()) == (before, 2)
    filled("PUT", "/b/_alias/y")
    assert version() == before + 1


@pytest.mark.parametrize(
    "path", ["/_nodes/stats", "/_tasks", "/b/_nope/x", "/_cat/nope", "/_cluster/stats"]
)
def test_what_is_not_served_is_a_400(filled: Api, path: str) -> None:
    """An API that is not here is no index."""
    refused = filled("GET", path)
    assert refused.status == 400
    assert "embedded OpenSearch" in str(refused.body["error"])

"""Single documents: versions, conditions, real-time reads, refreshes, updates."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api


def test_writes_count_versions_and_sequence_numbers(api: Api) -> None:
    """Every accepted write takes a number, a delete of nothing too; versions outlive a delete."""
    assert api("PUT", "/i/_doc/1", {"a": 1}).body == {
        "_index": "i",
        "_id": "1",
        "_version": 1,
        "result": "created",
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
    }
    assert api("PUT", "/i/_doc/1?refresh=true", {"a": 1}).body["forced_refresh"] is True
    missing = api("DELETE", "/i/_doc/2")
    assert (missing.status, missing.body["result"], missing.body["_seq_no"]) == (
        404,
        "not_found",
        2,
    )
    assert api("DELETE", "/i/_doc/1").body["_version"] == 3
    again = api("PUT", "/i/_doc/1", {"a": 1})
    assert (again.status, again.body["_version"], again.body["_seq_no"]) == (201, 4, 4)


def test_a_get_is_real_time_and_a_search_sees_what_was_refreshed(api: Api) -> None:
    """Without a refresh only the document itself can be read."""
    api("PUT", "/i", {"settings": {"refresh_interval": "-1"}})
    api("PUT", "/i/_doc/1", {"a": 1})
    assert api("GET", "/i/_doc/1").body["_source"] == {"a": 1}
    assert api("GET", "/i/_doc/1?realtime=false").status == 404
    assert list(api.node.indices["i"].reader().ordinals) == []
    api("POST", "/i/_refresh")
    assert len(api.node.indices["i"].reader().ordinals) == 1
    assert api("GET", "/i/_doc/1?realtime=false").status == 200


def test_a_held_reader_sees_no_later_change(api: Api) -> None:
    """Scrolls and points in time keep what they saw."""
    api("PUT", "/i/_doc/1?refresh=true", {"a": "x"})
    held = api.node.indices["i"].reader()
    held.hold()
    api("PUT", "/i/_doc/1?refresh=true", {"a": "y"})
    assert list(held.postings("a", "x")) == [0]
    assert list(api.node.indices["i"].reader().postings("a", "x")) == []
    assert held.document(0).source == {"a": "x"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("op_type=create", "document already exists (current version [1])"),
        (
            "if_seq_no=5&if_primary_term=1",
            "required seqNo [5], primary term [1]. current document has seqNo [0] and primary term "
            "[1]",
        ),
        (
            "version=1&version_type=external",
            "current version [1] is higher or equal to the one provided [1]",
        ),
        (
            "version=0&version_type=external_gte",
            "current version [1] is higher than the one provided [0]",
        ),
    ],
)
def test_a_write_whose_condition_fails_is_a_conflict(api: Api, query: str, reason: str) -> None:
    """The 409 says what was wanted and what is there, and nothing is written."""
    api("PUT", "/i/_doc/1", {"a": 1})
    refused = api("PUT", f"/i/_doc/1?{query}", {"a": 2})
    assert (refused.status, refused.kind) == (409, "version_conflict_engine_exception")
    assert refused.reason == f"[1]: version conflict, {reason}"
    assert api("GET", "/i/_doc/1").body["_source"] == {"a": 1}


def test_a_write_whose_condition_holds_is_done(api: Api) -> None:
    """Sequence numbers and external versions let a write through."""
    api("PUT", "/i/_doc/1", {"a": 1})
    assert api("PUT", "/i/_doc/1?if_seq_no=0&if_primary_term=1", {"a": 2}).status == 200
    assert api("PUT", "/i/_doc/1?version=9&version_type=external", {}).body["_version"] == 9
    assert api("PUT", "/i/_doc/1?version=9&version_type=external_gte", {}).body["_version"] == 9


@pytest.mark.parametrize(
    ("method", "target", "body", "kind"),
    [
        ("PUT", "/i/_doc/1?version=5", {}, "action_request_validation_exception"),
        ("PUT", "/i/_doc/1?if_seq_no=5", {}, "action_request_validation_exception"),
        ("PUT", "/i/_doc/1?refresh=maybe", {}, "illegal_argument_exception"),
        ("PUT", "/i/_doc/1?op_type=foo", {}, "illegal_argument_exception"),
        ("PUT", "/i/_doc/1?foo=bar", {}, "illegal_argument_exception"),
        ("PUT", "/i/_doc/1?timeout=foo", {}, "illegal_argument_exception"),
        ("PUT", "/i/_doc/1", None, "parse_exception"),
        ("PUT", "/i/_doc/1", "[1]", "mapper_parsing_exception"),
        ("PUT", "/i/_doc/1", "{bad", "mapper_parsing_exception"),
        ("PUT", f"/i/_doc/{'x' * 513}", {}, "action_request_validation_exception"),
        ("PUT", "/BAD/_doc/1", {}, "invalid_index_name_exception"),
        ("GET", "/i/_doc/1?stored_fields=a", None, "illegal_argument_exception"),
        ("POST", "/i/_update/1", {}, "action_request_validation_exception"),
        ("POST", "/i/_update/1", {"foo": 1}, "x_content_parse_exception"),
        (
            "POST",
            "/i/_update/1",
            {"doc": {}, "script": "ctx.op='none'"},
            "action_request_validation_exception",
        ),
        ("POST", "/_mget", {"docs": [{"_id": "1"}]}, "action_request_validation_exception"),
        ("POST", "/_mget", {"foo": []}, "parsing_exception"),
        ("POST", "/_mget", {}, "action_request_validation_exception"),
    ],
)
def test_a_wrong_request_is_a_400_of_the_right_type(
    api: Api, method: str, target: str, body: Any, kind: str
) -> None:
    """Nothing is ignored, and nothing is a 500."""
    api("PUT", "/i")
    refused = api(method, target, body)
    assert (refused.status, refused.kind) == (400, kind)


def test_sources_are_filtered(api: Api) -> None:
    """Includes and excludes choose parts of a source, in all its forms."""
    api("PUT", "/i/_doc/1", {"a": {"x": 1, "y": [{"z": 2, "w": 3}]}, "b": 4})
    assert api("GET", "/i/_doc/1?_source=a.x").body["_source"] == {"a": {"x": 1}}
    assert api("GET", "/i/_doc/1?_source_includes=*.y.z").body["_source"] == {
        "a": {"y": [{"z": 2}]}
    }
    assert api("GET", "/i/_doc/1?_source_excludes=a.y,b").body["_source"] == {"a": {"x": 1}}
    assert "_source" not in api("GET", "/i/_doc/1?_source=false").body
    assert api("GET", "/i/_source/1?_source_includes=b").body == {"b": 4}
    assert api("GET", "/i/_source/2").kind == "resource_not_found_exception"


def test_updates_merge_and_notice_what_changes_nothing(api: Api) -> None:
    """Objects are merged, and an update without effect takes no number."""
    api("PUT", "/i/_doc/1", {"a": 1, "o": {"x": 1}})
    merged = api("POST", "/i/_update/1?_source=true", {"doc": {"o": {"y": 2}}})
    assert merged.body["get"]["_source"] == {"a": 1, "o": {"x": 1, "y": 2}}
    noop = api("POST", "/i/_update/1", {"doc": {"a": 1}})
    assert (noop.body["result"], noop.body["_seq_no"]) == ("noop", 1)
    assert api("POST", "/i/_update/1", {"doc": {"a": 1}, "detect_noop": False}).body["_seq_no"] == 2


def test_upserts_make_what_is_not_there(api: Api) -> None:
    """An update of nothing is a 404 unless it says what to make."""
    assert api("POST", "/i/_update/1", {"doc": {"a": 1}}).kind == "document_missing_exception"
    assert api("POST", "/i/_update/1", {"doc": {"a": 1}, "upsert": {"a": 9}}).status == 201
    assert api("POST", "/i/_update/2", {"doc": {"a": 2}, "doc_as_upsert": True}).status == 201
    scripted = {"script": "ctx._source.a += 1", "upsert": {"a": 5}, "scripted_upsert": True}
    assert api("POST", "/i/_update/3", scripted).status == 201
    found = api("POST", "/i/_mget", {"ids": ["1", "2", "3", "4"]}).body["docs"]
    assert [each.get("_source", {}).get("a") for each in found] == [9, 2, 6, None]


def test_disabled_and_filtered_sources(api: Api) -> None:
    """A mapping decides what of a source is kept."""
    api("PUT", "/off", {"mappings": {"_source": {"enabled": False}}})
    api("PUT", "/off/_doc/1", {"a": 1})
    assert "_source" not in api("GET", "/off/_doc/1").body
    assert api("POST", "/off/_update/1", {"doc": {"a": 2}}).status == 400
    api("PUT", "/some", {"mappings": {"_source": {"excludes": ["secret"]}}})
    api("PUT", "/some/_doc/1", {"a": 1, "secret": 2})
    assert api("GET", "/some/_doc/1").body["_source"] == {"a": 1}


def test_required_routing_is_required(api: Api) -> None:
    """A mapping may want a routing value of every request."""
    api("PUT", "/i", {"mappings": {"_routing": {"required": True}}})
    assert api("PUT", "/i/_doc/1", {}).kind == "routing_missing_exception"
    assert api("PUT", "/i/_doc/1?routing=r", {}).status == 201
    assert api("GET", "/i/_doc/1?routing=r").body["_routing"] == "r"


def test_blocked_indices_refuse_writes(api: Api) -> None:
    """A block is a 403 that says which."""
    api("PUT", "/i", {"settings": {"index.blocks.write": True}})
    refused = api("PUT", "/i/_doc/1", {})
    assert (refused.status, refused.kind) == (403, "cluster_block_exception")
    api("PUT", "/i/_settings", {"index.blocks.write": False})
    assert api("PUT", "/i/_doc/1", {}).status == 201
    assert api("PUT", "/i/_block/read").body["indices"] == [{"name": "i", "blocked": True}]
    assert api("GET", "/i/_doc/1").status == 403

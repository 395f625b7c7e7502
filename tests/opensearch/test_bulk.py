"""Many writes in one request, in every malformed way too."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api

INDEX = {"index": {"_index": "i", "_id": "1"}}


def test_each_write_has_its_own_answer(api: Api) -> None:
    """One that fails leaves the others alone."""
    told = api.bulk(
        INDEX,
        {"a": 1},
        {"create": {"_id": "1"}},
        {"a": 2},
        {"delete": {"_id": "9"}},
        {"update": {"_id": "1"}},
        {"doc": {"a": 3}},
        {"index": {}},
        {"a": "x"},
        path="/i/_bulk?refresh=true",
    )
    assert told.status == 200
    assert told.body["errors"] is True
    outcomes = [
        (action, each["status"], each.get("result", each.get("error", {}).get("type")))
        for item in told.body["items"]
        for action, each in item.items()
    ]
    assert outcomes == [
        ("index", 201, "created"),
        ("create", 409, "version_conflict_engine_exception"),
        ("delete", 404, "not_found"),
        ("update", 200, "updated"),
        ("index", 400, "mapper_parsing_exception"),
    ]
    assert len(told.body["items"][4]["index"]["_id"]) == 20
    assert api("GET", "/i/_doc/1").body["_source"] == {"a": 3}
    assert len(api.node.indices["i"].reader().ordinals) == 1


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (
            '{"index":{"_index":"i"}}\n{"a":1}',
            "illegal_argument_exception",
            "terminated by a newline",
        ),
        ('{"index":{"_index":"i"}}\n', "action_request_validation_exception", "no requests added"),
        ("\n", "action_request_validation_exception", "no requests added"),
        ("", "parse_exception", "request body is required"),
        ('{"foo":{}}\n{}\n', "illegal_argument_exception", "but found [foo]"),
        ('{"index":{"foo":1}}\n{}\n', "illegal_argument_exception", "unknown parameter [foo]"),
        (
            '{"index":{"_type":"x"}}\n{}\n',
            "illegal_argument_exception",
            "unknown parameter [_type]",
        ),
        ("{}\n{}\n", "illegal_argument_exception", "expected FIELD_NAME but found [END_OBJECT]"),
        ("[]\n{}\n", "illegal_argument_exception", "but found [START_ARRAY]"),
        ('{"index":"x"}\n{}\n', "illegal_argument_exception", "but found [VALUE_STRING]"),
        ("garbage\n{}\n", "json_parse_exception", "not a JSON text"),
        ('{"delete":{"_index":"i"}}\n', "action_request_validation_exception", "id is missing"),
        ('{"index":{}}\n{"a":1}\n', "action_request_validation_exception", "index is missing"),
        (
            '{"update":{"_index":"i","_id":"1"}}\n{"foo":{}}\n',
            "x_content_parse_exception",
            "unknown field [foo]",
        ),
    ],
)
def test_a_malformed_request_writes_nothing(api: Api, text: str, kind: str, reason: str) -> None:
    """A request that cannot be read as a whole is a 400."""
    refused = api("POST", "/_bulk", text, content_type="application/x-ndjson")
    assert (refused.status, refused.kind) == (400, kind)
    assert reason in refused.reason
    assert api.node.indices == {}


@pytest.mark.parametrize(
    ("lines", "status", "kind"),
    [
        ([{"index": {"_index": "i", "_id": ""}}, {}], 400, "illegal_argument_exception"),
        ([{"index": {"_index": "BAD"}}, {}], 400, "invalid_index_name_exception"),
        ([{"index": {"_index": "i", "require_alias": True}}, {}], 404, "index_not_found_exception"),
        ([{"delete": {"_index": "nope", "_id": "1"}}], 404, "index_not_found_exception"),
        (
            [{"update": {"_index": "nope", "_id": "1"}}, {"doc": {}}],
            404,
            "document_missing_exception",
        ),
        ([INDEX, "garbage"], 400, "mapper_parsing_exception"),
        ([INDEX, [1]], 400, "mapper_parsing_exception"),
        ([INDEX, ""], 400, "mapper_parsing_exception"),
        ([{"index": {"_index": "i", "pipeline": "nope"}}, {}], 400, "illegal_argument_exception"),
    ],
)
def test_a_write_that_cannot_be_done_is_told_in_its_place(
    api: Api, lines: list[Any], status: int, kind: str
) -> None:
    """The others are carried out."""
    told = api.bulk(*lines, {"index": {"_index": "other", "_id": "2"}}, {"a": 1}).body
    [(_, failed)], [(_, done)] = (item.items() for item in told["items"])
    assert (failed["status"], failed["error"]["type"]) == (status, kind)
    assert done["status"] == 201


def test_numbers_as_ids_empty_lines_and_carriage_returns(api: Api) -> None:
    """What OpenSearch reads is read."""
    text = '{"index":{"_id":1}}\r\n{"a":1}\r\n\n{"index":{"_id":2}}\n{"a":2}\n'
    told = api("POST", "/i/_bulk", text)
    assert [item["index"]["_id"] for item in told.body["items"]] == ["1", "2"]


def test_an_update_tells_its_source_when_asked(api: Api) -> None:
    """Also for an update that changes nothing."""
    api.bulk(INDEX, {"a": 1})
    line = {"update": {"_index": "i", "_id": "1", "_source": True, "retry_on_conflict": 3}}
    [item] = api.bulk(line, {"doc": {"a": 1}}).body["items"]
    assert item["update"]["result"] == "noop"
    assert item["update"]["get"]["_source"] == {"a": 1}

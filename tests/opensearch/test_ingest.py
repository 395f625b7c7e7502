"""Ingest pipelines and their processors."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api


def through(api: Api, processors: list[Any], source: dict[str, Any], **more: Any) -> Any:
    """Index a document through a pipeline and return what was indexed."""
    made = api("PUT", "/_ingest/pipeline/p", {"processors": processors, **more})
    assert made.body == {"acknowledged": True}
    written = api("PUT", "/i/_doc/1?pipeline=p", source)
    return api("GET", "/i/_doc/1").body["_source"] if written.status < 300 else written


@pytest.mark.parametrize(
    ("processor", "source", "result"),
    [
        ({"set": {"field": "a.b", "value": "{{x}}!"}}, {"x": 1}, {"x": 1, "a": {"b": "1!"}}),
        ({"set": {"field": "x", "value": 2, "override": False}}, {"x": 1}, {"x": 1}),
        ({"set": {"field": "y", "copy_from": "x"}}, {"x": [1]}, {"x": [1], "y": [1]}),
        ({"remove": {"field": ["x", "y.z"]}}, {"x": 1, "y": {"z": 2}}, {"y": {}}),
        ({"remove": {"field": "q", "ignore_missing": True}}, {"x": 1}, {"x": 1}),
        ({"rename": {"field": "x", "target_field": "y.z"}}, {"x": 1}, {"y": {"z": 1}}),
        ({"lowercase": {"field": "x"}}, {"x": ["A", "B"]}, {"x": ["a", "b"]}),
        ({"uppercase": {"field": "x", "target_field": "y"}}, {"x": "a"}, {"x": "a", "y": "A"}),
        ({"trim": {"field": "x"}}, {"x": " a "}, {"x": "a"}),
        ({"split": {"field": "x", "separator": ",\\s*"}}, {"x": "a, b,,"}, {"x": ["a", "b"]}),
        ({"join": {"field": "x", "separator": "-"}}, {"x": ["a", 1]}, {"x": "a-1"}),
        ({"convert": {"field": "x", "type": "integer"}}, {"x": ["1", "0x10"]}, {"x": [1, 16]}),
        ({"convert": {"field": "x", "type": "auto"}}, {"x": "1.5"}, {"x": 1.5}),
        ({"append": {"field": "x", "value": ["b", "c"]}}, {"x": "a"}, {"x": ["a", "b", "c"]}),
        (
            {"gsub": {"field": "x", "pattern": "(a)", "replacement": "$1$1"}},
            {"x": "ba"},
            {"x": "baa"},
        ),
        (
            {"date": {"field": "x", "formats": ["dd/MM/yyyy"], "timezone": "Europe/Berlin"}},
            {"x": "01/02/2020"},
            {"x": "01/02/2020", "@timestamp": "2020-02-01T00:00:00.000+01:00"},
        ),
    ],
)
def test_processors_change_documents(
    api: Api, processor: dict[str, Any], source: dict[str, Any], result: dict[str, Any]
) -> None:
    """Each does what OpenSearch's does."""
    assert through(api, [processor], source) == result


@pytest.mark.parametrize(
    ("processor", "reason"),
    [
        ({"remove": {"field": "q"}}, "field [q] doesn't exist"),
        ({"rename": {"field": "q", "target_field": "y"}}, "field [q] doesn't exist"),
        ({"lowercase": {"field": "q"}}, "field [q] not present as part of path [q]"),
        ({"lowercase": {"field": "n"}}, "field [n] of type [java.lang.Integer] cannot be cast"),
        ({"convert": {"field": "x", "type": "integer"}}, "unable to convert [a] to integer"),
        ({"date": {"field": "x", "formats": ["yyyy"]}}, "unable to parse date [a]"),
        ({"fail": {"message": "no {{x}}"}}, "no a"),
    ],
)
def test_a_processor_that_fails_refuses_the_document(
    api: Api, processor: dict[str, Any], reason: str
) -> None:
    """Unless its failure is ignored or handled."""
    refused = through(api, [processor], {"x": "a", "n": 1})
    assert refused.status == 400
    assert reason in refused.reason
    (name, options), *_ = processor.items()
    ignored = {name: {**options, "ignore_failure": True}}
    assert through(api, [ignored], {"x": "a"}) == {"x": "a"}
    handler = [{"set": {"field": "why", "value": "{{_ingest.on_failure_processor_type}}"}}]
    assert through(api, [processor], {"x": "a", "n": 1}, on_failure=handler)["why"] == name


def test_default_final_and_nested_pipelines(api: Api) -> None:
    """An index names its own; `_none` leaves the default out, never the final one."""
    for name in ("one", "two"):
        body = {"processors": [{"append": {"field": "by", "value": name}}]}
        api("PUT", f"/_ingest/pipeline/{name}", body)
    api("PUT", "/_ingest/pipeline/both", {"processors": [{"pipeline": {"name": "one"}}]})
    api("PUT", "/i", {"settings": {"default_pipeline": "both", "final_pipeline": "two"}})
    api("PUT", "/i/_doc/1", {})
    api("PUT", "/i/_doc/2?pipeline=_none", {})
    assert api("GET", "/i/_source/1").body == {"by": ["one", "two"]}
    assert api("GET", "/i/_source/2").body == {"by": ["two"]}


def test_pipelines_route_and_drop(api: Api) -> None:
    """A pipeline may send a document elsewhere, or nowhere."""
    api(
        "PUT",
        "/_ingest/pipeline/p",
        {"processors": [{"set": {"field": "_index", "value": "other"}}]},
    )
    assert api("PUT", "/i/_doc/1?pipeline=p", {}).body["_index"] == "other"
    api("PUT", "/_ingest/pipeline/p", {"processors": [{"drop": {}}]})
    assert api("PUT", "/i/_doc/1?pipeline=p", {}).body["result"] == "noop"
    assert list(api.node.indices) == ["other"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "[processors] required property is missing"),
        ({"processors": [{"nope": {}}]}, "No processor type exists with name [nope]"),
        ({"processors": [{"set": {"value": 1}}]}, "[field] required property is missing"),
        (
            {"processors": [{"script": {"source": "1"}}]},
            "ingest processor [script] is not supported",
        ),
        (
            {"processors": [{"trim": {"field": "x", "if": "true"}}]},
            "[if] of ingest processor [trim]",
        ),
        ({"processors": [{"trim": {"field": "x", "foo": 1}}]}, "[foo]"),
    ],
)
def test_a_wrong_pipeline_is_refused(api: Api, body: dict[str, Any], reason: str) -> None:
    """When it is put, not when it is used."""
    refused = api("PUT", "/_ingest/pipeline/p", body)
    assert refused.status == 400
    assert reason in refused.reason
    assert api.node.pipelines == {}

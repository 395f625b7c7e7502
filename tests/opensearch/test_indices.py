"""Indices, settings, aliases and templates."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api


def test_an_index_shows_what_it_was_made_of(api: Api) -> None:
    """Settings become texts, the alias's routing two, the mapping loses its defaults."""
    made = api(
        "PUT",
        "/i",
        {
            "settings": {"number_of_replicas": 0, "index": {"refresh_interval": "5s"}},
            "aliases": {"a": {"filter": {"term": {"x": 1}}, "routing": "r"}},
            "mappings": {"properties": {"x": {"type": "long", "index": True}}},
        },
    )
    assert made.body == {"acknowledged": True, "shards_acknowledged": True, "index": "i"}
    shown = api("GET", "/i").body["i"]
    assert shown["mappings"] == {"properties": {"x": {"type": "long"}}}
    assert shown["aliases"]["a"]["search_routing"] == "r"
    assert shown["settings"]["index"]["number_of_replicas"] == "0"
    flat = api("GET", "/i/_settings/index.ref*?flat_settings=true").body["i"]["settings"]
    assert flat == {"index.refresh_interval": "5s"}


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("taken", {}, "resource_already_exists_exception"),
        ("alias", {}, "invalid_index_name_exception"),
        ("UPPER", {}, "invalid_index_name_exception"),
        ("a%23b", {}, "invalid_index_name_exception"),
        ("i", {"foo": 1}, "parse_exception"),
        ("i", {"settings": {"foo": 1}}, "settings_exception"),
        ("i", {"settings": {"number_of_shards": 0}}, "illegal_argument_exception"),
        ("i", {"settings": {"refresh_interval": "abc"}}, "illegal_argument_exception"),
        ("i", {"mappings": {"properties": {"x": {"type": "foo"}}}}, "mapper_parsing_exception"),
        ("i", {"aliases": {"taken": {}}}, "invalid_alias_name_exception"),
        ("i", {"aliases": {"x": {"filter": {"nope": {}}}}}, "illegal_argument_exception"),
    ],
)
def test_a_wrong_index_is_not_made(api: Api, name: str, body: Any, kind: str) -> None:
    """A refused index leaves nothing behind."""
    api("PUT", "/taken", {"aliases": {"alias": {}}})
    refused = api("PUT", f"/{name}", body)
    assert (refused.status, refused.kind) == (400, kind)
    assert list(api.node.indices) == ["taken"]


def test_names_patterns_and_what_is_missing(api: Api) -> None:
    """A pattern may find nothing, a name may not, unless the request allows it."""
    for name in ("a1", "a2", "b"):
        api("PUT", f"/{name}")
    assert list(api("GET", "/a*,-a2").body) == ["a1"]
    assert api("GET", "/nope*").body == {}
    assert api("GET", "/nope*?allow_no_indices=false").status == 404
    assert api("GET", "/a1,nope").kind == "index_not_found_exception"
    assert list(api("GET", "/a1,nope?ignore_unavailable=true").body) == ["a1"]
    assert (api("HEAD", "/a1").status, api("HEAD", "/nope").status) == (200, 404)
    assert api("DELETE", "/a*").body == {"acknowledged": True}
    assert list(api.node.indices) == ["b"]


def test_settings_change_if_they_may(api: Api) -> None:
    """Static settings and unknown ones are refused, null takes a setting back."""
    api("PUT", "/i", {"settings": {"refresh_interval": "5s"}})
    assert api("PUT", "/i/_settings", {"index.refresh_interval": None}).status == 200
    assert "refresh_interval" not in api("GET", "/i").body["i"]["settings"]["index"]
    assert "non dynamic" in api("PUT", "/i/_settings", {"number_of_shards": 3}).reason
    assert api("PUT", "/i/_settings", {"foo": 3}).kind == "settings_exception"
    assert api("PUT", "/i/_settings", {}).kind == "action_request_validation_exception"


def test_mappings_are_merged_over_http(api: Api) -> None:
    """A conflict changes no index, not even those without it."""
    api("PUT", "/a", {"mappings": {"properties": {"x": {"type": "long"}}}})
    api("PUT", "/b")
    assert api("PUT", "/b,a/_mapping", {"properties": {"x": {"type": "text"}}}).status == 400
    assert api("GET", "/b/_mapping").body == {"b": {"mappings": {}}}
    assert api("PUT", "/a/_mapping", {"properties": {"o.y": {"type": "ip"}}}).status == 200
    shown = api("GET", "/a/_mapping/field/o.*").body["a"]["mappings"]
    assert shown == {"o.y": {"full_name": "o.y", "mapping": {"y": {"type": "ip"}}}}


def test_field_limits_hold_for_dynamic_fields(api: Api) -> None:
    """A document that would bring too many fields is refused."""
    api("PUT", "/i", {"settings": {"index.mapping.total_fields.limit": 1}})
    refused = api("PUT", "/i/_doc/1", {"a": 1, "b": 2})
    assert refused.reason == "Limit of total fields [1] has been exceeded"


def test_alias_changes_are_all_done_or_none(api: Api) -> None:
    """An action that fails undoes those before it, a removed index too."""
    api("PUT", "/a")
    api("PUT", "/b")
    refused = api(
        "POST",
        "/_aliases",
        {
            "actions": [
                {"add": {"index": "a", "alias": "x"}},
                {"remove_index": {"index": "b"}},
                {"remove": {"index": "a", "alias": "nope"}},
            ]
        },
    )
    assert refused.kind == "aliases_not_found_exception"
    assert api("GET", "/_alias").body == {"a": {"aliases": {}}, "b": {"aliases": {}}}


def test_writes_through_an_alias_go_to_its_write_index(api: Api) -> None:
    """With several indices one has to be it, and reading one document needs a single one."""
    for name in ("a", "b"):
        api("PUT", f"/{name}")
        api("PUT", f"/{name}/_alias/x")
    assert "no write index is defined for alias [x]" in api("PUT", "/x/_doc/1", {}).reason
    api("PUT", "/b/_alias/x", {"is_write_index": True})
    assert api("PUT", "/x/_doc/1", {}).body["_index"] == "b"
    assert "more than one index associated" in api("GET", "/x/_doc/1").reason
    assert api("PUT", "/a/_alias/x", {"is_write_index": True}).status == 400
    assert api("GET", "/_alias/x,nope").body["error"] == "alias [nope] missing"


def test_an_alias_tells_searches_its_filter(api: Api) -> None:
    """Named directly as well, an index is searched as a whole."""
    api("PUT", "/a", {"aliases": {"x": {"filter": {"term": {"k": 1}}, "routing": "r"}}})
    [target] = api.node.targets("x")
    assert (target.filters, target.routing) == ([{"term": {"k": 1}}], "r")
    [target] = api.node.targets("x,a")
    assert (target.filters, target.routing) == ([], None)


def test_composable_templates_win_over_legacy_ones(api: Api) -> None:
    """Components come first, then the template, then the request."""
    api("PUT", "/_component_template/c", {"template": {"settings": {"refresh_interval": "7s"}}})
    template = {
        "index_patterns": ["logs-*"],
        "composed_of": ["c"],
        "priority": 5,
        "template": {"mappings": {"properties": {"a": {"type": "keyword"}}}, "aliases": {"l": {}}},
    }
    assert api("PUT", "/_index_template/t", template).status == 200
    api("PUT", "/_template/old", {"index_patterns": "logs-*", "settings": {"priority": 3}})
    api("PUT", "/logs-1", {"mappings": {"properties": {"b": {"type": "long"}}}})
    shown = api("GET", "/logs-1").body["logs-1"]
    assert shown["mappings"]["properties"] == {"a": {"type": "keyword"}, "b": {"type": "long"}}
    assert shown["settings"]["index"]["refresh_interval"] == "7s"
    assert "priority" not in shown["settings"]["index"]
    assert list(shown["aliases"]) == ["l"]
    assert "same priority [5]" in api("PUT", "/_index_template/t2", {**template}).reason
    assert "still in use" in api("DELETE", "/_component_template/c").reason


def test_legacy_templates_are_laid_over_each_other(api: Api) -> None:
    """The highest order wins."""
    for order, replicas in ((1, 0), (2, 3)):
        body = {
            "index_patterns": ["x*"],
            "order": order,
            "settings": {"number_of_replicas": replicas},
        }
        api("PUT", f"/_template/t{order}", body)
    api("PUT", "/x1/_doc/1", {})
    assert api("GET", "/x1").body["x1"]["settings"]["index"]["number_of_replicas"] == "3"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_index_template/nope", 404),
        ("/_component_template/nope", 404),
        ("/_template/nope", 404),
        ("/_alias/nope", 404),
        ("/_ingest/pipeline/nope", 404),
        ("/_index_template", 200),
        ("/_template", 200),
    ],
)
def test_what_is_not_there_is_a_404_with_and_without_a_body(
    api: Api, path: str, status: int
) -> None:
    """HEAD answers as GET does, without the body."""
    assert api("GET", path).status == status
    answer = api("HEAD", path)
    assert (answer.status, answer.raw) == (status, b"")


@pytest.mark.parametrize(
    "setting", ["similarity.x.type", "query.default_field", "sort.field", "mapping.coerce"]
)
def test_settings_without_an_effect_here_are_refused(api: Api, setting: str) -> None:
    """A setting that OpenSearch knows is not taken for nothing."""
    refused = api("PUT", "/i", {"settings": {f"index.{setting}": "false"}})
    assert refused.status == 400
    assert "not supported by the embedded OpenSearch" in refused.reason


def test_replicas_expand_to_the_one_node(api: Api) -> None:
    """An index that expands to all nodes has no replica, so it is green."""
    api("PUT", "/i", {"settings": {"auto_expand_replicas": "0-1"}})
    assert api("GET", "/_cluster/health").body["status"] == "green"


def test_nested_fields_and_objects_are_limited(api: Api) -> None:
    """By the settings of the index."""
    mappings = {"properties": {"n": {"type": "nested"}}}
    settings = {"index.mapping.nested_objects.limit": 1, "index.mapping.nested_fields.limit": 1}
    api("PUT", "/i", {"settings": settings, "mappings": mappings})
    assert api("PUT", "/i/_doc/1", {"n": [{}]}).status == 201
    assert "nested documents has exceeded" in api("PUT", "/i/_doc/1", {"n": [{}, {}]}).reason
    refused = api("PUT", "/i/_mapping", {"properties": {"m": {"type": "nested"}}})
    assert refused.reason == "Limit of nested fields [1] has been exceeded"

"""Requests with values of wrong kinds: each is done or refused, none ends in an error of ours."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from .conftest import Api

ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**400, 1e308, "", "x", "a.b", "*", "..", "1e999", "0x1f", "1,2"),
    *(
        "POINT(a b)",
        "2020-02-30",
        "99999999999999999999",
        "{{x}}",
        "\0",
        [],
        [[]],
        [None],
        [1, "x"],
    ),
    *({}, {"x": 1}, {"": 1}, {"lat": "x", "lon": 1}, {"type": "Point", "coordinates": [1]}, [{}]),
]
TYPES = (
    *("byte", "integer", "long", "unsigned_long", "float", "double", "half_float", "date"),
    *("boolean", "ip", "keyword", "text", "binary", "geo_point", "nested", "object"),
)
FIELDS: dict[str, Any] = {name: {"type": name} for name in TYPES}
REQUESTS: list[tuple[str, str, Any]] = [
    (
        "PUT",
        "/new",
        {
            "settings": {"number_of_shards": 1, "index": {"refresh_interval": "1s"}},
            "mappings": {
                "dynamic": True,
                "_source": {"includes": ["a"]},
                "dynamic_templates": [{"a": {"match": "x*", "mapping": {"type": "keyword"}}}],
                "properties": {
                    "t": {"type": "text", "fields": {"k": {"type": "keyword"}}, "copy_to": ["z"]},
                    "s": {"type": "scaled_float", "scaling_factor": 10},
                    "d": {"type": "date", "format": "yyyy", "null_value": "2020"},
                },
            },
            "aliases": {"al": {"filter": {"term": {"a": 1}}, "is_write_index": True}},
        },
    ),
    ("PUT", "/i/_mapping", {"properties": {"q": {"type": "keyword", "meta": {"a": "b"}}}}),
    ("PUT", "/i/_settings", {"index": {"number_of_replicas": 1}}),
    ("PUT", "/i/_doc/1", dict.fromkeys(TYPES, 1)),
    ("POST", "/i/_update/1", {"doc": {"t": "y"}, "detect_noop": True, "_source": ["t"]}),
    ("POST", "/i/_update/1", {"script": {"source": "ctx.op = 'none'", "params": {"n": 1}}}),
    ("POST", "/_mget", {"docs": [{"_index": "i", "_id": "1", "_source": ["t"]}], "ids": ["1"]}),
    ("POST", "/_aliases", {"actions": [{"add": {"index": "i", "alias": "q", "filter": {}}}]}),
    (
        "PUT",
        "/_index_template/t",
        {"index_patterns": ["z*"], "template": {"settings": {}, "mappings": {}}, "priority": 1},
    ),
    ("PUT", "/_template/l", {"index_patterns": ["z*"], "order": 1, "aliases": {"x": {}}}),
    ("PUT", "/_cluster/settings", {"persistent": {"action": {"auto_create_index": "true"}}}),
    (
        "PUT",
        "/_ingest/pipeline/p",
        {"processors": [{"set": {"field": "a", "value": 1}}, {"trim": {"field": "t"}}]},
    ),
]


def mutated(value: Any, chance: random.Random) -> Any:
    """Return a body with some of its values replaced."""
    if chance.random() < 0.12:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {name: mutated(each, chance) for name, each in value.items()}
    if isinstance(value, list):
        return [mutated(each, chance) for each in value]
    return value


@pytest.mark.parametrize("seed", range(4))
def test_odd_values_are_taken_or_refused(api: Api, seed: int) -> None:
    """Whatever a body holds, the answer is an answer, and the node goes on."""
    chance = random.Random(seed)
    api("PUT", "/i", {"mappings": {"properties": FIELDS}})
    for _ in range(120):
        method, path, body = chance.choice(REQUESTS)
        answer = api(
            method, f"{path}{'?pipeline=p' if '_doc' in path else ''}", mutated(body, chance)
        )
        assert answer.status in (200, 201, 400, 404, 409)
        meta = {
            chance.choice(("_id", "_index", "version", "_source", "routing")): chance.choice(ODD)
        }
        lines = json.dumps({"index": meta}), json.dumps(chance.choice(ODD))
        assert api.bulk(*lines, path="/i/_bulk").status in (200, 400)
    assert api("POST", "/_refresh").status == 200
    assert api("GET", "/_cat/indices").status == 200

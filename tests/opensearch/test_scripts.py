"""Update scripts: the subset that runs, and the refusal of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.scripts import read_script


def run(source: str, document: dict[str, Any], **params: Any) -> tuple[str, dict[str, Any]]:
    context = {"_source": document, "op": "index", "_id": "1"}
    operation = read_script({"source": source, "params": params}).run(context)
    return operation, context["_source"]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("ctx._source.a = params.n", {}, {"a": 5}),
        ("ctx._source['a'] = 'x' + params.n", {}, {"a": "x5"}),
        ("ctx._source.a += params.n; ctx._source.a *= 2", {"a": 1}, {"a": 12}),
        ("ctx._source.a++", {"a": 1}, {"a": 2}),
        ("ctx._source.a = 7 / 2 + 7 % 4", {}, {"a": 6}),
        ("ctx._source.a = -7 / 2.0", {}, {"a": -3.5}),
        ("ctx._source.o.x = true", {"o": {}}, {"o": {"x": True}}),
        ("ctx._source.remove('a')", {"a": 1, "b": 2}, {"b": 2}),
        ("ctx._source.t.add(params.n)", {"t": [1]}, {"t": [1, 5]}),
        (
            "if (ctx._source.t.contains(5)) { ctx._source.a = 1 } else { ctx._source.a = 2 }",
            {"t": []},
            {"t": [], "a": 2},
        ),
        ("ctx._source.a = ctx._source.b == null ? 'no' : 'yes'", {}, {"a": "no"}),
        (
            "def n = ctx._source.a; ctx._source.b = n > 0 && !(n >= 10)",
            {"a": 3},
            {"a": 3, "b": True},
        ),
        ("if (ctx._source.containsKey('a')) return; ctx._source.a = 2", {"a": 1}, {"a": 1}),
        ("ctx._source.a = [1, params['n']] // why", {}, {"a": [1, 5]}),
    ],
)
def test_what_a_script_does(source: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Assignments, conditions and methods act as Painless's."""
    assert run(source, before, n=5) == ("index", after)


@pytest.mark.parametrize(
    ("source", "operation"),
    [("ctx.op = 'delete'", "delete"), ("ctx.op = 'none'", "none"), ("ctx.op = 'noop'", "none")],
)
def test_a_script_decides_what_is_done(source: str, operation: str) -> None:
    """`ctx.op` says whether the document is written, deleted or left."""
    assert run(source, {})[0] == operation


@pytest.mark.parametrize(
    "source",
    [
        "for (x in ctx._source.t) { x }",
        "doc['a'].value",
        "Math.max(1, 2)",
        "ctx._source.a.replaceAll(/x/, 'y')",
        "ctx._source.t.removeIf(x -> x > 1)",
        "ctx._source.a = ",
        "ctx._source.a = 1 2",
        "ctx._source.a.unknown()",
    ],
)
def test_the_rest_is_refused_before_anything_is_done(source: str) -> None:
    """A script outside of the subset is a 400 when it is read."""
    with pytest.raises(ApiError) as caught:
        read_script(source)
    assert caught.value.status == 400
    assert caught.value.caused_by is not None
    assert caught.value.caused_by["reason"] == "compile error"
    assert caught.value.caused_by["script"] == source


@pytest.mark.parametrize(
    "source", ["ctx._source.a += 1", "ctx._source.a.b = 1", "ctx._source.t[9]"]
)
def test_a_script_that_fails_is_told(source: str) -> None:
    """What is not there cannot be computed with."""
    with pytest.raises(ApiError) as caught:
        run(source, {"t": []})
    assert caught.value.caused_by is not None
    assert caught.value.caused_by["reason"] == "runtime error"


def test_other_languages_and_stored_scripts_are_refused() -> None:
    """Only inline Painless is read."""
    for definition in ({"source": "1", "lang": "mustache"}, {"id": "stored"}, {"foo": 1}, 5):
        with pytest.raises(ApiError):
            read_script(definition)

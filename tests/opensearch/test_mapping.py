"""Mappings: what is indexed of a document, which values fit, dynamic fields, merges."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.services.opensearch.analysis import Analyzers
from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.mapping.mapping import Mapping
from pytest_seedstate.services.opensearch.mapping.parser import Parsed, parse_document


def mapping_of(**definition: Any) -> Mapping:
    return Mapping.of(definition, Analyzers({}))


def parse(mapping: Mapping, source: dict[str, Any]) -> Parsed:
    return parse_document(mapping, source, "1", ignore_malformed=False)


def field(kind: str, **parameters: Any) -> Mapping:
    return mapping_of(properties={"f": {"type": kind, **parameters}})


def refusal(mapping: Mapping, value: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse(mapping, {"f": value})
    assert caught.value.status == 400
    assert caught.value.kind == "mapper_parsing_exception"
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("long", "5", 5),
        ("long", 1.9, 1),
        ("long", "1e3", 1000),
        ("integer", -(2**31), -(2**31)),
        ("byte", 127, 127),
        ("unsigned_long", 2**64 - 1, 2**64 - 1),
        ("double", "1f", 1.0),
        ("float", 0.1, 0.10000000149011612),
        ("half_float", 0.1, 0.0999755859375),
        ("date", "2020-01-01", 1577836800000),
        ("date", 5, 5),
        ("boolean", "", False),
        ("boolean", "true", True),
        ("ip", "::ffff:1.2.3.4", b"\0" * 10 + b"\xff\xff\x01\x02\x03\x04"),
        ("keyword", 1.0, "1.0"),
        ("keyword", True, "true"),
    ],
)
def test_a_value_that_fits_is_kept_as_its_type_keeps_it(kind: str, value: Any, kept: Any) -> None:
    """Values are coerced and rounded; the doc value is the term."""
    part = parse(field(kind), {"f": value}).part
    assert part.values["f"] == [kept]
    assert list(part.terms["f"]) == [kept]


@pytest.mark.parametrize(
    ("kind", "value", "cause"),
    [
        ("long", "abc", 'For input string: "abc"'),
        ("long", "99999999999999999999", "is out of range for a long"),
        ("integer", 2**31, "out of range of `int`"),
        ("byte", 128, "Value [128] is out of range for a byte"),
        ("long", True, "VALUE_TRUE"),
        ("long", {"a": 1}, "START_OBJECT"),
        ("float", 1e39, "[float] supports only finite values, but got [1e+39]"),
        ("half_float", 70000, "[half_float] supports only finite values, but got [70000.0]"),
        ("date", "foo", "failed to parse date field [foo] with format [strict_date_optional_time"),
        ("boolean", "yes", "Failed to parse value [yes] as only [true] or [false] are allowed."),
        ("boolean", 1, "not of boolean type"),
        ("ip", "300.1.1.1", "'300.1.1.1' is not an IP string literal."),
        ("keyword", {"a": 1}, "Can't get text on a START_OBJECT"),
        ("geo_point", {"lat": 91, "lon": 1}, "illegal latitude value [91.0] for f"),
        ("geo_point", {"lat": 1}, "field [lon] missing"),
        ("geo_point", "a!", "unsupported symbol [a] in geohash [a!]"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_field(
    kind: str, value: Any, cause: str
) -> None:
    """The error names field and type, and its cause says why."""
    problem = refusal(field(kind), value)
    assert (problem.reason or "").startswith(f"failed to parse field [f] of type [{kind}]")
    assert problem.caused_by is not None
    assert cause in problem.caused_by["reason"]


def test_scaled_floats_are_rounded_to_their_factor() -> None:
    """A scaling factor is needed, and decides what is kept."""
    assert parse(field("scaled_float", scaling_factor=100), {"f": 1.239}).part.values["f"] == [1.24]
    # As a real node shows it: what is kept times the reciprocal.
    found = parse(field("scaled_float", scaling_factor=100), {"f": 8.95}).part.values["f"]
    assert found == [8.950000000000001]
    with pytest.raises(ApiError, match="scaling_factor"):
        field("scaled_float")


@pytest.mark.parametrize(
    "value",
    [
        {"lat": 41.12, "lon": -71.34},
        {"lat": "41.12", "lon": "-71.34"},
        "41.12,-71.34",
        [-71.34, 41.12],
        "POINT (-71.34 41.12)",
        {"type": "Point", "coordinates": [-71.34, 41.12]},
    ],
)
def test_geo_points_in_all_notations_are_the_same_point(value: Any) -> None:
    """All ways to write a point give the point, as exact as Lucene keeps it."""
    [(latitude, longitude)] = parse(field("geo_point"), {"f": value}).part.values["f"]
    assert latitude == pytest.approx(41.12, abs=1e-7)
    assert longitude == pytest.approx(-71.34, abs=1e-7)


def test_several_geo_points_are_told_from_one_in_an_array() -> None:
    """An array of numbers is one point; an array of points is several."""
    assert len(parse(field("geo_point"), {"f": [1, 2]}).part.values["f"]) == 1
    assert len(parse(field("geo_point"), {"f": [[1, 2], "3,4"]}).part.values["f"]) == 2


def test_texts_have_positions_with_a_gap_between_values() -> None:
    """A phrase does not reach from one value of an array to the next."""
    part = parse(field("text"), {"f": ["quick fox", "fox"]}).part
    assert part.terms["f"] == {"quick": [0], "fox": [1, 102]}
    assert part.lengths["f"] == 3


def test_keywords_too_long_are_left_out() -> None:
    """`ignore_above` keeps a value in the source only, and does not call it ignored."""
    parsed = parse(field("keyword", ignore_above=3), {"f": ["abc", "abcd"]})
    assert parsed.part.values["f"] == ["abc"]
    assert parsed.ignored == ()


def test_doc_values_of_keywords_are_sorted_and_without_duplicates() -> None:
    """As Lucene's sorted sets; numbers keep duplicates."""
    assert parse(field("keyword"), {"f": ["b", "a", "b"]}).part.values["f"] == ["a", "b"]
    assert parse(field("long"), {"f": [2, 1, 2]}).part.values["f"] == [1, 2, 2]


def test_multi_fields_null_values_and_copies() -> None:
    """One value is indexed in several ways, and a null may stand for a value."""
    mapping = mapping_of(
        properties={
            "a": {"type": "text", "fields": {"raw": {"type": "keyword"}}, "copy_to": "all"},
            "n": {"type": "integer", "null_value": 7},
            "all": {"type": "text"},
        }
    )
    part = parse(mapping, {"a": "Big Cat", "n": None}).part
    assert part.terms["a.raw"] == {"Big Cat": [0]}
    assert set(part.terms["all"]) == {"big", "cat"}
    assert part.values["n"] == [7]


def test_nested_objects_are_parts_of_their_own() -> None:
    """Values of a nested object are not found in the document, unless it includes them."""
    mapping = mapping_of(
        properties={
            "n": {
                "type": "nested",
                "include_in_root": True,
                "properties": {
                    "k": {"type": "keyword"},
                    "m": {"type": "nested", "properties": {"x": {"type": "long"}}},
                },
            }
        }
    )
    part = parse(mapping, {"n": [{"k": "a"}, {"k": "b", "m": {"x": 1}}]}).part
    assert [(child.path, child.offset) for child in part.children] == [("n", 0), ("n", 1)]
    assert part.values["n.k"] == ["a", "b"]
    assert part.children[1].children[0].values == {"n.m.x": [1]}


def test_unmapped_values_get_the_types_of_dynamic_mapping() -> None:
    """Texts are text with a keyword, or dates; numbers are long or float."""
    parsed = parse(
        mapping_of(),
        {"s": "x", "d": "2020-01-01", "i": 1, "f": [1.5], "b": True, "o": {"x.y": 1}, "e": []},
    )
    assert parsed.added is not None
    shown = mapping_of().with_branch(parsed.added).definition()["properties"]
    assert shown["s"]["fields"] == {"keyword": {"type": "keyword", "ignore_above": 256}}
    assert {name: each.get("type") for name, each in shown.items()} == {
        "s": "text",
        "d": "date",
        "i": "long",
        "f": "float",
        "b": "boolean",
        "o": None,
    }
    assert shown["o"]["properties"]["x"]["properties"]["y"] == {"type": "long"}


def test_dynamic_false_strict_and_runtime() -> None:
    """Unmapped values are left out, or refused; runtime fields are none of OpenSearch's."""
    assert parse(mapping_of(dynamic=False), {"a": 1}).added is None
    with pytest.raises(ApiError, match=r"dynamic introduction of \[a\] within \[_doc\]"):
        parse(mapping_of(dynamic="strict"), {"a": 1})
    with pytest.raises(ApiError, match=r"Could not convert \[dynamic.dynamic\] to boolean"):
        mapping_of(dynamic="runtime")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"a": [1, 1.5]}, "mapper [a] cannot be changed from type [long] to [float]"),
        ({"a": ["x", 1]}, "mapper [a] cannot be changed from type [text] to [long]"),
        ({"a": [{"b": 1}, 5]}, "can't merge a non object mapping [a] with an object mapping"),
        ({"a": 1, "a.b": 2}, "can't merge a non object mapping [a] with an object mapping"),
    ],
)
def test_values_of_a_new_field_have_to_agree(source: dict[str, Any], reason: str) -> None:
    """Each value of an unmapped field makes a definition, and those of one document are merged."""
    with pytest.raises(ApiError) as caught:
        parse(mapping_of(), source)
    assert caught.value.reason == reason
    assert parse(mapping_of(properties={"a": {"type": "float"}}), {"a": [1, 1.5]}).added is None


def test_nested_objects_are_not_reached_by_dots() -> None:
    """A dotted name could not say which object it means."""
    with pytest.raises(ApiError, match=r"mapped as a nested object: \[n\]"):
        parse(mapping_of(properties={"n": {"type": "nested"}}), {"n.x": 1})


def test_dynamic_templates_decide_by_kind_and_name() -> None:
    """The first template that fits gives the definition, with its placeholders filled in."""
    mapping = mapping_of(
        dynamic_templates=[
            {"ids": {"match": "*_id", "mapping": {"type": "keyword"}}},
            {"texts": {"match_mapping_type": "string", "mapping": {"type": "{dynamic_type}"}}},
        ]
    )
    parsed = parse(mapping, {"user_id": 5, "s": "x"})
    assert parsed.added is not None
    shown = mapping.with_branch(parsed.added).definition()["properties"]
    assert shown == {"user_id": {"type": "keyword"}, "s": {"type": "text"}}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ({"type": "long"}, {"type": "integer"}, "cannot be changed from type [long] to [integer]"),
        ({"type": "text"}, {"type": "text", "analyzer": "english"}, "[default] to [english]"),
        ({"type": "long"}, {"properties": {}}, "can't merge a non object mapping [f]"),
        ({"type": "nested"}, {"properties": {}}, "from nested to non-nested"),
        ({"type": "long"}, {"type": "long", "index": False}, "[index] from [true] to [false]"),
    ],
)
def test_a_mapping_that_contradicts_is_refused(
    old: dict[str, Any], new: dict[str, Any], reason: str
) -> None:
    """Conflicts are told in OpenSearch's words."""
    mapping = mapping_of(properties={"f": old})
    with pytest.raises(ApiError) as caught:
        mapping.with_definition({"properties": {"f": new}})
    assert caught.value.kind == "illegal_argument_exception"
    assert reason in (caught.value.reason or "")


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"type": "foo"}, "No handler for type [foo] declared on field [f]"),
        ({}, "No type specified for field [f]"),
        ({"type": "keyword", "analyzer": "x"}, "unknown parameter [analyzer] on mapper [f]"),
        ({"type": "text", "analyzer": "nope"}, "analyzer [nope] has not been configured"),
        ({"type": "keyword", "normalizer": "nope"}, "normalizer [nope] not found for field [f]"),
        ({"type": "date", "format": "foo"}, "Unknown pattern letter: f"),
        ({"type": "completion"}, "field type [completion] of field [f] is not supported"),
    ],
)
def test_a_wrong_definition_is_refused(definition: dict[str, Any], reason: str) -> None:
    """What a mapping cannot say is a 400 that names it."""
    with pytest.raises(ApiError) as caught:
        mapping_of(properties={"f": definition})
    assert caught.value.kind == "mapper_parsing_exception"
    assert reason in (caught.value.reason or "")


def test_field_aliases_and_patterns_find_fields() -> None:
    """An alias is the field that it stands for; wildcards name several."""
    mapping = mapping_of(
        properties={
            "a": {"properties": {"x": {"type": "long"}, "y": {"type": "keyword"}}},
            "z": {"type": "alias", "path": "a.x"},
        }
    )
    found = mapping.field("z")
    assert found is not None
    assert found.name == "a.x"
    assert [each.name for each in mapping.matching("a.*")] == ["a.x", "a.y"]

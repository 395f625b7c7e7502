"""Tokens as Lucene makes them; all expectations were taken from OpenSearch 3.8."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.services.opensearch.analysis import registry
from pytest_seedstate.services.opensearch.errors import ApiError


def _custom(chosen: str, *filters: str, **parts: Any) -> dict[str, Any]:
    analyzer: dict[str, Any] = {"type": "custom", "tokenizer": chosen, "filter": list(filters)}
    analyzer["char_filter"] = list(parts.get("char_filter", {}))
    return {"analysis": {"analyzer": {"a": analyzer}, **parts}}


@pytest.mark.parametrize(
    ("name", "text", "terms"),
    [
        (
            "standard",
            "The quick-brown fox's a:b 3.14 1,000",
            "the quick brown fox's a:b 3.14 1,000",
        ),
        ("standard", "foo_bar _x_ __ can't e.g. U.S.A.", "foo_bar _x_ can't e.g u.s.a"),
        ("standard", "x² ½ 50% #tag @user", "x 50 tag user"),
        ("standard", "你好world 123年", "你 好 world 123 年"),
        ("simple", "Café 2 go-Go", "café go go"),
        ("whitespace", "Wi-Fi is  ON.", "Wi-Fi is ON."),
        ("keyword", "Two Words", "Two Words"),
        ("stop", "The fox is in the box", "fox box"),
        ("english", "The artists' tattooed ponies' running dog's", "artist tattoo poni run dog"),
    ],
)
def test_built_in_analyzers(name: str, text: str, terms: str) -> None:
    """Each built-in analyzer gives a real node's terms."""
    expected = [terms] if name == "keyword" else terms.split()
    assert registry({}).analyzer(name).terms(text) == expected


def test_offsets_and_positions_of_what_stays() -> None:
    """A removed stop word leaves its position empty; offsets are those of the text."""
    tokens = registry({}).analyzer("stop").tokens("over the Hill")
    assert [tuple(t)[:4] for t in tokens] == [("over", 0, 0, 4), ("hill", 2, 9, 13)]


@pytest.mark.parametrize(
    ("settings", "text", "terms"),
    [
        (_custom("standard", "lowercase", "asciifolding"), "Ünïcode STRASSE ß", "unicode strasse ss"),
        (_custom("standard", "porter_stem"), "possibly analogies rolling sky", "possibl analog roll sky"),
        (
            _custom("standard", "snowball"),
            "universities organizations internals generously",
            "univers organ intern generous",
        ),
        (_custom("standard", "shingle"), "a b c", "a|a b|b|b c|c"),
        (_custom("whitespace", "word_delimiter"), "Wi-Fi PowerShot500", "Wi Fi Power Shot 500"),
        (
            _custom("standard", "e", filter={"e": {"type": "edge_ngram", "min_gram": 2, "max_gram": 3}}),
            "fox a",
            "fo fox",
        ),
        (
            _custom("t", tokenizer={"t": {"type": "path_hierarchy", "delimiter": "-", "skip": 1}}),
            "one-two-three",
            "-two -two-three",
        ),
        (
            _custom("standard", "s", filter={"s": {"type": "synonym", "synonyms": ["fox => animal, beast", "lazy dogs, cats"]}}),
            "fox lazy dogs",
            "animal beast lazy cats dogs",
        ),
        (
            _custom("standard", char_filter={"c": {"type": "mapping", "mappings": ["ph=>f", ":) => happy"]}}),
            "phone :)",
            "fone happy",
        ),
        (
            _custom("standard", char_filter={"c": {"type": "html_strip"}}),
            "<p>I&apos;m <b>so</b></p>a&lt;b<!-- no -->",
            "I'm so a b",
        ),
    ],
)  # fmt: skip
def test_custom_analyzers(settings: dict[str, Any], text: str, terms: str) -> None:
    """Analyzers made of parts give a real node's terms, in its order."""
    expected = terms.split("|") if "|" in terms else terms.split()
    assert registry(settings).analyzer("a").terms(text) == expected


def test_offsets_lead_back_through_character_filters() -> None:
    """A token's offsets are those in the text before tags were taken out."""
    settings = _custom("standard", char_filter={"c": {"type": "html_strip"}})
    (token,) = registry(settings).analyzer("a").tokens("<b>fox</b>")
    assert (token.term, token.start) == ("fox", 3)


def test_normalizers_keep_the_whole_text() -> None:
    """A normalizer filters characters only."""
    analysis = {"normalizer": {"n": {"type": "custom", "filter": ["lowercase", "asciifolding"]}}}
    assert registry({"analysis": analysis}).normalizer("n").terms("Ça Va") == ["ca va"]


@pytest.mark.parametrize(
    ("analysis", "reason"),
    [
        ({"filter": {"f": {"type": "nope"}}}, r"Unknown filter type \[nope\] for \[f\]"),
        ({"analyzer": {"a": {"type": "nope"}}}, r"Unknown analyzer type \[nope\] for \[a\]"),
        ({"analyzer": {"a": {"tokenizer": "nope"}}}, r"Failed to build analyzers: \[a\]"),
        ({"normalizer": {"n": {"filter": ["stop"]}}}, r"may not use filter \[stop\]"),
        ({"tokenizer": {"t": {"type": "ngram", "max_gram": 9}}}, r"less than or equal to: \[1\]"),
        ({"filter": {"f": {"type": "stemmer", "language": "klingon"}}}, "Invalid stemmer class"),
        ({"filter": {"f": {"type": "hunspell"}}}, "not supported by the embedded"),
        ({"filter": {"f": {"type": "length", "bogus": 1}}}, r"\[bogus\] .* is not supported"),
        ({"tokenizer": {"t": {"type": "pattern", "pattern": "("}}}, "near index"),
        ({"analyzer": {"a": {"type": ["stop"]}}}, "a type that is a string"),
        ({"filter": {"f": {"type": {}}}}, "must be named by a string"),
    ],
)
def test_unknown_parts_are_refused(analysis: dict[str, Any], reason: str) -> None:
    """What is unknown or not supported is a 400 that names it."""
    with pytest.raises(ApiError, match=reason) as caught:
        registry({"analysis": analysis})
    assert caught.value.status == 400

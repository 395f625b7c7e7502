"""What readers see: postings, lengths, doc values, nested objects, through changes."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.services.opensearch.storage.contents import rounded_length
from pytest_seedstate.services.opensearch.storage.reader import FieldStatistics, Reader

from .conftest import Api


def everything(reader: Reader) -> dict[str, Any]:
    """Return all that a reader tells, by document ids where ordinals differ."""
    names = {ordinal: reader.document(ordinal).id for ordinal in reader.ordinals}
    fields = list(reader.mapping.fields)
    return {
        "ids": sorted(names.values()),
        "terms": {field: list(reader.terms(field)) for field in fields},
        "frequencies": {
            field: {
                term: sorted(
                    (names[reader.root(ordinal)], reader.part(ordinal).offset, list(positions))
                    for ordinal, positions in reader.postings(field, term).items()
                )
                for term in reader.terms(field)
            }
            for field in fields
        },
        "statistics": {field: reader.statistics(field) for field in fields},
        "lengths": {field: sorted(reader.lengths(field).values()) for field in fields},
        "values": {field: sorted(map(tuple, reader.values(field).values())) for field in fields},
        "present": {field: len(reader.present(field)) for field in fields},
        "children": sorted(map(len, reader.children("n").values())),
    }


DOCUMENTS = {
    "1": {"t": "quick brown fox", "n": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "g": "1,2"},
    "2": {"t": ["brown dog", "fox fox"], "n": {"k": "a", "v": 3}},
    "3": {"t": "", "v": [3, 1]},
}


def test_changes_leave_the_same_as_a_new_index(api: Api) -> None:
    """However documents got there, what a search reads is the same."""
    for name in ("new", "changed"):
        api("PUT", f"/{name}", {"mappings": {"properties": {"n": {"type": "nested"}}}})
    for identifier, source in DOCUMENTS.items():
        api("PUT", f"/changed/_doc/{identifier}?refresh=true", {"t": "other words", "n": [{}, {}]})
        api("PUT", f"/changed/_doc/x{identifier}?refresh=true", source)
    for identifier, source in DOCUMENTS.items():
        api("DELETE", f"/changed/_doc/x{identifier}?refresh=true")
        api("PUT", f"/changed/_doc/{identifier}?refresh=true", source)
        api("PUT", f"/new/_doc/{identifier}", source)
    api("POST", "/_refresh")
    new, changed = (api.node.indices[name].reader() for name in ("new", "changed"))
    assert everything(changed) == everything(new)
    assert new.statistics("t") == FieldStatistics(2, 7)
    assert new.statistics("n.k") == FieldStatistics(3, 3)


def test_nested_objects_know_their_document(api: Api) -> None:
    """And their place in the array."""
    api("PUT", "/i", {"mappings": {"properties": {"n": {"type": "nested"}}}})
    api("PUT", "/i/_doc/1?refresh=true", DOCUMENTS["1"])
    reader = api.node.indices["i"].reader()
    [root] = reader.ordinals
    first, second = reader.children("n")[root]
    assert first < second < root
    assert (reader.parent(second), reader.root(second), reader.part(second).offset) == (
        root,
        root,
        1,
    )
    assert list(reader.postings("n.k", "b")) == [second]


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [(0, 0), (1, 1), (39, 39), (40, 40), (41, 40), (42, 42), (57, 56), (100, 96), (1000, 984)],
)
def test_lengths_are_rounded_as_norms_round_them(tokens: int, kept: int) -> None:
    """Lucene keeps a length in one byte: exact up to 40, then four significant bits."""
    assert rounded_length(tokens) == kept

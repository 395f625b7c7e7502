"""What a search sees of one index: its documents as they were at the last refresh.

Each document has an ordinal, in the order of indexing; so has each object of a nested field, just
before its document's. A refresh changes the contents in place, because copying a whole index for
one changed document would cost more than the search; who needs a reader for longer than one
request (scroll, point in time) calls `Reader.hold`, and the next refresh copies first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_seedstate.services.opensearch.storage.document import Document, Part, Term, Value
from pytest_seedstate.services.opensearch.storage.late import whole

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.mapping.mapping import Mapping as IndexMapping
    from pytest_seedstate.services.opensearch.storage.contents import Contents

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True)
class FieldStatistics:
    """What BM25 asks of a field.

    Attributes:
        doc_count: documents (nested objects count as such) that have the field.
        sum_total_term_freq: tokens of all of them.
    """

    doc_count: int
    sum_total_term_freq: int


class Reader:
    """One index as it was at its last refresh.

    Attributes:
        index: the index's name.
        mapping: the index's mapping: ``mapping.field(name)`` is None for an unknown field.
    """

    def __init__(self, index: str, mapping: IndexMapping, contents: Contents) -> None:
        self.index = index
        self.mapping = mapping
        self._contents = contents

    def hold(self) -> None:
        """Keep what this reader sees through later refreshes."""
        self._contents.held = True

    @property
    def ordinals(self) -> Sequence[int]:
        """Live top-level documents, in the order of indexing; nested objects are not among them."""
        return self._contents.roots()

    @property
    def limit(self) -> int:
        """One more than the highest ordinal that ever was."""
        return self._contents.next_ordinal

    def document(self, ordinal: int) -> Document:
        """Return a top-level document; of a nested object's ordinal ask `root` first."""
        return self._contents.documents[ordinal]

    def find(self, identifier: str) -> int | None:
        """Return the ordinal of a document's id."""
        return self._contents.ids.get(identifier)

    def postings(self, field: str, term: Term) -> Mapping[int, Sequence[int]]:
        """Return where a term stands: ordinal (ascending) -> positions; their number is the
        term's frequency. Text fields have analyzed terms; all other types that are indexed have
        their doc values as terms, at position 0.
        """
        return whole(self._contents.terms.get(field, _NOTHING).get(term, _NOTHING))

    def terms(self, field: str) -> Sequence[Any]:
        """Return all terms of a field, sorted (strings by code point)."""
        return self._contents.sorted_terms(field)

    def length(self, field: str, ordinal: int) -> int:
        """Return how many tokens a field has, rounded as Lucene's norms round it; 1 without."""
        return self._contents.lengths.get(field, _NOTHING).get(ordinal, 1)

    def lengths(self, field: str) -> Mapping[int, int]:
        """Return `length` of all ordinals that have the field; empty for fields without norms."""
        return whole(self._contents.lengths.get(field, _NOTHING))

    def statistics(self, field: str) -> FieldStatistics:
        """Return what BM25 asks of a field, of live documents only."""
        return FieldStatistics(*self._contents.tokens.get(field, (0, 0)))

    def present(self, field: str) -> Collection[int]:
        """Return the ordinals that have a value of the field (ascending): what ``exists`` finds."""
        return whole(self._contents.present.get(field, _NOTHING)).keys()

    def values(self, field: str) -> Mapping[int, Sequence[Value]]:
        """Return doc values by ordinal (ascending), sorted as Lucene does and, for keyword and
        ip, without duplicates. Numbers are int or float, dates epoch milliseconds, booleans bool,
        ip 16 bytes, geo points (lat, lon); ``Field.format`` makes the display form.
        """
        return whole(self._contents.values.get(field, _NOTHING))

    def children(self, path: str) -> Mapping[int, Sequence[int]]:
        """Return the nested objects of a path by their parent's ordinal. The parent of a nested
        object in a nested object is the outer object, not the document.
        """
        return whole(self._contents.children.get(path, _NOTHING))

    def parent(self, ordinal: int) -> int:
        """Return the ordinal right above a nested object."""
        return self._contents.parents[ordinal][0]

    def root(self, ordinal: int) -> int:
        """Return the ordinal of the document that an ordinal belongs to."""
        parents = self._contents.parents
        while ordinal in parents:
            ordinal = parents[ordinal][0]
        return ordinal

    def part(self, ordinal: int) -> Part:
        """Return what is indexed of a document or a nested object: ``path`` and ``offset`` say
        where in the source a nested object is.
        """
        child = self._contents.parents.get(ordinal)
        return self._contents.documents[ordinal].part if child is None else child[1]

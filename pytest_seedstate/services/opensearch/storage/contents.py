"""The inverted index and the doc values of one index, changed document by document."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_seedstate.services.opensearch.storage.document import Document, Part, Term, Value

_FREE = 24  # Lucene's SmallFloat.intToByte4 has a byte value for each length below


def rounded_length(tokens: int) -> int:
    """Return a field's length as one byte of norms keeps it: exact up to 40."""
    rest = tokens - _FREE
    if rest < 16:
        return tokens
    shift = rest.bit_length() - 4
    return (rest >> shift << shift) + _FREE


class Contents:
    """What `storage.reader.Reader` reads.

    Attributes:
        held: a reader outlives the next refresh, which has to work on a copy.
    """

    def __init__(self) -> None:
        self.held = False
        self.next_ordinal = 0
        self.documents: dict[int, Document] = {}
        self.ids: dict[str, int] = {}
        self.terms: dict[str, dict[Term, dict[int, Sequence[int]]]] = {}
        self.lengths: dict[str, dict[int, int]] = {}
        self.tokens: dict[str, tuple[int, int]] = {}  # documents that have any, and how many
        self.values: dict[str, dict[int, Sequence[Value]]] = {}
        self.present: dict[str, dict[int, None]] = {}
        self.children: dict[str, dict[int, Sequence[int]]] = {}
        self.parents: dict[int, tuple[int, Part]] = {}
        self._roots: list[int] | None = None
        self._sorted_terms: dict[str, list[Term]] = {}

    def copy(self) -> Contents:
        """Return the same contents, to be changed without being seen here."""
        twin = Contents()
        twin.next_ordinal = self.next_ordinal
        twin.documents = dict(self.documents)
        twin.ids = dict(self.ids)
        twin.terms = {
            field: {term: dict(found) for term, found in terms.items()}
            for field, terms in self.terms.items()
        }
        twin.lengths = {field: dict(of) for field, of in self.lengths.items()}
        twin.tokens = dict(self.tokens)
        twin.values = {field: dict(of) for field, of in self.values.items()}
        twin.present = {field: dict(of) for field, of in self.present.items()}
        twin.children = {path: dict(of) for path, of in self.children.items()}
        twin.parents = dict(self.parents)
        return twin

    def roots(self) -> list[int]:
        """Return the ordinals of the top-level documents."""
        if self._roots is None:
            self._roots = list(self.documents)
        return self._roots

    def sorted_terms(self, field: str) -> list[Term]:
        """Return a field's terms in order."""
        found = self._sorted_terms.get(field)
        if found is None:
            found = sorted(self.terms.get(field, ()))
            self._sorted_terms[field] = found
        return found

    def count(self) -> int:
        """Return how many documents there are as Lucene counts: nested objects are some too."""
        return len(self.documents) + len(self.parents)

    def add(self, document: Document) -> None:
        """Make a document found."""
        ordinals = self._add_children(document.part)
        ordinal = self._take_ordinal()
        self._adopt(ordinal, ordinals)
        self._index(ordinal, document.part)
        self.documents[ordinal] = document
        self.ids[document.id] = ordinal
        self._roots = None

    def remove(self, identifier: str) -> None:
        """Make a document not found any more, if it is."""
        ordinal = self.ids.pop(identifier, None)
        if ordinal is None:
            return
        self._remove_part(ordinal, self.documents.pop(ordinal).part)
        self._roots = None

    def _take_ordinal(self) -> int:
        self.next_ordinal += 1
        return self.next_ordinal - 1

    def _add_children(self, part: Part) -> list[tuple[int, Part]]:
        added = []
        for child in part.children:
            grandchildren = self._add_children(child)
            ordinal = self._take_ordinal()
            self._adopt(ordinal, grandchildren)
            self._index(ordinal, child)
            added.append((ordinal, child))
        return added

    def _adopt(self, parent: int, children: list[tuple[int, Part]]) -> None:
        for ordinal, part in children:
            self.parents[ordinal] = (parent, part)
            siblings = self.children.setdefault(part.path, {})
            siblings[parent] = [*siblings.get(parent, ()), ordinal]

    def _index(self, ordinal: int, part: Part) -> None:
        for field, terms in part.terms.items():
            found = self.terms.setdefault(field, {})
            for term, positions in terms.items():
                postings = found.get(term)
                if postings is None:
                    found[term] = {ordinal: positions}
                    self._sorted_terms.pop(field, None)
                else:
                    postings[ordinal] = positions
        for field, length in part.lengths.items():
            self.lengths.setdefault(field, {})[ordinal] = rounded_length(length)
        self._count_tokens(part, 1)
        for field, values in part.values.items():
            self.values.setdefault(field, {})[ordinal] = values
        for field in part.present:
            self.present.setdefault(field, {})[ordinal] = None

    def _remove_part(self, ordinal: int, part: Part) -> None:
        for path in {child.path for child in part.children}:
            for child in self.children[path].pop(ordinal):
                self._remove_part(child, self.parents.pop(child)[1])
        for field, terms in part.terms.items():
            found = self.terms[field]
            for term in terms:
                postings = found[term]
                del postings[ordinal]
                if not postings:
                    del found[term]
                    self._sorted_terms.pop(field, None)
        for field in part.lengths:
            del self.lengths[field][ordinal]
        self._count_tokens(part, -1)
        for field in part.values:
            del self.values[field][ordinal]
        for field in part.present:
            del self.present[field][ordinal]

    def _count_tokens(self, part: Part, sign: int) -> None:
        for field, terms in part.terms.items():
            if terms:
                documents, tokens = self.tokens.get(field, (0, 0))
                count = sum(map(len, terms.values()))
                self.tokens[field] = (documents + sign, tokens + sign * count)

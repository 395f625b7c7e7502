"""The inverted index and the doc values of one index, changed document by document.

A copy shares the dictionaries inside until one of them has to change: who changes a few documents
of many copies those dictionaries only, each at once and with its order. The order is part of what
is kept: it is that of the ordinals, in which hits are found and sums of floats are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from types import MappingProxyType
from typing import Any

from pytest_seedstate.services.opensearch.storage.document import Document, Part, Term, Value
from pytest_seedstate.services.opensearch.storage.late import copied, settled, whole

_NOTHING: Mapping[Any, Any] = MappingProxyType({})
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
        self.documents: MutableMapping[int, Document] = {}
        self.ids: MutableMapping[str, int] = {}
        self.terms: dict[str, MutableMapping[Term, MutableMapping[int, Sequence[int]]]] = {}
        self.lengths: dict[str, MutableMapping[int, int]] = {}
        self.tokens: dict[str, tuple[int, int]] = {}  # documents that have any, and how many
        self.values: dict[str, MutableMapping[int, Sequence[Value]]] = {}
        self.present: dict[str, MutableMapping[int, None]] = {}
        self.children: dict[str, MutableMapping[int, Sequence[int]]] = {}
        self.parents: MutableMapping[int, tuple[int, Part]] = {}
        self._base: Contents | None = None
        self._roots: list[int] | None = None
        self._sorted_terms: dict[str, list[Term]] = {}

    def copy(self) -> Contents:
        """Return the same contents, to be changed without being seen here; these never change."""
        twin = Contents()
        twin._base = self
        # It is for this one to know what it shares with the one before it.
        self._base = None
        twin.next_ordinal = self.next_ordinal
        twin.documents = copied(self.documents)
        twin.ids = copied(self.ids)
        twin.terms = self.terms.copy()
        twin.lengths = self.lengths.copy()
        twin.tokens = self.tokens.copy()
        twin.values = self.values.copy()
        twin.present = self.present.copy()
        twin.children = self.children.copy()
        twin.parents = copied(self.parents)
        twin._roots = self._roots
        twin._sorted_terms = self._sorted_terms.copy()
        return twin

    def settle(self) -> None:
        """Carry out the changes that are still to be, for those who come later."""
        self.documents, self.ids = settled(self.documents), settled(self.ids)
        self.parents = settled(self.parents)
        for kind in ("lengths", "values", "present", "children", "terms"):
            held: dict[str, MutableMapping[Any, Any]] = self.__dict__[kind]
            for key, inner in held.items():
                held[key] = settled(inner)
        for terms in self.terms.values():
            for term, postings in terms.items():
                terms[term] = settled(postings)

    def roots(self) -> list[int]:
        """Return the ordinals of the top-level documents."""
        if self._roots is None:
            self._roots = list(whole(self.documents))
        return self._roots

    def sorted_terms(self, field: str) -> list[Term]:
        """Return a field's terms in order."""
        found = self._sorted_terms.get(field)
        if found is None:
            found = sorted(whole(self.terms.get(field, {})))
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
            siblings = self._own("children", part.path)
            siblings[parent] = [*siblings.get(parent, ()), ordinal]

    def _index(self, ordinal: int, part: Part) -> None:
        for field, terms in part.terms.items():
            found, theirs = self._own("terms", field), self._theirs(field)
            for term, positions in terms.items():
                postings = found.get(term)
                if postings is None:
                    found[term] = {ordinal: positions}
                    self._sorted_terms.pop(field, None)
                    continue
                is_shared = theirs.get(term) is postings
                if is_shared:
                    postings = found[term] = copied(postings)
                postings[ordinal] = positions
        for field, length in part.lengths.items():
            self._own("lengths", field)[ordinal] = rounded_length(length)
        self._count_tokens(part, 1)
        for field, values in part.values.items():
            self._own("values", field)[ordinal] = values
        for field in part.present:
            self._own("present", field)[ordinal] = None

    def _remove_part(self, ordinal: int, part: Part) -> None:
        for path in {child.path for child in part.children}:
            for child in self._own("children", path).pop(ordinal):
                self._remove_part(child, self.parents.pop(child)[1])
        for field, terms in part.terms.items():
            found, theirs = self._own("terms", field), self._theirs(field)
            for term in terms:
                postings = found[term]
                if len(postings) == 1:
                    del found[term]
                    self._sorted_terms.pop(field, None)
                    continue
                is_shared = theirs.get(term) is postings
                if is_shared:
                    postings = found[term] = copied(postings)
                del postings[ordinal]
        for field in part.lengths:
            del self._own("lengths", field)[ordinal]
        self._count_tokens(part, -1)
        for field in part.values:
            del self._own("values", field)[ordinal]
        for field in part.present:
            del self._own("present", field)[ordinal]

    def _count_tokens(self, part: Part, sign: int) -> None:
        for field, terms in part.terms.items():
            if terms:
                documents, tokens = self.tokens.get(field, (0, 0))
                count = sum(map(len, terms.values()))
                self.tokens[field] = (documents + sign, tokens + sign * count)

    def _own(self, kind: str, key: str) -> MutableMapping[Any, Any]:
        """One of the dictionaries inside, to be changed: made, or copied where it is shared."""
        held: dict[str, MutableMapping[Any, Any]] = self.__dict__[kind]
        found = held.get(key)
        if found is None:
            found = held[key] = {}
        elif self._base is not None and self._base.__dict__[kind].get(key) is found:
            found = held[key] = copied(found)
        return found

    def _theirs(self, field: str) -> Mapping[Any, Any]:
        """The postings of a field that may be shared."""
        return _NOTHING if self._base is None else self._base.terms.get(field, _NOTHING)

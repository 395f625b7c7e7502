"""Terms that stand near each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..plain import plain
from .base import Context, Mark, Query, f32
from .scoring import idf, scorer, term_scores
from .sloppy import Filled, sloppy_frequency

Slot = tuple[int, tuple[str, ...]]  # relative position, and the terms that may stand there


def exact_count(filled: Sequence[Filled]) -> int:
    """How often all slots are filled side by side."""
    shifted = [{at - offset for at in found} for offset, _, found in filled]
    return len(set.intersection(*shifted))


@plain
class Phrase(Query):
    """Slots of terms, in order or with `slop` moves."""

    field: str
    slots: list[Slot]
    slop: int = 0

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        terms = [term for _, some in self.slots for term in some]
        reader = context.reader
        documents = reader.statistics(self.field).doc_count
        weight = f32(
            f32(boost * self.boost)
            * f32(
                sum(
                    idf(len(found), documents)
                    for found in (reader.postings(self.field, term) for term in terms)
                    if found
                )
            )
        )
        score = scorer(context, self.field, weight)
        return {
            ordinal: score(ordinal, frequency) for ordinal, frequency in self._frequencies(context)
        }

    def _frequencies(self, context: Context) -> Iterator[tuple[int, float]]:
        postings: list[tuple[int, tuple[str, ...], Mapping[int, Sequence[int]]]] = []
        for offset, terms in self.slots:
            found = [context.reader.postings(self.field, term) for term in terms]
            postings.append((offset, terms, found[0] if len(found) == 1 else _united(found)))
        rarest = min(postings, key=lambda slot: len(slot[2]))[2]
        for ordinal in rarest:
            if all(ordinal in found for _, _, found in postings):
                filled = [(offset, terms, found[ordinal]) for offset, terms, found in postings]
                frequency = (
                    sloppy_frequency(filled, self.slop) if self.slop else exact_count(filled)
                )
                if frequency:
                    yield ordinal, frequency

    def marks(self, context: Context) -> Iterator[Mark]:
        first = self.slots[0][0]
        slots = [frozenset[str]()] * (self.slots[-1][0] - first + 1)
        for offset, terms in self.slots:
            slots[offset - first] |= frozenset(terms)
        yield Mark(self.field, frozenset().union(*slots), tuple(slots), self.slop)


def _united(found: Sequence[Mapping[int, Sequence[int]]]) -> dict[int, list[int]]:
    result: dict[int, list[int]] = {}
    for one in found:
        for ordinal, positions in one.items():
            result[ordinal] = sorted([*result.get(ordinal, ()), *positions])
    return result


@plain
class Synonyms(Query):
    """Several terms that count as one."""

    field: str
    terms: tuple[str, ...]

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        found = [context.reader.postings(self.field, term) for term in self.terms]
        frequency = max(map(len, found))
        return term_scores(context, self.field, _united(found), boost * self.boost, frequency)

    def marks(self, context: Context) -> Iterator[Mark]:
        yield Mark(self.field, frozenset(self.terms))

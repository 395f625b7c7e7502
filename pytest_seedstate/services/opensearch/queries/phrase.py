"""Terms that stand near each other."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from ..plain import plain
from .base import Context, Mark, Query, f32
from .scoring import idf, scorer, term_scores

Slot = tuple[int, tuple[str, ...]]  # relative position, and the terms that may stand there


def exact_count(places: Sequence[tuple[int, Sequence[int]]]) -> int:
    """How often all slots are filled side by side."""
    shifted = [{at - offset for at in found} for offset, found in places]
    return len(set.intersection(*shifted))


def sloppy_frequency(places: Sequence[tuple[int, Sequence[int]]], slop: int) -> float:
    """The sum over all matches of 1 / (1 + how far its words are moved)."""
    positions = [sorted(at - offset for at in found) for offset, found in places]
    heap = [(found[0], which, 0) for which, found in enumerate(positions)]
    heapq.heapify(heap)
    end = max(found[0] for found in positions)
    frequency = 0.0
    at, which, index = heapq.heappop(heap)
    length = end - at
    following = heap[0][0] if heap else at
    while index + 1 < len(positions[which]):
        index += 1
        at = positions[which][index]
        end = max(end, at)
        if at > following:
            if length <= slop:
                frequency = f32(frequency + 1 / (1 + length))
            at, which, index = heapq.heappushpop(heap, (at, which, index))
            following = heap[0][0]
            length = end - at
        else:
            length = min(length, end - at)
    if length <= slop:
        frequency = f32(frequency + 1 / (1 + length))
    return frequency


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
        postings: list[tuple[int, Mapping[int, Sequence[int]]]] = []
        for offset, terms in self.slots:
            found = [context.reader.postings(self.field, term) for term in terms]
            postings.append((offset, found[0] if len(found) == 1 else _united(found)))
        rarest = min(postings, key=lambda pair: len(pair[1]))[1]
        for ordinal in rarest:
            if all(ordinal in found for _, found in postings):
                places = [(offset, found[ordinal]) for offset, found in postings]
                frequency = (
                    sloppy_frequency(places, self.slop) if self.slop else exact_count(places)
                )
                if frequency:
                    yield ordinal, frequency

    def marks(self, context: Context) -> Iterator[Mark]:
        slots = tuple(frozenset(terms) for _, terms in self.slots)
        yield Mark(self.field, frozenset().union(*slots), slots, self.slop)


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

"""BM25 as Lucene 10 computes it: in 32-bit floats, without the factor k1 + 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from .base import Context, f32

_K1 = f32(1.2)
_B = 0.75


@lru_cache(maxsize=4096)
def idf(documents_with_term: int, documents: int) -> float:
    """Inverse document frequency."""
    return f32(math.log(1 + (documents - documents_with_term + 0.5) / (documents_with_term + 0.5)))


@lru_cache(maxsize=65536)
def _score(weight: float, frequency: float, length: int, average: float) -> float:
    inverse = f32(1 / f32(_K1 * f32((1 - _B) + f32(f32(_B * length) / average))))
    return f32(weight - f32(weight / f32(1 + f32(frequency * inverse))))


def average_length(context: Context, field: str) -> float:
    found = context.reader.statistics(field)
    return f32(found.sum_total_term_freq / found.doc_count) if found.doc_count else 1.0


def scorer(context: Context, field: str, weight: float) -> Callable[[int, float], float]:
    """A function of ordinal and frequency; `weight` is idf times boost."""
    average = average_length(context, field)
    lengths = context.reader.lengths(field)
    if not lengths:  # a field without norms
        return lambda ordinal, frequency: _score(weight, frequency, 1, average)
    return lambda ordinal, frequency: _score(weight, frequency, lengths[ordinal], average)


def term_scores(
    context: Context,
    field: str,
    postings: Mapping[int, Sequence[int]],
    boost: float,
    document_frequency: int | None = None,
) -> dict[int, float]:
    """Scores of one term.

    Args:
        document_frequency: in how many documents the term counts as found, if not in all it is in.
    """
    if not postings:
        return {}
    if document_frequency is None:
        document_frequency = len(postings)
    documents = max(context.reader.statistics(field).doc_count, document_frequency)
    weight = f32(f32(boost) * idf(document_frequency, documents))
    score = scorer(context, field, weight)
    return {ordinal: score(ordinal, len(positions)) for ordinal, positions in postings.items()}

"""Texts cut into passages around matches."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

Span = tuple[int, int, str]  # start, end, term

_SENTENCE = re.compile(r"[.!?\u3002\uff01\uff1f]+[\"'\u2019\u201d)\]]*\s+(?![a-z])|[\n\u2029]+")
_WORD = re.compile(r"\w+|\W", re.DOTALL)


def sentences(text: str) -> list[int]:
    """Where sentences start, with the text's end."""
    found = {0, len(text), *(match.end() for match in _SENTENCE.finditer(text))}
    return sorted(found)


@dataclass
class Passage:
    """A stretch of a text with its matches."""

    start: int
    end: int
    spans: list[Span]
    score: float = 0.0


def _words(text: str) -> list[int]:
    return [0, *(match.end() for match in _WORD.finditer(text))]


def unified(text: str, spans: list[Span], size: int, by_words: bool = False) -> list[Passage]:
    """Passages of whole sentences, of about `size` characters, that have matches."""
    if size <= 0:
        return [Passage(0, len(text), spans)]
    main = _words(text) if by_words else sentences(text)
    words = _words(text)
    passages: list[Passage] = []
    for span in spans:
        if passages and span[0] < passages[-1].end:
            passages[-1].spans.append(span)
            continue
        passages.append(Passage(*_bounds(text, span[0], size, main, words, passages), [span]))
    return passages


def _bounds(
    text: str, at: int, size: int, main: list[int], words: list[int], before: list[Passage]
) -> tuple[int, int]:
    place = bisect_right(main, at) - 1
    start, end = main[place], main[min(place + 1, len(main) - 1)]
    if before and before[-1].end > start:
        start = before[-1].end
    else:
        following = place + 2
        while end - start < size and following < len(main) and main[following] - start <= size:
            end = main[following]
            following += 1
    if end - start > size:
        if at - size > start:
            start = max(start, words[max(0, bisect_left(words, at - size) - 1)])
        remaining = max(0, size - (at - start))
        if at + remaining < end:
            later = bisect_right(words, at + remaining)
            end = min(end, words[later] if later < len(words) else len(text))
    return start, end


def plain(text: str, spans: list[Span], size: int, tokens: list[tuple[int, int]]) -> list[Passage]:
    """Passages of about `size` characters, from the end of one token to the end of another."""
    if size <= 0:
        return [Passage(0, len(text), spans)]
    starts = [0]
    before = 0
    for _, end in tokens:
        if end >= size * len(starts) and len(text) - end >= size // 2:
            starts.append(before)
        before = end
    passages = []
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(text)
        inside = [span for span in spans if start <= span[0] < end]
        if inside:
            passages.append(Passage(start, end, inside, float(len({span[2] for span in inside}))))
    return passages


_PIVOT = 87.0


def score(passages: list[Passage], length: int, spans: list[Span]) -> None:
    """Score passages as Lucene's unified highlighter does."""
    frequencies: dict[str, int] = {}
    for _, _, term in spans:
        frequencies[term] = frequencies.get(term, 0) + 1
    documents = 1 + length / _PIVOT
    for passage in passages:
        inside: dict[str, int] = {}
        for _, _, term in passage.spans:
            inside[term] = inside.get(term, 0) + 1
        size = passage.end - passage.start
        total = 0.0
        for term, count in inside.items():
            weight = 2.2 * math.log(1 + (documents + 0.5) / (frequencies[term] + 0.5))
            total += weight * count / (count + 1.2 * (0.25 + 0.75 * size / _PIVOT))
        passage.score = total * (1 + 1 / math.log(_PIVOT + passage.start))

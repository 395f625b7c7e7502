"""Texts cut into passages around matches."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

Span = tuple[int, int, str]  # start, end, term

# Sentences as Java's sentence iterator divides a text: "!" and "?" end one wherever they stand, a
# full stop only before blanks and what may begin a sentence.
_CLOSING = r".\uff0e\"')\]}\u00bb\u2019\u201d"
_SENTENCE = re.compile(
    rf"[!?\u3002\uff01\uff1f][!?\u3002\uff01\uff1f{_CLOSING}]*[^\S\u2029]*\u2029?"
    rf"|(?P<stop>[.\uff0e][{_CLOSING}]*[^\S\u2029]+)|\u2029|[\u0964\u0965]\s*"
)
_GOES_ON = ("Ll", "Nd", "Nl", "No", "Sc", "Pd", "Pc")  # categories that no sentence begins with


def sentences(text: str) -> list[int]:
    """Where sentences start, with the text's end."""
    found = {0, len(text)}
    for match in _SENTENCE.finditer(text):
        goes_on = match["stop"] and unicodedata.category(text[match.end() : match.end() + 1] or "A")
        if goes_on not in _GOES_ON:
            found.add(match.end())
    return sorted(found)


# Words as Java's word iterator divides a text: a dash, an apostrophe or a full stop between letters
# is inside a word, numbers keep their signs, blanks stay together.
_LETTERS = r"[^\W\d_]+(?:[-_\u00ad\u2010-\u2015\u2027\"'.][^\W\d_]+)*"
_NUMBER = r"\d+(?:[\"',.\u066b]\d+)*"
_ENDED = rf"{_NUMBER}[%&\u00a2\u066a\u2030\u2031]?"
_WORD = re.compile(
    rf"{_LETTERS}(?:{_NUMBER}{_LETTERS})*(?:{_ENDED})?"
    rf"|[#.$\u00a3-\u00a5\u20a0-\u20bf]?(?:{_NUMBER}{_LETTERS})*{_ENDED}"
    rf"|(?:{_NUMBER}{_LETTERS})+|[ \t\u00a0]+\r?\n?|.",
    re.DOTALL,
)


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
    """Passages that have matches.

    Args:
        text: the whole text.
        spans: the matches, in order.
        size: how long passages of sentences should be; 0: one sentence each; below 0: all of it.
        by_words: a passage is one word.
    """
    if size < 0:
        return [Passage(0, len(text), spans)]
    breaks: _Units | _Bounded
    if by_words or size == 0:
        breaks = _Units(_words(text) if by_words else sentences(text))
    else:
        breaks = _Bounded(text, size)
    passages: list[Passage] = []
    for span in spans:
        if passages and span[0] < passages[-1].end:
            passages[-1].spans.append(span)
            continue
        start, end = breaks.around(span[0])
        start = max(start, passages[-1].end) if passages else start
        passages.append(Passage(start, end, [span]))
    return passages


class _Units:
    """Single words or sentences, of which the starts are known."""

    def __init__(self, starts: list[int]) -> None:
        self._starts = starts

    def around(self, at: int) -> tuple[int, int]:
        place = bisect_right(self._starts, at)
        return self._starts[place - 1], self._starts[min(place, len(self._starts) - 1)]


class _Bounded:
    """Sentences, as many as fit into `size`; a longer one is cut at words."""

    def __init__(self, text: str, size: int) -> None:
        self._main = sentences(text)
        self._words = _words(text)
        self._size = size
        self._window = (-1, -1)
        self._end = -1

    def around(self, at: int) -> tuple[int, int]:
        offset = at + 1
        if self._window[0] < offset < self._window[1]:
            start, end = self._end, self._window[1]
        else:
            place = bisect_right(self._main, at)
            start, end = self._main[place - 1], self._main[min(place, len(self._main) - 1)]
            while end - start < self._size and place + 1 < len(self._main):
                place += 1
                if self._main[place] - start > self._size:
                    break
                end = self._main[place]
            self._window = (start, end)
        if end - start > self._size:
            if offset - self._size > start:
                before = bisect_left(self._words, offset - self._size) - 1
                start = max(start, self._words[max(0, before)])
            target = offset + max(0, self._size - (offset - start))
            if target < self._window[1]:
                after = bisect_right(self._words, target)
                end = min(self._window[1], self._words[min(after, len(self._words) - 1)])
        self._end = end
        return start, end


def beginning(text: str, size: int) -> str:
    """About the first `size` characters of a text, to the end of a word."""
    if len(text) <= size:
        return text
    words = _words(text)
    return text[: words[min(bisect_right(words, size), len(words) - 1)]]


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


def score(cut: list[tuple[str, list[Passage]]]) -> None:
    """Score the passages of a field as Lucene's unified highlighter does.

    Args:
        cut: all values of the field, each with its passages: they count as one text.
    """
    frequencies: dict[str, int] = {}
    for _, passages in cut:
        for passage in passages:
            for _, _, term in passage.spans:
                frequencies[term] = frequencies.get(term, 0) + 1
    documents = 1 + (sum(len(text) + 1 for text, _ in cut) - 1) / _PIVOT
    before = 0  # where a value begins in the whole
    for text, passages in cut:
        for passage in passages:
            inside: dict[str, int] = {}
            for _, _, term in passage.spans:
                inside[term] = inside.get(term, 0) + 1
            size = passage.end - passage.start
            total = 0.0
            for term, count in inside.items():
                weight = 2.2 * math.log(1 + (documents + 0.5) / (frequencies[term] + 0.5))
                total += weight * count / (count + 1.2 * (0.25 + 0.75 * size / _PIVOT))
            passage.score = total * (1 + 1 / math.log(_PIVOT + before + passage.start))
        before += len(text) + 1

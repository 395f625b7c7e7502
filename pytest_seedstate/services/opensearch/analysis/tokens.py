"""What an analyzer is and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Token(NamedTuple):
    """One term of a text: offsets count characters of the original, positions count tokens."""

    term: str
    position: int
    start: int
    end: int
    type: str = "word"


TokenFilter = Callable[[list[Token]], list[Token]]
Tokenizer = Callable[[str], list[Token]]


@dataclass(frozen=True)
class Filtered:
    """A text after a character filter, with the way back to the original's offsets.

    `steps` holds (offset in `text`, what to add from there on to get the original's offset),
    ascending.
    """

    text: str
    steps: tuple[tuple[int, int], ...] = ()

    def original(self, offset: int) -> int:
        """The offset in the text before the filter."""
        shift = 0
        for start, change in self.steps:
            if start > offset:
                break
            shift = change
        return offset + shift


CharFilter = Callable[[str], Filtered]


@dataclass(frozen=True)
class Analyzer:
    """Character filters, one tokenizer, token filters, in this order."""

    name: str
    tokenizer: Tokenizer
    filters: Sequence[TokenFilter] = ()
    char_filters: Sequence[CharFilter] = ()
    position_increment_gap: int = 100

    def tokens(self, text: str) -> list[Token]:
        """The tokens of one text."""
        undo: list[Filtered] = []
        for char_filter in self.char_filters:
            filtered = char_filter(text)
            text = filtered.text
            undo.append(filtered)
        tokens = self.tokenizer(text)
        for token_filter in self.filters:
            tokens = token_filter(tokens)
        for filtered in reversed(undo):
            if filtered.steps:
                original = filtered.original
                tokens = [t._replace(start=original(t.start), end=original(t.end)) for t in tokens]
        return tokens

    def terms(self, text: str) -> list[str]:
        """The terms alone."""
        return [token.term for token in self.tokens(text)]

    def term_tuple(self, text: str) -> tuple[str, ...]:
        """The terms alone, hashable."""
        return tuple(self.terms(text))

    def value_tokens(self, values: Iterable[str]) -> list[Token]:
        """The tokens of several values of one field: positions leave a gap between values."""
        tokens: list[Token] = []
        position = offset = 0
        for value in values:
            found = self.tokens(value)
            tokens += [
                t._replace(
                    position=t.position + position, start=t.start + offset, end=t.end + offset
                )
                for t in found
            ]
            if found:
                position = tokens[-1].position + 1
            position += self.position_increment_gap
            offset += len(value) + 1
        return tokens

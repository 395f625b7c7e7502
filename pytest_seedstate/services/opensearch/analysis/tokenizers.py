"""Tokenizers: the text divided."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..errors import illegal_argument
from .parts import Parameters, grams_refused, tokenizer
from .patterns import java_pattern
from .tokens import Token, Tokenizer
from .words import words


@tokenizer("standard")
def standard(parameters: Parameters) -> Tokenizer:
    longest = parameters.integer("max_token_length", 255)
    return lambda text: words(text, longest)


def _runs(pattern: re.Pattern[str], longest: int = 255) -> Tokenizer:
    """Tokens are what a pattern finds; Lucene cuts them after 255 characters."""

    def divide(text: str) -> list[Token]:
        tokens: list[Token] = []
        for match in pattern.finditer(text):
            start, end = match.span()
            while end - start > longest:
                cut = start + longest
                tokens.append(Token(text[start:cut], len(tokens), start, cut))
                start = cut
            tokens.append(Token(text[start:end], len(tokens), start, end))
        return tokens

    return divide


_LETTERS = re.compile(r"[^\W\d_]+")
_NOT_SPACE = re.compile(r"[^\s]+")


@tokenizer("whitespace")
def whitespace(parameters: Parameters) -> Tokenizer:
    return _runs(_NOT_SPACE, parameters.integer("max_token_length", 255))


@tokenizer("letter")
def letter(parameters: Parameters) -> Tokenizer:
    return _runs(_LETTERS)


@tokenizer("lowercase")
def lowercase(parameters: Parameters) -> Tokenizer:
    divide = _runs(_LETTERS)
    return lambda text: [t._replace(term=t.term.lower()) for t in divide(text)]


@tokenizer("keyword")
def keyword(parameters: Parameters) -> Tokenizer:
    parameters.get("buffer_size")  # how much is read at once: no effect on tokens
    return lambda text: [Token(text, 0, 0, len(text))]


_GRAM_CLASSES: dict[str, Callable[[str], bool]] = {
    "letter": str.isalpha,
    "digit": str.isdigit,
    "whitespace": str.isspace,
    "punctuation": lambda c: re.match(r"[!-#%-*,-/:;?@\[-\]_{}\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e]", c) is not None,
    "symbol": lambda c: re.match(r"[$+<=>^`|~\u00a2-\u00a9\u00ac\u00ae-\u00b1\u00b4\u00d7\u00f7\u20a0-\u20bf\u2190-\u23ff]", c) is not None,
}  # fmt: skip


def _gram_runs(parameters: Parameters) -> Callable[[str], Iterator[tuple[int, int]]]:
    """Stretches of a text whose characters may be part of grams."""
    names = parameters.listed("token_chars")
    custom = parameters.text("custom_token_chars", "")
    if not names:
        return lambda text: iter([(0, len(text))])
    tests: list[Callable[[str], bool]] = []
    for name in names:
        if name == "custom":
            tests.append(lambda char: char in custom)
        elif name in _GRAM_CLASSES:
            tests.append(_GRAM_CLASSES[name])
        else:
            raise illegal_argument(
                f"Unknown token type: '{name}', must be one of [symbol, private_use,"
                " paragraph_separator, start_punctuation, unassigned, enclosing_mark,"
                " connector_punctuation, letter_number, other_number, math_symbol, lowercase_letter,"
                " space_separator, surrogate, initial_quote_punctuation, decimal_digit_number,"
                " digit, other_punctuation, dash_punctuation, currency_symbol, non_spacing_mark,"
                " format, modifier_letter, control, uppercase_letter, other_symbol,"
                " end_punctuation, modifier_symbol, other_letter, line_separator,"
                " titlecase_letter, letter, punctuation, combining_spacing_mark,"
                " final_quote_punctuation, whitespace, custom]"
            )

    def find(text: str) -> Iterator[tuple[int, int]]:
        start: int | None = None
        for at, char in enumerate(text):
            if any(test(char) for test in tests):
                start = at if start is None else start
            elif start is not None:
                yield start, at
                start = None
        if start is not None:
            yield start, len(text)

    return find


def gram_sizes(parameters: Parameters, default_min: int, default_max: int) -> tuple[int, int]:
    """The sizes asked for."""
    smallest = parameters.integer("min_gram", default_min)
    largest = parameters.integer("max_gram", default_max)
    if smallest < 1:
        raise illegal_argument("minGram must be greater than zero")
    if smallest > largest:
        raise illegal_argument("minGram must not be greater than maxGram")
    return smallest, largest


def check_gram_difference(parameters: Parameters, smallest: int, largest: int) -> None:
    limit = parameters.integer("index.max_ngram_diff", 1)
    if largest - smallest > limit:
        raise grams_refused("ngram", "max_ngram_diff", limit, largest - smallest)


@tokenizer("ngram")
def ngram(parameters: Parameters) -> Tokenizer:
    smallest, largest = gram_sizes(parameters, 1, 2)
    check_gram_difference(parameters, smallest, largest)
    runs = _gram_runs(parameters)

    def divide(text: str) -> list[Token]:
        tokens: list[Token] = []
        for start, end in runs(text):
            for at in range(start, end):
                for size in range(smallest, min(largest, end - at) + 1):
                    tokens.append(Token(text[at : at + size], len(tokens), at, at + size))
        return tokens

    return divide


@tokenizer("edge_ngram")
def edge_ngram(parameters: Parameters) -> Tokenizer:
    smallest, largest = gram_sizes(parameters, 1, 2)
    runs = _gram_runs(parameters)

    def divide(text: str) -> list[Token]:
        tokens: list[Token] = []
        for start, end in runs(text):
            for size in range(smallest, min(largest, end - start) + 1):
                tokens.append(Token(text[start : start + size], len(tokens), start, start + size))
        return tokens

    return divide


@tokenizer("pattern")
def pattern(parameters: Parameters) -> Tokenizer:
    compiled = java_pattern(parameters.text("pattern", r"\W+"), parameters.text("flags", ""))
    group = parameters.integer("group", -1)
    if group > compiled.groups:
        raise illegal_argument(
            f"invalid group specified: pattern only has: {compiled.groups} capturing groups"
        )
    return pattern_tokens(compiled, group)


def pattern_tokens(compiled: re.Pattern[str], group: int = -1) -> Tokenizer:
    """Tokens are a group of each match, or (-1) what lies between matches."""

    def pieces(text: str) -> Iterator[tuple[int, int]]:
        if group >= 0:
            for match in compiled.finditer(text):
                if match.group(group) is not None:
                    yield match.span(group)
            return
        at = 0
        for match in compiled.finditer(text):
            yield at, match.start()
            at = match.end()
        yield at, len(text)

    def divide(text: str) -> list[Token]:
        tokens: list[Token] = []
        for start, end in pieces(text):
            if end > start:
                tokens.append(Token(text[start:end], len(tokens), start, end))
        return tokens

    return divide


@tokenizer("path_hierarchy")
def path_hierarchy(parameters: Parameters) -> Tokenizer:
    delimiter = parameters.text("delimiter", "/")
    replacement = parameters.text("replacement", delimiter)
    backwards = parameters.boolean("reverse", False)
    skip = parameters.integer("skip", 0)
    parameters.get("buffer_size")

    def divide(text: str) -> list[Token]:
        if not text:
            return []
        cuts = [m.start() for m in re.finditer(re.escape(delimiter), text)]
        if backwards:
            starts = [0, *(cut + 1 for cut in cuts if cut + 1 < len(text))]
            stop = len(text)
            if skip:
                inner = [cut for cut in cuts if cut + 1 < len(text)]
                stop = inner[-skip] + 1 if skip <= len(inner) else 0
            spans = [(start, stop) for start in starts if start < stop]
        else:
            begin = 0
            if skip:
                inner = [cut for cut in cuts if cut > 0] if text.startswith(delimiter) else cuts
                begin = inner[skip - 1] if skip <= len(inner) else len(text)
            spans = [(begin, cut) for cut in (*cuts, len(text)) if cut > begin]
        return [
            Token(text[start:end].replace(delimiter, replacement), place, start, end)
            for place, (start, end) in enumerate(spans)
        ]

    return divide

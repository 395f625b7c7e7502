"""Token filters that work on one term at a time, or on few."""

# ruff: noqa: RUF001  # folding is about look-alikes
# ruff: noqa: SIM905  # a long list reads better as a sentence
from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ..errors import illegal_argument, unsupported
from .parts import Parameters, each_term, grams_refused, token_filter
from .patterns import java_pattern, java_replacement
from .tokenizers import check_gram_difference, gram_sizes
from .tokens import Token, TokenFilter

ENGLISH_STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then"
    " there these they this to was will with".split()
)


def _lower(term: str) -> str:
    return term.lower() if term.isascii() else "".join(map(_lower_char, term))


def _lower_char(char: str) -> str:
    return "i" if char == "\u0130" else char.lower()  # char by char: no final sigma


@token_filter("lowercase", normalizing=True)
def lowercase(parameters: Parameters) -> TokenFilter:
    if parameters.get("language") is not None:
        raise unsupported("[language] of the lowercase filter")
    return each_term(_lower)


@token_filter("uppercase", normalizing=True)
def uppercase(parameters: Parameters) -> TokenFilter:
    return each_term(lambda t: "".join(c.upper() if len(c.upper()) == 1 else c for c in t))


_FOLDED = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ı": "i",
    "ħ": "h", "Ħ": "H", "ĸ": "q", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ƒ": "f", "ŉ": "n",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'",
    "‹": "'", "›": "'", "′": "'", "‵": "'", "″": '"', "‶": '"', "‐": "-", "‑": "-", "‒": "-",
    "–": "-", "—": "-", "⁻": "-", "₋": "-", "⁄": "/", "ə": "a", "Ə": "A", "ɐ": "a", "‼": "!!",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    if char in _FOLDED:
        return _FOLDED[char]
    if unicodedata.category(char)[0] in "MZ":
        return char
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return plain if plain and plain.isascii() and " " not in plain else char


def fold(term: str) -> str:
    """A term with letters of the Latin script as ASCII letters."""
    return term if term.isascii() else "".join(map(_folded, term))


@token_filter("asciifolding", normalizing=True)
def asciifolding(parameters: Parameters) -> TokenFilter:
    if not parameters.boolean("preserve_original", False):
        return each_term(fold)

    def both(tokens: list[Token]) -> list[Token]:
        result = []
        for token in tokens:
            term = fold(token.term)
            result.append(token._replace(term=term))
            if term != token.term:
                result.append(token)
        return result

    return both


@token_filter("trim", normalizing=True)
def trim(parameters: Parameters) -> TokenFilter:
    return each_term(str.strip)


@token_filter("reverse")
def reverse(parameters: Parameters) -> TokenFilter:
    return each_term(lambda term: term[::-1])


@token_filter("truncate")
def truncate(parameters: Parameters) -> TokenFilter:
    length = parameters.integer("length", 10)
    if length < 1:
        raise illegal_argument("length parameter must be a positive number: " + str(length))
    return each_term(lambda term: term[:length])


@token_filter("length")
def length(parameters: Parameters) -> TokenFilter:
    least = parameters.integer("min", 0)
    most = parameters.integer("max", 2**31 - 1)
    return lambda tokens: [t for t in tokens if least <= len(t.term) <= most]


@token_filter("limit")
def limit(parameters: Parameters) -> TokenFilter:
    parameters.boolean("consume_all_tokens", False)
    count = parameters.integer("max_token_count", 1)
    return lambda tokens: tokens[:count]


@token_filter("unique")
def unique(parameters: Parameters) -> TokenFilter:
    same_place = parameters.boolean("only_on_same_position", False)

    def apply(tokens: list[Token]) -> list[Token]:
        seen: set[tuple[str, int]] = set()
        kept = []
        for token in tokens:
            key = (token.term, token.position if same_place else 0)
            if key not in seen:
                seen.add(key)
                kept.append(token)
        if same_place:
            return kept
        # Without the option, Lucene drops duplicates together with the places they held.
        return _without_gaps(kept, tokens)

    return apply


def _without_gaps(kept: list[Token], tokens: list[Token]) -> list[Token]:
    increments: dict[str, int] = {}
    before = -1
    for token in tokens:
        increments.setdefault(token.term, token.position - before)
        before = token.position
    position = -1
    result = []
    for token in kept:
        position += increments[token.term]
        result.append(token._replace(position=position))
    return result


def stop_words(value: object) -> frozenset[str]:
    """The words of a `stopwords` setting: a list, or a name such as ``_english_``."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list):
        raise illegal_argument(f"[stopwords] must be a list or a name, not [{value}]")
    if isinstance(value, str) and not value.startswith("_"):
        words = [part.strip() for part in value.split(",")]
    found: set[str] = set()
    for word in words:
        if word == "_english_":
            found |= ENGLISH_STOP_WORDS
        elif (
            isinstance(word, str) and word.startswith("_") and word.endswith("_") and len(word) > 1
        ):
            if word != "_none_":
                raise unsupported(f"the list of stop words [{word}]")
        else:
            found.add(str(word))
    return frozenset(found)


@token_filter("stop")
def stop(parameters: Parameters) -> TokenFilter:
    parameters.no_file("stopwords_path")
    parameters.boolean("remove_trailing", True)
    any_case = parameters.boolean("ignore_case", False)
    words = stop_words(parameters.get("stopwords", "_english_"))
    if any_case:
        lowered = frozenset(map(_lower, words))
        return lambda tokens: [t for t in tokens if _lower(t.term) not in lowered]
    return lambda tokens: [t for t in tokens if t.term not in words]


@token_filter("pattern_replace", normalizing=True)
def pattern_replace(parameters: Parameters) -> TokenFilter:
    source = parameters.get("pattern")
    if not source:
        raise illegal_argument(
            f"pattern is missing for [{parameters.what}] token filter of type 'pattern_replace'"
        )
    pattern = java_pattern(str(source), parameters.text("flags", ""))
    template = java_replacement(parameters.text("replacement", ""))
    count = 0 if parameters.boolean("all", True) else 1
    return each_term(lambda term: pattern.sub(template, term, count=count))


@token_filter("ngram")
@token_filter("nGram")
def ngram(parameters: Parameters) -> TokenFilter:
    least, most = gram_sizes(parameters, 1, 2)
    check_gram_difference(parameters, least, most)
    keep = parameters.boolean("preserve_original", False)

    def apply(tokens: list[Token]) -> list[Token]:
        result = []
        for token in tokens:
            term = token.term
            for at in range(len(term)):
                sizes = range(least, min(most, len(term) - at) + 1)
                result += [token._replace(term=term[at : at + size]) for size in sizes]
            if keep and not least <= len(term) <= most:
                result.append(token)
        return result

    return apply


@token_filter("edge_ngram")
@token_filter("edgeNGram")
def edge_ngram(parameters: Parameters) -> TokenFilter:
    least, most = gram_sizes(parameters, 1, 1 if parameters.empty else 2)
    keep = parameters.boolean("preserve_original", False)
    side = parameters.text("side", "front")
    if side not in ("front", "back"):
        raise illegal_argument("invalid side: " + side)

    def apply(tokens: list[Token]) -> list[Token]:
        result = []
        for token in tokens:
            term = token.term
            for size in range(least, min(most, len(term)) + 1):
                piece = term[:size] if side == "front" else term[-size:]
                result.append(token._replace(term=piece))
            if keep and not least <= len(term) <= most:
                result.append(token)
        return result

    return apply


@token_filter("shingle")
def shingle(parameters: Parameters) -> TokenFilter:
    least = parameters.integer("min_shingle_size", 2)
    most = parameters.integer("max_shingle_size", 2)
    single = parameters.boolean("output_unigrams", True)
    single_alone = parameters.boolean("output_unigrams_if_no_shingles", False)
    joint = parameters.text("token_separator", " ")
    filler = parameters.text("filler_token", "_")
    allowed = parameters.integer("index.max_shingle_diff", 3)
    difference = most - least + (1 if single else 0)
    if difference > allowed:
        raise grams_refused("shingle", "max_shingle_diff", allowed, difference)
    if least < 2 or most < least:
        raise illegal_argument(
            "Min shingle size must be >= 2" if least < 2 else "Invalid shingle sizes: min > max"
        )

    def apply(tokens: list[Token]) -> list[Token]:
        slots: list[Token] = []
        for token in tokens:
            gap = Token(filler, -1, token.start, token.start)
            slots += [gap] * (token.position - len(slots))
            slots.append(token)
        result: list[Token] = []
        for at, token in enumerate(slots):
            if single and token.position >= 0:
                result.append(token)
            for size in range(least, min(most, len(slots) - at) + 1):
                group = slots[at : at + size]
                if any(t.position >= 0 for t in group):
                    term = joint.join(t.term for t in group)
                    result.append(Token(term, at, group[0].start, group[-1].end, "shingle"))
        return tokens if not result and single_alone else result

    return apply


_UPPER = "A-ZÀ-ÖØ-Þ"
_PARTS = {  # by whether a change of case divides, and whether a digit does
    (True, True): rf"[^\W\d_{_UPPER}]+|[{_UPPER}]+[^\W\d_{_UPPER}]*|\d+",
    (True, False): rf"[^\W_]+?(?:(?<=[a-zß-öø-ÿ])(?=[{_UPPER}])|(?![^\W_]))",
    (False, True): r"[^\W\d_]+|\d+",
    (False, False): r"[^\W_]+",
}


def _word_parts(parameters: Parameters) -> TokenFilter:
    for name in ("catenate_words", "catenate_numbers", "catenate_all"):
        if parameters.boolean(name, False):
            raise unsupported(f"[{name}] of {parameters.what}")
    for name in ("protected_words_path", "type_table_path"):
        parameters.no_file(name)
    words = parameters.boolean("generate_word_parts", True)
    numbers = parameters.boolean("generate_number_parts", True)
    on_case = parameters.boolean("split_on_case_change", True)
    on_digits = parameters.boolean("split_on_numerics", True)
    keep = parameters.boolean("preserve_original", False)
    possessive = parameters.boolean("stem_english_possessive", True)
    protected = set(parameters.listed("protected_words"))
    pattern = re.compile(_PARTS[on_case, on_digits])

    def apply(tokens: list[Token]) -> list[Token]:
        result: list[Token] = []
        shift = 0
        for token in tokens:
            token = token._replace(position=token.position + shift)
            if token.term in protected:
                result.append(token)
                continue
            text = re.sub(r"['\u2019][sS](?![^\W_])", "", token.term) if possessive else token.term
            exact = len(token.term) == token.end - token.start
            found = [
                match
                for match in pattern.finditer(text)
                if (numbers if match.group().isdigit() else words)
            ]
            whole = [match.group() for match in found] == [token.term]
            if keep and not whole:
                result.append(token)
            for place, match in enumerate(found):
                start, end = match.span() if exact else (0, token.end - token.start)
                result.append(
                    token._replace(
                        term=match.group(),
                        position=token.position + place,
                        start=token.start + start,
                        end=token.start + end,
                    )
                )
            shift += max(len(found) - 1, 0)
        return result

    return apply


@token_filter("word_delimiter")
def word_delimiter(parameters: Parameters) -> TokenFilter:
    """Split words at characters that are no letters or digits, and where the case changes."""
    return _word_parts(parameters)


@token_filter("word_delimiter_graph")
def word_delimiter_graph(parameters: Parameters) -> TokenFilter:
    """As word_delimiter: they differ only in what is refused here."""
    parameters.boolean("adjust_offsets", True)
    return _word_parts(parameters)

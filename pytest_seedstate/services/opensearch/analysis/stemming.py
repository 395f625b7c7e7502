"""Filters that reduce words to their stems."""

# ruff: noqa: SIM905  # a long list reads better as a sentence
from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from ..errors import ApiError, unsupported
from .parts import Parameters, each_term, token_filter
from .porter import porter
from .tokens import Token, TokenFilter

_SNOWBALL = frozenset(
    "armenian basque catalan danish dutch finnish french german hungarian irish italian lithuanian"
    " norwegian portuguese romanian russian spanish swedish turkish".split()
)
_KNOWN_ELSEWHERE = frozenset(
    "arabic bengali brazilian bulgarian czech dutch_kp kp estonian light_finnish light_french"
    " minimal_french galician minimal_galician german2 light_german minimal_german greek hindi"
    " light_hungarian indonesian sorani light_italian latvian lovins light_english kstem"
    " light_norwegian minimal_norwegian light_nynorsk minimal_nynorsk light_portuguese"
    " minimal_portuguese portuguese_rslp light_russian light_spanish light_swedish".split()
)


@cache
def _snowball(language: str) -> Callable[[str], str]:
    # All languages come with it, in a fifth of the engine's start; few indices stem.
    import snowballstemmer  # type: ignore[import-untyped]  # ships no types

    stem = snowballstemmer.stemmer(language).stemWord
    return lru_cache(maxsize=20_000)(stem)


# Snowball 3 treats words that begin so as exceptions; the version in Lucene does not. With another
# first letter of the same kind they are none, and the rules that stay do not look at it.
_NEWER_EXCEPTIONS = ("past", "univers", "later", "emerg", "organ", "inter")
_OTHER_LETTER = {"p": "m", "u": "a", "l": "m", "e": "a", "o": "a", "i": "a"}


def _english(term: str) -> str:
    """Porter's second stemmer as Lucene has it."""
    stem = _snowball("english")
    if not term.startswith(_NEWER_EXCEPTIONS):
        return stem(term)
    return term[0] + stem(_OTHER_LETTER[term[0]] + term[1:])[1:]


def _possessive(term: str) -> str:
    if len(term) > 1 and term[-1] in "sS" and term[-2] in "'\u2019\uff07":
        return term[:-2]
    return term


def _minimal_english(term: str) -> str:
    """Harman's S-stemmer."""
    if len(term) < 3 or not term.endswith("s") or term[-2] in "us":
        return term
    if term.endswith("es"):
        if term.endswith("ies") and len(term) > 3 and term[-4] not in "ae":
            return term[:-3] + "y"
        if term[-3] in "iaoe":
            return term
    return term[:-1]


@token_filter("porter_stem")
@token_filter("porterStem")
def porter_stem(parameters: Parameters) -> TokenFilter:
    return each_term(porter)


@token_filter("stemmer")
def stemmer(parameters: Parameters) -> TokenFilter:
    language = str(parameters.get("language", parameters.get("name", "porter"))).lower()
    if language in ("english", "porter"):
        return each_term(porter)
    if language == "porter2":
        return each_term(_english)
    if language == "minimal_english":
        return each_term(_minimal_english)
    if language == "possessive_english":
        return each_term(_possessive)
    return _by_language(language)


@token_filter("snowball")
def snowball(parameters: Parameters) -> TokenFilter:
    language = str(parameters.get("language", parameters.get("name", "English"))).lower()
    if language in ("english", "porter"):
        return each_term(_english if language == "english" else porter)
    return _by_language(language)


def _by_language(language: str) -> TokenFilter:
    if language in _SNOWBALL:
        return each_term(_snowball(language))
    if language in _KNOWN_ELSEWHERE:
        raise unsupported(f"the stemmer [{language}]")
    name = language.capitalize()
    raise ApiError(
        400,
        "illegal_argument_exception",
        f"Invalid stemmer class specified: {name}",
        caused_by={
            "type": "class_not_found_exception",
            "reason": f"org.tartarus.snowball.ext.{name}Stemmer",
        },
    )


def english_possessive(tokens: list[Token]) -> list[Token]:
    """Words without their trailing 's."""
    return [t._replace(term=_possessive(t.term)) for t in tokens]

"""The standard tokenizer: Unicode's word boundaries (UAX #29) as Lucene applies them.

A text is translated to a string of property letters, one for each character, on which one regular
expression finds the words. The standard library knows no Word_Break property, so it is derived
from general categories and blocks.
"""

from __future__ import annotations

import re
import unicodedata

from .tokens import Token

_SINGLE = {
    **dict.fromkeys(":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a", "m"),  # MidLetter
    **dict.fromkeys(".\u2018\u2019\u2024\ufe52\uff07\uff0e'", "b"),  # MidNumLet, Single_Quote
    **dict.fromkeys(
        ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b", "n"
    ),  # MidNum
    '"': "q",
    "\u202f": "E",
    "\u066b": "N",
    "\u200b": "O",
}
_BLOCKS = (
    (0x05D0, 0x05F2, "H"),  # Hebrew letters
    (0xFB1D, 0xFB4F, "H"),
    (0x0E01, 0x0E3A, "S"),  # South East Asian scripts, not divided into words
    (0x0E40, 0x0E4E, "S"),
    (0x0E80, 0x0ECF, "S"),
    (0x0EDC, 0x0EDF, "S"),
    (0x1000, 0x103F, "S"),
    (0x1050, 0x108F, "S"),
    (0x1780, 0x17D3, "S"),
    (0x1950, 0x19CF, "S"),
    (0xAA60, 0xAADF, "S"),
    (0x3041, 0x3096, "R"),  # Hiragana
    (0x309D, 0x309F, "R"),
    (0x3031, 0x3035, "K"),  # Katakana
    (0x309B, 0x309C, "K"),
    (0x30A0, 0x30FA, "K"),
    (0x30FC, 0x30FF, "K"),
    (0x31F0, 0x31FF, "K"),
    (0x32D0, 0x32FE, "K"),
    (0x3300, 0x3357, "K"),
    (0xFF66, 0xFF9D, "K"),
    (0x2E80, 0x2FD5, "I"),  # Han
    (0x3005, 0x3005, "I"),
    (0x3007, 0x3007, "I"),
    (0x3021, 0x3029, "I"),
    (0x3038, 0x303B, "I"),
    (0x3400, 0x4DBF, "I"),
    (0x4E00, 0x9FFF, "I"),
    (0xF900, 0xFAD9, "I"),
    (0x20000, 0x3FFFD, "I"),
    (0x1100, 0x11FF, "G"),  # Hangul
    (0x3131, 0x318E, "G"),
    (0xA960, 0xA97C, "G"),
    (0xAC00, 0xD7FB, "G"),
    (0x1F1E6, 0x1F1FF, "F"),  # regional indicators
    (0x1F3FB, 0x1F3FF, "X"),  # skin tones
    (0x1F300, 0x1FAFF, "P"),  # pictographs
    (0x2600, 0x27BF, "P"),
)
_CATEGORIES = {
    "Lu": "A", "Ll": "A", "Lt": "A", "Lm": "A", "Lo": "A", "Nl": "A",
    "Nd": "N", "Pc": "E", "Mn": "X", "Mc": "X", "Me": "X", "Cf": "X",
}  # fmt: skip


def _property(code: int) -> str:
    char = chr(code)
    if char in _SINGLE:
        return _SINGLE[char]
    for first, last, letter in _BLOCKS:
        if first <= code <= last:
            category = unicodedata.category(char)
            if letter in "PHG" and category[0] not in ("S" if letter == "P" else "LN"):
                break
            return letter
    if 0x24B6 <= code <= 0x24E9:  # circled letters are alphabetic
        return "A"
    return _CATEGORIES.get(unicodedata.category(char), "O")


class _Properties(dict[int, str]):
    """Properties by character code, found when first asked for: for str.translate."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _property(code)
        return found


_PROPERTIES = _Properties()
_NUMBER = r"NX*(?:(?:(?:EX*)*|[nb]X*)NX*)*"
_LETTERS = r"[AHG]X*(?:(?:(?:EX*)*|[mb]X*)[AHG]X*)*"
_KATAKANA = r"KX*(?:(?:EX*)*KX*)*"
_CORE = rf"(?:{_KATAKANA}|(?:HX*(?:(?=b)(?!b[AHG])bX*|qX*HX*)|{_NUMBER}|{_LETTERS})+)"
_WORD = re.compile(
    rf"(?P<S>(?:SX*)+)|(?P<I>IX*)|(?P<R>RX*)|(?P<P>(?:PX*)+|FX*FX*)"
    rf"|(?P<A>(?:EX*)*{_CORE}(?:(?:EX*)+{_CORE})*(?:EX*)*)"
)
_TYPES = {
    "S": "<SOUTHEAST_ASIAN>",
    "I": "<IDEOGRAPHIC>",
    "R": "<HIRAGANA>",
    "P": "<EMOJI>",
}


def _type(group: str, shape: str) -> str:
    if group != "A":
        return _TYPES[group]
    if "A" in shape or "H" in shape:
        return "<ALPHANUM>"
    if "G" in shape:
        return "<ALPHANUM>" if shape.strip("GX") else "<HANGUL>"
    return "<KATAKANA>" if "K" in shape else "<NUM>"


# The same rules for ASCII, on the text itself: most texts, in a third of the time.
_ASCII_WORD = re.compile(
    r"(?=_*[a-z\d])\w+(?:(?:(?<=[a-z])[.':](?=[a-z])|(?<=\d)[.,;'](?=\d))\w+)*",
    re.ASCII | re.IGNORECASE,
)
_ASCII_LETTER = re.compile("[A-Za-z]")


def words(text: str, max_token_length: int = 255) -> list[Token]:
    """The words of a text; longer ones are cut into pieces of `max_token_length`."""
    return (_ascii_words if text.isascii() else _unicode_words)(text, max_token_length)


def _ascii_words(text: str, max_token_length: int) -> list[Token]:
    tokens: list[Token] = []
    for match in _ASCII_WORD.finditer(text):
        start, end = match.span()
        word = text[start:end]
        kind = "<ALPHANUM>" if _ASCII_LETTER.search(word) else "<NUM>"
        if end - start > max_token_length:
            _cut(tokens, text, start, end, kind, max_token_length)
        else:
            tokens.append(Token(word, len(tokens), start, end, kind))
    return tokens


def _unicode_words(text: str, max_token_length: int) -> list[Token]:
    shape = text.translate(_PROPERTIES)
    tokens: list[Token] = []
    for match in _WORD.finditer(shape):
        start, end = match.span()
        group = match.lastgroup or "A"
        kind = _type(group, shape[start:end])
        _cut(tokens, text, start, end, kind, max_token_length)
    return tokens


def _cut(tokens: list[Token], text: str, start: int, end: int, kind: str, longest: int) -> None:
    while end - start > longest:
        tokens.append(
            Token(text[start : start + longest], len(tokens), start, start + longest, kind)
        )
        start += longest
    tokens.append(Token(text[start:end], len(tokens), start, end, kind))

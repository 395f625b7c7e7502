"""Lucene's regular expressions."""

from __future__ import annotations

import re

from ..errors import ApiError, unsupported

_OPERATORS = {"@": ".*", "#": "(?!)", "^": "\\^", "$": "\\$", "(": "(?:"}


def compiled(source: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern of Lucene's as one of Python's.

    Raises:
        ApiError: it is none, or has ``~``, ``&`` or ``<`` operators, which Python cannot express.
    """
    parts: list[str] = []
    at, in_class = 0, False
    while at < len(source):
        char = source[at]
        if char == "\\" and at + 1 < len(source):
            following = source[at + 1]
            known = following in "dDwWsS"
            piece = f"\\{following}" if known else re.escape(following)
            parts.append(f"(?a:{piece})" if known and not in_class else piece)
            at += 2
            continue
        if in_class:
            in_class = char != "]"
            parts.append("\\[" if char == "[" else char)
        elif char == '"':
            end = source.find('"', at + 1)
            if end < 0:
                raise _wrong(source, f"expected '\"' at position {len(source)}")
            parts.append(re.escape(source[at + 1 : end]))
            at = end
        elif char in "~&<>":
            raise unsupported(f"[{char}] in a regular expression")
        else:
            in_class = char == "["
            parts.append(_OPERATORS.get(char, char))
        at += 1
    try:
        return re.compile("".join(parts), flags)
    except re.error as problem:
        raise _wrong(source, str(problem)) from None


def _wrong(source: str, problem: str) -> ApiError:
    return ApiError(400, "illegal_argument_exception", f"{problem} in [{source}]")

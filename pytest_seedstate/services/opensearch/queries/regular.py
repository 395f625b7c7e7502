"""Lucene's regular expressions."""

from __future__ import annotations

import re

from ..errors import ApiError, unsupported


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
            parts.append(f"(?a:\\{following})" if known and not in_class else
                         f"\\{following}" if known else re.escape(following))  # fmt: skip
            at += 2
            continue
        if in_class:
            in_class = char != "]"
            parts.append("\\[" if char == "[" else char)
        elif char == "[":
            in_class = True
            parts.append(char)
        elif char == '"':
            end = source.find('"', at + 1)
            if end < 0:
                raise _wrong(source, "expected '\"' at position " + str(len(source)))
            parts.append(re.escape(source[at + 1 : end]))
            at = end
        elif char in "~&<>":
            raise unsupported(f"[{char}] in a regular expression")
        elif char == "@":
            parts.append(".*")
        elif char == "#":
            parts.append("(?!)")
        elif char in "^$":
            parts.append("\\" + char)
        elif char == "(":
            parts.append("(?:")
        else:
            parts.append(char)
        at += 1
    try:
        return re.compile("".join(parts), flags)
    except re.error as problem:
        raise _wrong(source, str(problem)) from None


def _wrong(source: str, problem: str) -> ApiError:
    return ApiError(400, "illegal_argument_exception", f"{problem} in [{source}]")

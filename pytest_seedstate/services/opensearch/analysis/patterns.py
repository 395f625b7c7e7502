"""Java's regular expressions, as far as Python's mean the same."""

from __future__ import annotations

import re

from ..errors import ApiError, illegal_argument

_FLAGS = {
    "CASE_INSENSITIVE": re.IGNORECASE | re.ASCII,
    "MULTILINE": re.MULTILINE,
    "DOTALL": re.DOTALL,
    "UNICODE_CASE": re.IGNORECASE,
    "COMMENTS": re.VERBOSE,
    "UNICODE_CHARACTER_CLASS": re.UNICODE,
}
_CLASSES = {
    r"\p{L}": r"[^\W\d_]",
    r"\p{Lu}": r"[A-ZÀ-ÖØ-Þ]",
    r"\p{Upper}": "[A-Z]",
    r"\p{Ll}": r"[a-zß-öø-ÿ]",
    r"\p{Lower}": "[a-z]",
    r"\p{Alpha}": "[A-Za-z]",
    r"\p{Digit}": "[0-9]",
    r"\p{N}": r"\d",
    r"\p{Nd}": r"\d",
    r"\p{Alnum}": "[A-Za-z0-9]",
    r"\p{Punct}": r"[!-/:-@\[-`{-~]",
    r"\p{Space}": r"\s",
    r"\P{L}": r"[\W\d_]",
}


def java_pattern(source: str, flags: str = "") -> re.Pattern[str]:
    """Compile a Java pattern; what Python does not know is refused."""
    value = re.ASCII
    for name in filter(None, flags.split("|")):
        if name.strip() not in _FLAGS:
            raise illegal_argument(f"Unknown regex flag [{name}]")
        if name.strip() in ("UNICODE_CASE", "UNICODE_CHARACTER_CLASS"):
            value &= ~re.ASCII
        value |= _FLAGS[name.strip()]
    if any(ord(char) > 127 for char in source) or r"\p" in source or r"\P" in source:
        value &= ~re.ASCII  # Python would not match cases of such letters with ASCII set
    text = source
    for java, python in _CLASSES.items():
        text = text.replace(java, python)
    text = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", text)
    try:
        return re.compile(text, value)
    except (re.error, ValueError) as problem:
        raise ApiError(
            400, "pattern_syntax_exception", f"{problem} near index 0\n{source}"
        ) from None


def java_replacement(text: str) -> str:
    """A template of Java's ($1, ${name}) as a template of Python's."""
    result = re.sub(r"\\(?!\$)", r"\\\\", text)
    result = re.sub(r"(?<!\\)\$(\d)", r"\\g<\1>", result)
    result = re.sub(r"(?<!\\)\$\{(\w+)\}", r"\\g<\1>", result)
    return result.replace(r"\$", "$")

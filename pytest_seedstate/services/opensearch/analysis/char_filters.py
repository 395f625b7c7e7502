"""Filters of the text before it is divided."""

# ruff: noqa: SIM905  # a long list reads better as a sentence
from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import illegal_argument
from .parts import Parameters, char_filter
from .patterns import java_pattern, java_replacement
from .tokens import CharFilter, Filtered


def _replaced(
    text: str, pattern: re.Pattern[str], new_for: Callable[[re.Match[str]], str | None]
) -> Filtered:
    """Replace what a pattern finds, None leaves it; remember the offsets."""
    parts: list[str] = []
    steps: list[tuple[int, int]] = []
    length = at = shift = 0
    for match in pattern.finditer(text):
        new = new_for(match)
        if new is None:
            continue
        before = text[at : match.start()]
        parts += (before, new)
        length += len(before) + len(new)
        at = match.end()
        if len(new) != at - match.start():
            shift += at - match.start() - len(new)
            steps.append((length, shift))
    parts.append(text[at:])
    return Filtered("".join(parts), tuple(steps))


_BLOCK_TAGS = frozenset(
    "address article aside blockquote br center dd dir div dl dt fieldset footer form frameset h1"
    " h2 h3 h4 h5 h6 header hr isindex li main menu nav noframes noscript ol option p pre section"
    " table tbody td tfoot th thead tr ul".split()
)
_HTML = re.compile(
    r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?([a-zA-Z][\w:-]*)(?:\s[^<>]*)?/?>"
    r"|<[!?][^>]*>|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]\w*);",
    re.DOTALL | re.IGNORECASE,
)


@char_filter("html_strip")
def html_strip(parameters: Parameters) -> CharFilter:
    """Remove tags (block tags become line breaks) and decode entities."""
    import html  # slow to import, rarely used

    kept = {tag.lower() for tag in parameters.listed("escaped_tags")}

    def text_of(match: re.Match[str]) -> str | None:
        tag = (match.group(2) or "").lower()
        if tag in kept:
            return None
        if match.group().startswith("&"):
            new = html.unescape(match.group())
            return " " if new == "\xa0" else new
        return "\n" if tag in _BLOCK_TAGS or match.group(1) else ""

    return lambda text: _replaced(text, _HTML, text_of)


@char_filter("mapping", normalizing=True)
def mapping(parameters: Parameters) -> CharFilter:
    """Replace strings by others, the longest first."""
    parameters.no_file("mappings_path")
    rules: dict[str, str] = {}
    for rule in parameters.get("mappings", []):
        left, arrow, right = str(rule).partition("=>")
        if not arrow or not left.strip():
            raise illegal_argument(f"Invalid Mapping Rule : [{rule}]")
        rules[_unescaped(left.strip())] = _unescaped(right.strip())
    if not rules:
        raise illegal_argument(
            "mapping requires either `mappings` or `mappings_path` to be configured"
        )
    pattern = re.compile("|".join(re.escape(key) for key in sorted(rules, key=len, reverse=True)))
    return lambda text: _replaced(text, pattern, lambda match: rules[match.group()])


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\u([0-9a-fA-F]{4})|\\(.)",
        lambda m: (
            chr(int(m[1], 16))
            if m[1]
            else {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(m[2], m[2])
        ),
        text,
    )


@char_filter("pattern_replace", normalizing=True)
def pattern_replace(parameters: Parameters) -> CharFilter:
    """Replace what a Java regular expression finds."""
    source = parameters.get("pattern")
    if not source:
        raise illegal_argument(
            f"pattern is missing for [{parameters.what}] char filter of type 'pattern_replace'"
        )
    pattern = java_pattern(str(source), parameters.text("flags", ""))
    template = java_replacement(parameters.text("replacement", ""))
    return lambda text: _replaced(text, pattern, lambda match: match.expand(template))

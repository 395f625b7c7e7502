"""Reading documents: headings, links, and code blocks with the files they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md"))),
)
LANGUAGES = ("python", "ini", "sql", "json")

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FILE_LINE = re.compile(r"(?:#|--) (?P<file>[\w./-]+\.(?:py|ini|sql))$")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes:
        document: the path of its document, from the root.
        section: the heading of the second level that it stands under.
        language: the first word of its info string.
        file: the file that it belongs to: named in a comment on its first line, or, in languages
            without comments, as the second word of its info string. Empty if it names none.
        text: its content.
    """

    document: str
    section: str
    language: str
    file: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def blocks(document: str) -> Iterator[Block]:
    """The code blocks of a document in languages that can be run."""
    content = (ROOT / document).read_text("utf-8")
    for match in _FENCE.finditer(content):
        language, _, named = match["info"].strip().partition(" ")
        if language in LANGUAGES:
            text = match["text"]
            line = _FILE_LINE.match(text.partition("\n")[0])
            file = named or (line["file"] if line else "")
            yield Block(document, _section(content[: match.start()]), language, file, text)


def _section(before: str) -> str:
    found = re.findall(r"^## (.+)$", _FENCE.sub("", before), re.MULTILINE)
    return str(found[-1]) if found else ""


def links(document: str) -> list[str]:
    """The targets of a document's links."""
    prose = _FENCE.sub("", (ROOT / document).read_text("utf-8"))
    return [match["target"] for match in _LINK.finditer(prose)]


def anchors(document: str) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    prose = _FENCE.sub("", (ROOT / document).read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(prose)
    }

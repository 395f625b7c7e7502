"""Links between the documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.examples import DOCUMENTS, ROOT, anchors, links


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """A file of this repository, and a heading where one is named."""
    broken = []
    for link in links(document):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / document).parent / name if name else ROOT / document
        is_document = target.suffix == ".md" and target.is_file()
        if not target.exists() or (anchor and not (is_document and anchor in _anchors(target))):
            broken.append(link)
    assert not broken


def _anchors(path: Path) -> set[str]:
    return anchors(str(path.resolve().relative_to(ROOT)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_paths_exist(document: str) -> None:
    """Files and folders of this repository that a document names in running text."""
    text = (ROOT / document).read_text("utf-8")
    named = set(re.findall(r"`((?:examples|benchmarks|tests)/[\w./-]+)`", text))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_document_can_be_reached_from_the_readme() -> None:
    """Nobody reads what nothing leads to."""
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        for link in links(document):
            target = ((ROOT / document).parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_relative_to(ROOT):
                name = str(target.relative_to(ROOT))
                waiting += [name] if name in DOCUMENTS and name not in reached else []
    assert reached == set(DOCUMENTS)

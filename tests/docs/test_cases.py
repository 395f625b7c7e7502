"""The cases that the stores' pages promise: each has a test, and the test exists."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.examples import ROOT

OUTCOMES = ("restored", "replaced", "outside")
PAGES = ("postgres", "dynamodb", "s3", "opensearch")


def cases(page: str) -> list[tuple[str, str, str]]:
    """Case, outcome and test of each row of a page's table of cases."""
    text = (ROOT / "docs/stores" / f"{page}.md").read_text("utf-8")
    rows = [
        re.split(r"(?<!\\) \| ", line.strip("| "))
        for line in text.splitlines()
        if line.startswith("| ") and re.search(r"\| `tests/[^`]+` \|$", line)
    ]
    return [(row[0], row[1], row[2].strip("`")) for row in rows]


@pytest.mark.parametrize("page", PAGES)
def test_every_case_has_an_outcome_and_a_test(page: str) -> None:
    """The test is one that pytest finds, by its name or with one of its parameters."""
    told = cases(page)
    assert told, "the page has no table of cases"
    assert {outcome.split(",")[0] for _, outcome, _ in told} <= set(OUTCOMES)
    wanted = {test for _, _, test in told}
    files = sorted({test.partition("::")[0] for test in wanted})
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    there = {*collected, *(test.partition("[")[0] for test in collected)}
    assert wanted - there == set()

"""OpenSearch's own API stories, played against the engine over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.opensearch.serving import served

RUNNER = Path(__file__).parents[3] / "shared" / "conformance" / "opensearch" / "run"
LEAST = 0.85  # of the chapters that are not skipped

# Story and chapter that fail, with the reason. One that passes again has to go from here.
DIFFERENT: dict[tuple[str, str], str] = {}


@pytest.mark.skipif(not RUNNER.exists(), reason="the shared stories are not beside this repository")
def test_the_official_stories_pass(tmp_path: Path) -> None:
    """85 % of the chapters in scope pass or more, and those that fail are known."""
    pytest.importorskip("yaml")
    report = tmp_path / "verdicts.json"
    with served() as url:
        ran = subprocess.run(
            [sys.executable, RUNNER, url, "--json", report, "--list-failures"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert report.exists(), ran.stdout + ran.stderr
    verdicts = json.loads(report.read_text())
    judged = [each for each in verdicts if each["result"] != "skipped"]
    failed = {(each["story"], each["synopsis"]) for each in judged if each["result"] == "failed"}
    assert len(judged) > 100
    assert len(failed) <= (1 - LEAST) * len(judged), ran.stdout
    assert failed == DIFFERENT.keys(), ran.stdout

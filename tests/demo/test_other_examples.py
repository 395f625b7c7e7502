"""Plain applications that adopted the plugin run as their users run them.

`examples/alembic_app` has a schema and a seeder of its own, `examples/search_tutorial` an index.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.projects import clean_environment

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("app", ["alembic_app", "search_tutorial"])
@pytest.mark.parametrize(
    "arguments",
    [["-p", "no:cacheprovider"], ["-n", "2"]],
    ids=["random order", "two workers"],
)
def test_it_passes(app: str, arguments: list[str]) -> None:
    """Its own tests, which write and commit, in an order of no one's choice and in parallel."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--seedstate-order=off", *arguments],
        cwd=EXAMPLES / app,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rewinds: " in done.stdout

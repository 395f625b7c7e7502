"""`examples/alembic_app`, a plain application that adopted the plugin, runs as its users run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.projects import clean_environment

APP = Path(__file__).parents[2] / "examples" / "alembic_app"


@pytest.mark.parametrize(
    "arguments",
    [["-p", "no:cacheprovider"], ["-n", "2"]],
    ids=["random order", "two workers"],
)
def test_it_passes(arguments: list[str]) -> None:
    """Its own tests, which write and commit, in an order of no one's choice and in parallel."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--seedstate-order=off", *arguments],
        cwd=APP,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rewinds: " in done.stdout

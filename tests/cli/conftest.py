"""A project whose commands run as processes of their own, and that leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.projects import CliProject


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    """A project with the pack `shop`; whatever the test leaves up is stopped."""
    made = CliProject(tmp_path / "project")
    yield made
    made.run("down")
    assert made.leftovers() == []

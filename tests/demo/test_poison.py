"""The README's first example: red without the plugin, green with it, in either order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

POISON = Path(__file__).parents[2] / "examples" / "poison"
ORDERS = {
    "as written": ("test_poison.py",),
    "reversed": ("test_poison.py::test_an_artist_leaves", "test_poison.py::test_an_artist_joins"),
}


def outcomes(*options: str) -> str:
    """The last line of a run of the example, by itself."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if "PYTEST" not in name and not name.startswith("AWS_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *options],
        cwd=POISON,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_without_the_plugin_the_second_test_fails(order: tuple[str, ...]) -> None:
    """Whoever comes second meets what the first one left."""
    assert "1 failed, 1 passed" in outcomes("-p", "no:seedstate", *order)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_with_the_plugin_both_pass(order: tuple[str, ...]) -> None:
    """The same file."""
    assert "2 passed" in outcomes(*order)

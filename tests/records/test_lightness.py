"""What importing costs, and what the types say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pytest_seedstate

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "faker", "factory", "boto3", "psycopg", "moto", "typer", "rich", "pytest")


def loaded_after(code: str) -> set[str]:
    """The heavy packages that a fresh process has loaded after some code."""
    listing = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", listing],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import pytest_seedstate", set()),
        ("from pytest_seedstate import scenario, reset_state, Scenario, schema", set()),
        ("from pytest_seedstate import Record, Row, Item, Object", {"pydantic"}),
        ("from pytest_seedstate import RecordFactory", {"pydantic", "faker", "factory"}),
        ("import pytest_seedstate.records.registry", set()),
    ],
)
def test_a_name_brings_only_what_it_needs(code: str, allowed: set[str]) -> None:
    """The package's names are resolved on first use."""
    assert loaded_after(code) <= allowed


def test_the_package_has_the_names_it_says() -> None:
    """All of them, and a clear error for others."""
    for name in pytest_seedstate.__all__:
        assert getattr(pytest_seedstate, name) is not None
        assert name in dir(pytest_seedstate)
    with pytest.raises(AttributeError, match="has no attribute 'Recrod'"):
        pytest_seedstate.Recrod  # noqa: B018

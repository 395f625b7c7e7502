"""Which environment variables a source reads, as far as it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_seedstate.records.cache.modules import variables_read

TOLD = {
    'os.environ["A"]': {"A"},
    'os.environ.get("A", "none")': {"A"},
    'environ.setdefault("A", "none")': {"A"},
    'os.environb[b"A"] + os.environb.get(b"B")': {"A", "B"},
    'os.getenv("A", os.environ.get("B"))': {"A", "B"},
    'getenv("A") or "B" in os.environ or "C" not in environ': {"A", "B", "C"},
    'from os import environ, getenv\n"""An environ."""': set(),
    'os.environ["A"] = "set"\ndel os.environ["B"]': set(),
    'other.get("A")': set(),
    'def late():\n    return os.environ["A"]': {"A"},
}
NOT_TOLD = [
    "os.environ[name]",
    "os.environ.get(name)",
    "os.environ.get(key='A')",
    "os.getenv(name)",
    "os.environ.pop('A')",
    "dict(os.environ)",
    "variables = os.environ",
    "read = os.getenv",
    "from os import environ as variables",
    "getattr(os, 'environ')",
    "os.environ['A'] += 'more'",
    "os.environ['A'] = os.environ['A'] + 'more'",
]


@pytest.mark.parametrize("source", TOLD)
def test_constant_names_are_told(tmp_path: Path, source: str) -> None:
    """In every usual way of reading."""
    module = tmp_path / "module.py"
    module.write_text(source, "utf-8")
    assert variables_read(str(module)) == TOLD[source]


@pytest.mark.parametrize("source", NOT_TOLD)
def test_everything_else_is_refused(tmp_path: Path, source: str) -> None:
    """Whatever it may mean."""
    module = tmp_path / "module.py"
    module.write_text(source, "utf-8")
    with pytest.raises(ValueError, match="does not tell which"):
        variables_read(str(module))

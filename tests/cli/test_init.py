"""A user's first minute: ``seedstate init`` and then ``pytest``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.projects import clean_environment

ROOT = Path(__file__).parents[2]
SEEDSTATE = Path(sys.executable).with_name("seedstate")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )


def files_below(folder: Path) -> dict[str, bytes]:
    """Contents by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_first_minute(tmp_path: Path) -> None:
    """In an empty folder; what it wrote is what the README shows, and both its tests pass."""
    done = run(SEEDSTATE, "init", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    written = files_below(tmp_path)
    assert sorted(written) == ["scenarios/shop.py", "tests/test_shop.py"]
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, text in written.items():
        assert f"written  {name}\n" in done.stdout
        assert f"```python\n{text.decode()}```" in readme
    tested = run(sys.executable, "-m", "pytest", cwd=tmp_path)
    assert "2 passed" in tested.stdout, tested.stdout + tested.stderr


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The folder may be named, and is made."""
    assert run(SEEDSTATE, "init", "new/project", cwd=tmp_path).returncode == 0
    assert "new/project/tests/test_shop.py" in files_below(tmp_path)


def test_existing_files_are_never_touched(tmp_path: Path) -> None:
    """One is there: nothing at all is written, and the exit code says so."""
    own = tmp_path / "tests" / "test_shop.py"
    own.parent.mkdir()
    own.write_text("# mine")
    done = run(SEEDSTATE, "init", cwd=tmp_path)
    assert done.returncode == 2
    assert "tests/test_shop.py already exists" in done.stderr
    assert "Traceback" not in done.stderr
    assert files_below(tmp_path) == {"tests/test_shop.py": b"# mine"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "scenarios").write_text("")
    done = run(SEEDSTATE, "init", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_below_a_project_it_writes_to_its_root(tmp_path: Path) -> None:
    """There pytest will look for packs; a folder that is named must be such a root itself."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    refused = run(SEEDSTATE, "init", "src", cwd=tmp_path)
    assert refused.returncode == 2
    assert "belongs to the project above it" in refused.stderr
    assert sorted(files_below(tmp_path)) == ["pytest.ini"]
    done = run(SEEDSTATE, "init", "--json", cwd=below)
    assert done.returncode == 0
    assert str(tmp_path) in done.stderr
    assert json.loads(done.stdout)["folder"] == str(tmp_path)
    assert "scenarios/shop.py" in files_below(tmp_path)


COMMANDS = (
    "init",
    "scenarios",
    "states",
    "up",
    "down",
    "status",
    "health",
    "seed",
    "reset",
    "clear",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_exit_codes(command: str, tmp_path: Path) -> None:
    """Of every command, and the list of them names all."""
    done = run(SEEDSTATE, command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"\n    seedstate {command}" in done.stdout or f"$(seedstate {command}" in done.stdout
    assert "Exit codes: 0" in done.stdout
    assert "--json" in done.stdout
    assert f"  {command} " in run(SEEDSTATE, "--help", cwd=tmp_path).stdout

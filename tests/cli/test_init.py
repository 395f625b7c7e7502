"""A user's first minute: ``seedstate init`` and then ``pytest``."""

from __future__ import annotations

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


@pytest.mark.parametrize("arguments", [["--help"], ["init", "--help"]])
def test_help_explains(arguments: list[str], tmp_path: Path) -> None:
    """On a terminal without colours and with them off."""
    done = run(SEEDSTATE, *arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert "init" in done.stdout

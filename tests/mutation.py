"""Whether a proof proves anything: with one operation of the code left out, it has to fail.

Each store's machine has a list of mutations beside it (`mutations.py`). The code is changed in a
copy; the machine then runs on the copy in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest_seedstate

PACKAGE = Path(pytest_seedstate.__file__).parent
REPOSITORY = Path(__file__).parent.parent
TIMEOUT = 240.0
"""Seconds; a mutation may also make its machine hang, which is a failure of it too."""


@dataclass(frozen=True)
class Mutation:
    """One operation left out.

    Attributes:
        name: what is left out, as a phrase.
        module: its file below the package, ``stores/postgres/journal.py``.
        old: text that stands in that file exactly once.
        new: what stands there instead.
    """

    name: str
    module: str
    old: str
    new: str = ""


def run_mutated(mutation: Mutation, proof: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a proof on a copy of the package in which one operation is left out.

    Args:
        mutation: what is left out.
        proof: the test's node id, from the repository's root.
        folder: an empty one, for the copy.

    Returns:
        How pytest ended: 1 is a proof that has failed, as it should.
    """
    copied = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    file = copied / mutation.module
    text = file.read_text("utf-8")
    assert text.count(mutation.old) == 1, f"{mutation.name}: not once in {mutation.module}"
    file.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    shutil.copytree(REPOSITORY / "tests", folder / "tests")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    try:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:randomly",
                "-p",
                "no:xdist",
                proof,
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as hung:
        return subprocess.CompletedProcess(hung.cmd, 1, str(hung.stdout or ""), "hung")


def assert_noticed(mutation: Mutation, proof: str, folder: Path) -> None:
    """Fail unless the proof fails of the mutation, and not of a test that cannot be collected."""
    ended = run_mutated(mutation, proof, folder)
    assert ended.returncode == 1, (
        f"'{mutation.name}' is left out, and nobody notices:\n{ended.stdout[-3000:]}{ended.stderr}"
    )
    # A test that fails may leave a fixture that fails too.
    last = "".join(ended.stdout.splitlines()[-1:])
    assert "failed" in last or ended.stderr == "hung", ended.stdout[-3000:]


def assert_well_listed(mutations: Sequence[Mutation], chosen: Collection[str]) -> None:
    """Fail unless each has a name of its own and its text once in its module.

    Args:
        mutations: a list of them, also after whoever changed the code.
        chosen: names that have to be in it: one that is not would leave its operation untried.
    """
    for each in mutations:
        found = (PACKAGE / each.module).read_text("utf-8").count(each.old)
        assert found == 1, f"{each.name}: {found} times in {each.module}"
    names = [each.name for each in mutations]
    assert len(set(names)) == len(names)
    assert set(chosen) <= set(names)

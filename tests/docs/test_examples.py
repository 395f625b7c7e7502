"""The examples of the documents are run as they stand, by real pytest on real services.

A section that has a ``pytest.ini`` of its own is a project; the other sections of its document
share one, since they build upon each other. Blocks of one file follow each other in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.docs.examples import DOCUMENTS, ROOT, Block, blocks
from tests.docs.support import APPLICATION
from tests.plugin.projects import clean_environment, write_text

STARTER = ROOT / "pytest_seedstate" / "cli" / "starter"
OWN_SCHEMA = "I already have a schema and a seeder"

NOT_RUN = {
    'artists = boto3.resource("dynamodb").Table("artists")  # two artists, put there once': (
        "examples/poison/test_poison.py, which tests/demo/test_poison.py runs both ways"
    ),
    "from decimal import Decimal": "the starter, which tests/cli/test_init.py writes and runs",
    "import pytest": "the starter's tests, which tests/cli/test_init.py runs",
}
"""Blocks of the README that no test here runs, by their first line, and why."""

EXCERPTS = {
    "seedstate_env =": ("pytest.ini", "[pytest]\n"),
    '@scenario("seeded", stores=["postgres"])': (
        "scenarios/own.py",
        "from pytest_seedstate import scenario\n",
    ),
}
"""Blocks of the README that are a part of a file, by their first line: the file, and what stands
before them there."""

OPTIONS = (
    *("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers", "-W", "error"),
    *("-o", "asyncio_default_fixture_loop_scope=function", "--tb=short", "--seedstate-verify"),
)

ALL_BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]


def own_ini(block: Block) -> bool:
    return block.section != "" and any(
        other.file == "pytest.ini" and other.section == block.section
        for other in blocks(block.document)
    )


def projects() -> dict[str, list[Block]]:
    """The blocks that name a file, by project."""
    named = [block for block in ALL_BLOCKS if block.file]
    found: dict[str, list[Block]] = {}
    for block in named:
        name = f"{block.document}: {block.section}" if own_ini(block) else block.document
        found.setdefault(name, []).append(block)
    return found


def run(folder: Path, *options: str) -> str:
    """Run pytest in a project; it must be green. Returns its output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *options],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def write_project(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        write_text(folder / name, text)


def files_of(parts: list[Block]) -> dict[str, str]:
    """The contents of the files that blocks make up."""
    ordered = sorted(parts, key=lambda block: block.file)
    return {
        file: "\n\n".join(block.text for block in group)
        for file, group in groupby(ordered, key=lambda block: block.file)
    }


@pytest.mark.parametrize("name", projects())
def test_examples_do_what_they_say(name: str, tmp_path: Path) -> None:
    """Every test that a document shows passes; what a project has already is there."""
    files = files_of(projects()[name])
    starter = (STARTER / "scenarios" / "shop.py").read_text("utf-8")
    write_project(tmp_path, {"scenarios/shop.py": starter, **APPLICATION, **files})

    output = run(tmp_path)

    shown = sum(len(re.findall(r"^\s*(?:async )?def test_", text, re.M)) for text in files.values())
    passed = re.search(r"^=+ (\d+) passed in ", output, re.M)
    assert passed, output
    assert 0 < shown <= int(passed[1])


SCHEMAS = {
    "sql:db/schema": "customers",
    "alembic:alembic.ini": "invoices",
    "django": "django_session",
    "command:python -m app.migrate": "payments",
}
"""The lines of the README's table, and the table that each creates in `APPLICATION`."""


def test_every_line_for_schemas_is_tried() -> None:
    """The README shows none that is missing in the test below."""
    shown = re.findall(r"`seedstate_schema = (.+?)`", (ROOT / "README.md").read_text("utf-8"))
    assert set(shown) == set(SCHEMAS)


@pytest.mark.parametrize("line", SCHEMAS)
def test_the_readmes_lines_for_schemas(line: str, tmp_path: Path) -> None:
    """Each with the README's own variables; the seeder where the table is that it fills."""
    if line == "django":
        pytest.importorskip("django", reason="Django is not installed")
    excerpts = [block for block in blocks("README.md") if block.section == OWN_SCHEMA]
    files = {
        EXCERPTS[block.first_line][0]: EXCERPTS[block.first_line][1] + block.text
        for block in excerpts
    }
    table = SCHEMAS[line]
    files["pytest.ini"] += f"seedstate_schema = {line}\n"
    files["test_it.py"] = (
        "import pytest\n"
        + ('@pytest.mark.scenario("seeded")\n' if table == "customers" else "")
        + "def test_it(postgres):\n"
        + f"    found = postgres.execute('SELECT count(*) FROM {table}').fetchone()[0]\n"
        + f"    assert found == {1 if table == 'customers' else 0}\n"
    )
    write_project(tmp_path, {**APPLICATION, **files})
    assert "1 passed" in run(tmp_path)


def test_every_block_is_run_or_says_why_not() -> None:
    """A block names its file, is an excerpt that is run above, or is listed with a reason."""
    nameless = {block.first_line for block in ALL_BLOCKS if not block.file}
    assert nameless == NOT_RUN.keys() | EXCERPTS.keys()
    assert {block.document for block in ALL_BLOCKS if not block.file} <= {"README.md"}

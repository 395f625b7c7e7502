"""docs/commands.md: its examples are run in a real shell, and it names every command there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pytest_seedstate.cli import exits
from pytest_seedstate.cli.app import app
from pytest_seedstate.cli.settings import load_settings
from tests.cli.projects import CliProject
from tests.docs.examples import ROOT
from tests.plugin.projects import clean_environment

TEXT = (ROOT / "docs" / "commands.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_examples_run_in_a_shell(tmp_path: Path) -> None:
    """One after the other, in an empty folder; each line ends with 0."""
    project = CliProject(tmp_path / "project", {"pytest.ini": "[pytest]\n"})
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    state = """printf '%s\\n' 'from pytest_seedstate import reset_state' \
        'reset_state("fresh", scenario="three-products")' >> scenarios/shop.py"""
    assert lines[0] == "seedstate init"
    # Up to the first `up` nothing runs; the two lines on seeding load what is not there yet.
    script = "\n".join(["set -eux", lines[0], state, *lines[1:]])
    folder = str(Path(sys.executable).parent)
    environment = clean_environment()
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    project.run("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "postgresql://" in done.stdout
    assert project.leftovers() == []


def test_the_table_is_a_valid_one(tmp_path: Path) -> None:
    """It is read as the document says."""
    [table] = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(table)
    settings = load_settings(tmp_path)
    assert settings.clock.isoformat() == "2026-03-01T09:00:00+00:00"
    assert settings.env == {"DATABASE_URL": "{postgres.url}", "AWS_ENDPOINT_URL": "{aws.url}"}


def test_every_command_and_exit_code_is_told() -> None:
    """And no other."""
    commands = {each.callback.__name__ for each in app.registered_commands if each.callback}
    assert set(re.findall(r"`seedstate (\w+)`", TEXT.split("## Exit codes")[0])) == commands
    codes = {value for name, value in vars(exits).items() if name.isupper()}
    section = TEXT.split("## Exit codes\n")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.M)} == codes
    assert all(f"seedstate {command}" in "".join(blocks("sh")) for command in commands)

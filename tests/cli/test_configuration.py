"""Settings said once: in pytest's ini or in ``[tool.seedstate]``, for tests and commands alike."""

from __future__ import annotations

import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from _pytest.config import findpaths

from pytest_seedstate.cli.settings import load_settings
from pytest_seedstate.config.sources import read_table
from pytest_seedstate.errors import SeedstateError
from tests.cli.projects import CliProject
from tests.plugin.projects import clean_environment, write_text

ELSEWHERE = (
    'from pytest_seedstate import scenario\n\n@scenario("here")\ndef here(seed): return []\n'
)
TEST = 'import pytest\n\n@pytest.mark.scenario("here")\ndef test_it(seedstate):\n    print(seedstate.now)\n'


@pytest.fixture
def project(tmp_path: Path) -> CliProject:
    """A project whose packs lie where only a setting says."""
    return CliProject(tmp_path / "project", {"data/own.py": ELSEWHERE, "test_it.py": TEST})


def run_tests(project: CliProject, *options: str) -> str:
    """What pytest says, with the instant that the test prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rP", *options],
        cwd=project.root,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nseedstate_scenarios = data\nseedstate_clock = 2030-05-05\n"),
        ("tox.ini", "[pytest]\nseedstate_scenarios = data\nseedstate_clock = 2030-05-05\n"),
        ("setup.cfg", "[tool:pytest]\nseedstate_scenarios = data\nseedstate_clock = 2030-05-05\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nseedstate_scenarios = ['data']\n"
            "seedstate_clock = '2030-05-05'\n",
        ),
        ("pyproject.toml", "[tool.seedstate]\nscenarios = ['data']\nclock = 2030-05-05\n"),
        (
            "pyproject.toml",
            "[tool]\nseedstate.scenarios = 'data'\nseedstate.clock = '2030-05-05'\n",
        ),
    ],
)
def test_every_place_holds_for_tests_and_commands(
    project: CliProject, name: str, text: str
) -> None:
    """Wherever pytest reads its ini, and in our own table."""
    write_text(project.root / name, text)
    assert [one["name"] for one in project.told("scenarios")["scenarios"]] == ["here"]
    assert load_settings(project.root).clock.isoformat() == "2030-05-05T00:00:00+00:00"
    assert "2030-05-05 00:00:00+00:00" in run_tests(project)


def test_the_same_said_twice_is_one(project: CliProject) -> None:
    """However it is written."""
    write_text(
        project.root / "pyproject.toml",
        """
        [tool.pytest.ini_options]
        seedstate_scenarios = "data"
        seedstate_env = ["B = {aws.url}", "A={postgres.url}"]

        [tool.seedstate]
        scenarios = ["data"]
        env = { A = "{postgres.url}", B = "{aws.url}" }
        """,
    )
    settings = load_settings(project.root)
    assert settings.env == {"A": "{postgres.url}", "B": "{aws.url}"}
    assert "1 passed" in run_tests(project)


def test_two_values_are_an_error_that_names_both_places(project: CliProject) -> None:
    """At start-up of either; an override of the command line beats both."""
    write_text(project.root / "pytest.ini", "[pytest]\nseedstate_clock = today\n")
    table = "[tool.seedstate]\nscenarios = ['data']\nclock = '2030-05-05'\n"
    write_text(project.root / "pyproject.toml", table)
    for told in (project.refused("scenarios", code=2), run_tests(project)):
        assert "seedstate_clock is set twice, with different values" in told
        assert "pytest.ini: seedstate_clock = today" in told
        assert "pyproject.toml, [tool.seedstate]: clock = 2030-05-05" in told
    assert "2031-06-06 00:00:00" in run_tests(project, "-o", "seedstate_clock=2031-06-06")


def test_an_option_beats_the_table(project: CliProject) -> None:
    """As it beats pytest's ini."""
    table = "[tool.seedstate]\nscenarios = ['data']\nseed = 3\norder = false\nverify = true\n"
    write_text(project.root / "pyproject.toml", table)
    settings = load_settings(project.root)
    assert (settings.seed, settings.order, settings.verify) == (3, False, True)
    assert "seed: 3," in run_tests(project)
    assert "seed: 4," in run_tests(project, "--seedstate-seed=4")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("clok = 'today'", "did you mean 'clock'?"),
        ("seedstate_clock = 'today'", "write clock = ..."),
        ("clock = true", "clock is True, and should be text"),
        ("seed = [1]", "seed is [1], and should be a whole number"),
        ("aws_port = true", "aws_port is True, and should be a whole number"),
        ("diff = [1]", "should be failed or all or off"),
        ("verify = 'yes'", "should be true or false"),
        ("scenarios = [1]", "should be a list of texts"),
        ("env = {A = 1}", "env.A is 1, and should be text"),
        ("aws_services = {a = 'b'}", "should be a list of texts"),
        ("clock = 'yesterday'", "seedstate_clock is 'yesterday'"),
        ("clock = ", "Invalid value"),
    ],
)
def test_a_wrong_table_is_told(project: CliProject, table: str, says: str) -> None:
    """Unknown keys with the closest one, values of a wrong type with what they should be."""
    write_text(project.root / "pyproject.toml", f"[tool.seedstate]\n{table}\n")
    assert says in project.refused("scenarios", code=2)


def test_an_unknown_setting_in_the_ini_is_told(project: CliProject) -> None:
    """By commands and by tests, also on the command line; pytest would only warn."""
    write_text(project.root / "pytest.ini", "[pytest]\nseedstate_clok = today\n")
    assert "did you mean 'seedstate_clock'?" in project.refused("scenarios", code=2)
    told = run_tests(project)
    assert "unknown setting 'seedstate_clok'" in told
    assert "where: pytest.ini" in told
    assert "did you mean 'seedstate_clock'?" in told
    assert "passed" not in told
    assert "Traceback" not in told
    (project.root / "pytest.ini").write_text("[pytest]\n")
    told = run_tests(project, "-o", "seedstate_sed=4")
    assert "did you mean 'seedstate_seed'?" in told
    assert "where: -o" in told


def test_tests_with_an_unknown_setting_are_wrong_usage(project: CliProject) -> None:
    """Nothing of them runs."""
    write_text(project.root / "pytest.ini", "[pytest]\nseedstate_sed = 4\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR


def test_a_file_that_says_nothing_of_us_is_not_parsed(tmp_path: Path) -> None:
    """Reading TOML costs more than all else at start-up, so broken ones are pytest's to tell."""
    path = tmp_path / "pyproject.toml"
    path.write_text("[project\n")
    assert read_table(path) == {}
    path.write_text("[tool]\nseedstate = 1\n")
    with pytest.raises(SeedstateError, match="is no table"):
        read_table(path)


def test_a_place_without_a_project(tmp_path: Path) -> None:
    """Says how to make one."""
    empty = CliProject(tmp_path / "empty", {"notes.txt": ""})
    for command in (["scenarios"], ["states"], ["up"], ["seed", "x"], ["reset", "x"]):
        told = empty.refused(*command, code=2)
        assert "there is no project here" in told
        assert "seedstate init" in told
    assert empty.leftovers() == []


def test_pytest_8_takes_no_overrides(monkeypatch: pytest.MonkeyPatch, project: CliProject) -> None:
    """Its function that finds the ini has one parameter less."""
    found = findpaths.determine_setup

    def of_pytest_8(*, inifile: Any, args: Any, rootdir_cmd_arg: Any, invocation_dir: Any) -> Any:
        given = {"inifile": inifile, "args": args, "rootdir_cmd_arg": rootdir_cmd_arg}
        more = {"override_ini": None} if "override_ini" in signature(found).parameters else {}
        return found(**given, **more, invocation_dir=invocation_dir)

    monkeypatch.setattr(findpaths, "determine_setup", of_pytest_8)
    write_text(project.root / "pytest.ini", "[pytest]\nseedstate_seed = 5\n")
    assert load_settings(project.root).seed == 5


def test_standing_options_hold_for_commands(
    project: CliProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of addopts and of the environment, which wins; others are pytest's."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    options = "-k 'a b' --seedstate-seed=7 --seedstate-verify --seedstate-order off"
    ini = f"[pytest]\nseedstate_scenarios = data\nseedstate_seed = 3\naddopts = {options}\n"
    write_text(project.root / "pytest.ini", ini)
    settings = load_settings(project.root)
    assert (settings.seed, settings.verify, settings.order) == (7, True, False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--seedstate-seed 8")
    assert load_settings(project.root).seed == 8
    monkeypatch.setenv("PYTEST_ADDOPTS", "--seedstate-seed")
    with pytest.raises(SeedstateError, match="expected one argument"):
        load_settings(project.root)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k 'a")
    with pytest.raises(SeedstateError, match="No closing quotation"):
        load_settings(project.root)


def test_folders_of_modules_keep_their_order(project: CliProject) -> None:
    """Of two modules of one name, commands import the one that tests import."""
    ini = "[pytest]\nseedstate_scenarios = data\npythonpath = a b\n"
    write_text(project.root / "pytest.ini", ini)
    for name in ("a", "b"):
        write_text(project.root / name / "wm.py", f"NAME = 'of-{name}'\n")
    pack = ELSEWHERE.replace('"here"', "wm.NAME").replace("from", "import wm\nfrom", 1)
    write_text(project.root / "data" / "own.py", pack)
    write_text(project.root / "test_it.py", TEST.replace("here", "of-a"))
    assert "1 passed" in run_tests(project)
    assert [one["name"] for one in project.told("scenarios")["scenarios"]] == ["of-a"]

"""The settings as pytest would read them here, without running pytest."""

from __future__ import annotations

import argparse
import inspect
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_seedstate.config import SETTINGS, Settings, values
from pytest_seedstate.config.sources import Sources, check_ini_names
from pytest_seedstate.errors import SeedstateError

_TYPES = {setting.name: setting.ini_type for setting in SETTINGS}


def pytest_setup(folder: Path) -> tuple[Path, Path | None, dict[str, Any]]:
    """What pytest would find when it is started in a folder.

    Returns:
        Its root directory, the file of its ini (None: there is none), and the ini's raw values.

    Raises:
        SeedstateError: the folder is not there, or the file cannot be read.
    """
    import pytest
    from _pytest.config.findpaths import determine_setup
    from _pytest.outcomes import Failed

    asked: dict[str, Any] = {
        "inifile": None,
        "args": [str(folder)],
        "rootdir_cmd_arg": None,
        "invocation_dir": folder.absolute(),
    }
    # Since pytest 9.
    if "override_ini" in inspect.signature(determine_setup).parameters:
        asked["override_ini"] = None
    try:
        root, ini_file, values, *_ = determine_setup(**asked)
    except (pytest.UsageError, Failed, UnicodeDecodeError) as error:
        raise SeedstateError(f"pytest's settings cannot be read: {error}") from None
    except OSError as error:
        raise SeedstateError(
            f"pytest's settings cannot be read: {error.strerror}", where=str(error.filename)
        ) from None
    # Since pytest 9 a value comes with where it is from.
    return root, ini_file, {name: getattr(one, "value", one) for name, one in values.items()}


def load_settings(folder: Path, *, provider: str | None = None) -> Settings:
    """The settings of the project that a folder belongs to.

    The root directory and what ini ``pythonpath`` names become importable, as in a run of
    ``python -m pytest`` there. Options of ours in ini ``addopts`` and in ``PYTEST_ADDOPTS`` hold.

    Args:
        folder: a folder of the project.
        provider: what ``seedstate_provider`` is to be, whatever is set; None for what is.

    Raises:
        SeedstateError: a setting is wrong, or said twice.
    """
    root, ini_file, ini = pytest_setup(folder)
    place = ini_file.name if ini_file else None
    check_ini_names(ini, place or "pytest's ini")
    typed = {name: _typed(name, ini[name], kind) for name, kind in _TYPES.items() if name in ini}
    sources = Sources(root, typed.get, ini_file=ini_file)
    options = _standing_options(ini.get("addopts", ""), place or "pytest's ini")
    if provider is not None:
        options["seedstate_provider"] = provider

    def value(name: str) -> Any:
        return options[name] if name in options else sources.value(name)

    settings = Settings.read(root, value)
    below = (ini_file or root / "none").parent
    listed = _words(ini.get("pythonpath", ""), place or "pytest's ini")
    first = [*(str(below / each) for each in listed), str(root)]
    # The first of two modules with one name is the one that tests import.
    sys.path[:] = dict.fromkeys([*first, *sys.path])
    return settings


class _Parser(argparse.ArgumentParser):
    """One that tells what is wrong instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise SeedstateError(f"pytest's options cannot be read: {message}", where=self.prog)


def _standing_options(addopts: str | Sequence[str], place: str) -> dict[str, Any]:
    """What our options are set to for every run of pytest, by the settings' names."""
    found: dict[str, Any] = {}
    # As pytest does: the environment comes later, and wins.
    for where, text in (
        (f"{place}: addopts", addopts),
        ("PYTEST_ADDOPTS", os.environ.get("PYTEST_ADDOPTS", "")),
    ):
        parser = _Parser(prog=where, add_help=False, allow_abbrev=False)
        for setting in SETTINGS:
            if setting.flag:
                parser.add_argument(
                    setting.flag,
                    dest=setting.name,
                    action="store" if setting.metavar else "store_true",
                    default=argparse.SUPPRESS,
                )
        found |= vars(parser.parse_known_args(_words(text, where))[0])
    return found


def _words(value: str | Sequence[str], where: str) -> list[str]:
    try:
        return shlex.split(value) if isinstance(value, str) else [str(each) for each in value]
    except ValueError as error:
        raise SeedstateError(f"pytest's settings cannot be read: {error}", where=where) from None


def _typed(name: str, value: Any, kind: str) -> Any:
    if kind == "linelist":
        return _lines(value)
    return values.truth(name, value) if kind == "bool" else value


def _lines(value: Any) -> list[str]:
    found = value.splitlines() if isinstance(value, str) else value
    return [str(line).strip() for line in found if str(line).strip()]

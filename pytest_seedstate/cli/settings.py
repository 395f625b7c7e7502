"""The settings as pytest would read them here, without running pytest."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from pytest_seedstate.config import SETTINGS, Settings
from pytest_seedstate.config_sources import PREFIX, Sources
from pytest_seedstate.errors import SeedstateError, unknown_name

_TYPES = {setting.name: setting.ini_type for setting in SETTINGS}
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


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

    try:
        root, ini_file, values, *_ = determine_setup(
            inifile=None,
            override_ini=None,
            args=[str(folder)],
            rootdir_cmd_arg=None,
            invocation_dir=folder.absolute(),
        )
    except (pytest.UsageError, Failed, UnicodeDecodeError) as error:
        raise SeedstateError(f"pytest's settings cannot be read: {error}") from None
    except OSError as error:
        raise SeedstateError(
            f"pytest's settings cannot be read: {error.strerror}", where=str(error.filename)
        ) from None
    # Since pytest 9 a value comes with where it is from.
    return root, ini_file, {name: getattr(one, "value", one) for name, one in values.items()}


def load_settings(folder: Path) -> Settings:
    """The settings of the project that a folder belongs to.

    The root directory and what ini ``pythonpath`` names become importable, as in a run of
    ``python -m pytest`` there.

    Raises:
        SeedstateError: a setting is wrong, or said twice.
    """
    root, ini_file, values = pytest_setup(folder)
    place = ini_file.name if ini_file else None
    for name in values:
        if name.startswith(PREFIX) and name not in _TYPES:
            raise unknown_name("setting", name, list(_TYPES), where=place)
    typed = {
        name: _typed(name, values[name], kind) for name, kind in _TYPES.items() if name in values
    }
    sources = Sources(root, typed.get, ini_file=ini_file)
    settings = Settings.read(root, sources.value)
    paths = values.get("pythonpath", "")
    below = (ini_file or root / "none").parent
    listed = shlex.split(paths) if isinstance(paths, str) else paths
    for path in (str(root), *(str(below / each) for each in listed)):
        if path not in sys.path:
            sys.path.insert(0, path)
    return settings


def _typed(name: str, value: Any, kind: str) -> Any:
    if kind == "linelist":
        return _lines(value)
    if kind == "bool" and not isinstance(value, bool):
        if str(value).lower() in _TRUE:
            return True
        if str(value).lower() in _FALSE:
            return False
        raise SeedstateError(f"{name} is '{value}', and should be true or false")
    return value


def _lines(value: Any) -> list[str]:
    found = value.splitlines() if isinstance(value, str) else value
    return [str(line).strip() for line in found if str(line).strip()]

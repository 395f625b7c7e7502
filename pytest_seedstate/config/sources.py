"""Where settings stand: pytest's ini and ``[tool.seedstate]`` of pyproject.toml, which are one.

A few may stand in the environment too, which comes before both.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_seedstate.config.known import SETTINGS, Setting
from pytest_seedstate.errors import SeedstateError, unknown_name

PREFIX = "seedstate_"
TABLE = "pyproject.toml, [tool.seedstate]"

_BY_KEY = {setting.name.removeprefix(PREFIX): setting for setting in SETTINGS}

_NUMBERS = {
    "seedstate_seed": "a whole number",
    "seedstate_postgres_port": "a whole number",
    "seedstate_aws_port": "a whole number",
    "seedstate_opensearch_port": "a whole number",
    "seedstate_lock_timeout": "a number",
}


class Sources:
    """The settings of one project, wherever they stand.

    Args:
        root: pytest's root directory.
        ini: a setting's value in pytest's ini by its name, None where it is not set.
        ini_file: the file that holds pytest's ini, for messages.
        overridden: settings whose `ini` comes from the command line, and wins.
    """

    def __init__(
        self,
        root: Path,
        ini: Callable[[str], Any],
        *,
        ini_file: Path | None = None,
        overridden: Collection[str] = (),
    ) -> None:
        self.root = root
        self._ini = ini
        self._ini_place = ini_file.name if ini_file else "pytest's ini"
        self._overridden = overridden

    @cached_property
    def _table(self) -> Mapping[str, Any]:
        return read_table(self.root / "pyproject.toml")

    def value(self, name: str) -> Any:
        """A setting's raw value, as `Settings.read` takes it; None where it is not set.

        Raises:
            SeedstateError: it stands in both places with different values, or the table is wrong.
        """
        variable = _BY_KEY[name.removeprefix(PREFIX)].variable
        if variable and os.environ.get(variable):
            return os.environ[variable]
        ini = self._ini(name)
        if name not in self._table or (name in self._overridden and ini is not None):
            return ini
        own = self._table[name]
        if ini is not None and _comparable(name, ini) != _comparable(name, own):
            key = name.removeprefix(PREFIX)
            raise SeedstateError(
                f"{name} is set twice, with different values",
                where=f"{self._ini_place}: {name} = {_shown(ini)}; {TABLE}: {key} = {_shown(own)}",
                fix="remove one of them",
            )
        return own


def check_ini_names(names: Iterable[str], place: str) -> None:
    """Refuse names in pytest's ini that look like ours and are not: pytest would only warn.

    Args:
        names: all names in the ini.
        place: its file, for messages.

    Raises:
        SeedstateError: an unknown name, with the closest one.
    """
    for name in names:
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in _BY_KEY:
            known = [setting.name for setting in SETTINGS]
            raise unknown_name("setting", name, known, where=place)


def read_table(path: Path) -> dict[str, Any]:
    """The table ``[tool.seedstate]`` of a file, with values as pytest's ini would have them.

    Returns:
        Raw values by the settings' ini names; nothing where there is no file or table.

    Raises:
        SeedstateError: the file cannot be read, or the table has an unknown key or a value of a
            type that the setting does not take.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SeedstateError(f"'{path}' cannot be read: {error.strerror}") from None
    # Most files say nothing of us, and reading TOML takes longer than all else at start-up.
    if b"seedstate" not in content:
        return {}
    import tomllib

    try:
        document = tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise SeedstateError(f"'{path.name}' is no TOML: {error}", where=str(path)) from None
    tool = document.get("tool")
    table = tool.get("seedstate", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise SeedstateError("'tool.seedstate' is no table", where=str(path))
    return {_setting(key).name: _raw(_setting(key), value) for key, value in table.items()}


def _setting(key: str) -> Setting:
    if key in _BY_KEY:
        return _BY_KEY[key]
    bare = key.removeprefix(PREFIX)
    if bare in _BY_KEY:
        raise SeedstateError(
            f"the setting '{key}' is written without the prefix here",
            where=TABLE,
            fix=f"write {bare} = ...",
        )
    raise unknown_name("setting", key, list(_BY_KEY), where=TABLE)


def _raw(setting: Setting, value: Any) -> Any:
    """A TOML value in the form that pytest's ini gives."""
    if setting.ini_type == "bool":
        if isinstance(value, bool):
            return value
        raise _wrong(setting, value, "true or false")
    if setting.ini_type == "linelist":
        return _lines(setting, value)
    wanted = _NUMBERS.get(setting.name) or " or ".join(setting.choices) or "text"
    if isinstance(value, bool):
        if setting.choices == ("on", "off"):
            return "on" if value else "off"
        raise _wrong(setting, value, wanted)
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise _wrong(setting, value, wanted)


def _lines(setting: Setting, value: Any) -> list[str]:
    takes_table = setting.name == "seedstate_env"
    if takes_table and isinstance(value, dict):
        for name, template in value.items():
            if not isinstance(template, str):
                raise _wrong(setting, template, "text", name)
        return [f"{name} = {template}" for name, template in value.items()]
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return value
    raise _wrong(setting, value, "a list of texts" + (", or a table" if takes_table else ""))


def _wrong(setting: Setting, value: Any, wanted: str, name: str = "") -> SeedstateError:
    key = setting.name.removeprefix(PREFIX) + (f".{name}" if name else "")
    return SeedstateError(f"{key} is {value!r}, and should be {wanted}", where=TABLE)


def _comparable(name: str, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    lines = [line.strip() for line in value]
    if name == "seedstate_env":
        # Spaces around the sign and the order of lines mean nothing.
        return {part[0].strip(): part[2].strip() for part in (one.partition("=") for one in lines)}
    return lines


def _shown(value: Any) -> str:
    return "; ".join(value) if isinstance(value, (list, tuple)) else str(value)

"""What settings hold, read from the text that a user writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_seedstate.config.known import SETTINGS
from pytest_seedstate.errors import SeedstateError, unknown_name

_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class KeptStates:
    """How many states are kept at once.

    Attributes:
        number: the most of them.
        size: the bytes that they may take together, in memory and files.
    """

    number: int | None = None
    size: int | None = None


def in_existing_folder(name: str, path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise SeedstateError(
            f"the folder of '{path}' does not exist", where=name, fix="make it, or name another"
        )
    return path


def existing_file(name: str, path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise SeedstateError(f"the file '{path}' does not exist", where=name)
    return path


def one_name(name: str, text: str | None) -> str | None:
    if text and "," in text:
        flag = next(setting.flag for setting in SETTINGS if setting.name == name)
        raise SeedstateError(
            f"{flag} (ini {name}) takes one name, and got '{text}'",
            fix="mark tests with several scenarios, or write one that extends them",
        )
    return text or None


def choice(name: str, text: str) -> Any:
    choices = next(setting.choices for setting in SETTINGS if setting.name == name)
    if text not in choices:
        raise unknown_name(f"value of {name}", text, choices)
    return text


def truth(name: str, value: Any) -> bool:
    """Of a switch: pytest gives a truth value, the environment a text."""
    if not isinstance(value, str):
        return bool(value)
    if value.lower() not in _TRUTHS:
        raise SeedstateError(f"{name} is '{value}', and should be true or false")
    return _TRUTHS[value.lower()]


def number(name: str, text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise SeedstateError(f"{name} is '{text}', which is not {what}") from None


def not_negative(name: str, number: Any) -> Any:
    if not 0 <= number < float("inf"):
        raise SeedstateError(f"{name} is '{number}'", fix="a number from 0")
    return number


def kept_states(text: str | None) -> KeptStates:
    if not text:
        return KeptStates()
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B)", text.strip(), re.IGNORECASE)
    if found:
        unit = found[2].upper()
        size = float(found[1]) * (1024 if "I" in unit else 1000) ** ("KMGT".index(unit[0]) + 1)
        return KeptStates(size=int(size))
    if not re.fullmatch(r"[1-9]\d*", text.strip()):
        raise SeedstateError(
            f"seedstate_kept_states is '{text}', which is neither a number of states nor a size",
            fix="a whole number from 1, or a size such as 500MB or 2GB",
        )
    return KeptStates(number=int(text))


def port(name: str, text: str | None) -> int | None:
    if not text:
        return None
    port = int(number(name, text, int))
    if not 1 <= port <= 65535:
        raise SeedstateError(f"{name} is '{text}', which is no port", fix="1 to 65535")
    return port


def templates(lines: list[str] | tuple[()]) -> dict[str, str]:
    templates = {}
    for line in lines:
        name, equals, template = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise SeedstateError(
                f"seedstate_env has the line '{line}'",
                fix="one NAME = TEMPLATE a line, e.g. DATABASE_URL = {postgres.url}",
            )
        templates[name.strip()] = template.strip()
    return templates


def instant(text: str) -> datetime:
    if text == "today":
        return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise SeedstateError(
            f"seedstate_clock is '{text}'",
            fix="an ISO 8601 instant such as 2026-01-01T12:00:00Z, or today",
        ) from None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)

"""Every setting once: its name, type, default and meaning, and how a value is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pytest_seedstate.errors import SeedstateError, unknown_name

IniType = Literal["string", "bool", "linelist"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; the ini name is also the option's ``dest``.

    Attributes:
        name: the ini name.
        ini_type: the type of the ini value, see pytest's ``addini``.
        help: one line for ``--help``.
        flag: the command line option, None for a setting that belongs to the project.
        metavar: how the option's value is called in ``--help``; None for a switch.
        choices: the values allowed, empty for any.
    """

    name: str
    ini_type: IniType
    help: str
    flag: str | None = None
    metavar: str | None = None
    choices: tuple[str, ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "seedstate_scenario",
        "string",
        "Scenario of tests that have no marker of their own",
        flag="--scenario",
        metavar="NAME",
    ),
    Setting(
        "seedstate_reset_state",
        "string",
        "Reset state that tests without a reset_state marker start from",
        flag="--reset-state",
        metavar="NAME",
    ),
    Setting(
        "seedstate_seed",
        "string",
        "Seed of all generated data, a whole number (default: 0)",
        flag="--seedstate-seed",
        metavar="N",
    ),
    Setting(
        "seedstate_order",
        "string",
        "Order tests so that the state changes least often: on or off (default: on)",
        flag="--seedstate-order",
        metavar="on|off",
        choices=("on", "off"),
    ),
    Setting(
        "seedstate_diff",
        "string",
        "Whose report shows what the test changed: failed, all or off (default: failed)",
        flag="--seedstate-diff",
        metavar="failed|all|off",
        choices=("failed", "all", "off"),
    ),
    Setting(
        "seedstate_diff_limit",
        "string",
        "How many changes a report shows (default: 20)",
        flag="--seedstate-diff-limit",
        metavar="N",
    ),
    Setting(
        "seedstate_sensitive",
        "linelist",
        "Stored fields whose values no report shows: NAME or COLLECTION.NAME lines",
    ),
    Setting(
        "seedstate_verify",
        "bool",
        "Compare all stores with their baseline in full after every rewind (slow)",
        flag="--seedstate-verify",
    ),
    Setting(
        "seedstate_keep",
        "string",
        "Keep the state of the first failed test after the run: failed or off (default: off)",
        flag="--seedstate-keep",
        metavar="failed|off",
        choices=("failed", "off"),
    ),
    Setting(
        "seedstate_report",
        "string",
        "File to write the run's figures to, as JSON",
        flag="--seedstate-report",
        metavar="FILE",
    ),
    Setting("seedstate_scenarios", "linelist", "Folders that hold packs (default: scenarios)"),
    Setting("seedstate_default_pack", "string", "Pack that a bare scenario name means first"),
    Setting(
        "seedstate_schema",
        "linelist",
        "Where the schema comes from: sql:FOLDER, alembic:INI, django or command:COMMAND lines",
    ),
    Setting(
        "seedstate_env",
        "linelist",
        "NAME = TEMPLATE lines, exported before conftests load, e.g. DATABASE_URL = {postgres.url}",
    ),
    Setting(
        "seedstate_clock",
        "string",
        "The instant that scenarios call now (ISO 8601), or today (default: 2026-01-01T12:00Z)",
    ),
    Setting(
        "seedstate_postgres_bin",
        "string",
        "Folder with initdb and postgres to use instead of the embedded server's",
    ),
    Setting("seedstate_postgres_port", "string", "Port of PostgreSQL (default: a free one)"),
    Setting("seedstate_aws_port", "string", "Port of the AWS services (default: a free one)"),
    Setting("seedstate_opensearch_port", "string", "Port of OpenSearch (default: a free one)"),
    Setting(
        "seedstate_aws_services",
        "linelist",
        "AWS services to emulate, or all (default: dynamodb, s3, secretsmanager, sqs, sns)",
    ),
    Setting(
        "seedstate_cache_dir", "string", "Folder kept between runs (default: the user's cache)"
    ),
    Setting(
        "seedstate_dataset_cache",
        "string",
        "Keep generated datasets for later runs: on or off (default: on)",
        flag="--seedstate-dataset-cache",
        metavar="on|off",
        choices=("on", "off"),
    ),
    Setting(
        "seedstate_kept_states",
        "string",
        "States kept at once, a number or a size such as 2GB (default: a quarter of the memory)",
    ),
    Setting(
        "seedstate_lock_timeout",
        "string",
        "Seconds that a rewind waits for an open transaction (default: 5)",
    ),
    Setting(
        "seedstate_open_transactions",
        "string",
        "What a test's open transaction does after that: fail the test or just end (default: fail)",
        choices=("fail", "end"),
    ),
    Setting(
        "seedstate_trusted_hosts",
        "linelist",
        "Hosts besides this machine that seedstate_env may name",
    ),
)

DEFAULT_CLOCK = "2026-01-01T12:00:00Z"
DEFAULT_AWS_SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "sns")


@dataclass(frozen=True, slots=True)
class KeptStates:
    """How many states are kept at once.

    Attributes:
        number: the most of them.
        size: the bytes that they may take together, in memory and files.
    """

    number: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run, checked; see `SETTINGS` for their meaning."""

    root: Path
    scenario: str | None
    reset_state: str | None
    seed: int
    order: bool
    diff: Literal["failed", "all", "off"]
    diff_limit: int
    sensitive: tuple[str, ...]
    verify: bool
    keep: bool
    report: Path | None
    scenarios: tuple[Path, ...]
    default_pack: str | None
    schema: tuple[str, ...]
    env: Mapping[str, str]
    clock: datetime
    postgres_bin: Path | None
    postgres_port: int | None
    aws_port: int | None
    opensearch_port: int | None
    aws_services: tuple[str, ...]
    cache_dir: Path | None
    dataset_cache: bool
    kept_states: KeptStates
    lock_timeout: float
    open_transactions: Literal["fail", "end"]
    trusted_hosts: tuple[str, ...]

    @classmethod
    def read(cls, root: Path, value: Callable[[str], Any]) -> Settings:
        """Check every value.

        Args:
            root: the project's root directory, which relative paths start from.
            value: the raw value of a setting by its name: a string, bool, list of strings, or
                None where it is not set.

        Raises:
            SeedstateError: which setting has which bad value, and the valid ones.
        """

        def path(name: str) -> Path | None:
            text = value(name)
            return root / Path(text).expanduser() if text else None

        def number(name: str, default: float, kind: type[int] | type[float]) -> Any:
            text = value(name)
            return default if text in (None, "") else _number(name, str(text), kind)

        return cls(
            root=root,
            scenario=_one_name("seedstate_scenario", value("seedstate_scenario")),
            reset_state=_one_name("seedstate_reset_state", value("seedstate_reset_state")),
            seed=number("seedstate_seed", 0, int),
            order=_choice("seedstate_order", value("seedstate_order") or "on") == "on",
            diff=_choice("seedstate_diff", value("seedstate_diff") or "failed"),
            diff_limit=_not_negative(
                "seedstate_diff_limit", number("seedstate_diff_limit", 20, int)
            ),
            sensitive=tuple(value("seedstate_sensitive") or ()),
            verify=bool(value("seedstate_verify")),
            keep=_choice("seedstate_keep", value("seedstate_keep") or "off") == "failed",
            report=_in_existing_folder("seedstate_report", path("seedstate_report")),
            scenarios=tuple(root / name for name in value("seedstate_scenarios") or ["scenarios"]),
            default_pack=value("seedstate_default_pack") or None,
            schema=tuple(value("seedstate_schema") or ()),
            env=_templates(value("seedstate_env") or ()),
            clock=_instant(value("seedstate_clock") or DEFAULT_CLOCK),
            postgres_bin=path("seedstate_postgres_bin"),
            postgres_port=_port("seedstate_postgres_port", value("seedstate_postgres_port")),
            aws_port=_port("seedstate_aws_port", value("seedstate_aws_port")),
            opensearch_port=_port("seedstate_opensearch_port", value("seedstate_opensearch_port")),
            aws_services=tuple(value("seedstate_aws_services") or DEFAULT_AWS_SERVICES),
            cache_dir=path("seedstate_cache_dir"),
            dataset_cache=_choice(
                "seedstate_dataset_cache", value("seedstate_dataset_cache") or "on"
            )
            == "on",
            kept_states=_kept_states(value("seedstate_kept_states")),
            lock_timeout=_not_negative(
                "seedstate_lock_timeout", number("seedstate_lock_timeout", 5.0, float)
            ),
            open_transactions=_choice(
                "seedstate_open_transactions", value("seedstate_open_transactions") or "fail"
            ),
            trusted_hosts=tuple(value("seedstate_trusted_hosts") or ()),
        )


def _in_existing_folder(name: str, path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise SeedstateError(
            f"the folder of '{path}' does not exist", where=name, fix="make it, or name another"
        )
    return path


def _one_name(name: str, text: str | None) -> str | None:
    if text and "," in text:
        flag = next(setting.flag for setting in SETTINGS if setting.name == name)
        raise SeedstateError(
            f"{flag} (ini {name}) takes one name, and got '{text}'",
            fix="mark tests with several scenarios, or write one that extends them",
        )
    return text or None


def _choice(name: str, text: str) -> Any:
    choices = next(setting.choices for setting in SETTINGS if setting.name == name)
    if text not in choices:
        raise unknown_name(f"value of {name}", text, choices)
    return text


def _number(name: str, text: str, kind: type[int] | type[float]) -> float:
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise SeedstateError(f"{name} is '{text}', which is not {what}") from None


def _not_negative(name: str, number: Any) -> Any:
    if not 0 <= number < float("inf"):
        raise SeedstateError(f"{name} is '{number}'", fix="a number from 0")
    return number


def _kept_states(text: str | None) -> KeptStates:
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


def _port(name: str, text: str | None) -> int | None:
    if not text:
        return None
    port = int(_number(name, text, int))
    if not 1 <= port <= 65535:
        raise SeedstateError(f"{name} is '{text}', which is no port", fix="1 to 65535")
    return port


def _templates(lines: list[str] | tuple[()]) -> dict[str, str]:
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


def _instant(text: str) -> datetime:
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

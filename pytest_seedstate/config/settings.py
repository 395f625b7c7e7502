"""All settings of a run, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pytest_seedstate.config import values
from pytest_seedstate.config.known import LOCALSTACK_IMAGE, OPENSEARCH_IMAGE, POSTGRES_IMAGE
from pytest_seedstate.config.services import STORES_OF_SERVICE, Provider, providers

DEFAULT_CLOCK = "2026-01-01T12:00:00Z"
DEFAULT_IMAGES = {
    "postgres": POSTGRES_IMAGE,
    "localstack": LOCALSTACK_IMAGE,
    "opensearch": OPENSEARCH_IMAGE,
}
DEFAULT_AWS_SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "sns")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run, checked; see `SETTINGS` for their meaning.

    Attributes:
        providers: who provides each service, by its name.
        images: of ``postgres``, ``localstack`` and ``opensearch`` containers.
        urls: of external services, by the name of the service, or of AWS's store; those that are set.
    """

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
    providers: Mapping[str, Provider]
    images: Mapping[str, str]
    reuse: bool
    localstack: Literal["own", "shared"]
    urls: Mapping[str, str]
    ca_file: Path | None
    opensearch_rewind: Literal["exact", "documents"]
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
    kept_states: values.KeptStates
    lock_timeout: float
    open_transactions: Literal["fail", "end"]
    trusted_hosts: tuple[str, ...]

    def port_of(self, service: str) -> int | None:
        """The port that a service is to have; None for any."""
        ports = {
            "postgres": self.postgres_port,
            "aws": self.aws_port,
            "opensearch": self.opensearch_port,
        }
        return ports[service]

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
            return default if text in (None, "") else values.number(name, str(text), kind)

        return cls(
            root=root,
            scenario=values.one_name("seedstate_scenario", value("seedstate_scenario")),
            reset_state=values.one_name("seedstate_reset_state", value("seedstate_reset_state")),
            seed=number("seedstate_seed", 0, int),
            order=values.choice("seedstate_order", value("seedstate_order") or "on") == "on",
            diff=values.choice("seedstate_diff", value("seedstate_diff") or "failed"),
            diff_limit=values.not_negative(
                "seedstate_diff_limit", number("seedstate_diff_limit", 20, int)
            ),
            sensitive=tuple(value("seedstate_sensitive") or ()),
            verify=bool(value("seedstate_verify")),
            keep=values.choice("seedstate_keep", value("seedstate_keep") or "off") == "failed",
            report=values.in_existing_folder("seedstate_report", path("seedstate_report")),
            providers=providers(value("seedstate_provider") or ""),
            images={
                name: value(f"seedstate_{name}_image") or default
                for name, default in DEFAULT_IMAGES.items()
            },
            reuse=values.truth("seedstate_reuse", value("seedstate_reuse")),
            localstack=values.choice(
                "seedstate_localstack", value("seedstate_localstack") or "own"
            ),
            urls={
                service: url
                for service in (*STORES_OF_SERVICE, *STORES_OF_SERVICE["aws"])
                if (url := value(f"seedstate_{service}_url"))
            },
            opensearch_rewind=values.choice(
                "seedstate_opensearch_rewind", value("seedstate_opensearch_rewind") or "exact"
            ),
            ca_file=values.existing_file("seedstate_ca_file", path("seedstate_ca_file")),
            scenarios=tuple(root / name for name in value("seedstate_scenarios") or ["scenarios"]),
            default_pack=value("seedstate_default_pack") or None,
            schema=tuple(value("seedstate_schema") or ()),
            env=values.templates(value("seedstate_env") or ()),
            clock=values.instant(value("seedstate_clock") or DEFAULT_CLOCK),
            postgres_bin=path("seedstate_postgres_bin"),
            postgres_port=values.port("seedstate_postgres_port", value("seedstate_postgres_port")),
            aws_port=values.port("seedstate_aws_port", value("seedstate_aws_port")),
            opensearch_port=values.port(
                "seedstate_opensearch_port", value("seedstate_opensearch_port")
            ),
            aws_services=tuple(value("seedstate_aws_services") or DEFAULT_AWS_SERVICES),
            cache_dir=path("seedstate_cache_dir"),
            dataset_cache=values.choice(
                "seedstate_dataset_cache", value("seedstate_dataset_cache") or "on"
            )
            == "on",
            kept_states=values.kept_states(value("seedstate_kept_states")),
            lock_timeout=values.not_negative(
                "seedstate_lock_timeout", number("seedstate_lock_timeout", 5.0, float)
            ),
            open_transactions=values.choice(
                "seedstate_open_transactions", value("seedstate_open_transactions") or "fail"
            ),
            trusted_hosts=tuple(value("seedstate_trusted_hosts") or ()),
        )

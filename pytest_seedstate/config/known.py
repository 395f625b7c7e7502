"""Every setting once: its name, type, default and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

IniType = Literal["string", "bool", "linelist"]

# Pinned, so that a test finds the same server next year.
POSTGRES_IMAGE = "postgres:17"
# The last one without a licence token (shared/measurements/aws.md, "LocalStack in 2026").
LOCALSTACK_IMAGE = "localstack/localstack:4.14.0"
OPENSEARCH_IMAGE = "opensearchproject/opensearch:3.8.0"


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
        variable: the environment variable that comes before the ini value, None for most.
    """

    name: str
    ini_type: IniType
    help: str
    flag: str | None = None
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    variable: str | None = None


def _image(service: str, name: str, default: str) -> Setting:
    return Setting(
        f"seedstate_{service}_image",
        "string",
        f"Image of {name} containers (default: {default})",
        flag=f"--seedstate-{service}-image",
        metavar="IMAGE",
        variable=f"SEEDSTATE_{service.upper()}_IMAGE",
    )


def _url(service: str, name: str, variable: str) -> Setting:
    return Setting(
        f"seedstate_{service}_url",
        "string",
        f"URL of an external {name} (default: what {variable} says)",
        flag=f"--seedstate-{service}-url",
        metavar="URL",
    )


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
    Setting(
        "seedstate_provider",
        "string",
        "Who runs the services: embedded, containers or external, NAME=PROVIDER for one of them, "
        "e.g. embedded,opensearch=containers (default: embedded)",
        flag="--seedstate-provider",
        metavar="PROVIDER",
        variable="SEEDSTATE_PROVIDER",
    ),
    Setting(
        "seedstate_reuse",
        "bool",
        "Keep containers for later runs, and take those that earlier ones have kept",
        flag="--seedstate-reuse",
        variable="SEEDSTATE_REUSE",
    ),
    Setting(
        "seedstate_localstack",
        "string",
        "Whether each worker has a kept LocalStack of its own, or an account in one: own or shared "
        "(default: own)",
        choices=("own", "shared"),
    ),
    Setting(
        "seedstate_opensearch_rewind",
        "string",
        "How an OpenSearch that is not embedded goes back: exact, or documents alone (default: exact)",
        choices=("exact", "documents"),
    ),
    _image("postgres", "PostgreSQL", POSTGRES_IMAGE),
    _image("localstack", "LocalStack", LOCALSTACK_IMAGE),
    _image("opensearch", "OpenSearch", OPENSEARCH_IMAGE),
    Setting(
        "seedstate_ca_file",
        "string",
        "Certificates of the authority that external services are signed by (default: the system's)",
    ),
    _url("postgres", "PostgreSQL", "DATABASE_URL"),
    _url("aws", "AWS emulator", "AWS_ENDPOINT_URL"),
    _url("dynamodb", "DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB"),
    _url("s3", "S3", "AWS_ENDPOINT_URL_S3"),
    _url("opensearch", "OpenSearch", "OPENSEARCH_URL"),
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

"""The example with a docker compose file, on the services of that file."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import psycopg
import pytest
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from pytest_seedstate.services.containers.docker_engine import DockerEngine
from tests.docker import image
from tests.on_demand import on_demand
from tests.plugin.projects import clean_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "compose"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
_PATIENCE = 240.0


def declared() -> dict[str, Any]:
    """The file's services, with what docker compose would put for variables."""
    for name in ("postgres", "localstack", "opensearch"):
        os.environ.setdefault(f"SEEDSTATE_{name.upper()}_IMAGE", image(name))
    text = (EXAMPLE / "compose.yaml").read_text()
    filled = _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[2], text)
    services: dict[str, Any] = yaml.safe_load(filled)["services"]
    return services


@pytest.fixture
def ports(engine: DockerEngine) -> Iterator[dict[str, int]]:
    """The services run, on free ports: the file's own may be taken; gives those by service."""
    made = {}
    try:
        for name, service in declared().items():
            [published] = service["ports"]
            host, _, inside = published.rsplit(":", 2)
            made[name] = engine.client.containers.run(
                service["image"],
                environment=service.get("environment", {}),
                ports={f"{inside}/tcp": (host, None)},
                detach=True,
            )
        found = {}
        for name, container in made.items():
            container.reload()
            ((at,),) = container.ports.values()
            found[name] = int(at["HostPort"])
        yield found
    finally:
        for container in made.values():
            container.remove(force=True, v=True)


def wait_for(answers: Any) -> None:
    """Until a service does what it is there for."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answers()
            return
        except (OSError, psycopg.OperationalError, BotoCoreError, ClientError):
            assert time.monotonic() < deadline
            time.sleep(0.2)


@on_demand
def test_its_tests_pass_and_leave_nothing(ports: dict[str, int]) -> None:
    """Twice in a row, beside what the developers have there."""
    postgres = f"postgresql://postgres:parcels@localhost:{ports['postgres']}/postgres"
    aws, opensearch = (f"http://localhost:{ports[name]}" for name in ("localstack", "opensearch"))
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=aws,
        region_name="eu-west-2",
        aws_access_key_id="seedstate",
        aws_secret_access_key="seedstate",
    )
    with contextlib.closing(dynamodb):
        wait_for(lambda: psycopg.connect(postgres).close())
        wait_for(lambda: urlopen(f"{opensearch}/_cluster/health").close())
        wait_for(dynamodb.list_tables)
        for _ in range(2):
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error"),
                    "--seedstate-provider=external",
                    f"--seedstate-postgres-url={postgres}",
                    f"--seedstate-aws-url={aws}",
                    f"--seedstate-opensearch-url={opensearch}",
                ],
                cwd=EXAMPLE,
                env=clean_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            assert "6 passed" in done.stdout
            assert dynamodb.list_tables()["TableNames"] == []
            with psycopg.connect(postgres) as connection:
                databases = connection.execute("SELECT datname FROM pg_database").fetchall()
            assert {name for (name,) in databases} == {"postgres", "template0", "template1"}

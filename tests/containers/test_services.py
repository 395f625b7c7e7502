"""The three services in containers: known before, reached, noticed when they end, gone after."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import psycopg
import pytest
from opensearchpy import OpenSearch

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.containers import (
    ContainerLocalStack,
    ContainerOpenSearch,
    ContainerPostgres,
)
from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from pytest_seedstate.services.rundir import RunDir
from tests.containers.conftest import Holder
from tests.docker import image
from tests.services.conftest import wait_until

Containers = Callable[[], list[Found]]


def test_postgres(rundir: RunDir, containers: Containers) -> None:
    """It lets in whom its variables name, as a superuser, on data in memory without durability."""
    service = ContainerPostgres(rundir, image=image("postgres"))
    before = dict(service.variables)
    service.start()
    assert service.variables == before
    asked = """
        SELECT current_user, current_database(), current_setting('fsync'), datcollate,
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
               pg_read_file('/proc/mounts') ~ ('tmpfs ' || regexp_replace(
                   current_setting('data_directory'), '/data$', '') || ' tmpfs')
        FROM pg_database WHERE datname = current_database()
    """
    with psycopg.connect(before["url"]) as ours, psycopg.connect(service.conninfo) as theirs:
        for session in (ours, theirs):
            found = session.execute(asked).fetchone()
            assert found == ("seedstate", "seedstate", "off", "C.UTF-8", True, True)
    assert service.failure() is None
    (container,) = containers()
    assert container.id == service.container
    service.stop()
    service.stop()
    assert containers() == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(before["url"])


def test_localstack(rundir: RunDir, containers: Containers) -> None:
    """Its DynamoDB and S3 serve clients with its variables, in the account of the embedded AWS."""
    service = ContainerLocalStack(rundir, image=image("localstack"))
    told = dict(service.variables)
    service.start()
    session = boto3.Session(told["access_key"], told["secret_key"], region_name=told["region"])
    dynamodb = session.client("dynamodb", endpoint_url=told["url"])
    made = dynamodb.create_table(
        TableName="artists",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = made["TableDescription"]["TableArn"]
    assert arn == f"arn:aws:dynamodb:{told['region']}:123456789012:table/artists"
    dynamodb.put_item(TableName="artists", Item={"id": {"S": "ada"}})
    assert dynamodb.scan(TableName="artists")["Items"] == [{"id": {"S": "ada"}}]
    s3 = session.client("s3", endpoint_url=told["url"])
    s3.create_bucket(
        Bucket="photos", CreateBucketConfiguration={"LocationConstraint": told["region"]}
    )
    s3.put_object(Bucket="photos", Key="a.txt", Body=b"ink")
    assert s3.get_object(Bucket="photos", Key="a.txt")["Body"].read() == b"ink"
    for client in (dynamodb, s3):
        client.close()
    service.stop()
    assert containers() == []


def test_opensearch(rundir: RunDir, containers: Containers) -> None:
    """It indexes and finds, and keeps snapshots in memory."""
    service = ContainerOpenSearch(rundir, image=image("opensearch"))
    told = dict(service.variables)
    service.start()
    client = OpenSearch(told["url"])
    client.index(index="artists", id="1", body={"name": "Ada"}, refresh=True)
    assert client.count(index="artists")["count"] == 1
    client.snapshot.create_repository(
        repository="kept", body={"type": "fs", "settings": {"location": "kept"}}
    )
    made = client.snapshot.create(repository="kept", snapshot="one", wait_for_completion=True)
    assert made["snapshot"]["state"] == "SUCCESS"
    client.close()
    service.stop()
    assert containers() == []


def test_a_container_that_ends_is_noticed(rundir: RunDir, engine: DockerEngine) -> None:
    """`failure` tells its status and its last lines; stopping it then does no harm."""
    service = ContainerPostgres(rundir, image=image("postgres"))
    service.start()
    assert service.container is not None
    engine.client.api.kill(service.container, signal="SIGINT")
    found: list[SeedstateError] = []

    def noticed() -> bool:
        error = service.failure(1.0)
        found.extend([error] if error else [])
        return error is not None

    wait_until(noticed)
    assert found[0].problem.startswith("the PostgreSQL container has ended during the run")
    assert "shutting down" in str(found[0].detail)
    with pytest.raises(SeedstateError, match="does not run"):
        service.give_to(os.getpid(), platform.process_start(os.getpid()) or "")
    service.stop()


def test_a_container_that_was_removed_is_noticed(rundir: RunDir, engine: DockerEngine) -> None:
    """So is one that somebody else has removed."""
    service = ContainerPostgres(rundir, image=image("postgres"))
    service.start()
    assert service.container is not None
    engine.remove(service.container)
    wait_until(lambda: service.failure(1.0) is not None)
    assert "removed" in str(service.failure())
    service.stop()


def test_a_configured_port(rundir: RunDir) -> None:
    """It is published where the configuration says; a second one there is refused by name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = ContainerPostgres(rundir, image=image("postgres"), port=port)
    service.start()
    assert service.variables["port"] == str(port)
    second = ContainerPostgres(rundir, image=image("postgres"), port=port)
    with pytest.raises(SeedstateError, match=f"port {port}.*already used") as caught:
        second.start()
    assert caught.value.where == "seedstate_postgres_port"
    service.stop()


@pytest.mark.parametrize("announced", [False, True])
def test_a_port_that_is_snatched(rundir: RunDir, containers: Containers, announced: bool) -> None:
    """Before anybody was told it, another one is taken; afterwards that is an error."""
    service = ContainerPostgres(rundir, image=image("postgres"))
    port = service._spot().port
    if announced:
        assert service.variables["port"] == str(port)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        if announced:
            with pytest.raises(SeedstateError, match=f"port {port}.*already used"):
                service.start()
            assert containers() == []
        else:
            service.start()
            assert service.variables["port"] != str(port)
            assert len(containers()) == 1
    service.stop()


def test_given_to_another_process(rundir: RunDir, containers: Containers) -> None:
    """It goes on with the process that holds its descriptor, and ends when that is closed."""
    service = ContainerPostgres(rundir, image=image("postgres"))
    service.start()
    url = service.variables["url"]
    (descriptor,) = service.give_to(os.getpid(), platform.process_start(os.getpid()) or "")
    service.stop()
    with psycopg.connect(url) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    os.close(descriptor)
    wait_until(lambda: containers() == [])


def test_a_killed_run(hold: Callable[..., Holder], containers: Containers) -> None:
    """SIGKILL: its guard removes the container, also while a process that a test forked lives."""
    holder = hold("fork")
    assert len(containers()) == 1
    holder.process.kill()
    holder.process.wait()
    try:
        wait_until(lambda: containers() == [])
    finally:
        os.kill(holder.told["forked"], signal.SIGKILL)


def test_a_killed_run_whose_guard_was_killed_too(
    hold: Callable[..., Holder], rundir: RunDir, containers: Containers
) -> None:
    """The next run sweeps what is left, and leaves the containers of living runs alone."""
    dead, living = hold(), hold()
    os.kill(dead.told["guard"], signal.SIGKILL)
    dead.kill()
    assert len(containers()) == 2
    service = ContainerPostgres(rundir, image=image("postgres"))
    service.start()
    assert {one.id for one in containers()} == {living.told["container"], service.container}
    service.stop()


def test_a_living_run_whose_guard_was_killed(
    hold: Callable[..., Holder], rundir: RunDir, containers: Containers
) -> None:
    """Its container stays."""
    holder = hold()
    os.kill(holder.told["guard"], signal.SIGKILL)
    service = ContainerPostgres(rundir, image=image("postgres"))
    service.start()
    assert holder.told["container"] in {one.id for one in containers()}
    service.stop()


def test_a_run_that_ends_without_stopping(project: Path, containers: Containers) -> None:
    """At the interpreter's end the container is removed, and nothing warns."""
    code = (
        "import sys; from pathlib import Path\n"
        "from pytest_seedstate.services.containers import ContainerPostgres\n"
        "from pytest_seedstate.services.rundir import RunDir\n"
        "rundir = RunDir(Path(sys.argv[1]))\n"
        "ContainerPostgres(rundir, image=sys.argv[2]).start()\n"
        "rundir.close()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(project), image("postgres")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert containers() == []


def test_no_import_of_docker_before_it_is_needed(rundir: RunDir) -> None:
    """Reading the variables loads nothing heavy."""
    code = (
        "import sys; from pathlib import Path\n"
        "from pytest_seedstate.services.containers import ContainerLocalStack\n"
        "from pytest_seedstate.services.rundir import RunDir\n"
        "with RunDir(Path(sys.argv[1])) as rundir:\n"
        "    service = ContainerLocalStack(rundir, image='x:1', reuse=True)\n"
        "    service.variables; service.stop()\n"
        "print([name for name in ('docker', 'testcontainers', 'requests') if name in sys.modules])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(rundir.project)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "[]\n"

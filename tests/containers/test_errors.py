"""What users are told when a container cannot be had: why, and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers import ContainerLocalStack, ContainerOpenSearch
from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from pytest_seedstate.services.containers.images import fetch_image
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.rundir import RunDir
from tests.containers.conftest import ShellService
from tests.containers.registry import registry
from tests.docker import image
from tests.services.conftest import PYTHONPATH

Containers = Callable[[], list[Found]]
Built = Callable[[str], str]

CONNECT = """
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import DockerEngine
try:
    DockerEngine("the test").close()
except SeedstateError as error:
    print(error)
"""


def told_elsewhere(code: str = CONNECT, **environment: str) -> str:
    """What another process prints, whose environment names another engine."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": PYTHONPATH, **environment},
    ).stdout


def test_without_the_package() -> None:
    """The extra is named, by its package."""
    told = told_elsewhere("import sys; sys.modules['testcontainers'] = None\n" + CONNECT)
    assert "the test needs the package 'testcontainers'" in told
    assert 'pip install "pytest-seedstate[containers]"' in told


def test_without_docker(tmp_path: Path) -> None:
    """No socket where one should be."""
    told = told_elsewhere(DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
    assert "the test needs Docker, and there is none" in told
    assert f"DOCKER_HOST=unix://{tmp_path}/docker.sock: no such file" in told
    assert "--seedstate-provider=embedded" in told


def test_an_engine_that_does_not_run(tmp_path: Path) -> None:
    """A socket on which nobody listens."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{tmp_path}/docker.sock")
        told = told_elsewhere(DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
    assert "Docker is installed, but its engine does not run" in told
    assert "systemctl start docker" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_without_rights() -> None:
    """A socket that this user may not open."""
    code = "import os, docker.errors, testcontainers.core.docker_client\nos.setgid(65534)\nos.setgroups([])\nos.setuid(65534)\n"
    told = told_elsewhere(code + CONNECT)
    assert "this user may not use the Docker engine" in told
    assert "usermod -aG docker" in told


@pytest.mark.parametrize("engine", ["tcp://docker.example:2375", "ssh://ci@docker.example"])
def test_an_engine_on_another_machine(engine: str) -> None:
    """It is refused before it is asked anything."""
    told = told_elsewhere(DOCKER_HOST=engine)
    assert "needs a Docker engine on this machine" in told
    assert f"DOCKER_HOST={engine}" in told


def test_an_image_that_cannot_be_had(rundir: RunDir, containers: Containers) -> None:
    """Option, ini setting and variable are named, with what the registry said."""
    service = ShellService(rundir, "true", image="127.0.0.1:1/none:7")
    with pytest.raises(
        SeedstateError, match=r"127\.0\.0\.1:1/none:7 is not on this machine"
    ) as caught:
        service.start()
    assert "docker pull 127.0.0.1:1/none:7" in str(caught.value.fix)
    for name in (
        "--seedstate-postgres-image",
        "seedstate_postgres_image",
        "SEEDSTATE_POSTGRES_IMAGE",
    ):
        assert name in str(caught.value.fix)
    assert "connection refused" in str(caught.value.detail)
    assert containers() == []


def test_an_image_that_is_fetched(engine: DockerEngine) -> None:
    """It is had from its registry, said aloud; the second time it is there."""
    words: list[str] = []
    with registry("seedstate-test/empty") as name:
        try:
            fetched = fetch_image(engine, name, setting="x", tell=words.append)
            assert words[0] == f"fetching the image {name}"
            again = fetch_image(engine, name, setting="x", tell=pytest.fail)
            assert fetched == again == engine.client.images.get(name).id
        finally:
            engine.client.images.remove(name, force=True)


def test_a_container_that_dies_at_start(rundir: RunDir, containers: Containers) -> None:
    """Its status and its last lines are told; nothing stays."""
    service = ShellService(rundir, "echo starting; echo 'bad setting: x' >&2; exit 3")
    with pytest.raises(
        SeedstateError, match="did not start: its container ended with status 3"
    ) as caught:
        service.start()
    assert "bad setting: x" in str(caught.value.detail)
    assert caught.value.where == f"image {image('postgres')}"
    assert containers() == []


def test_a_program_that_the_image_lacks(rundir: RunDir, containers: Containers) -> None:
    """What the engine says about it is told; the container is gone."""

    class Broken(ShellService):
        def recipe(self) -> Recipe:
            return Recipe(self._image, 9999, options={"entrypoint": ["/no/such/program"]})

    with pytest.raises(SeedstateError, match="could not make a container") as caught:
        Broken(rundir, "").start()
    assert "/no/such/program" in str(caught.value.detail)
    assert containers() == []


@pytest.mark.parametrize("token", [None, "expired"])
def test_localstack_that_wants_a_licence(
    rundir: RunDir, built: Built, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    """Exit status 55 is explained; a token that is set has reached the container, and is not shown."""
    monkeypatch.delenv("LOCALSTACK_AUTH_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("LOCALSTACK_AUTH_TOKEN", token)
    asks = 'CMD ["sh", "-c", "echo token has ${#LOCALSTACK_AUTH_TOKEN} letters; exit 55"]'
    service = ContainerLocalStack(
        rundir, image=built(f"FROM {image('postgres')}\nENTRYPOINT []\n{asks}\n")
    )
    with pytest.raises(SeedstateError, match="status 55") as caught:
        service.start()
    assert f"token has {len(token or '')} letters" in str(caught.value.detail)
    assert "set LOCALSTACK_AUTH_TOKEN" in str(caught.value.fix)
    assert ("none is set" in str(caught.value.fix)) is (token is None)
    assert "localstack/localstack:4.14.0" in str(caught.value.fix)
    assert "expired" not in str(caught.value)


def test_too_little_memory_for_opensearch(rundir: RunDir, containers: Containers) -> None:
    """A node that the system ends for want of memory says so, and what it needs."""

    class Small(ContainerOpenSearch):
        def recipe(self) -> Recipe:
            full = super().recipe()
            limits = {"mem_limit": "96m", "memswap_limit": "96m"}
            return Recipe(
                full.image, full.port, None, full.environment, full.memory_folders, limits
            )

    with pytest.raises(SeedstateError, match="the OpenSearch container did not start") as caught:
        Small(rundir, image=image("opensearch")).start()
    assert "needs about 1.5 GB of memory" in str(caught.value.fix)
    assert "it has" in str(caught.value.fix)
    assert "opensearch=embedded" in str(caught.value.fix)
    assert containers() == []


def test_a_slow_start(rundir: RunDir, containers: Containers) -> None:
    """Words on how far it is; then what was waited for, and what the container says."""

    class Hurried(ShellService):
        start_seconds = 1.5
        word_seconds = 0.5

    words: list[str] = []
    service = Hurried(rundir, "echo migrating 7 of 9; sleep 60", tell=words.append)
    with pytest.raises(SeedstateError, match="the shell container did not answer within") as caught:
        service.start()
    assert words
    assert all(word.startswith("waiting for the shell container") for word in words)
    assert words[-1].endswith("it says: migrating 7 of 9")
    assert caught.value.checked is not None
    assert caught.value.checked.startswith("127.0.0.1:")
    assert "migrating 7 of 9" in str(caught.value.detail)
    assert containers() == []

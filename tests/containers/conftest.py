"""Real containers of the local images, each test's in a project of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.register import register_of
from pytest_seedstate.services.containers.service import ContainerService
from pytest_seedstate.services.containers.spots import Spot
from pytest_seedstate.services.containers.sweeping import remove_kept
from pytest_seedstate.services.ports import HOST
from pytest_seedstate.services.rundir import RunDir
from tests.docker import image, require_docker
from tests.services.conftest import PYTHONPATH

HOLDER = Path(__file__).with_name("holder.py")


@pytest.fixture(autouse=True, scope="session")
def _docker() -> None:
    require_docker()


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    """A connection to the Docker engine."""
    made = DockerEngine("the test")
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path, engine: DockerEngine) -> Iterator[Path]:
    """A project's folder; none of its containers outlives the test."""
    folder = tmp_path / "project"
    folder.mkdir()
    yield folder
    for found in engine.find(project=str(folder)):
        engine.remove(found.id)
    for service in ("postgres", "aws", "opensearch", "shell"):
        register = register_of(folder, service)
        with register.locked():
            for entry in register.entries():
                register.users(entry.token)
                register.forget(entry.token)


@pytest.fixture
def clean_up(tmp_path: Path, engine: DockerEngine) -> Iterator[None]:
    """No container of a project in the test's own folder outlives the test."""
    yield
    remove_kept(engine, tmp_path)
    for found in engine.find(project=str(tmp_path)):
        engine.remove(found.id)


@pytest.fixture
def rundir(project: Path) -> Iterator[RunDir]:
    """A run of the project."""
    with RunDir(project) as made:
        yield made


@pytest.fixture
def containers(engine: DockerEngine, project: Path) -> Callable[[], list[Found]]:
    """The project's containers as they are now."""
    return lambda: engine.find(project=str(project))


class Holder:
    """A process that holds a PostgreSQL container, see `holder.py`."""

    def __init__(self, project: Path, *wishes: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HOLDER), str(project), image("postgres"), *wishes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": PYTHONPATH, **environment},
            # As a terminal's or a CI's group of processes.
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.told: dict[str, Any] = json.loads(self.process.stdout.readline() or b"{}")

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """End it in order."""
        with contextlib.suppress(OSError, ValueError):
            self.process.communicate(timeout=60)


@pytest.fixture
def hold(project: Path) -> Iterator[Callable[..., Holder]]:
    """Start processes that hold a container; they end with the test."""
    started: list[Holder] = []

    def start(*wishes: str, **environment: str) -> Holder:
        holder = Holder(project, *wishes, **environment)
        started.append(holder)
        return holder

    yield start
    for holder in started:
        holder.close()


class ShellService(ContainerService):
    """A container that does what a line of shell says; it never answers."""

    name = "shell"
    title = "the shell container"
    image_setting = "seedstate_postgres_image"
    alone_by_default = False
    start_seconds = 30.0

    def __init__(self, rundir: RunDir, line: str, **wishes: Any) -> None:
        super().__init__(rundir, **{"image": image("postgres"), **wishes})
        self._line = line

    def recipe(self) -> Recipe:
        """The line."""
        entrypoint = {"entrypoint": ["sh", "-c", self._line]}
        return Recipe(self._image, 9999, options=entrypoint)

    def told(self, spot: Spot) -> dict[str, str]:
        """The port alone."""
        return {"host": HOST, "port": str(spot.port)}

    def answers(self, spot: Spot) -> bool:
        """Never."""
        return False

    def empty(self, spot: Spot) -> None:
        """There is nothing in it."""


@pytest.fixture
def built(engine: DockerEngine) -> Iterator[Callable[[str], str]]:
    """Build images from the lines of a Dockerfile; they are removed after the test."""
    made: list[str] = []

    def build(lines: str) -> str:
        name = f"seedstate-test/{os.getpid()}-{len(made)}:1"
        # Below the image that it starts from: nothing is fetched.
        engine.client.images.build(fileobj=io.BytesIO(lines.encode()), tag=name, rm=True)
        made.append(name)
        return name

    yield build
    for name in made:
        engine.client.images.remove(name, force=True)

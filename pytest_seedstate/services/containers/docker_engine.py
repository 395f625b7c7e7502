"""The Docker engine: one connection to it, and what can go wrong on the way."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.ports import HOST

if TYPE_CHECKING:
    import docker

Address = dict[str, str]
"""How to reach the engine: ``socket``, or ``host`` and ``port`` with, for TLS, ``ca``,
``certificate`` and ``key`` (paths)."""

#: The ini setting that chooses another provider, as errors name it.
PROVIDER_SETTING = "seedstate_provider"

_LOG_LINES = 15
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OTHERWISE = "or run the services without Docker: --seedstate-provider=embedded"

# testcontainers' client writes DOCKER_HOST into the environment for a moment.
_connecting = threading.Lock()


def import_packages() -> None:
    """Import what a connection needs; `DockerEngine` tells what is missing."""
    with contextlib.suppress(ModuleNotFoundError):
        import docker.errors  # noqa: F401
        import testcontainers.core.docker_client  # noqa: F401


class PortInUseError(Exception):
    """The engine cannot publish a container's port because another program has it."""


@dataclass(frozen=True)
class Found:
    """A container as the engine lists it.

    Attributes:
        id: the engine's name for it.
        labels: its labels.
        running: whether it runs.
        made_at: when it was made, seconds since 1970.
        image: the id of its image.
    """

    id: str
    labels: Mapping[str, str]
    running: bool
    made_at: float
    image: str


@dataclass(frozen=True)
class End:
    """How a container has ended.

    Attributes:
        status: its exit status.
        out_of_memory: whether the system ended it because memory ran out.
        log: its last lines.
    """

    status: int
    out_of_memory: bool
    log: str


class DockerEngine:
    """A connection to the Docker engine that testcontainers would use.

    Args:
        what: what needs it, as errors tell it.

    Raises:
        MissingExtraError: testcontainers is not installed.
        SeedstateError: the engine cannot be used: it is not there, does not run, does not let this
            user in, or runs on another machine.
    """

    def __init__(self, what: str) -> None:
        try:
            from docker.errors import DockerException
            from testcontainers.core.config import testcontainers_config
            from testcontainers.core.docker_client import DockerClient, get_docker_host
        except ModuleNotFoundError as error:
            raise MissingExtraError("containers", _package(error), what) from None
        self._what = what
        self.prefix = testcontainers_config.hub_image_name_prefix
        _refuse_another_machine(what, get_docker_host())
        with _connecting, _environment_kept("DOCKER_HOST"):
            try:
                self.client: docker.DockerClient = DockerClient().client
            except (DockerException, OSError) as error:
                raise _not_there(what, error) from None
        self.address = self._address()

    @property
    def api(self) -> str:
        """The version of the engine's interface that is spoken."""
        return str(self.client.api.api_version)

    def _address(self) -> Address:
        api = self.client.api
        adapter = api.get_adapter(api.base_url)
        path = getattr(adapter, "socket_path", None)
        if path is not None:
            return {"socket": str(path)}
        url = urlsplit(api.base_url)
        address = {"host": str(url.hostname), "port": str(url.port)}
        if url.scheme == "https":
            certificate, key = api.cert
            address.update(ca=str(api.verify), certificate=certificate, key=key)
        return address

    def close(self) -> None:
        """End the connection."""
        self.client.close()

    # -- containers -------------------------------------------------------------------------------

    def create(
        self, recipe: Recipe, environment: Mapping[str, str], port: int, labels: Mapping[str, str]
    ) -> str:
        """Make a container and start it.

        Args:
            recipe: what it is made from; the image is there.
            environment: its own variables, besides the recipe's.
            port: the port of 127.0.0.1 on which its service is published.
            labels: what marks it.

        Returns:
            The container's id.

        Raises:
            PortInUseError: another program has the port; the container is gone again.
            SeedstateError: what the engine says.
        """
        from docker.errors import APIError
        from testcontainers.core.labels import create_labels

        image = self.prefix + recipe.image
        if "pytest-seedstate.run" in labels:
            # With the session's label, by which testcontainers' reaper finds what it may remove.
            labels = create_labels(image, dict(labels))
        with self._telling(f"could not make a container of {image}"):
            container = self.client.containers.create(
                image,
                command=None if recipe.command is None else list(recipe.command),
                environment={**recipe.environment, **environment},
                ports={f"{recipe.port}/tcp": (HOST, port)},
                tmpfs=dict.fromkeys(recipe.memory_folders, ""),
                labels=dict(labels),
                **recipe.options,
            )
            try:
                if recipe.files:
                    container.put_archive("/", _archive(recipe.files))
                container.start()
            except BaseException as error:
                container.remove(force=True, v=True)
                if isinstance(error, APIError) and _is_about_a_port(str(error)):
                    raise PortInUseError from None
                raise
        return str(container.id)

    def find(self, **labels: str | None) -> list[Found]:
        """The containers with these labels; running or not.

        Args:
            labels: names without our prefix; None for any value.
        """
        wanted = [
            f"pytest-seedstate.{name}" + ("" if value is None else f"={value}")
            for name, value in labels.items()
        ]
        with self._telling("could not list containers"):
            told = self.client.api.containers(all=True, filters={"label": wanted})
        return [
            Found(
                one["Id"],
                one["Labels"] or {},
                one["State"] == "running",
                float(one["Created"]),
                one["ImageID"],
            )
            for one in told
        ]

    def end_of(self, container: str) -> End | None:
        """How a container has ended; None while it runs."""
        from docker.errors import NotFound

        with self._telling("could not look at a container"):
            try:
                told = self.client.api.inspect_container(container)["State"]
            except NotFound:
                return End(0, False, "(somebody has removed the container)")
            if told["Running"]:
                return None
            return End(int(told["ExitCode"]), bool(told["OOMKilled"]), self.log(container))

    def log(self, container: str, lines: int = _LOG_LINES) -> str:
        """The last lines that a container has printed; says so when there are none."""
        with self._telling("could not read a container's log"):
            told: bytes = self.client.api.logs(container, tail=lines)
        return told.decode(errors="replace").strip() or "(it has printed nothing)"

    def remove(self, container: str) -> None:
        """End a container and remove it with its volumes; harmless when it is gone."""
        from docker.errors import APIError, NotFound

        with self._telling("could not remove a container"):
            try:
                self.client.api.remove_container(container, force=True, v=True)
            except NotFound:
                pass
            except APIError as error:
                # 409: another process is removing it.
                if error.status_code != 409:
                    raise

    def memory(self) -> int:
        """Bytes of memory that all containers have together; 0 where the engine does not tell."""
        with self._telling("could not be asked about its memory"):
            return int(self.client.info().get("MemTotal") or 0)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn what the engine, or the way to it, says into an error for users."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException

        try:
            yield
        except APIError as error:
            raise SeedstateError(
                f"{self._what}: the Docker engine {what}", detail=str(error.explanation or error)
            ) from None
        except (DockerException, RequestException, OSError) as error:
            raise SeedstateError(
                f"{self._what}: the Docker engine does not answer any more",
                fix="look whether it runs: docker info",
                detail=str(error),
            ) from None


def _archive(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            about = tarfile.TarInfo(path.removeprefix("/"))
            about.size, about.mode = len(text.encode()), 0o644
            archive.addfile(about, io.BytesIO(text.encode()))
    return packed.getvalue()


# -- what goes wrong on the way --------------------------------------------------------------------


@contextmanager
def _environment_kept(name: str) -> Iterator[None]:
    before = os.environ.get(name)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def _refuse_another_machine(what: str, engine: str | None) -> None:
    url = urlsplit(engine or "")
    if url.scheme in ("", "unix", "npipe") or (url.scheme != "ssh" and url.hostname in _LOOPBACK):
        return
    raise SeedstateError(
        f"{what} needs a Docker engine on this machine, and the one in use runs on another",
        where=f"DOCKER_HOST={engine}"
        if os.environ.get("DOCKER_HOST")
        else f"Docker's own: {engine}",
        checked="containers are published on 127.0.0.1 only: nobody else is to reach test data",
        fix="unset DOCKER_HOST, or start the services there yourself and set "
        f"{PROVIDER_SETTING} = external, {_OTHERWISE}",
    )


def _host_setting() -> str | None:
    told = os.environ.get("DOCKER_HOST")
    return f"DOCKER_HOST={told}" if told else None


def _package(error: ModuleNotFoundError) -> str:
    return "docker" if (error.name or "").startswith("docker") else "testcontainers"


def _is_about_a_port(text: str) -> bool:
    return any(
        words in text
        for words in (
            "port is already allocated",
            "address already in use",
            "ports are not available",
        )
    )


def _not_there(what: str, error: Exception) -> SeedstateError:
    """Why there is no connection: docker-py hides the system's reason below three others."""
    checked = _host_setting() or "the engine's usual socket, /var/run/docker.sock"
    reasons = set(_errors_within(error))
    if errno.EACCES in reasons or errno.EPERM in reasons:
        return SeedstateError(
            f"{what}: this user may not use the Docker engine",
            checked=checked,
            fix="add the user to the group 'docker' (sudo usermod -aG docker $USER, then log in "
            f"again), use rootless Docker, {_OTHERWISE}",
        )
    if errno.ENOENT in reasons:
        return SeedstateError(
            f"{what} needs Docker, and there is none",
            checked=f"{checked}: no such file",
            fix=f"install and start Docker (or Podman with its Docker socket), {_OTHERWISE}",
        )
    if errno.ECONNREFUSED in reasons:
        return SeedstateError(
            f"{what}: Docker is installed, but its engine does not run",
            checked=f"{checked}: connection refused",
            fix=f"start it (systemctl start docker, or Docker Desktop), {_OTHERWISE}",
        )
    return SeedstateError(
        f"{what}: the Docker engine cannot be reached",
        checked=checked,
        fix=f"look whether it runs: docker info, {_OTHERWISE}",
        detail=str(error),
    )


def _errors_within(error: BaseException | None) -> Iterator[int]:
    """The system's error numbers in an exception, its arguments and what it came from."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OSError) and one.errno is not None:
            yield one.errno
        waiting += [one.__cause__, one.__context__]
        waiting += [each for each in one.args if isinstance(each, BaseException)]

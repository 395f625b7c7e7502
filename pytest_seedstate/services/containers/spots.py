"""Where a container's service is reached, settled before the container is there."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.register import Entry, register_of
from pytest_seedstate.services.ports import HOST, ReservedPort, port_taken


def new_token() -> str:
    """A name that no other container has."""
    return secrets.token_hex(8)


class Spot(Protocol):
    """A port of 127.0.0.1, and what belongs to one container."""

    @property
    def token(self) -> str:
        """Names the container."""

    @property
    def secret(self) -> str:
        """Its password, for services that have one."""

    @property
    def port(self) -> int:
        """The port."""

    @property
    def fixed(self) -> bool:
        """Whether the configuration wants this very port."""

    def move(self) -> None:
        """Take another port."""

    def taken(self) -> SeedstateError:
        """The error for a port that another program has."""

    def close(self) -> None:
        """Give it up; harmless when done."""


class OwnSpot:
    """Of a container that ends with the run.

    Args:
        port: the port that the configuration wants, None for any.
        service: the name of the service, as errors tell it.
        setting: the configuration's name for the port.

    Raises:
        SeedstateError: the port is taken.
    """

    def __init__(self, port: int | None, *, service: str, setting: str) -> None:
        self._reserved = ReservedPort(port, service=service, setting=setting)
        self.fixed = port is not None
        self.token = new_token()
        self.secret = secrets.token_hex(16)

    @property
    def port(self) -> int:
        return self._reserved.number

    def move(self) -> None:
        before = self._reserved
        self._reserved = ReservedPort(None, service=before.service, setting=before.setting)
        before.close()

    def taken(self) -> SeedstateError:
        return port_taken(self._reserved, self.port)

    def close(self) -> None:
        self._reserved.close()


class KeptSpot:
    """Of a container that stays for later runs: one that is there, or a new one.

    Args:
        project: the project's root folder.
        kind: the service, and the digest of the recipe.
        port: the port that the configuration wants, None for any.
        alone: whether nobody else may use it meanwhile.
        service: the name of the service, as errors tell it.
        setting: the configuration's name for the port.

    Raises:
        SeedstateError: the port is taken, by a container in use or by another program.
    """

    def __init__(
        self,
        project: Path,
        kind: tuple[str, str],
        port: int | None,
        *,
        alone: bool,
        service: str,
        setting: str,
    ) -> None:
        self.register = register_of(project, kind[0])
        self.fixed = port is not None
        self._service = service
        self._setting = setting
        self._reserved: ReservedPort | None = None
        with self.register.locked():
            self._entry = self._choose(kind, port, alone)
            self.use = self.register.use(self._entry.token)

    def _choose(self, kind: tuple[str, str], port: int | None, alone: bool) -> Entry:
        for entry in self.register.entries():
            if (entry.service, entry.recipe) != kind or port not in (None, entry.port):
                continue
            if not (alone and self.register.users(entry.token)):
                return entry
        self._reserved = ReservedPort(port, service=self._service, setting=self._setting)
        entry = Entry(new_token(), *kind, self._reserved.number, secrets.token_hex(16))
        self.register.add(entry)
        return entry

    @property
    def token(self) -> str:
        return self._entry.token

    @property
    def secret(self) -> str:
        return self._entry.secret

    @property
    def port(self) -> int:
        return self._entry.port

    def move(self) -> None:
        self.close_port()
        self._reserved = ReservedPort(None, service=self._service, setting=self._setting)
        kind = (self._entry.service, self._entry.recipe)
        self._entry = Entry(self.token, *kind, self._reserved.number, self.secret)
        self.register.add(self._entry)

    def others_within(self) -> list[int]:
        """Pids of other processes that work in it; while the register is locked."""
        own = self.use.pid
        users = self.register.users(self.token, within=True)
        if own in users:
            users.remove(own)
        return users

    def taken(self) -> SeedstateError:
        # The next run is to choose another one.
        self.register.forget(self.token)
        return SeedstateError(
            f"port {self.port}, where {self._service} was kept for later runs, is used by another "
            "program",
            where=self._setting if self.fixed else None,
            checked=f"published {HOST}:{self.port}",
            fix=f"stop that program, or change or remove {self._setting}"
            if self.fixed
            else "run again: another port is taken then",
        )

    def close_port(self) -> None:
        """Let go of the port, which the container then has."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def close(self) -> None:
        self.close_port()
        self.use.end()

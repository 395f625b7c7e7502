"""How an application in a container reaches services that listen on this machine."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pytest_seedstate.engine.environment import is_local
from pytest_seedstate.services.containers.bridge import DESKTOP, bridge_address
from pytest_seedstate.services.doorway import Doorway

Variables = Mapping[str, str]


class FromContainers:
    """Services' variables with an address that containers reach.

    Args:
        variables: those of a service by its name, as this machine has them.

    Raises:
        MissingExtraError: testcontainers is not installed.
        SeedstateError: the Docker engine cannot be used.
    """

    def __init__(self, variables: Callable[[str], Variables]) -> None:
        self._variables = variables
        self._host = bridge_address()
        self._doorway: Doorway | None = Doorway(self._host)
        self._known: dict[str, Variables] = {}

    def variables(self, service: str) -> Variables:
        """Those of a service; one that is on another machine keeps its own."""
        if service not in self._known:
            here = self._variables(service)
            self._known[service] = self._seen(here) if is_local(here["host"]) else here
        return self._known[service]

    def close(self) -> None:
        """Let nobody in any more."""
        if self._doorway is not None:
            self._doorway.close()
            self._doorway = None

    def _seen(self, here: Variables) -> Variables:
        # Sockets are files of this machine.
        seen = {name: value for name, value in here.items() if name != "socket"}
        port = self._open(here["host"], int(here["port"]))
        for name in {"url", "authority"} & seen.keys():
            before = f"{here['host']}:{here['port']}"
            seen[name] = seen[name].replace(before, f"{self._host}:{port}", 1)
        # DynamoDB and S3 may be two services.
        for name in (name for name in seen if name.endswith("_url")):
            seen[name] = self._led(seen[name])
        return {**seen, "host": self._host, "port": str(port)}

    def _led(self, url: str) -> str:
        parts = urlsplit(url)
        host, number = parts.hostname, parts.port
        if host is None or number is None or not is_local(host):
            return url
        port = self._open(host, number)
        return url.replace(f"{host}:{number}", f"{self._host}:{port}", 1)

    def _open(self, host: str, port: int) -> int:
        if self._doorway is None:
            return port
        try:
            return self._doorway.open(host, port)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
        # Docker Desktop's network is in a virtual machine, which has a way of its own to here.
        self.close()
        self._host = DESKTOP
        return port

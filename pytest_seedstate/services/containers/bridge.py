"""The address by which containers reach this machine."""

from __future__ import annotations

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import DockerEngine

DESKTOP = "host.docker.internal"
"""What Docker Desktop calls this machine, whose 127.0.0.1 it leads to."""


def bridge_address() -> str:
    """Where this machine is on Docker's usual network.

    Raises:
        MissingExtraError: testcontainers is not installed.
        SeedstateError: the Docker engine cannot be used, or has no such network.
    """
    engine = DockerEngine("an application in a container")
    try:
        found = engine.client.api.networks(names=["bridge"])
        for network in found:
            for part in network["IPAM"]["Config"] or ():
                if part.get("Gateway"):
                    return str(part["Gateway"])
    finally:
        engine.close()
    raise SeedstateError(
        "Docker's network 'bridge' has no gateway: containers have no way to this machine",
        fix="run the application with --network=host and seedstate_env",
    )

"""Whether containers can be had here: skips with the reason, but not in CI."""

from __future__ import annotations

import os
from functools import cache

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import DockerEngine

_VARIABLES = {
    "postgres": "SEEDSTATE_POSTGRES_IMAGE",
    "localstack": "SEEDSTATE_LOCALSTACK_IMAGE",
    "opensearch": "SEEDSTATE_OPENSEARCH_IMAGE",
}


def image(name: str) -> str:
    """The image of ``postgres``, ``localstack`` or ``opensearch`` that tests use."""
    return os.environ[_VARIABLES[name]]


@cache
def why_no_docker() -> str | None:
    """Why no container can be started; None where they can be."""
    missing = [variable for variable in _VARIABLES.values() if not os.environ.get(variable)]
    if missing:
        return f"no images: {', '.join(missing)} not set (source shared/containers/up)"
    try:
        DockerEngine("the tests").close()
    except SeedstateError as error:
        return error.problem
    return None


def require_docker() -> None:
    """Skip the test where there is no Docker; fail it where CI has promised one."""
    reason = why_no_docker()
    if reason is None:
        return
    if os.environ.get("CI") == "true" and os.environ.get(_VARIABLES["postgres"]):
        pytest.fail(f"containers must run in CI: {reason}")
    pytest.skip(f"needs containers: {reason}")

"""Whether containers can be had here: skips with the reason, but not in CI."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from pytest_seedstate.config.known import LOCALSTACK_IMAGE, OPENSEARCH_IMAGE, POSTGRES_IMAGE
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import DockerEngine
from tests.on_demand import ALL_CASES

_IMAGES = {
    "postgres": ("SEEDSTATE_POSTGRES_IMAGE", POSTGRES_IMAGE),
    "localstack": ("SEEDSTATE_LOCALSTACK_IMAGE", LOCALSTACK_IMAGE),
    "opensearch": ("SEEDSTATE_OPENSEARCH_IMAGE", OPENSEARCH_IMAGE),
}


def on_containers() -> bool:
    """Whether tests that run on services of several providers are to run on containers."""
    return os.environ.get("SEEDSTATE_PROVIDER") == "containers"


def in_sample(names: Iterable[Any]) -> list[Any]:
    """Of many cases those that every run takes where services are slow: a ninth, or all with
    SEEDSTATE_TEST_CASES=all.
    """
    return [*names][:: 1 if ALL_CASES else 9]


def image(name: str) -> str:
    """The image of ``postgres``, ``localstack`` or ``opensearch`` that tests use."""
    variable, usual = _IMAGES[name]
    return os.environ.get(variable) or usual


@cache
def why_no_docker() -> str | None:
    """Why no container can be started; None where they can be."""
    from docker.errors import ImageNotFound

    try:
        engine = DockerEngine("a test on containers")
    except SeedstateError as error:
        return error.problem
    reason = None
    for name, (variable, _) in _IMAGES.items():
        try:
            engine.client.images.get(engine.prefix + image(name))
        except ImageNotFound:
            reason = f"the image {image(name)} is not here (docker pull, or set {variable})"
    engine.close()
    return reason


def require_docker() -> None:
    """Skip the test where there is no Docker; fail it in CI."""
    reason = why_no_docker()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"containers must run in CI: {reason}")
    pytest.skip(f"needs containers: {reason}")

"""The services in containers that testcontainers' Docker engine runs.

Resolved on first use: nothing here is needed where no container is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_seedstate.services.containers.localstack import (
        ContainerLocalStack as ContainerLocalStack,
    )
    from pytest_seedstate.services.containers.opensearch import (
        ContainerOpenSearch as ContainerOpenSearch,
    )
    from pytest_seedstate.services.containers.postgres import ContainerPostgres as ContainerPostgres

__all__ = ["ContainerLocalStack", "ContainerOpenSearch", "ContainerPostgres"]

_HOMES = {
    "ContainerLocalStack": "localstack",
    "ContainerOpenSearch": "opensearch",
    "ContainerPostgres": "postgres",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

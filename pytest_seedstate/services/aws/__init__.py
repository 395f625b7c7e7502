"""The embedded AWS services: moto in a tree of processes in which a fork is a snapshot.

`EmbeddedAws` is resolved on first use: the host's own processes import this package too, and have
no need of the side that drives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_seedstate.services.aws.service import EmbeddedAws as EmbeddedAws

__all__ = ["EmbeddedAws"]


def __getattr__(name: str) -> Any:
    if name == "EmbeddedAws":
        from pytest_seedstate.services.aws.service import EmbeddedAws

        return EmbeddedAws
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

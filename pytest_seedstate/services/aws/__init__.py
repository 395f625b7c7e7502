"""The embedded AWS services: moto in a tree of processes in which a fork is a snapshot."""

from __future__ import annotations

from pytest_seedstate.services.aws.host import DEFAULT_SERVICES, EmbeddedAws

__all__ = ["DEFAULT_SERVICES", "EmbeddedAws"]

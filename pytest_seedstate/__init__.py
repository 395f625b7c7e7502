"""Gives every test the exact data it asks for, in every store, and takes it back afterwards.

The names below are what packs and tests import. They are resolved on first use, because pytest
imports this package at every start, also where nothing of it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_seedstate.errors import SeedstateError as SeedstateError
    from pytest_seedstate.records.document import Document as Document
    from pytest_seedstate.records.factory import RecordFactory as RecordFactory
    from pytest_seedstate.records.placement import Item as Item
    from pytest_seedstate.records.placement import Object as Object
    from pytest_seedstate.records.placement import Row as Row
    from pytest_seedstate.records.record import Record as Record
    from pytest_seedstate.records.reset_state import reset_state as reset_state
    from pytest_seedstate.records.scenario import Scenario as Scenario
    from pytest_seedstate.records.scenario import scenario as scenario
    from pytest_seedstate.records.schema import schema as schema
    from pytest_seedstate.records.seed import Seed as Seed
    from pytest_seedstate.stores.opensearch import OpenSearchDocument as OpenSearchDocument
    from pytest_seedstate.stores.s3 import S3Object as S3Object

_HOMES = {
    "Document": "records.document",
    "Item": "records.placement",
    "Object": "records.placement",
    "OpenSearchDocument": "stores.opensearch",
    "Record": "records.record",
    "RecordFactory": "records.factory",
    "Row": "records.placement",
    "S3Object": "stores.s3",
    "Scenario": "records.scenario",
    "Seed": "records.seed",
    "SeedstateError": "errors",
    "reset_state": "records.reset_state",
    "scenario": "records.scenario",
    "schema": "records.schema",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

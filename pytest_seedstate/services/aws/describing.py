"""Items and objects as change sets show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_seedstate.services.aws.wire import from_wire
from pytest_seedstate.services.host.change_sets import Describe
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.changes import Change


def describing(region: str) -> Describe:
    """What makes the change of an item, from its wire forms, or of an object.

    Args:
        region: of the run; tables of other regions are named with theirs.
    """

    def describe(at: Touch, before: Any, after: Any) -> Change:
        is_elsewhere = at.region not in ("", region)
        collection = f"{at.region}/{at.collection}" if is_elsewhere else at.collection
        if at.store == "s3":
            return Change("s3", collection, {"key": at.key}, before, after)
        return Change(
            at.store, collection, _item(json.loads(at.key)) or {}, _item(before), _item(after)
        )

    return describe


def _item(wire: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if wire is None:
        return None
    return {name: from_wire(value) for name, value in wire.items()}

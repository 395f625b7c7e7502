"""Writes that a node carries out by itself, after it has answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from pytest_seedstate.stores.opensearch_node.node import Node, RefusedError

_BY_QUERY = (
    "/_tasks?detailed=true&actions=indices:data/write/reindex,"
    "indices:data/write/update/byquery,indices:data/write/delete/byquery"
)
_NAMES = re.compile(r"\[([^\]]*)\]")


def end_tasks(node: Node, is_ours: Callable[[str], bool]) -> list[str]:
    """End by-query writes and reindexing of our indices, and wait until they have ended.

    Returns:
        What was ended, one phrase each.
    """
    ended = []
    told = node.call("GET", _BY_QUERY)
    for about in told.get("nodes", {}).values():
        for identifier, task in about["tasks"].items():
            description = task.get("description", "")
            names = [name for found in _NAMES.findall(description) for name in found.split(",")]
            if "parent_task_id" in task or not any(is_ours(name.strip()) for name in names):
                continue
            # It may have ended by itself.
            with suppress(RefusedError):
                node.call("POST", f"/_tasks/{identifier}/_cancel?wait_for_completion=true")
                ended.append(f"{description} (still running: cancelled)")
    return ended

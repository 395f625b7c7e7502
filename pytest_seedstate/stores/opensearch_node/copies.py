"""The names of our hidden copies at a node, which tell whose they are."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable

from pytest_seedstate.services.platform import process_start
from pytest_seedstate.stores.opensearch_node.node import Node

_START = ".seedstate-copy-"
_NAME = re.compile(rf"{re.escape(_START)}(?P<machine>[0-9a-f]+)-(?P<pid>\d+)-")


def copies_of(pid: int) -> str:
    """How the copies of a process of this machine begin."""
    # Its start as well: pids are used again.
    start = hashlib.sha256((process_start(pid) or "").encode()).hexdigest()[:8]
    return f"{_START}{uuid.getnode():012x}-{pid}-{start}-"


def is_orphan(name: str) -> bool:
    """Whether a copy belongs to a process of this machine that has ended."""
    found = _NAME.match(name)
    if found is None or found["machine"] != f"{uuid.getnode():012x}":
        return False
    pid = int(found["pid"])
    return process_start(pid) is None or not name.startswith(copies_of(pid))


def sweep_copies(node: Node, is_unneeded: Callable[[str], bool]) -> None:
    """Delete copies."""
    told = node.call("GET", f"/{_START}*/_alias?expand_wildcards=all")
    names = sorted(filter(is_unneeded, told))
    if names:
        node.delete(names)

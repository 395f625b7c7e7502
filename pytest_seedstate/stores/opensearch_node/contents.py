"""What an index holds, kept so that an index made of it answers as the first one did.

A document that is written back in place leaves its old self in the statistics that scores are
computed from, and a node forgets it only when it likes. So an index that was written to is
replaced: a small one is loaded again, where that is known to give the same index, any other one is
cloned from a hidden copy, which has the same segments, versions and sequence numbers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_seedstate.stores.opensearch_node.definitions import IndexDefinition, setting_differences
from pytest_seedstate.stores.opensearch_node.node import Found, Mark, Node, line, named

_SMALL = 200
"""Documents. On two busy processors, 1 000 documents of 20 words were loaded again in 300 ms or
more, and an index of 1 001 was cloned in 48 ms at best; one of 100 was loaded again in 39 ms."""
_SMALL_BYTES = 5_000_000
_FEW_SEGMENTS = 5
"""Lucene's tiered policy merges from ten of a size on, in the background."""

_INDEXED_ELSEWHERE = ("index.default_pipeline", "index.final_pipeline", "index.blocks.")
"""Settings that would change or refuse documents that are loaded."""

_REPLICAS = "index.number_of_replicas"
_BLOCKS = "index.blocks."
_NO_WRITES = ("write", "read_only", "read_only_allow_delete")
"""Blocks that forbid to write documents."""


class Contents(Protocol):
    """The documents of an index at one moment, with all that scores depend on."""

    @property
    def memory(self) -> int:
        """Bytes that it takes in this process."""

    @property
    def files(self) -> int:
        """Bytes that it takes at the node."""

    @property
    def count(self) -> int:
        """How many documents there are."""

    def make(self, node: Node, index: str, definition: IndexDefinition) -> Mark | None:
        """Create an index that holds it, where none of this name is.

        Returns:
            Its mark; None where it does not hold exactly that, since somebody wrote meanwhile.
        """

    def documents(self, node: Node, ids: Collection[str] | None) -> dict[str, Found]:
        """The documents, or those of some ids."""


@dataclass(frozen=True, eq=False)
class LoadedContents:
    """Documents in memory, for an index that a load of them makes again.

    Attributes:
        held: the documents, by id, in the order of the index.
        lines: the bulk request that loads them.
    """

    held: Mapping[str, Found]
    lines: bytes

    @property
    def memory(self) -> int:
        """About: the documents as objects take some times their text."""
        return 4 * len(self.lines)

    @property
    def files(self) -> int:
        return 0

    @property
    def count(self) -> int:
        return len(self.held)

    def make(self, node: Node, index: str, definition: IndexDefinition) -> Mark | None:
        late = {
            name: value
            for name, value in definition.settings.items()
            if name.startswith(_INDEXED_ELSEWHERE)
        }
        settings = {name: v for name, v in definition.settings.items() if name not in late}
        body = {
            "settings": settings,
            "mappings": definition.mappings,
            "aliases": definition.aliases,
        }
        node.call("PUT", f"/{named(index)}", body)
        if self.lines:
            told = node.call("POST", f"/{named(index)}/_bulk?refresh=true", self.lines)
            if told["errors"]:
                return None
        if late:
            node.call("PUT", f"/{named(index)}/_settings", late)
        told = node.marks(named(index)).get(index)
        return told[0] if told and told[0].operations == len(self.held) else None

    def documents(self, node: Node, ids: Collection[str] | None) -> dict[str, Found]:
        if ids is None:
            return dict(self.held)
        return {identifier: self.held[identifier] for identifier in ids if identifier in self.held}


@dataclass(frozen=True, eq=False)
class CopiedContents:
    """A hidden copy of an index at the node.

    Attributes:
        copy: its name.
        settings: those of the copy.
        mark: of the index, which a clone has too, but for its uuid.
        count: how many documents there are.
        size: bytes that the index takes.
        is_merged: whether deleted documents were removed from it, on which scores depend.
    """

    copy: str
    settings: Mapping[str, Any]
    mark: Mark
    count: int
    size: int
    is_merged: bool

    @property
    def memory(self) -> int:
        return 0

    @property
    def files(self) -> int:
        """At most: on disk, segments are shared by links."""
        return self.size

    def make(self, node: Node, index: str, definition: IndexDefinition) -> Mark | None:
        settings = setting_differences(self.settings, definition.settings)
        # The one setting that a clone does not take over.
        settings[_REPLICAS] = definition.settings.get(_REPLICAS)
        # Those that forbid more than writes would forbid to make it.
        late = {n: v for n, v in settings.items() if n.startswith(_BLOCKS) and v is not None}
        settings = {name: value for name, value in settings.items() if name not in late}
        asked = {"settings": settings, "aliases": definition.aliases}
        node.call("PUT", f"/{named(self.copy)}/_clone/{named(index)}", asked)
        if late:
            node.call("PUT", f"/{named(index)}/_settings", late)
        told = node.marks(named(index)).get(index)
        return told[0] if told and told[0].written == self.mark.written else None

    def documents(self, node: Node, ids: Collection[str] | None) -> dict[str, Found]:
        found: Iterator[Found] = (
            node.documents(self.copy) if ids is None else node.documents_of(self.copy, sorted(ids))
        )
        return {each.id: each for each in found}


@dataclass(frozen=True)
class Measures:
    """What decides how an index is kept.

    Attributes:
        size: bytes.
        is_at_rest: whether the node has no reason to merge its segments.
        mapping_changed: whether its mappings are not those that it was created with.
        settings_changed: the same of its settings.
    """

    size: int
    is_at_rest: bool
    mapping_changed: bool
    settings_changed: bool


def read_measures(node: Node, index: str) -> Measures:
    """What decides how an index is kept; it has to be open."""
    path = named(index)
    told = node.call("GET", f"/{path}/_stats/docs,store,segments?filter_path=_all.primaries")
    primaries = told["_all"]["primaries"]
    state = node.call(
        "GET",
        f"/_cluster/state/metadata/{path}?filter_path=metadata.indices.*.mapping_version,"
        "metadata.indices.*.settings_version",
    )
    [versions] = state["metadata"]["indices"].values()
    return Measures(
        primaries["store"]["size_in_bytes"],
        not primaries["docs"]["deleted"] and primaries["segments"]["count"] <= _FEW_SEGMENTS,
        versions["mapping_version"] > 1,
        versions["settings_version"] > 1,
    )


def load_contents(
    node: Node, index: str, definition: IndexDefinition, mark: Mark, measures: Measures
) -> LoadedContents | None:
    """An index's documents in memory, if loading them is known to make the same index.

    Searches have to see all writes; that is up to the caller.

    Returns:
        None where it is too large, its documents were written before its mappings were what they
        are, in another order, more than once, or cannot be had as they were sent.
    """
    if definition.settings.get("index.number_of_shards") != "1" or mark.operations > _SMALL:
        return None
    if measures.size > _SMALL_BYTES or "_source" in definition.mappings:
        return None
    if mark.operations and (measures.mapping_changed or measures.settings_changed):
        return None
    exact = _ExactNumbers()
    held: dict[str, Found] = {}
    lines = []
    for expected, found in enumerate(node.documents(index, exact.loads)):
        if found.number != expected or found.source is None:
            return None
        action = {"_id": found.id, "version": found.version, "version_type": "external"}
        if found.routing is not None:
            action["routing"] = found.routing
        held[found.id] = found
        lines += [line({"index": action}), line(found.source)]
    if len(held) != mark.operations or not exact.all:
        return None
    return LoadedContents(held, b"".join(lines))


def copy_contents(
    node: Node, index: str, definition: IndexDefinition, mark: Mark, measures: Measures, copy: str
) -> CopiedContents:
    """A hidden copy of an index, which refuses writes until it is made.

    Raises:
        RefusedError: the node cannot copy it.
    """
    path = named(index)
    blocks = [name for name in definition.settings if name.startswith(_BLOCKS)]
    ours = {
        "index.hidden": "true",
        "index.blocks.write": "true",
        _REPLICAS: "0",
    }
    is_blocked = any(definition.settings.get(f"{_BLOCKS}{name}") == "true" for name in _NO_WRITES)
    if not is_blocked:
        node.call("PUT", f"/{path}/_settings", {"index.blocks.write": True})
    try:
        asked = {"settings": {**dict.fromkeys(blocks), **ours}}
        node.call("PUT", f"/{path}/_clone/{named(copy)}", asked)
    finally:
        if not is_blocked:
            before = definition.settings.get("index.blocks.write")
            node.call("PUT", f"/{path}/_settings", {"index.blocks.write": before})
    if not measures.is_at_rest:
        # A clone does not have to remember deletions, so it forgets them: now, not later.
        node.call("POST", f"/{named(copy)}/_forcemerge?max_num_segments=1")
    mark, _ = node.marks(named(copy))[copy]
    count = int(node.call("GET", f"/{named(copy)}/_count")["count"])
    settings = {n: value for n, value in definition.settings.items() if n not in blocks} | ours
    return CopiedContents(copy, settings, mark, count, measures.size, not measures.is_at_rest)


class _ExactNumbers:
    """Parses JSON and finds out whether Python would write its numbers the same way."""

    def __init__(self) -> None:
        self.all = True

    def loads(self, text: bytes) -> Any:
        return json.loads(text, parse_float=self._float, parse_int=self._int)

    def _float(self, text: str) -> float:
        value = float(text)
        self.all = self.all and repr(value) == text
        return value

    def _int(self, text: str) -> int:
        value = int(text)
        self.all = self.all and text != "-0"
        return value

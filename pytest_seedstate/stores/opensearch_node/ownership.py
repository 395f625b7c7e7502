"""What at a node is ours to change: everything at a node of ours, little at one that others use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from urllib.parse import unquote

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.opensearch_node.definitions import (
    KINDS,
    ClusterDefinitions,
    IndexDefinition,
)
from pytest_seedstate.stores.opensearch_schema import Declared

_SETTINGS = "cluster settings"
_OF_DECLARED = {"index_template": "index_template", "ingest_pipeline": "ingest"}


class Ownership:
    """Tells ours from what belongs to others.

    Args:
        there: the indices that were there before us; None where the whole node is ours.
    """

    def __init__(self, there: Mapping[str, IndexDefinition] | None) -> None:
        self.owns_all = there is None
        self._foreign = dict(there or {})
        self._claimed: set[str] = set()
        self._made: set[str] = set()
        self._definitions: set[tuple[str, str]] = set()

    def claim(self, declared: Iterable[Declared]) -> None:
        """What the schema declares is ours, whoever has made it."""
        for each in declared:
            if each.kind == "index":
                self._claimed.add(each.name)
            else:
                self._definitions.add((_OF_DECLARED[each.kind], each.name))

    def learn(self, touches: Iterable[Touch], notes: Iterable[str]) -> None:
        """What our applications have made is ours.

        Args:
            touches: of the record of their writes.
            notes: of the same, each a method and a path.
        """
        if self.owns_all:
            return
        self._made.update(each.collection for each in touches if each.collection)
        for note in notes:
            path = note.partition(" ")[2]
            if path == "/_cluster/settings":
                self._definitions.add((_SETTINGS, ""))
            for kind, about in KINDS.items():
                start = about.path.partition("{}")[0]
                if path.startswith(start):
                    self._definitions.add((kind, unquote(path.removeprefix(start))))

    def owns(self, index: str) -> bool:
        """Whether an index is ours."""
        if self.owns_all or index in self._claimed:
            return True
        return index in self._made and index not in self._foreign

    @property
    def foreign(self) -> tuple[str, ...]:
        """The indices that are somebody else's."""
        return tuple(sorted(name for name in self._foreign if name not in self._claimed))

    def left_as_written(self, touches: Iterable[Touch]) -> list[str]:
        """The indices of others that were written to, by name, alias or wildcard: a phrase each."""
        patterns = {"*" if each.collection == "_all" else each.collection for each in touches}
        return [
            f"opensearch: '{index}', which is not ours, stays as written"
            for index in self.foreign
            if any(
                fnmatchcase(name, pattern)
                for name in (index, *self._foreign[index].aliases)
                for pattern in patterns
            )
        ]

    def of_indices(self, found: Mapping[str, IndexDefinition]) -> dict[str, IndexDefinition]:
        """Those that are ours."""
        return {name: each for name, each in found.items() if self.owns(name)}

    def wanted(self, then: ClusterDefinitions, now: ClusterDefinitions) -> ClusterDefinitions:
        """What belongs to no index: ours as it was, that of others as it is."""
        if self.owns_all:
            return then
        sections = {
            kind: {
                **{name: body for name, body in now.sections[kind].items() if not ours(name)},
                **{name: body for name, body in then.sections[kind].items() if ours(name)},
            }
            for kind, ours in ((kind, self._of(kind)) for kind in KINDS)
        }
        settings = then.settings if (_SETTINGS, "") in self._definitions else now.settings
        return ClusterDefinitions(sections, settings, now.others)

    def _of(self, kind: str) -> Callable[[str], bool]:
        return lambda name: (kind, name) in self._definitions

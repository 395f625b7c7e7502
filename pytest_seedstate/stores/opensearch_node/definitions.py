"""What a node holds beside documents: how it is read, compared and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.stores.definitions import settings_of_users
from pytest_seedstate.stores.opensearch_node.node import USERS, Node, RefusedError, named

_UNREPORTED = frozenset(
    {"cluster_uuid", "cluster_uuid_committed", "cluster_coordination", "indices", "index-graveyard"}
)
"""What of the cluster's metadata is no definition of a user, or is read elsewhere."""

Named = Mapping[str, Any]
"""Bodies by name."""


@dataclass(frozen=True)
class IndexDefinition:
    """What an index is, without its documents.

    Attributes:
        settings: by full name, without what differs from index to index.
        mappings: as the API tells them.
        aliases: by name.
        is_open: whether it answers.
    """

    settings: Named
    mappings: Named
    aliases: Named
    is_open: bool = True


@dataclass(frozen=True)
class ClusterDefinitions:
    """What belongs to no index.

    Attributes:
        sections: by kind, see `KINDS`, and name.
        settings: persistent and transient ones, by full name.
        others: what the node keeps besides, which the journal cannot put back; for comparisons.
    """

    sections: Mapping[str, Named]
    settings: Mapping[str, Named]
    others: Named

    def is_as(self, other: ClusterDefinitions) -> bool:
        """Whether all is equal that can be put back."""
        return (self.sections, self.settings) == (other.sections, other.settings)


@dataclass(frozen=True)
class _Kind:
    """Named bodies that the API puts and deletes one by one."""

    title: str
    path: str
    can_be_put: bool = True


KINDS = {
    # In the order in which they can be put back, since later ones name earlier ones.
    "stored_scripts": _Kind("stored script", "/_scripts/{}"),
    "ingest": _Kind("ingest pipeline", "/_ingest/pipeline/{}"),
    "search_pipeline": _Kind("search pipeline", "/_search/pipeline/{}"),
    "component_template": _Kind("component template", "/_component_template/{}"),
    "index_template": _Kind("index template", "/_index_template/{}"),
    "templates": _Kind("legacy template", "/_template/{}"),
    "data_stream": _Kind("data stream", "/_data_stream/{}", can_be_put=False),
    "repositories": _Kind("snapshot repository", "/_snapshot/{}"),
}


def read_indices(node: Node) -> dict[str, IndexDefinition]:
    """The definitions of all indices of users, closed ones too."""
    told = node.call("GET", f"/{USERS}?expand_wildcards=all&flat_settings=true")
    return {name: _definition(about) for name, about in told.items()}


def _definition(about: Mapping[str, Any]) -> IndexDefinition:
    settings = settings_of_users(about["settings"])
    is_open = about["settings"].get("index.verified_before_close") != "true"
    return IndexDefinition(settings, about["mappings"], about["aliases"], is_open)


def read_cluster(node: Node) -> ClusterDefinitions:
    """All that belongs to no index."""
    told = node.call("GET", "/_cluster/state/metadata?filter_path=metadata,-metadata.indices")
    metadata = told["metadata"]
    sections = {kind: _bodies(kind, metadata.get(kind, {})) for kind in KINDS}
    others = {
        name: value
        for name, value in metadata.items()
        if name not in _UNREPORTED and name not in KINDS and name != "settings"
    }
    settings = node.call("GET", "/_cluster/settings?flat_settings=true")
    return ClusterDefinitions(
        sections, {name: settings[name] for name in ("persistent", "transient")}, others
    )


def _bodies(kind: str, told: Any) -> dict[str, Any]:
    """The bodies of a kind by name, in the form in which they are put."""
    if kind in ("ingest", "search_pipeline"):
        return {each["id"]: each["config"] for each in told.get("pipeline", ())}
    if kind == "stored_scripts":
        return {
            name: {"script": {"lang": each["lang"], "source": each["source"]}}
            for name, each in told.items()
        }
    if kind == "repositories":
        return {
            name: {"type": each["type"], "settings": each["settings"]}
            for name, each in told.items()
        }
    if kind == "templates":
        return {
            name: {**each, "mappings": each["mappings"].get("_doc", each["mappings"])}
            for name, each in told.items()
        }
    return dict(told.get(kind, told))


def is_made_by_a_template(index: str, cluster: ClusterDefinitions) -> bool:
    """Whether creating an index of this name brings in more than is asked for."""
    return any(
        fnmatchcase(index, pattern)
        for kind in ("index_template", "templates")
        for body in cluster.sections[kind].values()
        for pattern in body["index_patterns"]
    )


class ClusterRestorer:
    """Puts back what belongs to no index.

    Args:
        node: where.
        now: what it has.
        then: what it is to have.
    """

    def __init__(self, node: Node, now: ClusterDefinitions, then: ClusterDefinitions) -> None:
        self._node = node
        self._now = now
        self._then = then

    def restore_settings(self) -> None:
        """Persistent and transient settings; they may forbid all else, so they come first."""
        asked = {
            name: setting_differences(self._now.settings[name], self._then.settings[name])
            for name in self._then.settings
        }
        if any(asked.values()):
            self._node.call("PUT", "/_cluster/settings", asked)

    def delete_new(self) -> None:
        """Delete what is new, and of what refers to others also what differs."""
        for kind in reversed(KINDS):
            then = self._then.sections[kind]
            for name, body in self._now.sections[kind].items():
                # Two templates of one priority cannot overlap, not even for a moment.
                if name not in then or (kind == "index_template" and then[name] != body):
                    with suppress(RefusedError):
                        self._node.call("DELETE", KINDS[kind].path.format(named(name)))

    def put_back(self) -> Iterator[str]:
        """Put back what differs or is gone.

        Yields:
            What cannot be put back, one phrase each.
        """
        for kind, about in KINDS.items():
            now = self._now.sections[kind]
            for name, body in self._then.sections[kind].items():
                if now.get(name) == body:
                    continue
                if about.can_be_put:
                    self._node.call("PUT", about.path.format(named(name)), body)
                else:
                    yield f"{about.title} {name} (cannot be put back)"
        for name in sorted(self._now.others.keys() | self._then.others.keys()):
            if self._now.others.get(name) != self._then.others.get(name):
                yield f"{name} of the cluster's metadata (cannot be put back)"


def restore_aliases(
    node: Node, now: Mapping[str, IndexDefinition], then: Mapping[str, IndexDefinition]
) -> None:
    """Put back the aliases of indices that are in both, all in one step."""
    actions: list[dict[str, Any]] = []
    for index in now.keys() & then.keys():
        before, after = now[index].aliases, then[index].aliases
        actions += [
            {"remove": {"index": index, "alias": alias}} for alias in before if alias not in after
        ]
        actions += [
            {"add": {"index": index, "alias": alias, **body}}
            for alias, body in after.items()
            if before.get(alias) != body
        ]
    if actions:
        node.call("POST", "/_aliases", {"actions": actions})


def restore_index_settings(
    node: Node, index: str, now: IndexDefinition, then: IndexDefinition
) -> None:
    """Put back settings in place.

    Raises:
        RefusedError: they cannot be changed in an open index.
    """
    asked = setting_differences(now.settings, then.settings)
    if asked:
        node.call("PUT", f"/{named(index)}/_settings", asked)


def setting_differences(now: Named, then: Named) -> dict[str, Any]:
    """The settings that make one the other; what is to go is None."""
    gone = {name: None for name in now if name not in then}
    return {**gone, **{name: value for name, value in then.items() if now.get(name) != value}}

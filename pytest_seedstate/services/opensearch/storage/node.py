"""A node: all that one embedded OpenSearch keeps."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.analysis import Analyzers
from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, index_not_found
from pytest_seedstate.services.opensearch.mapping.mapping import Mapping as IndexMapping
from pytest_seedstate.services.opensearch.mapping.values import boolean_parameter
from pytest_seedstate.services.opensearch.storage.index import Index
from pytest_seedstate.services.opensearch.storage.settings import (
    Settings,
    check_index_settings,
    index_settings,
    nested,
)
from pytest_seedstate.services.opensearch.storage.targets import (
    Options,
    Resolver,
    Target,
    check_alias_name,
    check_index_name,
)
from pytest_seedstate.services.opensearch.storage.templates import Blueprint, Templates

VERSION = "3.8.0"
_VERSION_ID = "137297827"  # how OpenSearch writes 3.8.0 in an index's settings


class Node:
    """An embedded OpenSearch's whole state.

    Attributes:
        indices: by name, in the order of their creation.
        templates: index templates of all kinds.
        pipelines: ingest pipelines by id, as sent.
        persistent, transient: cluster settings, flat.
        contexts: what searches keep between requests: scrolls and points in time.
        touched: index and id of every document written; for whoever records writes, who empties it.
        state_version: counts changes of indices' metadata, as the cluster state's version does.
        lock: held by whoever serves a request, because servers may have threads.
    """

    def __init__(self, name: str = "seedstate", cluster_name: str = "seedstate") -> None:
        self.name = name
        self.cluster_name = cluster_name
        self.uuid = random_id(16)
        self.node_id = random_id(16)
        self.indices: dict[str, Index] = {}
        self.templates = Templates()
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.persistent: Settings = {}
        self.transient: Settings = {}
        self.contexts: dict[str, Any] = {}
        self.touched: set[tuple[str, str]] = set()
        self.state_version = 1
        self.lock = threading.RLock()
        self.names = Resolver(self.indices)

    @staticmethod
    def now() -> int:
        """Return epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def targets(
        self,
        expression: str,
        *,
        ignore_unavailable: bool = False,
        allow_no_indices: bool = True,
        expand_wildcards: str = "open",
        kind: str = "index_or_alias",
    ) -> list[Target]:
        """Return the indices that an expression names: see `targets.Resolver.targets`.

        Raises:
            ApiError: something is not there.
        """
        known = {"open", "closed", "hidden", "none", "all"}
        expand = tuple(expand_wildcards.split(","))
        for each in expand:
            if each not in known:
                raise illegal_argument(f"No valid expand wildcard value [{each}]")
        options = Options(ignore_unavailable, allow_no_indices, expand)
        return self.names.targets(expression, options, kind=kind)

    def create_index(self, name: str, body: Mapping[str, Any]) -> Index:
        """Make an index from its templates and what was sent.

        Args:
            name: its name.
            body: ``settings``, ``mappings`` and ``aliases``.

        Raises:
            ApiError: the name is taken or wrong, or something in the body is.
        """
        check_index_name(name)
        if name in self.indices:
            uuid = self.indices[name].uuid
            raise ApiError(
                400,
                "resource_already_exists_exception",
                f"index [{name}/{uuid}] already exists",
                index=name,
                index_uuid=uuid,
            )
        if name in self.names.alias_names():
            raise ApiError(
                400,
                "invalid_index_name_exception",
                f"Invalid index name [{name}], already exists as alias",
                index=name,
                index_uuid="_na_",
            )
        for key in body:
            if key not in ("settings", "mappings", "aliases"):
                raise ApiError(400, "parse_exception", f"unknown key [{key}] for create index")
        blueprint = self.templates.blueprint(name)
        blueprint.add(body)
        index = self.build_index(name, blueprint)
        for alias, definition in blueprint.aliases.items():
            alias = alias.replace("{index}", name)
            if alias == name:
                raise ApiError(
                    400,
                    "illegal_state_exception",
                    "index, alias, and data stream names need to be unique, but the following "
                    f"duplicates were found [{name} (alias of [{name}/{index.uuid}]) conflicts with "
                    "index]",
                )
            self.set_alias(index, alias, definition)
        self.indices[name] = index
        try:
            self.check_write_indices(index.aliases)
        except ApiError:
            del self.indices[name]
            raise
        self.state_version += 1
        return index

    def build_index(self, name: str, blueprint: Blueprint) -> Index:
        """Return an index, without keeping it.

        Raises:
            ApiError: its settings or its mapping are wrong.
        """
        sent = {key: value for key, value in blueprint.settings.items() if value is not None}
        check_index_settings(sent)
        uuid = random_id(16)
        settings: Settings = {
            "index.replication.type": "DOCUMENT",
            "index.number_of_shards": "1",
            "index.number_of_replicas": "1",
            **sent,
            "index.provided_name": name,
            "index.creation_date": str(self.now()),
            "index.uuid": uuid,
            "index.version.created": _VERSION_ID,
        }
        expanded = str(sent.get("index.auto_expand_replicas", "false"))
        if expanded != "false":  # to as many nodes as there are: one
            settings["index.number_of_replicas"] = expanded.partition("-")[0]
        analysis = Analyzers(nested(sent))
        index = Index(name, uuid, settings, analysis, IndexMapping(analysis), touched=self.touched)
        index.set_mapping(index.mapping.with_definition(blueprint.mappings))
        return index

    def delete_indices(self, names: list[str]) -> None:
        """Forget indices."""
        for name in names:
            del self.indices[name]
        self.state_version += 1

    def set_alias(self, index: Index, alias: str, definition: Any) -> None:
        """Give an index an alias, or define one of its aliases anew.

        Raises:
            ApiError: the alias may not be called so, or is defined wrongly.
        """
        uuids = {name: each.uuid for name, each in self.indices.items()}
        check_alias_name(alias, self.indices, uuids)
        shown = read_alias(definition or {})
        if "filter" in shown:
            _check_filter(alias, shown["filter"])
        index.aliases[alias] = shown

    def check_write_indices(self, aliases: Any) -> None:
        """Check that no alias has two indices to write to.

        Raises:
            ApiError: one has.
        """
        for alias in aliases:
            writable = [
                index.name
                for index in self.names.holders(alias)
                if index.aliases[alias].get("is_write_index")
            ]
            if len(writable) > 1:
                raise ApiError(
                    400,
                    "illegal_state_exception",
                    f"alias [{alias}] has more than one write index [{','.join(writable)}]",
                )

    def index_for_writing(self, name: str, *, require_alias: bool, create: bool = True) -> Index:
        """Return the index that a write goes to, making it when it is not there.

        Raises:
            ApiError: it is not there and may not be made.
        """
        if require_alias and not self.names.holders(name):
            raise ApiError(
                404,
                "index_not_found_exception",
                f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is "
                "not an alias",
                index=name,
                index_uuid="_na_",
            )
        index = self.names.write_index(name)
        if index is None:
            if not create or not self._may_create(name):
                error = index_not_found(name)
                error.more["resource.type"] = "index_expression"
                raise error
            index = self.create_index(name, {})
        return index

    def _may_create(self, name: str) -> bool:
        setting = self.transient.get(
            "action.auto_create_index", self.persistent.get("action.auto_create_index", "true")
        )
        if setting in ("true", "false"):
            return bool(setting == "true")
        patterns = setting if isinstance(setting, list) else str(setting).split(",")
        for pattern in patterns:
            if fnmatchcase(name, pattern.lstrip("+-")):
                return not pattern.startswith("-")
        return False

    def change_settings(self, index: Index, sent: Settings, *, keep_existing: bool) -> None:
        """Change settings of an index.

        Raises:
            ApiError: a setting is unknown, wrong, or fixed once the index is there.
        """
        check_index_settings(sent)
        changes = dict(sent)
        if keep_existing:
            changes = {name: value for name, value in sent.items() if name not in index.settings}
        defaults = {"index.number_of_replicas": "1"}
        for name, value in changes.items():
            if value is None and name not in defaults:
                index.settings.pop(name, None)
            else:
                index.settings[name] = defaults[name] if value is None else value
        self.state_version += 1


def read_alias(definition: Any) -> dict[str, Any]:
    """Return an alias's definition as the alias API shows it.

    Raises:
        ApiError: it is wrong.
    """
    if not isinstance(definition, Mapping):
        raise illegal_argument("an alias's definition must be an object")
    shown: dict[str, Any] = {}
    for name, value in definition.items():
        if name == "filter":
            if value is not None:
                shown[name] = value
        elif name == "routing":
            shown.setdefault("index_routing", str(value))
            shown.setdefault("search_routing", str(value))
        elif name in ("index_routing", "search_routing"):
            shown[name] = str(value)
        elif name in ("is_write_index", "is_hidden"):
            shown[name] = boolean_parameter(value)
        else:
            raise illegal_argument(f"unknown field [{name}]")
    return shown


def _check_filter(alias: str, query: Any) -> None:
    # Queries read what is kept here, so they cannot be imported before this module is.
    from pytest_seedstate.services.opensearch.queries import parse

    try:
        parse(query)
    except ApiError as problem:
        raise illegal_argument(
            f"failed to parse filter for alias [{alias}]", problem.cause()
        ) from None


def random_id(size: int) -> str:
    """Return random bytes as OpenSearch writes ids."""
    return base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=")


__all__ = ["Node", "index_settings", "random_id", "read_alias"]

"""Which indices a name in a request means: names, aliases, patterns, exclusions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, index_not_found
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.storage.index import Index

Filter = Mapping[str, Any]


@plain
class Target:
    """An index that a request is about.

    Attributes:
        filters: of the aliases by which it was named, any of which a document must fit; empty
            when it was also named directly or by an alias without a filter.
        routing: of the only alias by which it was named.
    """

    index: Index
    filters: list[Filter] = field(default_factory=list)
    routing: str | None = None


@dataclass(frozen=True)
class Options:
    """How names are resolved: OpenSearch's ``indices options``.

    Attributes:
        ignore_unavailable: a name that is not there is no error.
        allow_no_indices: a pattern that fits nothing is no error.
        expand: what patterns find: ``open``, ``closed``, ``hidden``, ``none``, ``all``.
    """

    ignore_unavailable: bool = False
    allow_no_indices: bool = True
    expand: tuple[str, ...] = ("open",)


class Resolver:
    """Resolves names against the indices of a node.

    Args:
        indices: by name.
    """

    def __init__(self, indices: Mapping[str, Index]) -> None:
        self._indices = indices

    def holders(self, alias: str) -> list[Index]:
        """Return the indices that have an alias."""
        return [index for index in self._indices.values() if alias in index.aliases]

    def alias_names(self) -> set[str]:
        """Return all aliases."""
        return {alias for index in self._indices.values() for alias in index.aliases}

    def targets(
        self, expression: str, options: Options, *, kind: str = "index_or_alias"
    ) -> list[Target]:
        """Return the indices that an expression names, in the order of their creation.

        Args:
            expression: names with commas; empty, ``_all`` and ``*`` name all.
            options: what is an error.
            kind: how an error names what is missing.

        Raises:
            ApiError: something is not there.
        """
        found: dict[str, Target] = {}
        direct: set[str] = set()
        parts = [part for part in expression.split(",") if part] or ["_all"]
        if parts == ["_all"]:
            parts = ["*"]
        has_wildcard = False
        for part in parts:
            if part.startswith("-") and has_wildcard:
                for name in self._fitting(part[1:], options):
                    found.pop(name, None)
                continue
            if "*" in part:
                has_wildcard = True
                self._add_pattern(part, options, found, direct)
            else:
                self._add_name(_date_math_name(part), options, kind, found, direct)
        for name in direct & found.keys():
            found[name].filters = []
            found[name].routing = None
        if not found and not options.allow_no_indices:
            raise _missing(expression, kind)
        ordered = [found[name] for name in self._indices if name in found]
        for target in ordered:
            if None in target.filters:
                target.filters = []
        return ordered

    def _add_name(
        self, name: str, options: Options, kind: str, found: dict[str, Target], direct: set[str]
    ) -> None:
        if name in self._indices:
            found.setdefault(name, Target(self._indices[name]))
            direct.add(name)
            return
        holders = self.holders(name)
        if holders:
            for index in holders:
                self._add_alias(index, name, found)
        elif name.startswith("_"):
            raise ApiError(
                400,
                "invalid_index_name_exception",
                f"Invalid index name [{name}], must not start with '_'.",
                index=name,
                index_uuid="_na_",
            )
        elif not options.ignore_unavailable:
            raise _missing(name, kind)

    def _add_alias(self, index: Index, alias: str, found: dict[str, Target]) -> None:
        definition = index.aliases[alias]
        known = found.get(index.name)
        if known is None:
            target = found[index.name] = Target(index, [])
            target.routing = definition.get("search_routing")
        else:
            target = known
            target.routing = None
        # None stands for "everything", and is taken out once all names are resolved.
        target.filters.append(definition.get("filter"))  # type: ignore[arg-type]

    def _add_pattern(
        self, pattern: str, options: Options, found: dict[str, Target], direct: set[str]
    ) -> None:
        matched = False
        for name in self._fitting(pattern, options, with_aliases=False):
            found.setdefault(name, Target(self._indices[name]))
            direct.add(name)
            matched = True
        if "none" not in options.expand:
            for index in self._indices.values():
                for alias in index.aliases:
                    if fnmatchcase(alias, pattern):
                        matched = True
                        self._add_alias(index, alias, found)
        if not matched and not options.allow_no_indices:
            raise _missing(pattern, "index_or_alias")

    def _fitting(self, pattern: str, options: Options, *, with_aliases: bool = True) -> list[str]:
        if "none" in options.expand or not {"open", "all"} & set(options.expand):
            return []
        sees_hidden = {"hidden", "all"} & set(options.expand) or pattern.startswith(".")
        return [
            name
            for name, index in self._indices.items()
            if (
                fnmatchcase(name, pattern)
                or (with_aliases and any(fnmatchcase(alias, pattern) for alias in index.aliases))
            )
            and (sees_hidden or index.setting("hidden", "false") != "true")
        ]

    def single(self, name: str, *, kind: str = "index_expression") -> Index:
        """Return the one index that a name means, for reading one document.

        Raises:
            ApiError: there is none, or an alias stands for several.
        """
        name = _date_math_name(name)
        if name in self._indices:
            return self._indices[name]
        holders = self.holders(name)
        if not holders:
            raise _missing(name, kind)
        if len(holders) > 1:
            listed = ", ".join(index.name for index in holders)
            raise illegal_argument(
                f"alias [{name}] has more than one index associated with it [{listed}], can't "
                "execute a single index op"
            )
        return holders[0]

    def write_index(self, name: str) -> Index | None:
        """Return the index that writes to a name go to; None where there is no such name.

        Raises:
            ApiError: an alias has no index to write to.
        """
        if name in self._indices:
            return self._indices[name]
        holders = self.holders(name)
        if not holders:
            return None
        writable = [each for each in holders if each.aliases[name].get("is_write_index")]
        only = holders[0].aliases[name] if len(holders) == 1 else None
        if only is not None and "is_write_index" not in only:
            writable = holders
        if not writable:
            raise illegal_argument(
                f"no write index is defined for alias [{name}]. The write index may be explicitly "
                "disabled using is_write_index=false or the alias points to multiple indices without "
                "one being designated as a write index"
            )
        return writable[0]


def _missing(name: str, kind: str) -> ApiError:
    error = index_not_found(name)
    error.more["resource.type"] = kind
    return error


def _date_math_name(name: str) -> str:
    """Return the index that ``<logs-{now/d}>`` names today; other names as they are."""
    found = re.fullmatch(r"<([^{}]*)\{now(?:/d)?\}([^{}]*)>", name)
    if found is None:
        return name
    return f"{found[1]}{datetime.now(UTC):%Y.%m.%d}{found[2]}"


_FORBIDDEN = ' "*\\<|,>/?'


def check_index_name(name: str) -> None:
    """Check the name of an index to be made.

    Raises:
        ApiError: it may not be called so.
    """
    problem = _name_problem(name)
    if problem is not None:
        raise ApiError(
            400,
            "invalid_index_name_exception",
            f"Invalid index name [{name}], {problem}",
            index=name,
            index_uuid="_na_",
        )


def _name_problem(name: str) -> str | None:
    if any(letter in _FORBIDDEN for letter in name):
        return 'must not contain the following characters [ , ", *, \\, <, |, ,, >, /, ?]'
    for letter in "#:":
        if letter in name:
            return f"must not contain '{letter}'"
    if name[:1] in ("_", "-", "+"):
        return "must not start with '_', '-', or '+'"
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > 255:
        return f"index name is too long, ({size} > 255)"
    if name in (".", ".."):
        return "must not be '.' or '..'"
    return None if name == name.lower() else "must be lowercase"


def check_alias_name(name: Any, taken: Iterable[str], uuids: Mapping[str, str]) -> None:
    """Check the name of an alias.

    Raises:
        ApiError: it may not be called so, or an index is.
    """
    if not isinstance(name, str) or not name:
        raise illegal_argument("alias name is required")
    if name in taken:
        raise ApiError(
            400,
            "invalid_alias_name_exception",
            f"Invalid alias name [{name}], an index exists with the same name as the alias",
            index=name,
            index_uuid=uuids[name],
        )
    problem = _name_problem(name)
    if problem is not None and problem != "must be lowercase":
        raise ApiError(
            400, "invalid_alias_name_exception", f"Invalid alias name [{name}]: {problem}"
        )

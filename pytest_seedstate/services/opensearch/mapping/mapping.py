"""The mapping of an index: a value that never changes; a merge makes a new one."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping import geo, numbers, simple, texts  # noqa: F401
from pytest_seedstate.services.opensearch.mapping.dynamic import (
    DEFAULT_DATE_FORMATS,
    Template,
    read_templates,
)
from pytest_seedstate.services.opensearch.mapping.field import Field
from pytest_seedstate.services.opensearch.mapping.tree import (
    Branch,
    Leaf,
    Node,
    build_children,
    dynamic_setting,
    merged,
)
from pytest_seedstate.services.opensearch.mapping.values import (
    boolean_parameter,
    mapping_problem,
    preview,
)
from pytest_seedstate.services.opensearch.shapes import as_names

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzers


@dataclass(frozen=True)
class RootSettings:
    """What a mapping says besides its fields. None: not said."""

    date_formats: tuple[str, ...] | None = None
    templates: tuple[Template, ...] | None = None
    date_detection: bool | None = None
    numeric_detection: bool | None = None
    routing_required: bool | None = None
    source: abc.Mapping[str, Any] | None = None
    meta: abc.Mapping[str, Any] | None = None


class Mapping:
    """A mapping.

    Args:
        analysis: the index's analyzers.
        root: the fields.
        settings: the rest.

    Attributes:
        fields: every leaf and multi-field by its full path; aliases are not among them.
    """

    def __init__(
        self, analysis: Analyzers, root: Branch | None = None, settings: RootSettings | None = None
    ) -> None:
        self.analysis = analysis
        self.root = root or Branch("")
        self.settings = settings or RootSettings()
        self.fields: dict[str, Field] = {}
        self._objects: dict[str, Branch] = {}
        self._aliases: dict[str, str] = {}
        self.leaves: dict[str, Leaf] = {}
        self._collect(self.root)

    @classmethod
    def of(cls, definition: Any, analysis: Analyzers) -> Mapping:
        """Return the mapping that a definition describes.

        Raises:
            ApiError: it is wrong.
        """
        return cls(analysis).with_definition(definition)

    def field(self, name: str) -> Field | None:
        """Return a field by its full path or by an alias of it."""
        return self.fields.get(self._aliases.get(name, name))

    def alias_target(self, name: str) -> str:
        """Return the path that an alias stands for; any other name stands for itself."""
        return self._aliases.get(name, name)

    def names(self) -> Iterator[str]:
        """Yield the paths of all fields and aliases."""
        yield from self.fields
        yield from self._aliases

    def matching(self, pattern: str) -> list[Field]:
        """Return the fields that a name with wildcards names, aliases resolved."""
        if "*" not in pattern:
            found = self.field(pattern)
            return [] if found is None else [found]
        names = {
            self._aliases.get(name, name): None
            for name in self.names()
            if fnmatchcase(name, pattern)
        }
        return [self.fields[name] for name in names if name in self.fields]

    def has_object(self, path: str) -> bool:
        """Tell whether a path is an object or a nested field."""
        return path in self._objects

    def is_nested(self, path: str) -> bool:
        """Tell whether a path is a nested field."""
        found = self._objects.get(path)
        return found is not None and found.is_nested

    def nested_scope(self, name: str) -> str | None:
        """Return the innermost nested field that a path is in (or is), None for none."""
        path = self._aliases.get(name, name)
        while path:
            if self.is_nested(path):
                return path
            path = path.rpartition(".")[0]
        return None

    @property
    def routing_required(self) -> bool:
        """Whether every document needs a routing value."""
        return bool(self.settings.routing_required)

    @property
    def date_formats(self) -> tuple[str, ...]:
        """Formats by which a text of an unmapped field is found to be a date."""
        formats = self.settings.date_formats
        return DEFAULT_DATE_FORMATS if formats is None else formats

    def definition(self) -> dict[str, Any]:
        """Return the mapping as the mapping API shows it."""
        told: dict[str, Any] = {}
        settings = self.settings
        shown = {
            "dynamic_date_formats": None
            if settings.date_formats is None
            else list(settings.date_formats),
            "dynamic_templates": None
            if settings.templates is None
            else [{each.name: dict(each.definition)} for each in settings.templates],
            "date_detection": settings.date_detection,
            "numeric_detection": settings.numeric_detection,
            "_routing": {"required": True} if settings.routing_required else None,
            "_source": settings.source or None,
            "_meta": settings.meta,
        }
        root = self.root.shown()
        if "dynamic" in root:
            told["dynamic"] = root["dynamic"]
        told.update({name: value for name, value in shown.items() if value is not None})
        if "properties" in root:
            told["properties"] = root["properties"]
        return told

    def with_definition(self, definition: Any, *, is_update: bool = False) -> Mapping:
        """Return this mapping with a definition merged in.

        Args:
            definition: what was sent.
            is_update: tell wrong definitions as the mapping API does, not as index creation.

        Raises:
            ApiError: it is wrong, or contradicts what is there.
        """
        definition = {} if definition is None else definition
        if not isinstance(definition, abc.Mapping):
            raise ApiError(400, "parse_exception", "Failed to parse content to map")
        if set(definition) == {"_doc"}:
            definition = definition["_doc"]
        try:
            branch, settings = self._read(definition)
        except ApiError as problem:
            if is_update:
                raise
            raise mapping_problem(problem) from None
        root = merged(self.root, branch)
        assert isinstance(root, Branch)
        return Mapping(self.analysis, root, self._merged_settings(settings))

    def with_branch(self, branch: Branch) -> Mapping:
        """Return this mapping with fields added that a document brought."""
        root = merged(self.root, branch)
        assert isinstance(root, Branch)
        return Mapping(self.analysis, root, self.settings)

    def _read(self, definition: abc.Mapping[str, Any]) -> tuple[Branch, RootSettings]:
        rest = dict(definition)
        properties = rest.pop("properties", {})
        dynamic = dynamic_setting(rest.pop("dynamic")) if "dynamic" in rest else None
        found: dict[str, Any] = {}
        if "dynamic_date_formats" in rest:
            found["date_formats"] = tuple(
                as_names(rest.pop("dynamic_date_formats"), "dynamic_date_formats")
            )
        if "date_formats" in rest:
            found["date_formats"] = tuple(as_names(rest.pop("date_formats"), "date_formats"))
        if "dynamic_templates" in rest:
            found["templates"] = read_templates(rest.pop("dynamic_templates"), self.analysis)
        for name in ("date_detection", "numeric_detection"):
            if name in rest:
                found[name] = boolean_parameter(rest.pop(name), f"{name}.{name}")
        if "_routing" in rest:
            routing = _meta_field("_routing", rest.pop("_routing"), ("required",))
            found["routing_required"] = boolean_parameter(routing.get("required", False))
        if "_source" in rest:
            found["source"] = _source(rest.pop("_source"))
        if "_meta" in rest:
            found["meta"] = rest.pop("_meta")
        if rest:
            shown = " ".join(f"[{name} : {preview(value)}]" for name, value in rest.items())
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"Root mapping definition has unsupported parameters:  {shown}",
            )
        branch = Branch("", build_children(properties, "", self.analysis), dynamic=dynamic)
        return branch, RootSettings(**found)

    def _merged_settings(self, new: RootSettings) -> RootSettings:
        old = self.settings
        if new.source is not None and self.fields:
            before = (old.source or {}).get("enabled", True)
            after = new.source.get("enabled", True)
            if before != after:
                raise illegal_argument(
                    "Mapper for [_source] conflicts with existing mapper:\n\tCannot update "
                    f"parameter [enabled] from [{preview(before)}] to [{preview(after)}]"
                )
        said = {
            name: value
            for name, value in vars(new).items()
            if value is not None and name != "templates"
        }
        if new.templates is not None:
            by_name = {each.name: each for each in old.templates or ()}
            by_name.update({each.name: each for each in new.templates})
            said["templates"] = tuple(by_name.values())
        return replace(old, **said)

    def _collect(self, branch: Branch) -> None:
        if branch.name:
            self._objects[branch.name] = branch
        for node in branch.children.values():
            if isinstance(node, Branch):
                self._collect(node)
            else:
                self._collect_leaf(node)

    def _collect_leaf(self, leaf: Leaf) -> None:
        if leaf.field is None:
            self._aliases[leaf.name] = leaf.definition["path"]
            return
        self.leaves[leaf.name] = leaf
        self.fields[leaf.name] = leaf.field
        for multi in leaf.multi.values():
            self._collect_leaf(multi)

    def nested_count(self) -> int:
        """Return how many nested fields there are."""
        return sum(branch.is_nested for branch in self._objects.values())

    def size(self) -> int:
        """Return how many fields there are as ``total_fields.limit`` counts: objects too."""
        return len(self.fields) + len(self._objects) + len(self._aliases)


def _meta_field(name: str, definition: Any, known: tuple[str, ...]) -> abc.Mapping[str, Any]:
    if not isinstance(definition, abc.Mapping):
        raise ApiError(400, "mapper_parsing_exception", f"[{name}] config must be an object")
    for key in definition:
        if key not in known:
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"unknown parameter [{key}] on mapper [{name}] of type [null]",
            )
    return definition


def _source(definition: Any) -> abc.Mapping[str, Any]:
    found = _meta_field("_source", definition, ("enabled", "includes", "excludes"))
    shown: dict[str, Any] = {}
    if "enabled" in found and not boolean_parameter(found["enabled"]):
        shown["enabled"] = False
    for name in ("includes", "excludes"):
        if found.get(name):
            shown[name] = as_names(found[name], name)
    return shown


__all__ = ["Leaf", "Mapping", "Node", "RootSettings"]

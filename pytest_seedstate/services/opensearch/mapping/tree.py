"""The mapping's tree: objects with their settings, and leaves with their multi-fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.mapping.field import Field, type_named
from pytest_seedstate.services.opensearch.mapping.values import boolean_parameter, preview
from pytest_seedstate.services.opensearch.shapes import as_names, as_object

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzers

# Types of OpenSearch that are not here: told apart from types that nobody knows.
_ELSEWHERE = frozenset(
    [
        "date_nanos",
        "flat_object",
        "wildcard",
        "completion",
        "search_as_you_type",
        "token_count",
        "match_only_text",
        "geo_shape",
        "xy_point",
        "xy_shape",
        "join",
        "percolator",
        "rank_feature",
        "rank_features",
        "knn_vector",
        "sparse_vector",
        "integer_range",
        "long_range",
        "float_range",
        "double_range",
        "date_range",
        "ip_range",
        "constant_keyword",
        "star_tree",
        "derived",
        "semantic",
        "version",
        "murmur3",
        "annotated_text",
    ]
)


@dataclass(frozen=True)
class Leaf:
    """A field with a type.

    Attributes:
        definition: as the mapping shows it, without ``fields``.
        field: what indexes; None for an alias.
        multi: multi-fields by their own name.
    """

    name: str
    definition: Mapping[str, Any]
    field: Field | None
    multi: Mapping[str, Leaf] = dataclasses.field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return the definition as the mapping API shows it."""
        told = dict(self.definition)
        if self.multi:
            told["fields"] = {name: self.multi[name].shown() for name in sorted(self.multi)}
        return told

    @property
    def copy_to(self) -> list[str]:
        """Fields that get this one's values too."""
        return list(self.definition.get("copy_to", ()))


@dataclass(frozen=True)
class Branch:
    """An object or a nested field; the root is one too.

    Attributes:
        dynamic: ``true``, ``false``, ``strict``, ``strict_allow_templates``, or None: inherited.
    """

    name: str
    children: Mapping[str, Node] = dataclasses.field(default_factory=dict)
    is_nested: bool = False
    enabled: bool = True
    dynamic: str | None = None
    include_in_parent: bool = False
    include_in_root: bool = False

    def shown(self) -> dict[str, Any]:
        """Return the definition as the mapping API shows it."""
        told: dict[str, Any] = {}
        if self.is_nested:
            told["type"] = "nested"
            if self.include_in_parent:
                told["include_in_parent"] = True
            if self.include_in_root:
                told["include_in_root"] = True
        elif not self.children and self.name:
            told["type"] = "object"
        if self.dynamic is not None:
            told["dynamic"] = self.dynamic
        if not self.enabled:
            told["enabled"] = False
        if self.children:
            told["properties"] = {
                name: self.children[name].shown() for name in sorted(self.children)
            }
        return told


Node = Leaf | Branch


def dynamic_setting(value: Any) -> str:
    """Return the ``dynamic`` setting of an object.

    Raises:
        ApiError: it is none.
    """
    if value in ("strict", "strict_allow_templates"):
        return str(value)
    if value == "false_allow_templates":
        raise unsupported("[dynamic] with [false_allow_templates]")
    return "true" if boolean_parameter(value, "dynamic.dynamic") else "false"


def build_children(properties: Any, prefix: str, analysis: Analyzers) -> dict[str, Node]:
    """Return the tree of a ``properties`` object; names with dots make objects.

    Raises:
        ApiError: a definition is wrong.
    """
    children: dict[str, Node] = {}
    if properties == []:
        return children
    if not isinstance(properties, Mapping):
        raise ApiError(400, "mapper_parsing_exception", "Expected map for property [properties]")
    for name, definition in properties.items():
        if not name.strip("."):
            raise illegal_argument("name cannot be empty string")
        head, _, rest = name.partition(".")
        if rest:
            node: Node = Branch(
                f"{prefix}{head}",
                build_children({rest: definition}, f"{prefix}{head}.", analysis),
            )
        else:
            node = build_node(definition, f"{prefix}{head}", analysis)
        known = children.get(head)
        children[head] = node if known is None else merged(known, node)
    return children


def build_node(definition: Any, name: str, analysis: Analyzers) -> Node:
    """Return the node that a definition describes.

    Raises:
        ApiError: it is wrong.
    """
    short = name.rpartition(".")[2]
    if not isinstance(definition, Mapping):
        raise ApiError(
            400,
            "mapper_parsing_exception",
            f"Expected map for property [fields] on field [{short}] but got a class "
            f"java.lang.{_java_class(definition)}",
        )
    kind = definition.get("type")
    if kind is None:
        if not {"properties", "enabled", "dynamic"} & definition.keys():
            raise ApiError(
                400, "mapper_parsing_exception", f"No type specified for field [{short}]"
            )
        kind = "object"
    if kind in ("object", "nested"):
        return _branch(definition, name, kind, analysis)
    return _leaf(definition, name, str(kind), analysis)


def _branch(definition: Mapping[str, Any], name: str, kind: str, analysis: Analyzers) -> Branch:
    known = {"type", "properties", "enabled", "dynamic"}
    if kind == "nested":
        known |= {"include_in_parent", "include_in_root"}
    extra = {key: value for key, value in definition.items() if key not in known}
    if extra:
        shown = " ".join(f"[{key} : {preview(value)}]" for key, value in extra.items())
        raise ApiError(
            400,
            "mapper_parsing_exception",
            f"Mapping definition for [{name.rpartition('.')[2]}] has unsupported parameters:  {shown}",
        )
    return Branch(
        name,
        build_children(definition.get("properties", {}), f"{name}.", analysis),
        is_nested=kind == "nested",
        enabled=boolean_parameter(definition.get("enabled", True), "enabled.enabled"),
        dynamic=dynamic_setting(definition["dynamic"]) if "dynamic" in definition else None,
        include_in_parent=boolean_parameter(definition.get("include_in_parent", False)),
        include_in_root=boolean_parameter(definition.get("include_in_root", False)),
    )


def _leaf(
    definition: Mapping[str, Any], name: str, kind: str, analysis: Analyzers, is_multi: bool = False
) -> Leaf:
    short = name.rpartition(".")[2]
    if kind == "alias" and not is_multi:
        path = definition.get("path")
        if not isinstance(path, str):
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"The [path] property must be specified for field [{short}].",
            )
        return Leaf(name, {"type": "alias", "path": path}, None)
    cls = type_named(kind)
    if cls is None:
        if kind in _ELSEWHERE:
            raise unsupported(f"field type [{kind}] of field [{name}]")
        raise ApiError(
            400,
            "mapper_parsing_exception",
            f"{'no' if is_multi else 'No'} handler for type [{kind}] declared on field [{short}]",
        )
    shown: dict[str, Any] = {"type": kind}
    multi: dict[str, Leaf] = {}
    for key, value in definition.items():
        if key == "type":
            continue
        if key == "fields":
            multi = _multi_fields(value, name, analysis)
        elif key == "copy_to" and not is_multi:
            shown[key] = as_names(value, key)
        elif key == "meta":
            shown[key] = as_object(value, key)
        elif key in cls.PARAMETERS:
            shown[key] = _canonical(value, cls.PARAMETERS[key])
            if shown[key] == cls.PARAMETERS[key]:
                del shown[key]  # as OpenSearch: a default is not shown
        else:
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"unknown parameter [{key}] on mapper [{short}] of type [{kind}]",
            )
    parameters = {key: value for key, value in shown.items() if key != "type"}
    return Leaf(name, shown, cls(name, parameters, analysis), multi)


def _multi_fields(value: Any, name: str, analysis: Analyzers) -> dict[str, Leaf]:
    if not isinstance(value, Mapping):
        raise ApiError(
            400, "mapper_parsing_exception", "expected map for property [fields] on field"
        )
    made = {}
    for short, definition in value.items():
        kind = definition.get("type") if isinstance(definition, Mapping) else None
        if kind is None:
            raise ApiError(
                400, "mapper_parsing_exception", f"no type specified for property [{short}]"
            )
        if kind in ("object", "nested"):
            raise ApiError(
                400, "mapper_parsing_exception", f"Type [{kind}] cannot be used in multi field"
            )
        made[short] = _leaf(definition, f"{name}.{short}", str(kind), analysis, is_multi=True)
    return made


def _canonical(value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        return boolean_parameter(value)
    if isinstance(default, float):
        try:
            return float(str(value))
        except ValueError:
            raise illegal_argument(f'For input string: "{preview(value)}"') from None
    if isinstance(default, int):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise illegal_argument(f'For input string: "{preview(value)}"') from None
    return value


def _java_class(value: Any) -> str:
    names = {str: "String", bool: "Boolean", int: "Integer", float: "Double"}
    return names.get(type(value), "Object")


def merged(old: Node, new: Node) -> Node:
    """Return an old node with a new definition applied.

    Raises:
        ApiError: the new definition contradicts the old one.
    """
    if isinstance(old, Branch) and isinstance(new, Branch):
        if old.is_nested != new.is_nested:
            before, after = ("nested", "non-nested") if old.is_nested else ("non-nested", "nested")
            raise illegal_argument(f"cannot change object mapping from {before} to {after}")
        if old.enabled != new.enabled and old.name:
            raise ApiError(
                400,
                "mapper_exception",
                f"the [enabled] parameter can't be updated for the object mapping [{old.name}]",
            )
        children = dict(old.children)
        for name, node in new.children.items():
            children[name] = merged(children[name], node) if name in children else node
        return replace(
            old,
            children=children,
            dynamic=new.dynamic if new.dynamic is not None else old.dynamic,
        )
    if isinstance(old, Leaf) and isinstance(new, Leaf):
        return _merged_leaf(old, new)
    raise illegal_argument(f"can't merge a non object mapping [{old.name}] with an object mapping")


def _merged_leaf(old: Leaf, new: Leaf) -> Leaf:
    before, after = old.definition["type"], new.definition["type"]
    short = old.name.rpartition(".")[2]
    if before != after:
        raise illegal_argument(
            f"mapper [{old.name}] cannot be changed from type [{before}] to [{after}]"
        )
    if old.field is not None and new.field is not None:
        conflicts = [
            f"\n\tCannot update parameter [{name}] from "
            f"[{preview(old.field.parameter(name))}] to [{preview(new.field.parameter(name))}]"
            for name in new.field.PARAMETERS
            if name not in new.field.UPDATABLE
            and old.field.parameter(name) != new.field.parameter(name)
            and not (name == "norms" and old.field.parameter(name))
        ]
        if conflicts:
            raise illegal_argument(
                f"Mapper for [{short}] conflicts with existing mapper:{''.join(conflicts)}"
            )
    multi = dict(old.multi)
    for name, leaf in new.multi.items():
        multi[name] = _merged_leaf(multi[name], leaf) if name in multi else leaf
    return replace(new, multi=multi)

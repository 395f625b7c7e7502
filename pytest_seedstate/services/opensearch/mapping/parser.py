"""A document's source, read by a mapping: what is indexed, and which fields are new."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping.dynamic import definition_for
from pytest_seedstate.services.opensearch.mapping.field import Field, ValueProblem
from pytest_seedstate.services.opensearch.mapping.geo import GeoProblem
from pytest_seedstate.services.opensearch.mapping.mapping import Mapping
from pytest_seedstate.services.opensearch.mapping.tree import Branch, Leaf, Node, build_node, merged
from pytest_seedstate.services.opensearch.mapping.values import preview
from pytest_seedstate.services.opensearch.storage.document import Part

_METADATA = frozenset(
    [
        "_id",
        "_index",
        "_source",
        "_routing",
        "_seq_no",
        "_version",
        "_primary_term",
        "_field_names",
        "_ignored",
        "_nested_path",
        "_doc_count",
        "_data_stream_timestamp",
    ]
)
_DEEPEST_JSON = 100


@dataclass(frozen=True)
class Parsed:
    """What a document gives.

    Attributes:
        part: what is indexed.
        ignored: fields with a value that was not indexed.
        added: fields that the mapping does not have yet; None: all are known.
    """

    part: Part
    ignored: tuple[str, ...]
    added: Branch | None


def parse_document(
    mapping: Mapping, source: AbstractMapping[str, Any], identifier: str, *, ignore_malformed: bool
) -> Parsed:
    """Read a document.

    Args:
        mapping: the index's mapping.
        source: the document.
        identifier: its id, for messages.
        ignore_malformed: the index's setting, for fields that do not say.

    Raises:
        ApiError: a value does not fit.
    """
    reading = _Reading(mapping, identifier, ignore_malformed)
    part = Part()
    reading.object(source, mapping.root, _Place((part,), part, mapping.root.dynamic or "true"))
    _finish(part, reading.used)
    return Parsed(part, tuple(sorted(reading.ignored)), reading.added)


def _finish(part: Part, used: AbstractMapping[str, Field]) -> None:
    for name in part.values:
        used[name].finish(part)
    for child in part.children:
        _finish(child, used)


@dataclass(eq=False, repr=False)
class _Place:
    """Where values go.

    Attributes:
        parts: what is indexed: the innermost nested object first, then others that include it.
        root: the document itself.
        dynamic: the setting that holds here.
    """

    parts: tuple[Part, ...]
    root: Part
    dynamic: str


class _Reading:
    def __init__(self, mapping: Mapping, identifier: str, ignore_malformed: bool) -> None:
        self._mapping = mapping
        self._identifier = identifier
        self._ignore_malformed = ignore_malformed
        self._new: dict[str, Node] = {}
        self.added: Branch | None = None
        self.ignored: set[str] = set()
        self.used: dict[str, Field] = {}
        self._depth = 0

    def object(self, source: AbstractMapping[str, Any], branch: Branch, place: _Place) -> None:
        """Read an object's members."""
        for name, value in source.items():
            if not branch.name and name in _METADATA:
                raise self._metadata(name, value)
            self._member(branch, _steps(name), value, place)

    def _member(self, branch: Branch, steps: list[str], value: Any, place: _Place) -> None:
        name, *rest = steps
        path = f"{branch.name}.{name}" if branch.name else name
        node = branch.children.get(name) or self._new.get(path)
        if rest:
            if node is None:
                node = self._introduce({}, path, branch, place)
                if node is None:
                    return
            if isinstance(node, Leaf) and path in self._new:
                raise illegal_argument(
                    f"can't merge a non object mapping [{path}] with an object mapping"
                )
            if isinstance(node, Leaf):
                raise ApiError(
                    400,
                    "mapper_parsing_exception",
                    f"Could not dynamically add mapping for field [{'.'.join([path, *rest])}]. "
                    f"Existing mapping for [{path}] must be of type object but found "
                    f"[{node.definition['type']}].",
                )
            if node.is_nested:
                raise ApiError(
                    400,
                    "mapper_parsing_exception",
                    f"Cannot add a value for field [{'.'.join([path, *rest])}] since one of the "
                    f"intermediate objects is mapped as a nested object: [{path}]",
                )
            if node.enabled:
                self._member(node, rest, value, self._inside(node, place))
            return
        self._values(node, path, value, branch, place)

    def _inside(self, node: Branch, place: _Place) -> _Place:
        return _Place(place.parts, place.root, node.dynamic or place.dynamic)

    def _values(
        self, node: Node | None, path: str, value: Any, branch: Branch, place: _Place
    ) -> None:
        if node is None:
            node = self._new.get(path) or self._first_node(value, path, branch, place)
            if node is None:
                return
        if path in self._new:
            self._check_kinds(node, path, value)
        if isinstance(node, Branch):
            self._branch(node, value, place)
        elif node.field is None:
            raise _ambiguous(f"Cannot write to a field alias [{path}].")
        else:
            self._leaf(node, value, place)

    def _check_kinds(self, node: Node, path: str, value: Any) -> None:
        """Check that all values of a new field would make the same field, as OpenSearch does."""
        if isinstance(value, list):
            if not (isinstance(node, Leaf) and node.field and node.field.takes_array(value)):
                for each in value:
                    self._check_kinds(node, path, each)
            return
        if value is None:
            return
        _, definition = self._definition(value, path)
        is_object = definition["type"] in ("object", "nested")
        if isinstance(node, Branch) != is_object:
            raise illegal_argument(
                f"can't merge a non object mapping [{path}] with an object mapping"
            )
        if isinstance(node, Leaf) and node.definition["type"] != definition["type"]:
            raise illegal_argument(
                f"mapper [{path}] cannot be changed from type [{node.definition['type']}] to "
                f"[{definition['type']}]"
            )

    def _definition(self, value: Any, path: str) -> tuple[str, dict[str, Any]]:
        """Return the kind of an unmapped value, and how its field is defined."""
        settings = self._mapping.settings
        detects_dates = settings.date_detection is not False
        return definition_for(
            value,
            path,
            settings.templates or (),
            self._mapping.date_formats if detects_dates else (),
            numeric_detection=bool(settings.numeric_detection),
        )

    def _first_node(self, value: Any, path: str, branch: Branch, place: _Place) -> Node | None:
        """Make the node of an unmapped field from its first value that is not null."""
        while isinstance(value, list):
            value = next((each for each in value if each is not None and each != []), None)
        return None if value is None else self._introduce(value, path, branch, place)

    def _introduce(self, value: Any, path: str, branch: Branch, place: _Place) -> Node | None:
        if place.dynamic == "false":
            return None
        if place.dynamic == "strict":
            raise ApiError(
                400,
                "strict_dynamic_mapping_exception",
                f"mapping set to strict, dynamic introduction of [{path.rpartition('.')[2]}] within "
                f"[{branch.name or '_doc'}] is not allowed",
            )
        kind, definition = self._definition(value, path)
        node = build_node(definition, path, self._mapping.analysis)
        if isinstance(node, Branch) and kind != "object":
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"object mapping for [{path}] tried to parse field [{path}] as object, but found a "
                "concrete value",
            )
        self._add(path, node)
        return node

    def _add(self, path: str, node: Node) -> None:
        self._new[path] = node
        parents = path.split(".")[:-1]
        added: Node = node
        for depth in range(len(parents), 0, -1):
            child = added.name.rpartition(".")[2]
            name = ".".join(parents[:depth])
            known = self._new.get(name)
            # A branch that is known must look the same, or the merge would call it a conflict.
            like = known if isinstance(known, Branch) else self._known(name)
            added = Branch(name, {child: added}, is_nested=like.is_nested, enabled=like.enabled)
        branch = Branch("", {added.name: added})
        result = branch if self.added is None else merged(self.added, branch)
        assert isinstance(result, Branch)
        self.added = result

    def _known(self, path: str) -> Branch:
        node: Node = self._mapping.root
        for name in path.split("."):
            assert isinstance(node, Branch)
            node = node.children.get(name) or Branch(path)
        assert isinstance(node, Branch)
        return node

    def _branch(self, node: Branch, value: Any, place: _Place, *, in_array: bool = False) -> None:
        if not node.enabled or value is None:
            return
        if isinstance(value, list):
            for each in value:
                self._branch(node, each, place, in_array=True)
            return
        if not isinstance(value, dict):
            shown = "null" if in_array else node.name.rpartition(".")[2]
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"object mapping for [{node.name}] tried to parse field [{shown}] as object, but "
                "found a concrete value",
            )
        self._depth += 1
        if self._depth > _DEEPEST_JSON:
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"objects are nested more than {_DEEPEST_JSON} deep",
            )
        inner = self._inside(node, place)
        if node.is_nested:
            inner = self._nested(node, inner)
        self.object(value, node, inner)
        self._depth -= 1

    def _nested(self, node: Branch, place: _Place) -> _Place:
        parent = place.parts[0]
        offset = sum(1 for child in parent.children if child.path == node.name)
        child = Part(path=node.name, offset=offset)
        parent.children.append(child)
        parts = [child]
        if node.include_in_parent:
            parts.append(parent)
        if node.include_in_root and place.root not in parts:
            parts.append(place.root)
        return _Place(tuple(parts), place.root, place.dynamic)

    def _leaf(self, leaf: Leaf, value: Any, place: _Place) -> None:
        field = leaf.field
        assert field is not None
        if isinstance(value, list) and not field.takes_array(value):
            for each in value:
                self._leaf(leaf, each, place)
            return
        for target in leaf.copy_to:
            self._copy(target, value, place)
        self._index(field, value, place)
        for multi in leaf.multi.values():
            assert multi.field is not None
            self._index(multi.field, value, place)

    def _copy(self, target: str, value: Any, place: _Place) -> None:
        if value is None:
            return
        known = self._mapping.leaves.get(target) or self._new.get(target)
        if not isinstance(known, Leaf):
            parent = self._mapping.root
            made = self._introduce(value, target, parent, place)
            if made is None:
                return
            assert isinstance(made, Leaf)
            known = made
        scope = self._mapping.nested_scope(target)
        part = next((each for each in place.parts if each.path == (scope or "")), place.root)
        for each in (known, *known.multi.values()):
            assert each.field is not None
            self._index(each.field, value, _Place((part,), place.root, place.dynamic))

    def _index(self, field: Field, value: Any, place: _Place) -> None:
        if value is None or field.is_empty(value):
            value = field.parameter("null_value")
            if value is None:
                return
        self.used[field.name] = field
        try:
            for part in place.parts:
                field.index(value, part)
        except ValueProblem as problem:
            ignores = field.parameter("ignore_malformed")
            if "ignore_malformed" not in field.parameters and ignores is not None:
                ignores = self._ignore_malformed
            if not ignores:
                raise self._problem(field, value, problem) from problem
            # As a real node: of what is no value at all, only points are told.
            if not isinstance(value, dict) or field.type == "geo_point":
                self.ignored.add(field.name)

    def _problem(self, field: Field, value: Any, problem: ValueProblem) -> ApiError:
        reason = f"failed to parse field [{field.name}] of type [{field.type}]"
        cause = problem.body()
        if isinstance(problem, GeoProblem):
            is_root = problem.kind == "parse_exception"
            root = {"type": problem.kind, "reason": problem.reason} if is_root else None
            return ApiError(
                400,
                "mapper_parsing_exception",
                reason,
                root_cause=None if root is None else [root],
                caused_by=cause,
            )
        return ApiError(
            400,
            "mapper_parsing_exception",
            f"{reason} in document with id '{self._identifier}'. "
            f"Preview of field's value: '{preview(value)}'",
            caused_by=cause,
        )

    def _metadata(self, name: str, value: Any) -> ApiError:
        inner = (
            f"Field [{name}] is a metadata field and cannot be added inside a document. Use the "
            "index API request parameters."
        )
        body = {"type": "mapper_parsing_exception", "reason": inner}
        return ApiError(
            400,
            "mapper_parsing_exception",
            f"failed to parse field [{name}] of type [{name}] in document with id "
            f"'{self._identifier}'. Preview of field's value: '{preview(value)}'",
            root_cause=[body],
            caused_by=body,
        )


def _steps(name: str) -> list[str]:
    """Return a member's name, taken apart at its dots."""
    if "." not in name:
        if not name:
            raise _ambiguous("field name cannot be an empty string")
        return [name]
    steps = name.rstrip(".").split(".")
    if not all(step.strip() for step in steps):
        raise _ambiguous(
            "object field starting or ending with a [.] makes object resolution ambiguous: "
            f"[{name}]"
        )
    return steps


def _ambiguous(reason: str) -> ApiError:
    return ApiError(
        400,
        "mapper_parsing_exception",
        "failed to parse",
        caused_by={"type": "illegal_argument_exception", "reason": reason},
    )

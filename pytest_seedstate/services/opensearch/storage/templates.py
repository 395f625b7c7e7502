"""Index templates: what a new index takes from those that fit its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any, TypeGuard

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.shapes import as_list, as_object
from pytest_seedstate.services.opensearch.storage.settings import Settings, index_settings, nested

Definition = dict[str, Any]


@plain
class Blueprint:
    """What an index is made from.

    Attributes:
        settings: flat.
        mappings: the definition.
        aliases: as sent.
    """

    settings: Settings = field(default_factory=dict)
    mappings: Definition = field(default_factory=dict)
    aliases: dict[str, Any] = field(default_factory=dict)

    def add(self, template: Mapping[str, Any]) -> None:
        """Lay another one over it, which wins."""
        self.settings.update(index_settings(template.get("settings") or {}))
        self.mappings = merged_mappings(
            self.mappings, as_object(template.get("mappings"), "mappings")
        )
        self.aliases.update(as_object(template.get("aliases"), "aliases"))


@plain
class Templates:
    """All templates of a node, by kind and name, as their APIs show them."""

    legacy: dict[str, Definition] = field(default_factory=dict)
    composable: dict[str, Definition] = field(default_factory=dict)
    components: dict[str, Definition] = field(default_factory=dict)

    def copy(self) -> Templates:
        """Return the same templates, to be changed without being seen here."""
        return Templates(self.legacy.copy(), self.composable.copy(), self.components.copy())

    def blueprint(self, index: str) -> Blueprint:
        """Return what an index of a name takes from templates."""
        made = Blueprint()
        fitting = [each for each in self.composable.values() if fits(each["index_patterns"], index)]
        if fitting:
            chosen = max(fitting, key=lambda each: int(each.get("priority", 0)))
            for name in chosen.get("composed_of", ()):
                made.add(self.components[name]["template"])
            made.add(chosen.get("template", {}))
            return made
        legacy = [each for each in self.legacy.values() if fits(each["index_patterns"], index)]
        for each in sorted(legacy, key=lambda each: int(each["order"])):
            made.add(each)
        return made

    def put_composable(self, name: str, definition: Definition) -> None:
        """Keep a composable template.

        Raises:
            ApiError: a component is not there, or another template of its priority may fit the
                same index.
        """
        missing = [
            each for each in definition.get("composed_of", ()) if each not in self.components
        ]
        if missing:
            raise ApiError(
                400,
                "invalid_index_template_exception",
                f"index_template [{name}] invalid, cause [index template [{name}] specifies "
                f"component templates [{', '.join(missing)}] that do not exist]",
            )
        priority = int(definition.get("priority", 0))
        patterns = definition["index_patterns"]
        rivals = {
            other: each["index_patterns"]
            for other, each in self.composable.items()
            if other != name
            and int(each.get("priority", 0)) == priority
            and _may_meet(patterns, each["index_patterns"])
        }
        if rivals:
            shown = ", ".join(f"{other} => [{', '.join(p)}]" for other, p in rivals.items())
            raise illegal_argument(
                f"index template [{name}] has index patterns [{', '.join(patterns)}] matching "
                f"patterns from existing templates [{','.join(rivals)}] with patterns ({shown}) that "
                f"have the same priority [{priority}], multiple index templates may not match during "
                "index creation, please use a different priority"
            )
        self.composable[name] = definition

    def users_of(self, component: str) -> list[str]:
        """Return the composable templates that a component is part of."""
        return [
            name
            for name, each in self.composable.items()
            if component in each.get("composed_of", ())
        ]


def fits(patterns: Iterable[str], name: str) -> bool:
    """Tell whether a name fits one of some patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _may_meet(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Tell whether some name fits patterns of both."""
    return any(_meet(a, b) for a in ours for b in theirs)


def _meet(a: str, b: str) -> bool:
    if not a or not b:
        return not (a or b).strip("*")
    if a[0] == "*":
        return _meet(a[1:], b) or _meet(a, b[1:])
    if b[0] == "*":
        return _meet(a, b[1:]) or _meet(a[1:], b)
    return a[0] == b[0] and _meet(a[1:], b[1:])


def shown_template(template: Mapping[str, Any]) -> Definition:
    """Return a template's ``template`` member as its API shows it: settings nested and as texts."""
    shown: Definition = {}
    if "settings" in template:
        shown["settings"] = nested(index_settings(template["settings"] or {}))
    if "mappings" in template:
        shown["mappings"] = template["mappings"] or {}
    if "aliases" in template:
        shown["aliases"] = template["aliases"] or {}
    return shown


def merged_mappings(under: Definition, over: Mapping[str, Any]) -> Definition:
    """Return two mapping definitions as one; where both define a field, the second one counts."""
    if set(over) == {"_doc"}:
        over = as_object(over["_doc"], "_doc")
    made = {**under, **over}
    if "properties" in under and "properties" in over:
        made["properties"] = _merged_properties(
            as_object(under["properties"], "properties"),
            as_object(over["properties"], "properties"),
        )
    if "dynamic_templates" in under and "dynamic_templates" in over:
        by_name = {
            name: {name: each}
            for definition in (under, over)
            for entry in as_list(definition["dynamic_templates"], "dynamic_templates")
            for name, each in as_object(entry, "dynamic_templates").items()
        }
        made["dynamic_templates"] = list(by_name.values())
    return made


def _merged_properties(under: Definition, over: Mapping[str, Any]) -> Definition:
    made = dict(under)
    for name, definition in over.items():
        known = made.get(name)
        if _has_properties(known) and _has_properties(definition):
            inner = _merged_properties(
                as_object(known["properties"], "properties"),
                as_object(definition["properties"], "properties"),
            )
            made[name] = {**known, **definition, "properties": inner}
        else:
            made[name] = definition
    return made


def _has_properties(definition: Any) -> TypeGuard[Definition]:
    return isinstance(definition, dict) and "properties" in definition

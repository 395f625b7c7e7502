"""Fields that a document brings: what type an unmapped value gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping.dates import (
    DEFAULT_FORMAT,
    NotADateError,
    parse_date,
)
from pytest_seedstate.services.opensearch.mapping.tree import build_node
from pytest_seedstate.services.opensearch.mapping.values import preview

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.analysis import Analyzers

DEFAULT_DATE_FORMATS = (DEFAULT_FORMAT, "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis")
_JSON_TYPES = ("object", "string", "long", "double", "boolean", "date", "binary")
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
    "long": {"type": "long"},
    "double": {"type": "float"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
}
_OWN_TYPES = {"string": "text", "double": "double"}  # what {dynamic_type} and a missing type mean


@dataclass(frozen=True)
class Template:
    """A dynamic template.

    Attributes:
        definition: as sent: its conditions and its ``mapping``.
    """

    name: str
    definition: Mapping[str, Any]

    def fits(self, json_type: str, path: str) -> bool:
        """Tell whether it applies to an unmapped field."""
        wanted = self.definition.get("match_mapping_type", "*")
        if wanted not in ("*", json_type):
            return False
        name = path.rpartition(".")[2]
        return (
            self._matches("match", name, missing=True)
            and not self._matches("unmatch", name, missing=False)
            and self._matches("path_match", path, missing=True)
            and not self._matches("path_unmatch", path, missing=False)
        )

    def _matches(self, condition: str, text: str, *, missing: bool) -> bool:
        pattern = self.definition.get(condition)
        if pattern is None:
            return missing
        if self.definition.get("match_pattern") == "regex":
            return re.fullmatch(pattern, text) is not None
        return fnmatchcase(text, pattern)

    def mapping(self, json_type: str, name: str) -> dict[str, Any]:
        """Return the definition of a field that it makes."""
        own_type = _OWN_TYPES.get(json_type, json_type)
        made = _filled(self.definition.get("mapping", {}), name, own_type)
        assert isinstance(made, dict)
        return {"type": own_type, **made}


def _filled(value: Any, name: str, dynamic_type: str) -> Any:
    if isinstance(value, dict):
        return {
            _filled(key, name, dynamic_type): _filled(each, name, dynamic_type)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_filled(each, name, dynamic_type) for each in value]
    if isinstance(value, str):
        return value.replace("{name}", name).replace("{dynamic_type}", dynamic_type)
    return value


def read_templates(definition: Any, analysis: Analyzers) -> tuple[Template, ...]:
    """Return the templates of a mapping.

    Raises:
        ApiError: one is wrong.
    """
    if not isinstance(definition, list):
        raise _wrong("Dynamic template syntax error. An array of named objects is expected.")
    templates = []
    for entry in definition:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise _wrong("A dynamic template must be defined with a name")
        (name, conditions), *_ = entry.items()
        templates.append(Template(name, _checked(name, conditions, analysis)))
    return tuple(templates)


_CONDITIONS = ("match", "path_match", "match_mapping_type")
_KNOWN = {*_CONDITIONS, "unmatch", "path_unmatch", "match_pattern", "mapping"}


def _checked(name: str, conditions: Any, analysis: Analyzers) -> dict[str, Any]:
    if not isinstance(conditions, dict):
        raise _wrong(f"dynamic template [{name}] must be an object")
    if not any(condition in conditions for condition in _CONDITIONS):
        raise _wrong(
            f"template must have match, path_match or match_mapping_type set {preview(conditions)}"
        )
    for key in conditions.keys() - _KNOWN:
        raise illegal_argument(f"Illegal dynamic template parameter: [{key}]")
    wanted = conditions.get("match_mapping_type", "*")
    if wanted != "*" and wanted not in _JSON_TYPES:
        raise illegal_argument(
            f"No field type matched on [{wanted}], possible values are [{', '.join(_JSON_TYPES)}]"
        )
    if conditions.get("match_pattern", "simple") not in ("simple", "regex"):
        raise illegal_argument(f"No matching pattern matched on [{conditions['match_pattern']}]")
    if not isinstance(conditions.get("mapping"), dict):
        raise _wrong("template must have mapping set")
    kind = conditions["mapping"].get("type", "")
    if "{" not in preview(conditions["mapping"])[1:] and kind and wanted != "*":
        build_node(conditions["mapping"], f"__dynamic__{name}", analysis)
    # As OpenSearch: what fits every kind is not shown.
    return {name: each for name, each in conditions.items() if (name, each) != _EVERY_KIND}


_EVERY_KIND = ("match_mapping_type", "*")


def _wrong(reason: str) -> ApiError:
    return ApiError(400, "mapper_parsing_exception", reason)


def definition_for(
    value: Any,
    path: str,
    templates: tuple[Template, ...],
    date_formats: tuple[str, ...],
    *,
    numeric_detection: bool,
) -> tuple[str, dict[str, Any]]:
    """Return how an unmapped value's field is defined.

    Args:
        value: a scalar or an object; not None, not an array.
        path: the field's full path.
        templates: the mapping's dynamic templates.
        date_formats: formats of dates; none: texts are never dates.
        numeric_detection: whether texts may be numbers.

    Returns:
        What kind of JSON value it is (as templates name it) and the definition that a template
        or OpenSearch's defaults give.
    """
    kind, default = _kind(value, date_formats, numeric_detection)
    for template in templates:
        if template.fits(kind, path):
            made = template.mapping(kind, path.rpartition(".")[2])
            if kind == "date" and made["type"] == "date" and "format" not in made:
                made = {**default, **made}
            return kind, made
    return kind, dict(default)


def _kind(
    value: Any, date_formats: tuple[str, ...], numeric_detection: bool
) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, dict):
        kind = "object"
    elif isinstance(value, bool):
        kind = "boolean"
    elif isinstance(value, int):
        kind = "long"
    elif isinstance(value, float):
        kind = "double"
    else:
        return _kind_of_text(value, date_formats, numeric_detection)
    return kind, _DEFAULTS[kind]


def _kind_of_text(
    text: str, date_formats: tuple[str, ...], numeric_detection: bool
) -> tuple[str, Mapping[str, Any]]:
    is_long = re.fullmatch(r"[+-]?\d{1,19}", text) is not None
    is_double = (
        is_long or re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text) is not None
    )
    if is_double:
        if not numeric_detection:
            return "string", _DEFAULTS["string"]
        return ("long" if is_long else "double"), _DEFAULTS["long" if is_long else "double"]
    for pattern in date_formats:
        try:
            parse_date(text, pattern)
        except NotADateError:
            continue
        default = {"type": "date"}
        if pattern == DEFAULT_FORMAT:
            return "date", default
        shown = pattern.partition("||")[0]
        return "date", {**default, "format": pattern, "print_format": shown}
    return "string", _DEFAULTS["string"]

"""The ``sort`` member of a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..queries import parse
from ..queries.geo import place
from .sorting import ByDistance, ByDoc, ByField, ById, ByScore, Nesting, Sort

_MODES = ("min", "max", "avg", "sum", "median")


def _descending(options: Mapping[str, Any], default: bool) -> bool:
    order = str(options.get("order", "desc" if default else "asc")).lower()
    if order not in ("asc", "desc"):
        raise ApiError(
            400,
            "x_content_parse_exception",
            "[1:1] [field_sort] failed to parse field [order]",
            caused_by={
                "type": "illegal_argument_exception",
                "reason": "No enum constant org.opensearch.search.sort.SortOrder." + order.upper(),
            },
        )
    return order == "desc"


def _nesting(value: Any) -> Nesting | None:
    if value is None:
        return None
    if not isinstance(value, dict) or "path" not in value:
        raise parsing_error("[nested] of a sort needs a [path]")
    for key in value:
        if key not in ("path", "filter", "nested"):
            raise unsupported(f"[{key}] of a nested sort")
    inner = parse(value["filter"]) if value.get("filter") is not None else None
    return Nesting(str(value["path"]), inner, _nesting(value.get("nested")))


def _mode(options: Mapping[str, Any]) -> str | None:
    mode = options.get("mode")
    if mode is not None and mode not in _MODES:
        raise illegal_argument(f"Unknown SortMode [{mode}]")
    return mode


def _by_distance(options: Mapping[str, Any]) -> Sort:
    known = (
        "order", "unit", "mode", "distance_type", "nested", "ignore_unmapped", "validation_method",
    )  # fmt: skip
    names = [name for name in options if name not in known]
    if len(names) != 1:
        raise illegal_argument("Trying to reset fieldName: one field expected for _geo_distance")
    value = options[names[0]]
    several = isinstance(value, list) and not all(isinstance(v, (int, float)) for v in value)
    if _mode(options) == "sum":
        raise illegal_argument("sort_mode [sum] isn't supported for sorting by geo distance")
    if str(options.get("validation_method", "strict")).lower() != "strict":
        raise unsupported("[validation_method] of a sort by distance")
    return ByDistance(
        _descending(options, False),
        names[0],
        tuple(place(one) for one in value) if several else (place(value),),
        str(options.get("unit", "m")),
        options.get("distance_type", "arc") == "plane",
        _mode(options),
        _nesting(options.get("nested")),
        options.get("ignore_unmapped", False) in (True, "true"),
    )


_FIELD_OPTIONS = frozenset({"order", "mode", "missing", "unmapped_type", "nested"})


def _one(name: str, value: Any) -> Sort:
    options = {"order": value} if isinstance(value, str) else value or {}
    if not isinstance(options, dict):
        raise parsing_error(f"[{name}] of [sort] must be an object or an order")
    if name == "_geo_distance":
        return _by_distance(options)
    if name == "_script":
        raise unsupported("[_script] of [sort]")
    if name == "_score":
        return ByScore(_descending(options, True))
    if name in ("_doc", "_shard_doc"):
        return ByDoc(_descending(options, False))
    if name == "_id":
        return ById(_descending(options, False))
    for key in options:
        if key == "numeric_type" or key in ("nested_path", "nested_filter"):
            raise unsupported(f"[{key}] of [sort]")
        if key not in _FIELD_OPTIONS:
            raise ApiError(
                400, "x_content_parse_exception", f"[1:1] [field_sort] unknown field [{key}]"
            )
    return ByField(
        _descending(options, False),
        name,
        _mode(options),
        options.get("missing", "_last"),
        None if options.get("unmapped_type") is None else str(options["unmapped_type"]),
        _nesting(options.get("nested")),
    )


def parse_sort(value: Any) -> list[Sort]:
    """The criteria that a ``sort`` member describes."""
    result = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            result.append(_one(one, None))
        elif isinstance(one, dict):
            result += [_one(name, options) for name, options in one.items()]
        else:
            raise parsing_error(
                "malformed sort format, within the sort array, an object, or an actual string are"
                " allowed"
            )
    if len(result) == 1 and result[0].by_score and result[0].descending:
        return []  # the order without a sort
    return result

"""Settings of indices and of the cluster: flat names, values as texts, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_seedstate.services.opensearch.errors import (
    ApiError,
    illegal_argument,
    unsupported,
)
from pytest_seedstate.services.opensearch.mapping.values import as_text, boolean_parameter
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.shapes import as_object

Settings = dict[str, Any]  # flat name -> text, or list of texts

_TIME_UNITS = {
    "nanos": 1e-6,
    "micros": 1e-3,
    "ms": 1.0,
    "s": 1000.0,
    "m": 60_000.0,
    "h": 3_600_000.0,
    "d": 86_400_000.0,
}


def milliseconds(value: str, name: str) -> float:
    """Return a time such as ``30s``; ``-1`` and ``0`` need no unit.

    Raises:
        ApiError: it is none.
    """
    found = re.fullmatch(r"(-?\d+)(nanos|micros|ms|s|m|h|d)", value.strip().lower())
    if found:
        return int(found[1]) * _TIME_UNITS[found[2]]
    if value.strip() in ("-1", "0"):
        return float(value)
    raise illegal_argument(
        f"failed to parse setting [{name}] with value [{value}] as a time value: unit is missing or "
        "unrecognized"
    )


def _whole(lowest: int | None = None, highest: int | None = None) -> Callable[[str, str], None]:
    def check(value: str, name: str) -> None:
        try:
            number = int(value)
        except ValueError:
            raise illegal_argument(
                f"Failed to parse value [{value}] for setting [{name}]",
                {"type": "number_format_exception", "reason": f'For input string: "{value}"'},
            ) from None
        if lowest is not None and number < lowest:
            raise illegal_argument(
                f"Failed to parse value [{value}] for setting [{name}] must be >= {lowest}"
            )
        if highest is not None and number > highest:
            raise illegal_argument(
                f"Failed to parse value [{value}] for setting [{name}] must be <= {highest}"
            )

    return check


def _time(value: str, name: str) -> None:
    milliseconds(value, name)


def _boolean(value: str, name: str) -> None:
    try:
        boolean_parameter(value)
    except ApiError as problem:
        raise illegal_argument(
            f"Failed to parse value [{value}] as only [true] or [false] are allowed.",
        ) from problem


def _any(value: str, name: str) -> None:
    """Take any text."""


def _only(taken: str) -> Callable[[str, str], None]:
    def check(value: str, name: str) -> None:
        if value != taken:
            raise unsupported(f"value [{value}] of setting [{name}]")

    return check


@plain
class _Known:
    check: Callable[[str, str], None]
    dynamic: bool = True


# Settings that have an effect here, or none on one node without files.
_INDEX: Mapping[str, _Known] = {
    "number_of_shards": _Known(_whole(1, 1024), dynamic=False),
    "number_of_replicas": _Known(_whole(0)),
    "number_of_routing_shards": _Known(_whole(1), dynamic=False),
    "refresh_interval": _Known(_time),
    "max_result_window": _Known(_whole(1)),
    "max_inner_result_window": _Known(_whole(1)),
    "max_rescore_window": _Known(_whole(1)),
    "max_docvalue_fields_search": _Known(_whole(0)),
    "max_script_fields": _Known(_whole(0)),
    "max_terms_count": _Known(_whole(1)),
    "max_regex_length": _Known(_whole(1)),
    "max_ngram_diff": _Known(_whole(0)),
    "max_shingle_diff": _Known(_whole(0)),
    "max_adjacency_matrix_filters": _Known(_whole(2)),
    "max_slices_per_scroll": _Known(_whole(1)),
    "max_refresh_listeners": _Known(_whole(0)),
    "max_analyzed_offset": _Known(_whole(1)),
    "analyze.max_token_count": _Known(_whole(1)),
    "highlight.max_analyzed_offset": _Known(_whole(1)),
    "auto_expand_replicas": _Known(_any),
    "hidden": _Known(_boolean),
    "codec": _Known(_any, dynamic=False),
    "priority": _Known(_whole(0)),
    "gc_deletes": _Known(_time),
    "default_pipeline": _Known(_any),
    "final_pipeline": _Known(_any),
    "mapping.total_fields.limit": _Known(_whole(0)),
    "mapping.depth.limit": _Known(_whole(1)),
    "mapping.nested_fields.limit": _Known(_whole(0)),
    "mapping.nested_objects.limit": _Known(_whole(0)),
    "mapping.ignore_malformed": _Known(_boolean, dynamic=False),
    "mapping.coerce": _Known(_only("true"), dynamic=False),
    "search.idle.after": _Known(_time),
    "search.slowlog.threshold.query.warn": _Known(_time),
    "search.slowlog.threshold.query.info": _Known(_time),
    "indexing.slowlog.threshold.index.warn": _Known(_time),
    "indexing.slowlog.threshold.index.info": _Known(_time),
    "translog.durability": _Known(_any),
    "translog.sync_interval": _Known(_time),
    "translog.flush_threshold_size": _Known(_any),
    "soft_deletes.enabled": _Known(_boolean, dynamic=False),
    "store.type": _Known(_any, dynamic=False),
    "write.wait_for_active_shards": _Known(_any),
    "blocks.read_only": _Known(_boolean),
    "blocks.read_only_allow_delete": _Known(_boolean),
    "blocks.read": _Known(_boolean),
    "blocks.write": _Known(_boolean),
    "blocks.metadata": _Known(_boolean),
    "unassigned.node_left.delayed_timeout": _Known(_time),
    "merge.policy.max_merge_at_once": _Known(_whole(2)),
}
_PREFIXES = ("analysis.", "routing.allocation.", "merge.")
_STATIC_PREFIXES = ("analysis.",)
_ELSEWHERE = (
    "similarity.",
    "query.default_field",
    "sort.",
    "knn",
    "search.default_pipeline",
    "routing_partition_size",
)
_PRIVATE = ("creation_date", "uuid", "provided_name", "version.created", "replication.type")


def flattened(settings: Any, prefix: str = "") -> Settings:
    """Return settings as flat names with texts; None stays, to take a setting back."""
    flat: Settings = {}
    for name, value in as_object(settings, "settings").items():
        if isinstance(value, Mapping):
            flat.update(flattened(value, f"{prefix}{name}."))
        elif isinstance(value, list):
            if any(isinstance(each, Mapping) for each in value):
                for number, each in enumerate(value):
                    flat.update(flattened({str(number): each}, f"{prefix}{name}."))
            else:
                flat[f"{prefix}{name}"] = [as_text(each) for each in value]
        else:
            flat[f"{prefix}{name}"] = None if value is None else as_text(value)
    return flat


def index_settings(sent: Any) -> Settings:
    """Return the settings of an index that were sent, as flat names with ``index.`` before them.

    Raises:
        ApiError: they are no object.
    """
    if not isinstance(sent, Mapping):
        raise ApiError(400, "parse_exception", "key [settings] must be an object")
    return {
        name if name.startswith("index.") else f"index.{name}": value
        for name, value in flattened(sent).items()
    }


def check_index_settings(settings: Settings) -> None:
    """Check names and values.

    Raises:
        ApiError: a setting is unknown, or its value is wrong.
    """
    for name, value in settings.items():
        short = name.removeprefix("index.")
        if short.startswith(_PREFIXES):
            continue
        if short in _PRIVATE:
            raise illegal_argument(f"private index setting [{name}] can not be set explicitly")
        if short.startswith(_ELSEWHERE):
            raise unsupported(f"setting [{name}]")
        known = _INDEX.get(short)
        if known is None:
            raise ApiError(
                400,
                "settings_exception",
                f"unknown setting [{name}] please check that any required plugins are installed, or "
                "check the breaking changes documentation for removed settings",
            )
        if value is not None:
            if isinstance(value, list) and known.check is not _any:
                raise illegal_argument(
                    f"Failed to parse value [{', '.join(value)}] for setting [{name}]"
                )
            if not isinstance(value, list):
                known.check(value, name)


def is_dynamic(name: str) -> bool:
    """Tell whether a known setting can be changed on an open index."""
    short = name.removeprefix("index.")
    if short.startswith(_PREFIXES):
        return not short.startswith(_STATIC_PREFIXES)
    return _INDEX[short].dynamic


def nested(flat: Settings) -> dict[str, Any]:
    """Return flat settings as objects in objects."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = tree
        for step in path:
            inner = place.get(step)
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        place[last] = value
    return tree


_CLUSTER_PREFIXES = (
    *("action.", "cluster.", "indices.", "ingest.", "logger.", "network.", "script."),
    *("search.", "compatibility.", "node.", "plugins.", "snapshot.", "http.", "transport."),
)


def check_cluster_settings(settings: Settings, kind: str) -> None:
    """Check the names of cluster settings.

    Raises:
        ApiError: one belongs to no family of settings.
    """
    for name in settings:
        if not name.startswith(_CLUSTER_PREFIXES):
            raise ApiError(400, "settings_exception", f"{kind} setting [{name}], not recognized")

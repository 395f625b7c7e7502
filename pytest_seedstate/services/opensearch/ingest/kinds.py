"""The processors themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, unsupported
from pytest_seedstate.services.opensearch.ingest.paths import Paths
from pytest_seedstate.services.opensearch.ingest.processors import (
    Dropped,
    Options,
    ProcessorFailure,
    processor,
)
from pytest_seedstate.services.opensearch.mapping.dates import (
    NotADateError,
    format_date,
    parse_date,
)
from pytest_seedstate.services.opensearch.mapping.simple import packed
from pytest_seedstate.services.opensearch.mapping.values import as_text


@processor("pipeline", name=...)
def _pipeline(paths: Paths, options: Options) -> None:
    """Registered for its options; `run_all` carries it out."""


@processor("drop")
def _drop(paths: Paths, options: Options) -> None:
    raise Dropped


@processor("fail", message=...)
def _fail(paths: Paths, options: Options) -> None:
    raise ProcessorFailure("fail_processor_exception", paths.render(options["message"]))


@processor("set", field=..., value=None, copy_from=None, override=True, ignore_empty_value=False)
def _set(paths: Paths, options: Options) -> None:
    field = paths.render(options["field"])
    if not options["override"] and paths.get(field, None) is not None:
        return
    copied = options["copy_from"]
    value = paths.copy(copied) if copied else paths.render_value(options["value"])
    if options["ignore_empty_value"] and value in (None, ""):
        return
    paths.set(field, value)


@processor("remove", field=None, exclude_field=None, ignore_missing=False)
def _remove(paths: Paths, options: Options) -> None:
    fields = options["field"]
    if fields is None:
        raise unsupported("[exclude_field] of ingest processor [remove]")
    for field in [fields] if isinstance(fields, str) else fields:
        name = paths.render(field)
        if not paths.has(name):
            if options["ignore_missing"]:
                continue
            raise ProcessorFailure("illegal_argument_exception", f"field [{name}] doesn't exist")
        paths.remove(name)


@processor("rename", field=..., target_field=..., ignore_missing=False, override_target=False)
def _rename(paths: Paths, options: Options) -> None:
    field, target = paths.render(options["field"]), paths.render(options["target_field"])
    if not paths.has(field):
        if options["ignore_missing"]:
            return
        raise ProcessorFailure("illegal_argument_exception", f"field [{field}] doesn't exist")
    if paths.has(target) and not options["override_target"]:
        raise ProcessorFailure("illegal_argument_exception", f"field [{target}] already exists")
    value = paths.get(field)
    paths.remove(field)
    paths.set(target, value)


def _of_texts(name: str, change: Callable[[str], str]) -> None:
    """Register a processor that changes a text, or each text of a list."""

    def action(paths: Paths, options: Options) -> None:
        _change(paths, options, lambda value: change(_text(value, options["field"])))

    processor(name, field=..., target_field=None, ignore_missing=False)(action)


def _change(paths: Paths, options: Options, change: Callable[[Any], Any]) -> None:
    field = options["field"]
    value = paths.get(field, None)
    if value is None:
        if options["ignore_missing"]:
            return
        if paths.has(field):
            raise ProcessorFailure(
                "illegal_argument_exception", f"field [{field}] is null, cannot process it."
            )
    value = paths.get(field)
    changed = [change(each) for each in value] if isinstance(value, list) else change(value)
    paths.set(options["target_field"] or field, changed)


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        kinds = {int: "Integer", float: "Double", bool: "Boolean", dict: "Map"}
        raise ProcessorFailure(
            "illegal_argument_exception",
            f"field [{field}] of type [java.lang.{kinds.get(type(value), 'Object')}] cannot be cast "
            "to [java.lang.String]",
        )
    return value


_of_texts("lowercase", str.lower)
_of_texts("uppercase", str.upper)
_of_texts("trim", str.strip)


@processor("gsub", field=..., pattern=..., replacement=..., target_field=None, ignore_missing=False)
def _gsub(paths: Paths, options: Options) -> None:
    try:
        pattern = re.compile(options["pattern"])
    except re.error:
        raise unsupported(f"pattern [{options['pattern']}] of ingest processor [gsub]") from None
    replacement = re.sub(r"\$(\d)", r"\\\1", options["replacement"])
    _change(paths, options, lambda value: pattern.sub(replacement, _text(value, options["field"])))


@processor(
    "split",
    field=...,
    separator=...,
    target_field=None,
    ignore_missing=False,
    preserve_trailing=False,
)
def _split(paths: Paths, options: Options) -> None:
    def change(value: Any) -> list[str]:
        parts = re.split(options["separator"], _text(value, options["field"]))
        while parts and not parts[-1] and not options["preserve_trailing"]:
            parts.pop()
        return parts

    _change(paths, options, change)


@processor("join", field=..., separator=..., target_field=None)
def _join(paths: Paths, options: Options) -> None:
    field = options["field"]
    values = paths.get(field)
    if not isinstance(values, list):
        raise ProcessorFailure(
            "illegal_argument_exception",
            f"field [{field}] of type [java.lang.String] cannot be cast to [java.util.List]",
        )
    if None in values:
        raise ProcessorFailure("null_pointer_exception", f"field [{field}] has a null element")
    paths.set(options["target_field"] or field, options["separator"].join(map(as_text, values)))


@processor("append", field=..., value=..., allow_duplicates=True)
def _append(paths: Paths, options: Options) -> None:
    field = paths.render(options["field"])
    value = paths.render_value(options["value"])
    added = value if isinstance(value, list) else [value]
    present = paths.get(field, None)
    values = present if isinstance(present, list) else [] if present is None else [present]
    if not options["allow_duplicates"]:
        added = [each for each in dict.fromkeys(added) if each not in values]
    paths.set(field, [*values, *added])


def _whole(value: Any) -> int:
    text = as_text(value)
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False}[as_text(value).lower()]


def _automatic(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _address(value: Any) -> str:
    packed(as_text(value))
    return as_text(value)


_CONVERSIONS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "integer": (_whole, "integer"),
    "long": (_whole, "long"),
    "float": (lambda value: float(as_text(value)), "float"),
    "double": (lambda value: float(as_text(value)), "double"),
    "boolean": (_boolean, "boolean"),
    "string": (as_text, "string"),
    "auto": (_automatic, "auto"),
    "ip": (_address, "ip"),
}


def _check_conversion(options: Options) -> None:
    if options["type"] not in _CONVERSIONS:
        raise ApiError(
            400,
            "parse_exception",
            f"[type] type [{options['type']}] not supported, cannot convert field.",
            processor_type="convert",
            property_name="type",
        )


@processor(
    "convert", _check_conversion, field=..., type=..., target_field=None, ignore_missing=False
)
def _convert(paths: Paths, options: Options) -> None:
    convert, name = _CONVERSIONS[options["type"]]

    def change(value: Any) -> Any:
        try:
            return convert(value)
        except (ValueError, KeyError):
            text = as_text(value)
            told = {
                "boolean": f"[{text}] is not a boolean value, cannot convert to boolean",
                "ip": f"[{text}] is not a valid ipv4/ipv6 address",
            }.get(name, f"unable to convert [{text}] to {name}")
            cause = {
                "type": "number_format_exception",
                "reason": f'For input string: "{as_text(value)}"',
            }
            is_number = name in ("integer", "long", "float", "double")
            raise ProcessorFailure(
                "illegal_argument_exception", told, cause if is_number else None
            ) from None

    _change(paths, options, change)


@processor(
    "date",
    field=...,
    formats=...,
    target_field="@timestamp",
    timezone="UTC",
    locale="ENGLISH",
    output_format="yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
def _date(paths: Paths, options: Options) -> None:
    text, zone = as_text(paths.get(options["field"])), paths.render(options["timezone"])
    names = {
        "ISO8601": "strict_date_optional_time",
        "UNIX": "epoch_second",
        "UNIX_MS": "epoch_millis",
    }
    for name in options["formats"]:
        if name == "TAI64N":
            raise unsupported("format [TAI64N] of ingest processor [date]")
        try:
            found = parse_date(text, names.get(name, name), zone)
        except NotADateError:
            continue
        paths.set(options["target_field"], format_date(found, options["output_format"], zone))
        return
    raise ProcessorFailure("illegal_argument_exception", f"unable to parse date [{text}]")

"""Processors: where they register, and how a pipeline runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, unsupported
from pytest_seedstate.services.opensearch.ingest.paths import Absent, Paths
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.shapes import as_names

Options = Mapping[str, Any]
Action = Callable[[Paths, Options], None]
_COMMON = frozenset({"if", "tag", "description", "ignore_failure", "on_failure"})
_ELSEWHERE = frozenset(
    [
        "bytes",
        "community_id",
        "copy",
        "csv",
        "date_index_name",
        "dissect",
        "dot_expander",
        "fingerprint",
        "foreach",
        "grok",
        "hierarchical_routing",
        "html_strip",
        "json",
        "kv",
        "remove_by_pattern",
        "script",
        "sort",
        "uri_parts",
        "urldecode",
        "user_agent",
        "geoip",
        "ip2geo",
        "text_embedding",
        "acl_routing",
    ]
)


class Dropped(Exception):  # noqa: N818 - no error: the processor ``drop``
    """The document is not to be indexed."""


class ProcessorFailure(Exception):  # noqa: N818 - may be handled by ``on_failure``
    """A processor failed."""

    def __init__(self, kind: str, reason: str, caused_by: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.caused_by = caused_by
        self.kind = kind
        self.reason = reason
        self.processor = ""
        self.tag: str | None = None

    def as_error(self) -> ApiError:
        """Return it as the answer to a write."""
        return ApiError(400, self.kind, self.reason, caused_by=self.caused_by)

    def metadata(self) -> dict[str, Any]:
        """Return what ``on_failure`` processors know as ``_ingest``."""
        told = {
            "on_failure_message": self.reason,
            "on_failure_processor_type": self.processor,
            "on_failure_processor_tag": self.tag,
            "timestamp": datetime.now(UTC).isoformat(),
        }
        return {name: value for name, value in told.items() if value is not None}


@plain
class Kind:
    """A registered processor: what it does, and its options with their defaults.

    ``...`` stands for an option that must be given.
    """

    action: Action
    options: Mapping[str, Any]
    check: Callable[[Options], None] | None = None


@plain
class Processor:
    """A processor of a pipeline."""

    name: str
    kind: Kind
    options: Options
    ignore_failure: bool
    on_failure: Sequence[Processor]


_TEXTS = frozenset(
    {"target_field", "separator", "pattern", "replacement", "type", "timezone", "output_format"}
    | {"message", "name", "copy_from"}
)
_KINDS: dict[str, Kind] = {}


def processor(
    name: str, check: Callable[[Options], None] | None = None, /, **options: Any
) -> Callable[[Action], Action]:
    """Register a function as a processor.

    Args:
        name: what pipelines call it.
        check: looks at the options of one when its pipeline is put.
        options: what it takes, with defaults.
    """

    def register(action: Action) -> Action:
        _KINDS[name] = Kind(action, options, check)
        return action

    return register


def names_of_processors() -> list[str]:
    """Return the names of all processors, sorted."""
    return sorted(_KINDS)


def build(definitions: Any) -> list[Processor]:
    """Return the processors of a list of definitions.

    Raises:
        ApiError: one is wrong.
    """
    if not isinstance(definitions, list):
        raise _wrong("[processors] property isn't a list, but of another type", "processors")
    built = []
    for definition in definitions:
        if not isinstance(definition, dict) or len(definition) != 1:
            raise _wrong("a processor must be an object with one member", None)
        built += [_built(name, options) for name, options in definition.items()]
    return built


def _built(name: str, options: Any) -> Processor:
    kind = _KINDS.get(name)
    if kind is None:
        if name in _ELSEWHERE:
            raise unsupported(f"ingest processor [{name}]")
        raise _wrong(f"No processor type exists with name [{name}]", None, processor_type=name)
    if not isinstance(options, dict):
        raise _wrong("processor options must be an object", None, processor_type=name)
    if "if" in options:
        raise unsupported(f"[if] of ingest processor [{name}]: it needs scripts, which")
    _check_values(name, kind, options)
    extra = options.keys() - kind.options.keys() - _COMMON
    if extra:
        raise _wrong(
            f"processor [{name}] doesn't support one or more provided configuration parameters "
            f"[{', '.join(sorted(extra))}]",
            None,
            processor_type=name,
        )
    return Processor(
        name,
        kind,
        {**kind.options, **options},
        options.get("ignore_failure") is True,
        build(options.get("on_failure", [])),
    )


def _check_values(name: str, kind: Kind, options: Options) -> None:
    for option, default in kind.options.items():
        if default is ... and option not in options:
            raise _wrong(f"[{option}] required property is missing", option, processor_type=name)
    texts = _TEXTS if name == "remove" else _TEXTS | {"field"}
    for option in kind.options.keys() & texts:
        if option in options and not isinstance(options[option], str):
            raise _wrong(
                f"[{option}] property isn't a string, but of another type",
                option,
                processor_type=name,
            )
    for option, value in options.items():
        if option == "formats" or (option == "field" and name == "remove"):
            as_names(value, option)
    if kind.check is not None:
        kind.check(options)


def _wrong(reason: str, name: str | None, **more: str) -> ApiError:
    named = {} if name is None else {"property_name": name}
    return ApiError(400, "parse_exception", reason, **more, **named)  # type: ignore[arg-type]


def run_all(
    processors: Sequence[Processor], document: dict[str, Any], call: Callable[[str], None]
) -> None:
    """Run processors one after the other.

    Args:
        processors: in their order.
        document: source and metadata, changed in place.
        call: runs another pipeline.

    Raises:
        ProcessorFailure: one failed, and nothing handles that.
        Dropped: the document is not to be indexed.
    """
    paths = Paths(document)
    for each in processors:
        try:
            if each.name == "pipeline":
                call(str(each.options["name"]))
            else:
                _run(each, paths)
        except ProcessorFailure as failure:
            failure.processor, failure.tag = each.name, each.options.get("tag")
            if each.ignore_failure:
                continue
            if not each.on_failure:
                raise
            document["_ingest"] = failure.metadata()
            run_all(each.on_failure, document, call)


def _run(each: Processor, paths: Paths) -> None:
    try:
        each.kind.action(paths, each.options)
    except Absent as absent:
        raise ProcessorFailure("illegal_argument_exception", str(absent)) from None

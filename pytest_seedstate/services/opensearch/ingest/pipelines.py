"""Pipelines: which ones a write goes through, and how."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.ingest import kinds  # noqa: F401  # they register
from pytest_seedstate.services.opensearch.ingest.processors import (
    Dropped,
    ProcessorFailure,
    build,
    run_all,
)
from pytest_seedstate.services.opensearch.plain import plain

_MOST_NESTED = 10


@plain
class Ingested:
    """A document on its way into an index.

    Attributes:
        dropped: a pipeline decided not to index it.
    """

    index: str
    id: str | None
    routing: str | None
    source: dict[str, Any]
    dropped: bool = False


def check_pipeline(name: str, definition: Mapping[str, Any]) -> None:
    """Check a pipeline's definition.

    Raises:
        ApiError: it is wrong.
    """
    processors = definition.get("processors")
    if processors is None:
        raise _parse_error("[processors] required property is missing", "processors")
    known = {"processors", "description", "version", "on_failure", "_meta"}
    extra = definition.keys() - known
    if extra:
        raise _parse_error(
            f"pipeline [{name}] doesn't support one or more provided configuration parameters "
            f"[{', '.join(sorted(extra))}]",
            None,
        )
    build(processors)
    if "on_failure" in definition:
        build(definition["on_failure"])


def _parse_error(reason: str, name: str | None) -> ApiError:
    more: dict[str, Any] = {} if name is None else {"property_name": name}
    return ApiError(400, "parse_exception", reason, **more)


def run_pipelines(
    pipelines: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    asked: str | None,
    document: Ingested,
) -> Ingested | None:
    """Run a document through its pipelines.

    Args:
        pipelines: all there are, by id.
        settings: the index's, flat.
        asked: the pipeline that the request names.
        document: changed in place.

    Returns:
        The document; None when no pipeline applies.

    Raises:
        ApiError: a pipeline is not there, or a processor fails.
    """
    chosen = asked if asked is not None else settings.get("index.default_pipeline")
    names = [
        str(name)
        for name in (chosen, settings.get("index.final_pipeline"))
        if name not in (None, "_none")
    ]
    if not names:
        return None
    document.source = deepcopy(document.source)
    context: dict[str, Any] = {
        **document.source,
        "_index": document.index,
        "_id": document.id,
        "_routing": document.routing,
    }
    try:
        for name in names:
            run_pipeline(pipelines, name, context, 0)
    except Dropped:
        document.dropped = True
        return document
    document.index = str(context.pop("_index"))
    identifier, routing = context.pop("_id"), context.pop("_routing")
    document.id = None if identifier is None else str(identifier)
    document.routing = None if routing is None else str(routing)
    context.pop("_ingest", None)
    document.source = context
    return document


def run_pipeline(
    pipelines: Mapping[str, Mapping[str, Any]], name: str, context: dict[str, Any], depth: int
) -> None:
    """Run one pipeline.

    Raises:
        ApiError: it is not there, or fails.
    """
    definition = pipelines.get(name)
    if definition is None and depth:
        raise ApiError(
            400,
            "illegal_state_exception",
            f"Pipeline processor configured for non-existent pipeline [{name}]",
        )
    if definition is None:
        raise illegal_argument(f"pipeline with id [{name}] does not exist")
    if depth > _MOST_NESTED:
        raise illegal_argument(f"Cycle detected for pipeline: {name}")

    def call(other: str) -> None:
        run_pipeline(pipelines, other, context, depth + 1)

    try:
        run_all(build(definition["processors"]), context, call)
    except ProcessorFailure as failure:
        handlers = definition.get("on_failure")
        if not handlers:
            raise failure.as_error() from None
        context["_ingest"] = failure.metadata()
        try:
            run_all(build(handlers), context, call)
        except ProcessorFailure as second:
            raise second.as_error() from None

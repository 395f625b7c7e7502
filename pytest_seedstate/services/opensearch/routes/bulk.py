"""Many writes in one request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.routes.common import (
    check_active_shards,
    check_timeouts,
    refresh_choice,
    shards_of_write,
)
from pytest_seedstate.services.opensearch.routes.documents import source_of, write_body
from pytest_seedstate.services.opensearch.routes.registry import (
    Request,
    Response,
    parse_json,
    route,
)
from pytest_seedstate.services.opensearch.routes.updates import (
    Update,
    carry_out,
    read_update,
    source_parameters,
)
from pytest_seedstate.services.opensearch.shapes import token_of
from pytest_seedstate.services.opensearch.storage.index import Index, Written, validation_failed
from pytest_seedstate.services.opensearch.storage.node import random_id
from pytest_seedstate.services.opensearch.storage.writes import (
    Place,
    condition_of,
    delete_document,
    index_document,
)

_ACTIONS = ("create", "delete", "index", "update")
_METADATA = frozenset(
    {"_index", "_id", "routing", "_routing", "op_type", "version", "_version", "version_type"}
    | {"_version_type", "if_seq_no", "if_primary_term", "retry_on_conflict", "pipeline"}
    | {"_source", "require_alias"}
)


@dataclass(eq=False, repr=False)
class _Item:
    """One write.

    Attributes:
        action: as its answer names it.
        metadata: what its action line says.
        payload: its document, as sent; of a delete, nothing.
        update: what an update does.
    """

    action: str
    metadata: Mapping[str, Any]
    payload: bytes | None = None
    update: Update | None = None


@route(
    "PUT,POST",
    "/_bulk",
    "/{index}/_bulk",
    parameters=(
        *("pipeline", "refresh", "routing", "timeout", "wait_for_active_shards", "require_alias"),
        *("_source", "_source_includes", "_source_excludes"),
    ),
    documents=True,
)
def bulk(request: Request) -> Response:
    started = time.perf_counter()
    check_timeouts(request)
    check_active_shards(request)
    refresh = refresh_choice(request.parameters.get("refresh"))
    if not request.body:
        raise ApiError(400, "parse_exception", "request body is required")
    items = list(_items(request))
    if not items:
        raise validation_failed("no requests added")
    problems = [problem for item in items for problem in _problems(item)]
    if problems:
        raise validation_failed(*problems)
    touched: dict[str, Index] = {}
    answers = [_carried_out(request, item, refresh, touched) for item in items]
    if refresh != "false":
        for index in touched.values():
            index.refresh()
    errors = any("error" in told for each in answers for told in each.values())
    took = int((time.perf_counter() - started) * 1000)
    body: dict[str, Any] = {"took": took, "errors": errors, "items": answers}
    if any(_is_ingested(item, touched) for item in items):
        body["ingest_took"] = took
    return Response(body)


def _is_ingested(item: _Item, touched: Mapping[str, Index]) -> bool:
    if item.metadata.get("pipeline") not in (None, "_none"):
        return True
    index = touched.get(str(item.metadata["_index"]))
    pipelines = ("index.default_pipeline", "index.final_pipeline")
    return index is not None and any(name in index.settings for name in pipelines)


def _items(request: Request) -> Iterator[_Item]:
    if not request.body.endswith(b"\n"):
        raise illegal_argument("The bulk request must be terminated by a newline [\\n]")
    defaults = source_parameters(request)
    lines = request.body.split(b"\n")[:-1]
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if not line:
            continue
        action, metadata = _action(line, number, request)
        if action == "delete":
            yield _Item(action, metadata)
            continue
        if number >= len(lines):
            break  # as OpenSearch: an action line without its document is no request
        payload = lines[number].strip()
        number += 1
        if action == "update":
            body = parse_json(payload)
            if isinstance(body, dict) and "_source" not in body:
                chosen = {"_source": metadata["_source"]} if "_source" in metadata else defaults
                body = {**body, **chosen}
            yield _Item(action, metadata, payload, read_update(body))
        else:
            yield _Item(action, metadata, payload)


def _action(line: bytes, number: int, request: Request) -> tuple[str, dict[str, Any]]:
    malformed = f"Malformed action/metadata line [{number}], expected"
    parsed = parse_json(line)
    if not isinstance(parsed, dict):
        raise illegal_argument(f"{malformed} START_OBJECT but found [{token_of(parsed)}]")
    if not parsed:
        raise illegal_argument(f"{malformed} FIELD_NAME but found [END_OBJECT]")
    action, metadata = next(iter(parsed.items()))
    if action not in _ACTIONS:
        raise illegal_argument(
            f"{malformed} one of [create, delete, index, update] but found [{action}]"
        )
    if not isinstance(metadata, dict):
        raise illegal_argument(
            f"{malformed} START_OBJECT or END_OBJECT but found [{token_of(metadata)}]"
        )
    for name, value in metadata.items():
        if name not in _METADATA:
            raise illegal_argument(
                f"Action/metadata line [{number}] contains an unknown parameter [{name}]"
            )
        if name != "_source" and isinstance(value, (dict, list)):
            raise illegal_argument(
                f"{malformed} a simple value for field [{name}] but found [{token_of(value)}]"
            )
    told = {name.removeprefix("_") if name in _OLD else name: v for name, v in metadata.items()}
    told.setdefault("_index", request.names() or None)
    if action in ("index", "create") and told.get("_id") is None:
        told["_id"] = random_id(15)
    for name in ("routing", "pipeline"):
        if name in request.parameters:
            told.setdefault(name, request.parameters[name])
    if action == "index" and told.get("op_type") == "create":
        action = "create"
    return action, told


_OLD = ("_routing", "_version", "_version_type")


def _problems(item: _Item) -> Iterator[str]:
    """Yield what is wrong with a write before any is carried out."""
    if not item.metadata.get("_index"):
        yield "index is missing"
    if item.action in ("delete", "update") and not item.metadata.get("_id"):
        yield "id is missing"
    try:
        condition_of(item.metadata, create=item.action == "create")
    except ApiError as problem:
        if problem.kind != "action_request_validation_exception":
            raise
        yield str(problem.reason).removeprefix("Validation Failed: 1: ").removesuffix(";")
    if item.update is not None:
        compares = item.metadata.get("if_seq_no") is not None
        yield from item.update.problems(compares=compares)


def _carried_out(
    request: Request, item: _Item, refresh: str, touched: dict[str, Index]
) -> dict[str, Any]:
    try:
        written, extra = _write(request, item)
    except ApiError as problem:
        told = {
            "_index": _index_name(request, item),
            "_id": None if item.metadata.get("_id") is None else str(item.metadata["_id"]),
            "status": problem.status,
            "error": problem.cause(),
        }
        return {item.action: told}
    touched[written.index.name] = written.index
    is_forced = refresh == "true" and written.result != "noop"
    body = write_body(written, forced_refresh=is_forced)
    body["_shards"] = shards_of_write(written.index)
    status = {"created": 201, "not_found": 404}.get(written.result, 200)
    return {item.action: {**body, **extra, "status": status}}


def _index_name(request: Request, item: _Item) -> str:
    """Return the index that a failed write was meant for, as its answer names it."""
    name = str(item.metadata["_index"])
    try:
        index = request.node.names.write_index(name)
    except ApiError:
        return name
    return name if index is None else index.name


def _write(request: Request, item: _Item) -> tuple[Written, dict[str, Any]]:
    metadata = item.metadata
    identifier = metadata.get("_id")
    require_alias = metadata.get("require_alias", request.flag("require_alias"))
    if item.action == "delete":
        require_alias = False  # as a real node: deletes do not ask
    place = Place(
        str(metadata["_index"]),
        None if identifier is None else str(identifier),
        None if metadata.get("routing") is None else str(metadata["routing"]),
        require_alias in (True, "true"),
        metadata.get("pipeline"),
    )
    condition = condition_of(metadata, create=item.action == "create")
    if item.action == "delete":
        return delete_document(request.node, place, condition), {}
    if item.update is not None:
        return carry_out(request.node, place, item.update, condition)
    if place.id == "":
        raise illegal_argument("if _id is specified it must not be empty")
    assert item.payload is not None
    if not item.payload:
        raise ApiError(400, "mapper_parsing_exception", "failed to parse, document is empty")
    return index_document(request.node, place, source_of(item.payload), condition), {}

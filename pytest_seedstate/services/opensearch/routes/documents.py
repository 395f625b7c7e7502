"""Single documents: index, create, get, exists, source, several at once, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, parsing_error, unsupported
from pytest_seedstate.services.opensearch.routes.common import (
    check_active_shards,
    check_timeouts,
    refresh_choice,
    shards_of_write,
)
from pytest_seedstate.services.opensearch.routes.registry import (
    Request,
    Response,
    parse_map,
    route,
)
from pytest_seedstate.services.opensearch.shapes import as_list
from pytest_seedstate.services.opensearch.storage.blocks import check_blocks
from pytest_seedstate.services.opensearch.storage.document import Document
from pytest_seedstate.services.opensearch.storage.index import (
    PRIMARY_TERM,
    Index,
    Written,
    validation_failed,
)
from pytest_seedstate.services.opensearch.storage.projection import projected, source_choice
from pytest_seedstate.services.opensearch.storage.writes import (
    Place,
    condition_of,
    delete_document,
    index_document,
)

_CONDITIONS = ("version", "version_type", "if_seq_no", "if_primary_term")
_WRITE = (
    *("routing", "pipeline", "refresh", "timeout", "wait_for_active_shards", "require_alias"),
    *_CONDITIONS,
)
_SOURCE = ("_source", "_source_includes", "_source_excludes")
_READ = (
    "routing",
    "preference",
    "realtime",
    "refresh",
    "stored_fields",
    *_CONDITIONS[:2],
    *_SOURCE,
)


def write_body(written: Written, *, forced_refresh: bool = False) -> dict[str, Any]:
    """Return the answer to a write."""
    body: dict[str, Any] = {
        "_index": written.index.name,
        "_id": written.id,
        "_version": written.version,
        "result": written.result,
    }
    if forced_refresh:
        body["forced_refresh"] = True
    body["_shards"] = (
        {"total": 0, "successful": 0, "failed": 0}
        if written.result == "noop"
        else shards_of_write(written.index)
    )
    if written.seq_no >= 0:
        body["_seq_no"] = written.seq_no
        body["_primary_term"] = PRIMARY_TERM
    return body


def answer(written: Written, refresh: str) -> Response:
    """Refresh as asked and return the answer to a write."""
    if refresh != "false":
        written.index.refresh()
    status = {"created": 201, "not_found": 404}.get(written.result, 200)
    is_forced = refresh == "true" and written.result != "noop"
    return Response(write_body(written, forced_refresh=is_forced), status)


def source_of(text: bytes) -> dict[str, Any]:
    """Return a document that was sent.

    Raises:
        ApiError: it is none, in the words of the mapper.
    """
    try:
        return parse_map(text)
    except ApiError as problem:
        raise ApiError(
            400,
            "mapper_parsing_exception",
            "failed to parse",
            caused_by=problem.caused_by or problem.cause(),
        ) from None


@route("PUT,POST", "/{index}/_doc/{id}", parameters=("op_type", *_WRITE), documents=True)
def put_document(request: Request) -> Response:
    kind = request.parameters.get("op_type", "index")
    if kind not in ("index", "create"):
        raise ApiError(
            400,
            "illegal_argument_exception",
            f"opType must be 'create' or 'index', found: [{kind}]",
        )
    return _indexed(request, create=kind == "create")


@route("PUT,POST", "/{index}/_create/{id}", parameters=_WRITE, documents=True)
def create_document(request: Request) -> Response:
    return _indexed(request, create=True)


@route("POST", "/{index}/_doc", parameters=("op_type", *_WRITE), documents=True)
def add_document(request: Request) -> Response:
    return _indexed(request, create=request.parameters.get("op_type") == "create")


def _indexed(request: Request, *, create: bool) -> Response:
    refresh = refresh_choice(request.parameters.get("refresh"))
    check_timeouts(request)
    check_active_shards(request)
    if not request.body:
        raise ApiError(400, "parse_exception", "request body is required")
    condition = condition_of(request.parameters, create=create)
    written = index_document(request.node, _place(request), source_of(request.body), condition)
    return answer(written, refresh)


def _place(request: Request) -> Place:
    return Place(
        request.names(),
        request.variables.get("id"),
        request.parameters.get("routing"),
        request.flag("require_alias"),
        request.parameters.get("pipeline"),
    )


@route(
    "DELETE",
    "/{index}/_doc/{id}",
    parameters=("routing", "refresh", "timeout", "wait_for_active_shards", *_CONDITIONS),
    documents=True,
)
def remove_document(request: Request) -> Response:
    refresh = refresh_choice(request.parameters.get("refresh"))
    check_timeouts(request)
    check_active_shards(request)
    condition = condition_of(request.parameters)
    return answer(delete_document(request.node, _place(request), condition), refresh)


@route("GET", "/{index}/_doc/{id}", parameters=_READ)
def get_document(request: Request) -> Response:
    index = request.node.names.single(request.names())
    identifier = request.names("id")
    document = _read(request, index, identifier)
    if document is None:
        return Response({"_index": index.name, "_id": identifier, "found": False}, 404)
    return Response(_shown(index, document, _choice(request)))


@route("GET", "/{index}/_source/{id}", parameters=_READ)
def get_source(request: Request) -> Response:
    index = request.node.names.single(request.names())
    identifier = request.names("id")
    wants, includes, excludes = _choice(request)
    document = _read(request, index, identifier)
    if not wants:
        raise validation_failed("fetching source can not be disabled")
    if document is None:
        raise ApiError(
            404,
            "resource_not_found_exception",
            f"Document not found [{index.name}]/[{identifier}]",
        )
    if not document.has_source:
        raise ApiError(
            404,
            "resource_not_found_exception",
            f"Source not found [{index.name}]/[{identifier}]",
        )
    return Response(projected(document.source, includes, excludes))


def _read(request: Request, index: Index, identifier: str) -> Document | None:
    check_blocks(index, "read")
    if "stored_fields" in request.parameters:
        raise unsupported("[stored_fields]")
    if request.flag("refresh"):
        index.refresh()
    index.check_routing(identifier, request.parameters.get("routing"))
    if request.flag("realtime", True):
        document = index.get(identifier)
    else:
        reader = index.reader()
        ordinal = reader.find(identifier)
        document = None if ordinal is None else reader.document(ordinal)
    wanted = request.parameters.get("version")
    if (
        document is not None
        and wanted is not None
        and request.integer("version", 0) != document.version
    ):
        raise index.conflict(
            identifier,
            f"current version [{document.version}] is different than the one provided [{wanted}]",
        )
    return document


def _choice(request: Request) -> tuple[bool, list[str], list[str]]:
    chosen = request.parameters.get("_source", "true")
    wants = chosen != "false"
    includes = [] if chosen in ("true", "false", "") else chosen.split(",")
    for name in ("_source_includes", "_source_include"):
        if request.parameters.get(name):
            includes = request.parameters[name].split(",")
    excludes = [each for each in request.parameters.get("_source_excludes", "").split(",") if each]
    return wants, includes, excludes


def _shown(
    index: Index, document: Document, choice: tuple[bool, list[str], list[str]]
) -> dict[str, Any]:
    wants, includes, excludes = choice
    shown: dict[str, Any] = {
        "_index": index.name,
        "_id": document.id,
        "_version": document.version,
        "_seq_no": document.seq_no,
        "_primary_term": document.primary_term,
    }
    if document.routing is not None and wants:
        shown["_routing"] = document.routing
    if document.ignored and wants:
        shown["_ignored"] = list(document.ignored)
    shown["found"] = True
    if wants and document.has_source:
        shown["_source"] = (
            projected(document.source, includes, excludes)
            if includes or excludes
            else document.source
        )
    return shown


_ITEM = frozenset(
    {"_index", "_id", "routing", "_routing", "_source", "version", "version_type", "stored_fields"}
)


@route(
    "GET,POST",
    "/_mget",
    "/{index}/_mget",
    parameters=("preference", "realtime", "refresh", "routing", "stored_fields", *_SOURCE),
)
def get_documents(request: Request) -> Response:
    body = request.json()
    if body is None:
        raise ApiError(400, "parse_exception", "request body or source parameter is required")
    if not isinstance(body, dict):
        raise parsing_error(
            "unexpected token [START_ARRAY], expected [FIELD_NAME] or [START_ARRAY]"
        )
    for key in body.keys() - {"docs", "ids"}:
        token = "START_ARRAY" if isinstance(body[key], list) else "VALUE"
        raise parsing_error(f"unknown key [{key}] for a {token}, expected [docs] or [ids]")
    if "stored_fields" in request.parameters:
        raise unsupported("[stored_fields]")
    items = [
        *(_item(each) for each in as_list(body.get("docs"), "docs")),
        *({"_id": str(each)} for each in as_list(body.get("ids"), "ids")),
    ]
    if not items:
        raise validation_failed("no documents to get")
    problems = []
    for number, item in enumerate(items):
        item.setdefault("_index", request.names() or None)
        if item["_index"] is None:
            problems.append(f"index is missing for doc {number}")
        if item.get("_id") is None:
            problems.append(f"id is missing for doc {number}")
    if problems:
        raise validation_failed(*problems)
    return Response({"docs": [_got(request, item) for item in items]})


def _item(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise ApiError(
            400, "parse_exception", "failed to parse multi get request, expected an object"
        )
    for key in sent.keys() - _ITEM:
        raise ApiError(
            400, "parse_exception", f"failed to parse multi get request. unknown field [{key}]"
        )
    if "stored_fields" in sent:
        raise unsupported("[stored_fields]")
    return dict(sent)


def _got(request: Request, item: Mapping[str, Any]) -> dict[str, Any]:
    name, identifier = str(item["_index"]), str(item["_id"])
    try:
        index = request.node.names.single(name)
        check_blocks(index, "read")
        if request.flag("refresh"):
            index.refresh()
        index.check_routing(
            identifier,
            item.get("routing", item.get("_routing", request.parameters.get("routing"))),
        )
        document = index.get(identifier)
    except ApiError as problem:
        return {
            "_index": name,
            "_id": identifier,
            "error": {"root_cause": problem.root_cause(), **problem.cause()},
        }
    if document is None:
        return {"_index": index.name, "_id": identifier, "found": False}
    choice = source_choice(item["_source"]) if "_source" in item else _choice(request)
    return _shown(index, document, choice)

"""Updates: by a partial document or by a small script, with an upsert for what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.mapping.values import boolean_parameter
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.routes.common import (
    check_active_shards,
    check_timeouts,
    refresh_choice,
)
from pytest_seedstate.services.opensearch.routes.documents import answer
from pytest_seedstate.services.opensearch.routes.registry import (
    Request,
    Response,
    route,
)
from pytest_seedstate.services.opensearch.scripts import Script, read_script
from pytest_seedstate.services.opensearch.shapes import token_of
from pytest_seedstate.services.opensearch.storage.blocks import check_blocks
from pytest_seedstate.services.opensearch.storage.document import Document
from pytest_seedstate.services.opensearch.storage.index import (
    Condition,
    Index,
    Written,
    validation_failed,
)
from pytest_seedstate.services.opensearch.storage.node import Node
from pytest_seedstate.services.opensearch.storage.projection import projected, source_choice
from pytest_seedstate.services.opensearch.storage.writes import (
    Place,
    condition_of,
    document_missing,
    index_document,
)

_OBJECTS = ("doc", "upsert")
_FLAGS = {"doc_as_upsert": False, "scripted_upsert": False, "detect_noop": True}
_KNOWN = {*_OBJECTS, *_FLAGS, "script", "_source", "if_seq_no", "if_primary_term"}


@plain
class Update:
    """What an update does.

    Attributes:
        doc: to be merged into the document.
        script: to be run on it.
        upsert: what is indexed where there is no document.
        source: which parts of the result the answer has; None: none.
    """

    doc: Mapping[str, Any] | None
    script: Script | None
    upsert: Mapping[str, Any] | None
    doc_as_upsert: bool
    scripted_upsert: bool
    detect_noop: bool
    source: Any

    def problems(self, *, compares: bool) -> Iterator[str]:
        """Yield contradictions; `compares`: a sequence number is given with it."""
        if self.script is None and self.doc is None:
            yield "script or doc is missing"
        if self.script is not None and self.doc is not None:
            yield "can't provide both script and doc"
        if self.doc is None and self.doc_as_upsert:
            yield "doc must be specified if doc_as_upsert is enabled"
        if compares and (self.doc_as_upsert or self.upsert is not None):
            yield "compare and write operations can not be used with upsert"


def read_update(body: Any) -> Update:
    """Return what an update's body asks for.

    Raises:
        ApiError: it is no such body.
    """
    if not isinstance(body, dict):
        raise _wrong("[1:1] [UpdateRequest] Expected START_OBJECT but was: VALUE")
    for key in body:
        if key not in _KNOWN:
            raise _wrong(f"[1:2] [UpdateRequest] unknown field [{key}]")
    for key in _OBJECTS:
        if key in body and not isinstance(body[key], dict):
            token = token_of(body[key])
            raise _wrong(f"[1:9] [UpdateRequest] {key} doesn't support values of type: {token}")
    flags = {name: boolean_parameter(body.get(name, default)) for name, default in _FLAGS.items()}
    return Update(
        doc=body.get("doc"),
        script=read_script(body["script"]) if "script" in body else None,
        upsert=body.get("upsert"),
        source=body.get("_source"),
        **flags,
    )


def _wrong(reason: str) -> ApiError:
    return ApiError(400, "x_content_parse_exception", reason)


@route(
    "POST",
    "/{index}/_update/{id}",
    parameters=(
        *("routing", "refresh", "timeout", "wait_for_active_shards", "require_alias"),
        *("retry_on_conflict", "if_seq_no", "if_primary_term", "version", "version_type"),
        *("_source", "_source_includes", "_source_excludes"),
    ),
    documents=True,
)
def update_document(request: Request) -> Response:
    check_timeouts(request)
    check_active_shards(request)
    refresh = refresh_choice(request.parameters.get("refresh"))
    body = request.object(required=True, reader="UpdateRequest")
    if "_source" not in body:
        body = {**body, **source_parameters(request)}
    update = read_update(body)
    asked = {name: body[name] for name in ("if_seq_no", "if_primary_term") if name in body} | dict(
        request.parameters
    )
    condition = condition_of(asked)
    if condition.version is not None:
        raise validation_failed(
            "internal versioning can not be used for optimistic concurrency control. Please use "
            "`if_seq_no` and `if_primary_term` instead"
        )
    if request.integer("retry_on_conflict", 0) and condition.if_seq_no is not None:
        raise validation_failed("compare and write operations can not be retried")
    problems = list(update.problems(compares=condition.if_seq_no is not None))
    if problems:
        raise validation_failed(*problems)
    place = Place(
        request.names(),
        request.names("id"),
        request.parameters.get("routing"),
        request.flag("require_alias"),
    )
    written, extra = carry_out(request.node, place, update, condition)
    response = answer(written, refresh)
    response.body.update(extra)
    return response


def source_parameters(request: Request) -> dict[str, Any]:
    """Return the ``_source`` member that a request's parameters stand for, if they do."""
    chosen = request.parameters.get("_source")
    includes = request.parameters.get("_source_includes")
    excludes = request.parameters.get("_source_excludes")
    if includes or excludes:
        lists = {"includes": includes, "excludes": excludes}
        return {"_source": {name: each.split(",") for name, each in lists.items() if each}}
    if chosen is None:
        return {}
    flags = {"true": True, "false": False, "": True}
    return {"_source": flags[chosen] if chosen in flags else chosen.split(",")}


def carry_out(
    node: Node, place: Place, update: Update, condition: Condition
) -> tuple[Written, dict[str, Any]]:
    """Update a document.

    Args:
        node: where.
        place: which document.
        update: what to do.
        condition: what must hold.

    Returns:
        What was done, and the ``get`` member of the answer if one was asked for.

    Raises:
        ApiError: there is no document and no upsert, or it cannot be written.
    """
    index = node.index_for_writing(place.name, require_alias=place.require_alias)
    check_blocks(index, "write", "read_only")
    assert place.id is not None
    # An update writes to the very index that it read from.
    routing = index.aliases.get(place.name, {}).get("index_routing", place.routing)
    index.check_routing(place.id, routing)
    document = index.documents.get(place.id)
    if document is None:
        written = _upsert(node, index, place, update, routing, condition)
    else:
        written = _updated(node, index, document, update, routing, condition)
    return written, _got(written, update.source)


def _upsert(
    node: Node,
    index: Index,
    place: Place,
    update: Update,
    routing: str | None,
    condition: Condition,
) -> Written:
    assert place.id is not None
    source = update.doc if update.doc_as_upsert else update.upsert
    if source is None or condition.if_seq_no is not None:
        raise document_missing(index, place.id)
    if update.script is not None and update.scripted_upsert:
        changed = dict(deepcopy(source))
        operation = update.script.run(_context(index, place.id, None, routing, changed, "create"))
        if operation != "create":
            return Written(index, place.id, "noop", -1, -2)
        source = changed
    return index_document(
        node,
        Place(index.name, place.id, routing, pipeline=place.pipeline),
        source,
        Condition(create=True),
    )


def _updated(
    node: Node,
    index: Index,
    document: Document,
    update: Update,
    routing: str | None,
    condition: Condition,
) -> Written:
    if condition.if_seq_no is not None and (
        condition.if_seq_no != document.seq_no or condition.if_primary_term != document.primary_term
    ):
        raise index.conflict(
            document.id,
            f"required seqNo [{condition.if_seq_no}], primary term [{condition.if_primary_term}]. "
            f"current document has seqNo [{document.seq_no}] and primary term "
            f"[{document.primary_term}]",
        )
    if not document.has_source:
        raise ApiError(
            400,
            "document_source_missing_exception",
            f"[{document.id}]: document source missing",
            index=index.name,
            shard="0",
            index_uuid=index.uuid,
        )
    routing = document.routing if document.routing is not None else routing
    noop = Written(index, document.id, "noop", document.version, document.seq_no, document)
    if update.script is not None:
        changed = dict(deepcopy(document.source))
        context = _context(index, document.id, document, routing, changed, "index")
        operation = update.script.run(context)
        if operation == "delete":
            return index.delete(document.id, routing=routing)
        if operation != "index":
            index.counters.noops += 1
            return noop
        source = context["_source"]
    else:
        assert update.doc is not None
        source = deep_merged(document.source, update.doc)
        if update.detect_noop and source == document.source and _same(source, document.source):
            index.counters.noops += 1
            return noop
    return index_document(node, Place(index.name, document.id, routing), source)


def _context(
    index: Index,
    identifier: str,
    document: Document | None,
    routing: str | None,
    source: dict[str, Any],
    operation: str,
) -> dict[str, Any]:
    """Return what a script knows as ``ctx``."""
    context: dict[str, Any] = {"_index": index.name, "_id": identifier, "_source": source}
    context.update({"op": operation, "_routing": routing, "_now": Node.now()})
    if document is not None:
        context["_version"] = document.version
    return context


def _same(a: Any, b: Any) -> bool:
    """Tell whether equal values are of the same types too: 1, 1.0 and true are not."""
    if isinstance(a, dict):
        return all(_same(value, b[name]) for name, value in a.items())
    if isinstance(a, list):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b)


def deep_merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with another one merged in: objects member by member, the rest replaced."""
    merged = dict(under)
    for name, value in over.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[name] = deep_merged(known, value)
        else:
            merged[name] = value
    return merged


def _got(written: Written, chosen: Any) -> dict[str, Any]:
    if chosen is None or chosen is False:
        return {}
    got: dict[str, Any] = {}
    if written.document is not None:
        wants, includes, excludes = source_choice(chosen)
        got = {"_seq_no": written.seq_no, "_primary_term": 1, "found": True}
        if wants:
            got["_source"] = projected(written.document.source, includes, excludes)
    return {"get": got} if got else {}

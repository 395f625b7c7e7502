"""Mappings: get, put, the mapping of single fields; analysis of texts."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from pytest_seedstate.services.opensearch.analysis import Analyzer, Analyzers, Token
from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.mapping.tree import Leaf
from pytest_seedstate.services.opensearch.routes.common import (
    INDEX_OPTIONS,
    TIMEOUTS,
    acknowledged,
    check_timeouts,
    indices_of,
)
from pytest_seedstate.services.opensearch.routes.registry import (
    Request,
    Response,
    route,
)
from pytest_seedstate.services.opensearch.shapes import token_of
from pytest_seedstate.services.opensearch.storage.blocks import check_blocks
from pytest_seedstate.services.opensearch.storage.index import Index, validation_failed
from pytest_seedstate.services.opensearch.storage.limits import check


@route(
    "GET",
    "/_mapping",
    "/_mappings",
    "/{index}/_mapping",
    "/{index}/_mappings",
    parameters=(*INDEX_OPTIONS, *TIMEOUTS, "local"),
)
def get_mapping(request: Request) -> Response:
    return Response(
        {
            target.index.name: {"mappings": target.index.mapping.definition()}
            for target in indices_of(request)
        }
    )


@route(
    "PUT,POST",
    "/{index}/_mapping",
    "/{index}/_mappings",
    parameters=(*INDEX_OPTIONS, *TIMEOUTS, "write_index_only"),
)
def put_mapping(request: Request) -> Response:
    check_timeouts(request)
    body = request.object(required=True)
    changed = []
    for target in indices_of(request, allow_none=False):
        check_blocks(target.index, "metadata", "read_only")
        if request.flag("write_index_only") and not _is_write_index(target.index, request):
            continue
        mapping = target.index.mapping.with_definition(body, is_update=True)
        target.index.check_limits(mapping)
        changed.append((target.index, mapping))
    for index, mapping in changed:
        index.mapping = mapping
        request.node.state_version += 1
    return acknowledged()


def _is_write_index(index: Index, request: Request) -> bool:
    names = request.names().split(",")
    return any(request.node.names.write_index(name) is index for name in names)


@route(
    "GET",
    "/_mapping/field/{fields}",
    "/{index}/_mapping/field/{fields}",
    parameters=(*INDEX_OPTIONS, *TIMEOUTS, "local", "include_defaults"),
)
def get_field_mapping(request: Request) -> Response:
    patterns = request.names("fields").split(",")
    shown: dict[str, Any] = {}
    for target in indices_of(request):
        found = {
            name: {
                "full_name": name,
                "mapping": {name.rpartition(".")[2]: _shown(leaf, request)},
            }
            for name, leaf in sorted(target.index.mapping.leaves.items())
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        }
        shown[target.index.name] = {"mappings": found}
    return Response(shown)


def _shown(leaf: Leaf, request: Request) -> dict[str, Any]:
    shown = leaf.shown()
    if request.flag("include_defaults") and leaf.field is not None:
        return {**leaf.field.PARAMETERS, **shown}
    return shown


_ANALYZE_KEYS = frozenset(
    {"analyzer", "text", "field", "tokenizer", "filter", "char_filter", "normalizer", "explain"}
    | {"attributes"}
)


@route("GET,POST", "/_analyze", "/{index}/_analyze", parameters=("index", "prefer_local"))
def analyze(request: Request) -> Response:
    if not request.body:
        raise ApiError(400, "parse_exception", "request body or source parameter is required")
    body = request.object(reader="analyze_request")
    for key in body.keys() - _ANALYZE_KEYS:
        raise ApiError(
            400, "x_content_parse_exception", f"[1:2] [analyze_request] unknown field [{key}]"
        )
    texts = body.get("text")
    if texts is None or texts == []:
        raise validation_failed("text is missing")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ApiError(
            400,
            "x_content_parse_exception",
            f"[analyze_request] text doesn't support values of type: {token_of(body['text'])}",
        )
    if body.get("explain") or body.get("attributes"):
        raise unsupported("[explain] of [_analyze]")
    name = request.names() or request.parameters.get("index", "")
    index = request.node.names.single(name) if name else None
    analyzer = _analyzer(body, index)
    if index is None:  # as OpenSearch: analyzers have their gap between values only in an index
        analyzer = replace(analyzer, position_increment_gap=0)
    tokens = analyzer.value_tokens(texts)
    check({} if index is None else index.settings, "analyze.max_token_count", len(tokens))
    return Response({"tokens": [_token(token) for token in tokens]})


def _token(token: Token) -> dict[str, Any]:
    return {
        "token": token.term,
        "start_offset": token.start,
        "end_offset": token.end,
        "type": token.type,
        "position": token.position,
    }


def _analyzer(body: dict[str, Any], index: Index | None) -> Analyzer:
    analysis = Analyzers({}) if index is None else index.analysis
    if "analyzer" in body:
        name = str(body["analyzer"])
        if not analysis.has(name):
            scope = "global analyzer" if index is None else "analyzer"
            raise illegal_argument(f"failed to find {scope} [{name}]")
        return analysis.analyzer(name)
    if "normalizer" in body:
        name = str(body["normalizer"])
        if not analysis.has_normalizer(name):
            raise illegal_argument(f"failed to find normalizer under [{name}]")
        return analysis.normalizer(name)
    if body.keys() & {"tokenizer", "filter", "char_filter"}:
        return analysis.custom(body)
    if "field" in body:
        if index is None:
            raise illegal_argument("analysis based on a specific field requires an index")
        field = index.mapping.field(str(body["field"]))
        if field is not None and field.analyzer is not None:
            return field.analyzer
        if field is not None and field.type == "keyword":
            return analysis.custom({"tokenizer": "keyword"})
        if field is not None:
            raise illegal_argument(
                f"Can't process field [{field.name}], Analysis requests are only supported on "
                "tokenized fields"
            )
    return analysis.analyzer("default")

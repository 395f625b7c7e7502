"""Writing to what a request calls an index: aliases, creation, routing and pipelines included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.ingest.pipelines import Ingested, run_pipelines
from pytest_seedstate.services.opensearch.storage.blocks import check_blocks
from pytest_seedstate.services.opensearch.storage.index import (
    ANYTHING,
    Condition,
    Index,
    Written,
    validation_failed,
)
from pytest_seedstate.services.opensearch.storage.node import Node, random_id


@dataclass(eq=False, repr=False)
class Place:
    """Where a write goes.

    Attributes:
        name: an index or an alias.
        id: None: one is made up.
        routing: as sent.
        require_alias: the name must be an alias.
        pipeline: the ingest pipeline that was asked for; ``_none`` for none, not even the default.
    """

    name: str
    id: str | None = None
    routing: str | None = None
    require_alias: bool = False
    pipeline: str | None = None


def index_document(
    node: Node, place: Place, source: Mapping[str, Any], condition: Condition = ANYTHING
) -> Written:
    """Index a document.

    Args:
        node: where.
        place: under which name.
        source: the document; nobody may change it afterwards.
        condition: what must hold.

    Raises:
        ApiError: it cannot be written.
    """
    # Pipelines come first: a document that they refuse or drop makes no index.
    known = node.names.write_index(place.name)
    routing = place.routing if known is None else _routing(known, place)
    settings = node.templates.blueprint(place.name).settings if known is None else known.settings
    name, identifier = place.name if known is None else known.name, place.id
    require_alias = place.require_alias
    if require_alias:
        node.index_for_writing(place.name, require_alias=True)
    ingested = run_pipelines(
        node.pipelines,
        settings,
        place.pipeline,
        Ingested(name, identifier, routing, dict(source)),
    )
    if ingested is not None:
        if ingested.dropped:
            index = known or node.build_index(name, node.templates.blueprint(name))
            return Written(index, identifier or "auto-generated", "noop", -3, -2)
        name, identifier = ingested.index, ingested.id
        routing, source = ingested.routing, ingested.source
    index = node.index_for_writing(name, require_alias=False)
    check_blocks(index, "write", "read_only", "read_only_allow_delete")
    if identifier is None:
        identifier = random_id(15)
    return index.write(identifier, source, condition=condition, routing=routing)


def delete_document(node: Node, place: Place, condition: Condition = ANYTHING) -> Written:
    """Delete a document.

    Raises:
        ApiError: it cannot be deleted. That it is not there is no error.
    """
    # As OpenSearch: only a delete with an external version makes the index.
    makes_index = condition.version_type != "internal"
    index = node.index_for_writing(
        place.name, require_alias=place.require_alias, create=makes_index
    )
    check_blocks(index, "write", "read_only")
    assert place.id is not None
    return index.delete(place.id, condition=condition, routing=_routing(index, place))


def _routing(index: Index, place: Place) -> str | None:
    of_alias = index.aliases.get(place.name, {}).get("index_routing")
    if of_alias is None:
        return place.routing
    if place.routing is not None and place.routing != of_alias:
        raise illegal_argument(
            f"Alias [{place.name}] has index routing associated with it [{of_alias}], and was "
            f"provided with routing value [{place.routing}], rejecting operation"
        )
    return str(of_alias)


def condition_of(values: Mapping[str, Any], *, create: bool = False) -> Condition:
    """Return the condition that parameters or a bulk line's metadata ask for.

    Args:
        values: ``version``, ``version_type``, ``if_seq_no``, ``if_primary_term``.
        create: there must be no document.

    Raises:
        ApiError: they contradict each other.
    """
    version = _number(values, "version")
    version_type = str(values.get("version_type", "internal"))
    if version_type not in ("internal", "external", "external_gte"):
        raise illegal_argument(f"No version type match [{version_type}]")
    if_seq_no, term = _number(values, "if_seq_no"), _number(values, "if_primary_term")
    if version_type == "internal" and version is not None:
        raise validation_failed(
            "internal versioning can not be used for optimistic concurrency control. Please use "
            "`if_seq_no` and `if_primary_term` instead"
        )
    if version_type != "internal" and version is None:
        raise validation_failed(
            f"illegal version value [-3] for version type [{version_type.upper()}]"
        )
    if version is not None and version < 0:
        raise validation_failed(
            f"illegal version value [{version}] for version type [{version_type.upper()}]"
        )
    if version is not None and create:
        raise validation_failed(
            "create operations only support internal versioning. use index instead"
        )
    if if_seq_no is not None and if_seq_no < 0:
        raise illegal_argument(f"sequence numbers must be non negative. got [{if_seq_no}].")
    if if_seq_no is not None and not term:
        raise validation_failed("ifSeqNo is set, but primary term is [0]")
    if if_seq_no is None and term:
        raise validation_failed(f"ifSeqNo is unassigned, but primary term is [{term}]")
    if if_seq_no is not None and version is not None:
        raise validation_failed("compare and write operations can not use versioning")
    if if_seq_no is not None and create:
        raise validation_failed(
            "create operations do not support compare and set. use index instead"
        )
    return Condition(version, version_type, if_seq_no, term, create)  # type: ignore[arg-type]


def _number(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise illegal_argument(
            f"Failed to parse long parameter [{name}] with value [{value}]",
            {"type": "number_format_exception", "reason": f'For input string: "{value}"'},
        ) from None


def document_missing(index: Index, identifier: str) -> ApiError:
    """Return the 404 of an update of nothing."""
    return ApiError(
        404,
        "document_missing_exception",
        f"[{identifier}]: document missing",
        index=index.name,
        shard="0",
        index_uuid=index.uuid,
    )

"""Writes to what a search finds: delete by query, update by query, reindex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, illegal_argument, unsupported
from ..plain import plain
from ..queries import parse
from ..queries.leaf import MatchAll
from ..scripts import Script, read_script
from ..shapes import as_names, as_object
from ..storage.index import Condition, validation_failed
from ..storage.projection import projected, source_choice
from ..storage.writes import Place as WritePlace
from ..storage.writes import delete_document, index_document
from .execute import Place, Watch, places, run
from .request import Search, whole
from .sort_request import parse_sort

if TYPE_CHECKING:
    from ..storage.document import Document
    from ..storage.node import Node

_MANY = 2**31


@plain
class Work:
    """What a by-query request does, and what it has done."""

    node: Node
    proceed: bool
    batch: int = 1000
    total: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: {"updated": 0, "created": 0, "deleted": 0, "noops": 0}
    )
    conflicts: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    watch: Watch = field(default_factory=Watch)

    def each(self, found: list[tuple[str, Document]], act: Callable[[str, Document], None]) -> None:
        """Do something with each document; a conflict ends it after the batch, or is let be."""
        self.total = len(found)
        for number, (index, document) in enumerate(found):
            if self.failures and number % self.batch == 0:
                return
            try:
                act(index, document)
            except ApiError as problem:
                conflict = problem.kind == "version_conflict_engine_exception"
                if conflict:
                    self.conflicts += 1
                    if self.proceed:
                        continue
                self.failures.append(
                    {
                        "index": str(problem.more.get("index", index)),
                        "id": document.id,
                        "cause": problem.cause(),
                        "status": problem.status,
                    }
                )

    def refresh(self) -> None:
        for name in self.touched:
            if name in self.node.indices:
                self.node.indices[name].refresh()

    def answer(self, *shown: str) -> dict[str, Any]:
        told: dict[str, Any] = {"took": self.watch.took(), "timed_out": False, "total": self.total}
        for name in shown:
            told[name] = self.counts[name]
        batches = -(-self.total // self.batch)
        told.update(
            batches=batches,
            version_conflicts=self.conflicts,
            noops=self.counts["noops"],
            retries={"bulk": 0, "search": 0},
            throttled_millis=0,
            requests_per_second=-1.0,
            throttled_until_millis=0,
            failures=self.failures,
        )
        return told

    @property
    def status(self) -> int:
        return max((one["status"] for one in self.failures), default=200)


def found_documents(
    node: Node, searched: list[Place], search: Search, most: int | None, batch: int
) -> list[tuple[str, Document]]:
    """The documents of a search, as they were at the last refresh; `batch` at once."""
    search.size = _MANY
    search.track_total = True
    if not search.sort:
        search.sort = parse_sort(["_doc"])
    found = run(node, searched, search, batch=batch)
    documents = [
        (
            found.contexts[hit.place].reader.index,
            found.contexts[hit.place].reader.document(hit.ordinal),
        )
        for hit in found.hits
    ]
    return documents if most is None else documents[:most]


def _most(body: Mapping[str, Any], parameters: Mapping[str, str]) -> int | None:
    value = parameters.get(
        "max_docs", body.get("max_docs", parameters.get("size", body.get("size")))
    )
    if value in (None, -1, "-1"):
        return None
    count = whole("max_docs", value)
    if count == 0:
        raise validation_failed(
            f"maxDocs should be greater than 0 if the request is limited to some number of documents"
            f" or -1 if it isn't but it was [{value}]"
        )
    return count


def _batch(name: str, value: Any) -> int:
    size = 1000 if value is None else whole(name, value)
    if size <= 0:
        raise validation_failed(f"[{name}] must be greater than 0, not [{size}]")
    return size


def proceeds(value: Any) -> bool:
    if value not in (None, "abort", "proceed"):
        raise illegal_argument(f'conflicts may only be "proceed" or "abort" but was [{value}]')
    return bool(value == "proceed")


def delete_by_query(
    node: Node, expression: str, body: Mapping[str, Any], parameters: Mapping[str, str]
) -> Work:
    """Delete what a query finds."""
    _known(body, "query", "max_docs", "size", "conflicts", "sort")
    if body.get("query") is None:
        raise validation_failed("query is missing")
    work = Work(
        node,
        proceeds(parameters.get("conflicts", body.get("conflicts"))),
        batch=_batch("scroll_size", parameters.get("scroll_size")),
    )
    search = Search(query=parse(body["query"]))
    if "sort" in body:
        search.sort = parse_sort(body["sort"])
    found = found_documents(
        node, places(node, expression, parameters), search, _most(body, parameters), work.batch
    )

    def act(index: str, document: Document) -> None:
        delete_document(
            node,
            WritePlace(index, document.id, document.routing),
            Condition(if_seq_no=document.seq_no, if_primary_term=document.primary_term),
        )
        work.counts["deleted"] += 1
        work.touched.add(index)

    work.each(found, act)
    return work


def _context(index: str, document: Document, operation: str) -> dict[str, Any]:
    return {
        "_index": index,
        "_id": document.id,
        "_routing": document.routing,
        "_version": document.version,
        "_source": deepcopy(dict(document.source)),
        "op": operation,
    }


def update_by_query(
    node: Node, expression: str, body: Mapping[str, Any], parameters: Mapping[str, str]
) -> Work:
    """Run a script on what a query finds, or index it again."""
    _known(body, "query", "script", "max_docs", "size", "conflicts", "sort")
    script = read_script(body["script"]) if body.get("script") is not None else None
    work = Work(
        node,
        proceeds(parameters.get("conflicts", body.get("conflicts"))),
        batch=_batch("scroll_size", parameters.get("scroll_size")),
    )
    search = Search(query=parse(body["query"]) if body.get("query") else MatchAll())
    if "sort" in body:
        search.sort = parse_sort(body["sort"])
    found = found_documents(
        node, places(node, expression, parameters), search, _most(body, parameters), work.batch
    )
    pipeline = parameters.get("pipeline")

    def act(index: str, document: Document) -> None:
        source: Mapping[str, Any] = document.source
        same = Condition(if_seq_no=document.seq_no, if_primary_term=document.primary_term)
        place = WritePlace(index, document.id, document.routing, pipeline=pipeline)
        if script is not None:
            changed = _context(index, document, "index")
            operation = script.run(changed)
            source = changed["_source"]
            if operation in ("none", "noop"):
                work.counts["noops"] += 1
                return
            if operation == "delete":
                delete_document(node, place, same)
                work.counts["deleted"] += 1
                work.touched.add(index)
                return
        index_document(node, place, source, same)
        work.counts["updated"] += 1
        work.touched.add(index)

    work.each(found, act)
    return work


def _known(body: Mapping[str, Any], *names: str) -> None:
    for name in body:
        if name not in names:
            if name == "slice":
                raise unsupported("[slice] of by-query requests")
            raise ApiError(
                400, "parsing_exception", f"Unknown key for a VALUE in [{name}].", line=1, col=1
            )


@plain
class Destination:
    """Where reindexed documents go."""

    name: str
    create: bool
    external: bool
    pipeline: str | None
    routing: str
    script: Script | None


def _destination(body: Mapping[str, Any]) -> Destination:
    target = as_object(body.get("dest"), "dest")
    for key in target:
        if key not in ("index", "op_type", "version_type", "pipeline", "routing"):
            raise ApiError(400, "x_content_parse_exception", f"[1:1] [dest] unknown field [{key}]")
    if not target.get("index"):
        raise validation_failed("index must be specified")
    if target.get("op_type", "index") not in ("index", "create"):
        raise illegal_argument(
            "opType must be 'create' or 'index', found: [" + str(target["op_type"]) + "]"
        )
    version_type = target.get("version_type", "internal")
    if version_type not in ("internal", "external"):
        raise unsupported(f"[version_type] with [{version_type}] of [_reindex]")
    script = read_script(body["script"]) if body.get("script") is not None else None
    return Destination(
        str(target["index"]),
        target.get("op_type") == "create",
        version_type == "external",
        target.get("pipeline"),
        str(target.get("routing", "keep")),
        script,
    )


def _source_search(source: Mapping[str, Any]) -> tuple[str, Search]:
    for key in source:
        if key == "remote":
            raise unsupported("[remote] of [_reindex]")
        if key not in ("index", "query", "_source", "size", "sort"):
            raise unsupported(f"[{key}] of the source of [_reindex]")
    names = source.get("index")
    if not names:
        raise validation_failed("use _all if you really want to copy from all existing indexes")
    search = Search(query=parse(source["query"]) if source.get("query") else MatchAll())
    if "sort" in source:
        search.sort = parse_sort(source["sort"])
    if "_source" in source:
        search.source = source_choice(source["_source"])
    return ",".join(as_names(names, "index")), search


def reindex(node: Node, body: Mapping[str, Any], parameters: Mapping[str, str]) -> Work:
    """Copy what a query finds to another index."""
    _known(body, "source", "dest", "script", "conflicts", "max_docs", "size")
    source = as_object(body.get("source"), "source")
    expression, search = _source_search(source)
    to = _destination(body)
    work = Work(node, proceeds(body.get("conflicts")), batch=_batch("size", source.get("size")))
    searched = places(node, expression, {})
    if any(place.reader.index == to.name for place in searched):
        raise validation_failed(f"reindex cannot write into an index its reading from [{to.name}]")
    found = found_documents(node, searched, search, _most(body, parameters), work.batch)
    _, includes, excludes = search.source

    def act(index: str, document: Document) -> None:
        copied: Mapping[str, Any] = document.source
        if includes or excludes:
            copied = projected(copied, includes, excludes)
        name, identifier, routing = to.name, document.id, document.routing
        if to.routing == "discard":
            routing = None
        elif to.routing.startswith("="):
            routing = to.routing[1:]
        if to.script is not None:
            changed = {**_context(index, document, "index"), "_source": deepcopy(dict(copied))}
            changed["_index"] = name
            operation = to.script.run(changed)
            if operation in ("none", "noop"):
                work.counts["noops"] += 1
                return
            copied, name, identifier = changed["_source"], changed["_index"], changed["_id"]
            routing = changed["_routing"]
            if operation == "delete":
                delete_document(node, WritePlace(name, identifier, routing))
                work.counts["deleted"] += 1
                return
        condition = Condition(create=to.create)
        if to.external:
            condition = Condition(version=document.version, version_type="external")
        place = WritePlace(name, identifier, routing, pipeline=to.pipeline)
        written = index_document(node, place, copied, condition)
        work.counts["created" if written.result == "created" else "updated"] += 1
        work.touched.add(written.index.name)

    work.each(found, act)
    return work

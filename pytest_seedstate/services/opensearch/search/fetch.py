"""Hits as answers show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, illegal_argument, unsupported
from ..highlighting import highlighted
from ..mapping.field import ValueProblem
from ..mapping.geo import point
from ..queries import Context, Query, walk
from ..queries.base import as_set
from ..queries.compound import Bool
from ..queries.leaf import Term, simple_match
from ..queries.nested import INNER_HITS_DEFAULT, Nested
from ..storage.projection import projected
from .execute import Found, Hit, Place, order, run
from .numbers import field_format, shown_score
from .request import FieldAsked, Search, read_search
from .sorting import check_doc_values
from .sources import nested_identity, nested_source, values_at

if TYPE_CHECKING:
    from ..storage.node import Node


_OF_INNER_HITS = frozenset(
    {"size", "from", "sort", "_source", "docvalue_fields", "highlight", "version"}
    | {"seq_no_primary_term", "track_scores"}
)


def with_inner_hits(query: Query) -> Iterator[Nested]:
    """The nested queries whose objects are to be shown, those inside of them left out."""
    if isinstance(query, Nested) and query.inner_hits is not None:
        yield query
        return
    for part in query.all_parts():
        yield from with_inner_hits(part)


def _inner_name(query: Nested) -> str:
    return str((query.inner_hits or {}).get("name", query.path))


class Fetcher:
    """Shows hits of one search."""

    def __init__(self, node: Node, search: Search, places: list[Place], found: Found) -> None:
        self.node, self.search, self.places, self.found = node, search, places, found
        self._named = [query for query in walk(search.query) if query.name is not None]
        if search.post_filter is not None:
            self._named += [q for q in walk(search.post_filter) if q.name is not None]
        self._nested = list(with_inner_hits(search.query))
        self._memory: dict[Any, Any] = {}

    def hits(self, hits: Iterable[Hit]) -> list[dict[str, Any]]:
        return [self.hit(hit) for hit in hits]

    def hit(self, hit: Hit) -> dict[str, Any]:
        search = self.search
        context = self.found.contexts[hit.place]
        document = context.reader.document(hit.ordinal)
        told = self._identity(context, hit)
        source = shown_source(search, document.source)
        if source is not None and document.has_source:
            told["_source"] = source
        fields = self._fields(context, hit, document.source)
        if fields:
            told["fields"] = fields
        _add_marks_and_sort(told, search, context, hit)
        names = self._matched(context, hit)
        if names:
            told["matched_queries"] = names
        inner = self._inner_hits(context, hit)
        if inner:
            told["inner_hits"] = inner
        return told

    def _identity(self, context: Context, hit: Hit) -> dict[str, Any]:
        search = self.search
        document = context.reader.document(hit.ordinal)
        told: dict[str, Any] = {"_index": context.reader.index}
        without_id = search.stored_fields == ["_none_"]
        if not without_id:
            told["_id"] = document.id
        if search.version:
            told["_version"] = document.version
        if search.seq_no_primary_term:
            told["_seq_no"] = document.seq_no
            told["_primary_term"] = document.primary_term
        scored = not search.sort or search.track_scores or any(s.by_score for s in search.sort)
        told["_score"] = shown_score(hit.score) if scored else None
        if document.routing is not None:
            told["_routing"] = document.routing
        if document.ignored:
            told["_ignored"] = sorted(document.ignored)
        return told

    def _matched(self, context: Context, hit: Hit) -> list[str]:
        names = []
        for query in self._named:
            key = (hit.place, id(query))
            if key not in self._memory:
                self._memory[key] = as_set(query.docs(context))
            if hit.ordinal in self._memory[key]:
                names.append(str(query.name))
        return names

    def _fields(
        self, context: Context, hit: Hit, source: Mapping[str, Any]
    ) -> dict[str, list[Any]]:
        search = self.search
        result: dict[str, list[Any]] = {}
        for asked in search.docvalue_fields:
            for name, values in doc_values(context, hit.ordinal, asked).items():
                result.setdefault(name, []).extend(values)
        for asked in search.fields:
            result.update(source_fields(context, source, asked))
        for name in search.stored_fields or ():
            if name not in ("_none_", "_source"):
                result.update(stored_fields(context, source, name))
        if search.collapse is not None and hit.collapsed is not None:
            result[search.collapse.field] = [hit.collapsed]
        return result

    def _inner_hits(self, context: Context, hit: Hit) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for query in self._nested:
            result[_inner_name(query)] = self.of_nested(query, context, hit.place, hit.ordinal)
        if self.search.collapse is not None:
            for body in self.search.collapse.inner_hits:
                if "name" not in body:
                    raise illegal_argument("inner_hits must have a [name]")
                result[str(body["name"])] = self._of_group(body, hit)
        return result

    def of_nested(
        self, query: Nested, context: Context, place: int, ordinal: int
    ) -> dict[str, Any]:
        """The objects of a nested query inside a document, or inside an object around them."""
        assert query.inner_hits is not None
        body = {k: v for k, v in query.inner_hits.items() if k not in ("name", "ignore_unmapped")}
        for key in body:
            if key not in _OF_INNER_HITS:
                raise unsupported(f"[{key}] of [inner_hits]")
        inner = read_search(body, Search(size=INNER_HITS_DEFAULT))
        inner.query = query.inner
        memory_key = (place, id(query), "children")
        if memory_key not in self._memory:
            self._memory[memory_key] = query.matching(context)
        children = self._memory[memory_key].get(ordinal, {})
        inside = context.inside(query.path)
        criteria = [criterion.bind(inside) for criterion in inner.sort]
        hits = []
        for child in sorted(children):
            pairs = [criterion(child, children[child]) for criterion in criteria]
            hits.append(
                Hit(
                    place, child, children[child], tuple(p[0] for p in pairs), [p[1] for p in pairs]
                )
            )
        order(hits, inner)
        member = nested_hits(inside, inner, hits)
        for deeper in with_inner_hits(query.inner):
            for shown, hit in zip(member["hits"], hits[inner.start :], strict=False):
                assert deeper.inner_hits is not None
                found = self.of_nested(deeper, inside, place, hit.ordinal)
                shown.setdefault("inner_hits", {})[_inner_name(deeper)] = found
        return {"hits": member}

    def _of_group(self, body: Mapping[str, Any], hit: Hit) -> dict[str, Any]:
        assert self.search.collapse is not None
        inner = read_search(
            {k: v for k, v in body.items() if k != "name"}, Search(size=INNER_HITS_DEFAULT)
        )
        same = Term(self.search.collapse.field, hit.collapsed)
        inner.query = Bool(must=[self.search.query], filter=[same])
        found = run(self.node, self.places, inner)
        return {"hits": hits_member(self.node, self.places, inner, found)}


def _add_marks_and_sort(told: dict[str, Any], search: Search, context: Context, hit: Hit) -> None:
    if search.highlight is not None:
        marked = highlighted(search.highlight, search.query, context, hit.ordinal)
        if marked:
            told["highlight"] = marked
    if search.sort:
        told["sort"] = [_json(value) for value in hit.shown]


def nested_hits(context: Context, search: Search, hits: list[Hit]) -> dict[str, Any]:
    """The ``hits`` of nested objects."""
    scored = not search.sort or search.track_scores
    shown = []
    for hit in hits[search.start : search.page()]:
        document = context.reader.document(context.reader.root(hit.ordinal))
        told: dict[str, Any] = {
            "_index": context.reader.index,
            "_id": document.id,
            "_nested": nested_identity(context, hit.ordinal),
        }
        if search.version:
            told["_version"] = document.version
        if search.seq_no_primary_term:
            told["_seq_no"], told["_primary_term"] = document.seq_no, document.primary_term
        told["_score"] = shown_score(hit.score) if scored else None
        source = nested_source(document.source, told["_nested"])
        kept = shown_source(search, source if isinstance(source, Mapping) else {}, context.path)
        if kept is not None:
            told["_source"] = kept
        fields: dict[str, list[Any]] = {}
        for asked in search.docvalue_fields:
            fields.update(doc_values(context, hit.ordinal, asked))
        if fields:
            told["fields"] = fields
        _add_marks_and_sort(told, search, context, hit)
        shown.append(told)
    best = max((hit.score for hit in hits), default=None) if scored else None
    return {
        "total": {"value": len(hits), "relation": "eq"},
        "max_score": None if best is None or not hits else shown_score(best),
        "hits": shown,
    }


def shown_source(search: Search, source: Mapping[str, Any], path: str = "") -> Any:
    """The source as the request wants it; None for none."""
    wanted, includes, excludes = search.source
    stored = search.stored_fields
    if stored is not None and "_source" not in stored and not search.source_given:
        return None
    if not wanted:
        return None
    if not includes and not excludes:
        return source
    if path:
        includes = [name.removeprefix(path + ".") for name in includes]
        excludes = [name.removeprefix(path + ".") for name in excludes]
    return projected(source, includes, excludes)


def doc_values(context: Context, ordinal: int, asked: FieldAsked) -> dict[str, list[Any]]:
    """Values of the fields that a name or pattern names."""
    result = {}
    names = [asked.name]
    if "*" in asked.name:
        names = [n for n in context.reader.mapping.names() if simple_match(asked.name, n)]
    for name in names:
        found = context.field(name)
        if found is None or (found.type == "text" and "*" in asked.name):
            continue
        check_doc_values(found)
        values = context.reader.values(found.name).get(ordinal)
        if values:
            pattern = None if asked.format == "use_field_mapping" else asked.format
            result[name] = [
                f"{v[0]}, {v[1]}" if found.type == "geo_point" else field_format(found, v, pattern)
                for v in values
            ]
    return result


def source_fields(
    context: Context, source: Mapping[str, Any], asked: FieldAsked
) -> dict[str, list[Any]]:
    """Values of the source as the mapping reads them, of the fields that a pattern names."""
    mapping = context.reader.mapping
    result: dict[str, list[Any]] = {}
    for name in mapping.names():
        if not (name == asked.name or ("*" in asked.name and simple_match(asked.name, name))):
            continue
        found = mapping.field(name)
        if found is None:
            continue
        path = found.name
        values = values_at(source, path.split("."))
        if not values and "." in path and path.rpartition(".")[0] in mapping.fields:
            values = values_at(source, path.rpartition(".")[0].split("."))
        shown = []
        for value in values:
            try:
                parsed = found.parse(value)
            except ValueProblem:
                continue
            shown.append(_shown_field(found, parsed, value, asked.format))
        if shown:
            result[name] = shown
    return result


def _shown_field(found: Any, parsed: Any, value: Any, pattern: str | None) -> Any:
    if found.type == "geo_point":
        latitude, longitude = point(value)
        return {"type": "Point", "coordinates": [longitude, latitude]}
    if found.type == "text":
        return parsed
    if found.type in ("date", "ip", "boolean", "keyword"):
        return found.format(parsed, pattern)
    if found.type in ("float", "half_float"):
        return shown_score(parsed)
    if pattern is not None:
        raise illegal_argument(
            f"Field [{found.name}] of type [{found.type}] doesn't support formats."
        )
    return parsed


def stored_fields(context: Context, source: Mapping[str, Any], name: str) -> dict[str, list[Any]]:
    """Values of fields whose mapping says ``store``."""
    result = {}
    for known in context.reader.mapping.names():
        if known == name or ("*" in name and simple_match(name, known)):
            found = context.field(known)
            if found is not None and found.parameter("store"):
                values = values_at(source, found.name.split("."))
                if values:
                    result[known] = [found.format(found.parse(value)) for value in values]
    return result


def _json(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def hits_member(node: Node, places: list[Place], search: Search, found: Found) -> dict[str, Any]:
    """The member ``hits`` of an answer."""
    if search.stored_fields == ["_none_"] and (search.fields or search.source_given):
        option = "fields" if search.fields else "_source"
        raise ApiError(
            400,
            "search_exception",
            f"[stored_fields] cannot be disabled when using the [{option}] option"
            if option == "fields"
            else "[stored_fields] cannot be disabled if [_source] is requested",
        )
    told: dict[str, Any] = {}
    if search.track_total is True or (
        search.track_total is not False and found.total <= search.track_total
    ):
        told["total"] = {"value": found.total, "relation": "eq"}
    elif search.track_total is not False:
        told["total"] = {"value": search.track_total, "relation": "gte"}
    told["max_score"] = None
    if found.best is not None and (search.size or not places):
        told["max_score"] = shown_score(found.best)
    fetcher = Fetcher(node, search, places, found)
    told["hits"] = fetcher.hits(found.hits[search.start : search.page()])
    return told

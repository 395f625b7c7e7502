"""Queries on exact values: terms, ranges, ids, existence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..plain import plain
from ..storage.limits import check
from .base import Body, Context, Mark, Query, of_field, query
from .scoring import term_scores


class MatchAll(Query):
    def docs(self, context: Context) -> Collection[int]:
        return context.universe()


class MatchNone(Query):
    def docs(self, context: Context) -> Collection[int]:
        return ()


@query("match_all")
def match_all(body: Mapping[str, Any]) -> Query:
    members, made = Body("match_all", body), MatchAll()
    members.close(made)
    return made


@query("match_none")
def match_none(body: Mapping[str, Any]) -> Query:
    members, made = Body("match_none", body), MatchNone()
    members.close(made)
    return made


@plain
class Ids(Query):
    values: frozenset[str]

    def docs(self, context: Context) -> Collection[int]:
        found = (context.reader.find(value) for value in self.values)
        return {ordinal for ordinal in found if ordinal is not None} if not context.path else ()


@query("ids")
def ids(body: Mapping[str, Any]) -> Query:
    members = Body("ids", body)
    values = members.get("values", [])
    made = Ids(frozenset(map(str, values if isinstance(values, list) else [values])))
    members.close(made)
    return made


def searchable(context: Context, name: str) -> Any:
    """The field to search in, or None if the mapping has none.

    Raises:
        ApiError: it is not indexed.
    """
    found = context.field(name)
    if found is not None and not found.indexed:
        raise illegal_argument(f"Cannot search on field [{name}] since it is not indexed.")
    return found


def folded_terms(context: Context, name: str, value: str) -> list[Any]:
    """The terms of a field that are a value in any case."""
    lower = value.lower()
    return [t for t in context.reader.terms(name) if isinstance(t, str) and t.lower() == lower]


@plain
class Term(Query):
    """One exact value; scored by BM25 in text and boolean fields only, as in OpenSearch."""

    field: str
    value: Any
    any_case: bool = False

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        found = searchable(context, self.field)
        if found is not None and found.type in ("text", "boolean") and not self.any_case:
            postings = context.reader.postings(self.field_name(found), found.term_for(self.value))
            return term_scores(context, found.name, postings, boost * self.boost)
        return super().scores(context, boost)

    @staticmethod
    def field_name(found: Any) -> str:
        return str(found.name)

    def docs(self, context: Context) -> Collection[int]:
        return term_docs(context, self.field, self.value, self.any_case)

    def marks(self, context: Context) -> Iterator[Mark]:
        if self.any_case:
            yield Mark(self.field, frozenset(folded_terms(context, self.field, str(self.value))))
            return
        found = context.field(self.field)
        if found is not None and found.type in ("text", "keyword"):
            yield Mark(found.name, frozenset([str(found.term_for(self.value))]))


def term_docs(context: Context, name: str, value: Any, any_case: bool = False) -> Collection[int]:
    """Ordinals with an exact value of a field."""
    reader = context.reader
    if name == "_id":
        ordinal = reader.find(str(value))
        return () if ordinal is None or context.path else {ordinal}
    if name == "_index":
        return context.universe() if value in {reader.index, *context.index_names} else ()
    if name == "_ignored":
        return [o for o in reader.ordinals if value in reader.document(o).ignored]
    found = searchable(context, name)
    if found is None:
        return ()
    if any_case:
        if found.type not in ("text", "keyword"):
            raise ApiError(
                400,
                "query_shard_exception",
                f"[{name}] field which is of type [{found.type}], does not support case"
                " insensitive term queries",
            )
        terms = folded_terms(context, found.name, str(value))
        return {o for term in terms for o in reader.postings(found.name, term)}
    if found.type == "ip" and "/" in str(value):
        low, high = found.network(str(value))
        return range_docs(context, found, low, high, True, True)
    return reader.postings(found.name, found.term_for(value)).keys()


@query("term")
def term(body: Mapping[str, Any]) -> Query:
    name, members = of_field("term", body, "value")
    value = members.get("value")
    if isinstance(value, (dict, list)):
        raise parsing_error("[term] query does not support array of values")
    made = Term(name, value, members.boolean("case_insensitive", False))
    members.close(made)
    return made


@plain
class Terms(Query):
    field: str
    values: list[Any]
    lookup: tuple[str, str, str] | None = None

    def docs(self, context: Context) -> Collection[int]:
        values = self.values
        if self.lookup is not None:
            assert context.lookup is not None
            found = context.lookup(*self.lookup)
            values = found if isinstance(found, list) else [] if found is None else [found]
        check(context.settings, "max_terms_count", len(values))
        result: set[int] = set()
        for value in values:
            result.update(term_docs(context, self.field, value))
        return result

    def marks(self, context: Context) -> Iterator[Mark]:
        found = context.field(self.field)
        if found is not None and found.type in ("text", "keyword"):
            yield Mark(found.name, frozenset(str(found.term_for(value)) for value in self.values))


@query("terms")
def terms(body: Mapping[str, Any]) -> Query:
    names = [key for key in body if key not in ("boost", "_name")]
    if "value_type" in names:
        raise unsupported("[value_type] of [terms]")
    if len(names) > 1:
        raise parsing_error(
            f"[terms] query does not support more than one field. Already got: [{names[0]}] but"
            f" also found [{names[1]}]"
        )
    if not names:
        raise parsing_error(
            "[terms] query requires a field name, followed by array of terms or a document lookup"
            " specification"
        )
    members = Body("terms", body)
    value = members.get(names[0])
    if isinstance(value, dict):
        made = Terms(names[0], [], _lookup(value))
    elif isinstance(value, list):
        if any(one is None for one in value):
            raise parsing_error("No value specified for terms query")
        made = Terms(names[0], value)
    else:
        raise parsing_error(f"[terms] query does not support [{names[0]}]")
    members.close(made)
    return made


def _lookup(value: Mapping[str, Any]) -> tuple[str, str, str]:
    for key in value:
        if key in ("routing", "store", "query"):
            if key == "query":
                raise unsupported("[query] of a [terms] lookup")
        elif key not in ("index", "id", "path"):
            raise parsing_error(f"[terms] query does not support [{key}] within lookup element")
    for key in ("index", "id", "path"):
        if key not in value:
            raise illegal_argument(f"[terms] query lookup element requires specifying the {key}.")
    return str(value["index"]), str(value["id"]), str(value["path"])


def range_docs(
    context: Context, found: Any, low: Any, high: Any, with_low: bool, with_high: bool
) -> Collection[int]:
    """Ordinals with a value between two bounds; None is no bound."""
    terms = context.reader.terms(found.name)
    first = 0
    if low is not None:
        first = bisect_left(terms, low) if with_low else bisect_right(terms, low)
    last = len(terms)
    if high is not None:
        last = bisect_right(terms, high) if with_high else bisect_left(terms, high)
    postings = context.reader.postings
    result: set[int] = set()
    for one in terms[first:last]:
        result.update(postings(found.name, one))
    return result


@plain
class Range(Query):
    field: str
    low: Any
    high: Any
    with_low: bool
    with_high: bool
    options: dict[str, Any]

    def docs(self, context: Context) -> Collection[int]:
        found = searchable(context, self.field)
        if found is None:
            if self.field in ("_id",):
                raise illegal_argument(
                    f"Field [{self.field}] of type [{self.field}] does not support range queries"
                )
            if self.field in ("_seq_no", "_version", "_index", "_routing"):
                raise unsupported(f"[range] on [{self.field}]")
            return ()
        if found.type == "geo_point":
            raise illegal_argument(
                f"Field [{self.field}] of type [geo_point] does not support range queries"
            )
        low = high = None
        if self.low is not None:
            up = found.type != "date" or not self.with_low
            if found.type != "date":
                up = self.with_low
            low = found.bound(self.low, round_up=up, now=context.now, **self.options)
        if self.high is not None:
            up = self.with_high if found.type == "date" else not self.with_high
            high = found.bound(self.high, round_up=up, now=context.now, **self.options)
        return range_docs(context, found, low, high, self.with_low, self.with_high)


@query("range")
def range_query(body: Mapping[str, Any]) -> Query:
    name, members = of_field("range", body, "")
    low = high = None
    with_low = members.boolean("include_lower", True)
    with_high = members.boolean("include_upper", True)
    for key, inclusive in (("from", None), ("gte", True), ("gt", False), ("ge", True)):
        if members.has(key):
            low = members.get(key)
            with_low = with_low if inclusive is None else inclusive
    for key, inclusive in (("to", None), ("lte", True), ("lt", False), ("le", True)):
        if members.has(key):
            high = members.get(key)
            with_high = with_high if inclusive is None else inclusive
    options = {
        key: str(members.get(key))
        for key in ("format", "time_zone")
        if members.get(key) is not None
    }
    for end, which in ((low, "lower"), (high, "upper")):
        if isinstance(end, (list, dict)):
            raise parsing_error(f"invalid {which} bound for [range] query")
    members.choice("relation", "intersects", "intersects", "within", "contains")
    made = Range(name, low, high, with_low, with_high, options)
    members.close(made)
    return made


@plain
class Exists(Query):
    field: str

    def docs(self, context: Context) -> Collection[int]:
        if self.field in ("_id", "_index", "_source", "_seq_no", "_version"):
            return context.universe()
        if self.field == "_ignored":
            reader = context.reader
            return [o for o in reader.ordinals if reader.document(o).ignored]
        present = context.reader.present
        found = context.field(self.field)
        if found is not None:
            return present(found.name)
        names = [n for n in context.reader.mapping.names() if matches(self.field, n)]
        result: set[int] = set()
        for name in names:
            result.update(present(name))
        return result


def matches(pattern: str, name: str) -> bool:
    """Whether a name is that of a pattern with ``*``, or of a field of an object."""
    if name.startswith(pattern + "."):
        return True
    return "*" in pattern and simple_match(pattern, name)


def simple_match(pattern: str, name: str) -> bool:
    """Whether a pattern whose only special character is ``*`` matches a whole name."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    if not name.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        at = name.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return name.endswith(rest[-1]) and len(name) - len(rest[-1]) >= at


@query("exists")
def exists(body: Mapping[str, Any]) -> Query:
    members = Body("exists", body)
    if not members.has("field"):
        raise parsing_error("[exists] must be provided with a [field]")
    made = Exists(members.text("field"))
    members.close(made)
    return made

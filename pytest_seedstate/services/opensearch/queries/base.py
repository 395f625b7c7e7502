"""What a query is, where queries register, and how their JSON is read.

A query is parsed once per request and then run on each index (`Context`): `scores` gives the
matching ordinals with their scores, `docs` the ordinals alone, for filters.
"""

# ruff: noqa: SIM905  # a long list reads better as a sentence
from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ApiError, illegal_argument, parsing_error, unsupported

if TYPE_CHECKING:
    from ..mapping.field import Field
    from ..storage.reader import Reader

_FLOAT = struct.Struct("f")
_MOST = 3.4028234663852886e38  # the greatest of them


def f32(value: float) -> float:
    """The nearest 32-bit float, which is what Lucene's scores are."""
    try:
        found: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    except OverflowError:
        return _MOST if value > 0 else -_MOST
    return found


@dataclass
class Context:
    """One index as a query sees it: all its documents, or the objects of one nested path."""

    reader: Reader
    now: int  # epoch milliseconds
    path: str = ""
    uuid: str = "_na_"
    lookup: Callable[[str, str, str], Any] | None = None  # index, id, path -> values
    index_names: frozenset[str] = frozenset()
    visible: Query | None = None  # what the aliases that named the index let through
    settings: Mapping[str, Any] = field(default_factory=dict)  # the index's, flat
    memory: dict[Any, Any] = field(default_factory=dict)

    def universe(self) -> Collection[int]:
        """All ordinals that a query may match."""
        if not self.path:
            return self.reader.ordinals
        found = self.memory.get("universe")
        if found is None:
            children = self.reader.children(self.path).values()
            found = self.memory["universe"] = [one for some in children for one in some]
        return found

    def inside(self, path: str) -> Context:
        """The objects of a nested path."""
        return replace(self, path=path, memory={})

    def field(self, name: str) -> Field | None:
        return self.reader.mapping.field(name)


class Mark(NamedTuple):
    """What of a field a highlighter marks: terms, or a phrase of them (empty: any word)."""

    field: str
    terms: frozenset[str]
    phrase: tuple[frozenset[str], ...] = ()
    slop: int = 0
    test: Callable[[str], Any] | None = None  # what terms of other fields have to pass


class Query:
    """A clause. Subclasses implement `scores`; those whose score is constant, `docs`."""

    boost: float = 1.0
    name: str | None = None

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        """Matching ordinals with scores; `boost` is that of the clauses around."""
        value = f32(boost * self.boost)
        return dict.fromkeys(self.docs(context), value)

    def docs(self, context: Context) -> Collection[int]:
        """Matching ordinals."""
        return self.scores(context).keys()

    def rewritten(self, context: Context) -> Query:
        """The simpler query that is meant in an index; itself if it is simple."""
        return self

    def parts(self) -> Iterable[Query]:
        """Clauses inside, of those that documents match because of."""
        return ()

    def all_parts(self) -> Iterable[Query]:
        """Clauses inside, those that exclude documents too."""
        return self.parts()

    def marks(self, context: Context) -> Iterator[Mark]:
        """What highlighters mark."""
        for part in self.parts():
            yield from part.marks(context)


class Described(Query, ABC):
    """A clause that stands for others: which ones, depends on the index."""

    @abstractmethod
    def rewritten(self, context: Context) -> Query:
        """The query that is meant in an index."""

    def scores(self, context: Context, boost: float = 1.0) -> Mapping[int, float]:
        return self.rewritten(context).scores(context, boost * self.boost)

    def docs(self, context: Context) -> Collection[int]:
        return self.rewritten(context).docs(context)

    def marks(self, context: Context) -> Iterator[Mark]:
        return self.rewritten(context).marks(context)


def walk(query: Query) -> Iterator[Query]:
    """A query and all clauses inside."""
    yield query
    for part in query.all_parts():
        yield from walk(part)


def as_set(docs: Collection[int]) -> Set[int]:
    return docs if isinstance(docs, Set) else set(docs)


Parser = Callable[[Any], Query]
_PARSERS: dict[str, Parser] = {}
_ELSEWHERE = frozenset(  # queries that a real node knows
    "script script_score geo_shape geo_polygon percolate more_like_this intervals span_term"
    " span_near span_or span_not span_first span_containing span_within span_multi"
    " span_field_masking wrapper has_child has_parent parent_id distance_feature rank_feature"
    " terms_set pinned knn neural hybrid common xy_shape combined_fields template".split()
)


def query(*names: str) -> Callable[[Parser], Parser]:
    """Register a function that parses the body of a query."""

    def register(parser: Parser) -> Parser:
        for name in names:
            _PARSERS[name] = parser
        return parser

    return register


def parse(body: Any) -> Query:
    """The query that a JSON object describes.

    Raises:
        ApiError: it is none, or one that is not supported.
    """
    if not isinstance(body, dict):
        raise parsing_error("[_na] query malformed, must start with start_object")
    if not body:
        raise ApiError(
            400, "illegal_argument_exception", "query malformed, empty clause found at [1:1]"
        )
    name, *others = body
    if name not in _PARSERS:
        if name in _ELSEWHERE:
            raise unsupported(f"[{name}] query")
        raise ApiError(
            400,
            "parsing_exception",
            f"unknown query [{name}]",
            line=1,
            col=1,
            caused_by={
                "type": "named_object_not_found_exception",
                "reason": f"[1:1] unknown field [{name}]",
            },
        )
    if not isinstance(body[name], dict):
        raise parsing_error(f"[{name}] query malformed, no start_object after query name")
    parsed = _PARSERS[name](body[name])
    if others:
        raise parsing_error(
            f"[{name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]"
        )
    return parsed


def parse_optional(body: Any) -> Query | None:
    return None if body is None else parse(body)


class Body:
    """The members of a query's JSON object, read by type; unknown ones are refused by `close`."""

    def __init__(self, query_name: str, members: Mapping[str, Any]) -> None:
        self.query_name = query_name
        self._members = members
        self._asked: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._members

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        value = self._members.get(name)
        return default if value is None else value

    def number(self, name: str, default: float) -> float:
        value = self.get(name, default)
        try:
            return float("bool" if isinstance(value, bool) else value)
        except (TypeError, ValueError):
            raise self.wrong(name, value) from None

    def integer(self, name: str, default: int) -> int:
        value = self.get(name, default)
        try:
            return int("bool" if isinstance(value, bool) else value)
        except (TypeError, ValueError):
            raise self.wrong(name, value) from None

    def boolean(self, name: str, default: bool) -> bool:
        value = self.get(name, default)
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise self.wrong(name, value)

    def choice(self, name: str, default: str, *choices: str) -> str:
        value = str(self.get(name, default)).lower()
        if value not in choices:
            raise parsing_error(
                f"[{self.query_name}] [{name}] must be one of {list(choices)}, not [{value}]"
            )
        return value

    def text(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise parsing_error(f"[{self.query_name}] requires '{name}' field")
        return str(value)

    def wrong(self, name: str, value: Any) -> ApiError:
        return parsing_error(f"[{self.query_name}] [{name}] doesn't support the value [{value}]")

    def unsupported(self, *names: str) -> None:
        """Refuse members that a real node knows."""
        for name in names:
            if self._members.get(name) is not None:
                raise unsupported(f"[{name}] of [{self.query_name}]")

    def close(self, query: Query) -> None:
        """Give the query its boost and name, and refuse what nobody asked for."""
        query.boost = self.number("boost", 1.0)
        if query.boost < 0:
            raise ApiError(
                400,
                "illegal_argument_exception",
                f"negative [boost] are not allowed in [{self.query_name}],"
                " use a value between 0 and 1 to deboost",
            )
        if query.boost > _MOST:
            raise illegal_argument("boost must be a positive float, got Infinity")
        name = self.get("_name")
        query.name = None if name is None else str(name)
        for member in self._members:
            if member not in self._asked:
                raise parsing_error(f"[{self.query_name}] query does not support [{member}]")


def of_field(query_name: str, body: Mapping[str, Any], value_name: str) -> tuple[str, Body]:
    """The field and members of a query written as ``{field: value}`` or ``{field: {...}}``."""
    extra = {key: body[key] for key in ("boost", "_name") if key in body}
    fields = [key for key in body if key not in extra]
    if len(fields) > 1:
        raise parsing_error(
            f"[{query_name}] query doesn't support multiple fields, found [{fields[0]}] and"
            f" [{fields[1]}]"
        )
    if not fields:
        raise ApiError(400, "illegal_argument_exception", "field name is null or empty")
    value = body[fields[0]]
    if isinstance(value, list):
        raise parsing_error(f"[{query_name}] query does not support array of values")
    members = dict(value) if isinstance(value, dict) else {value_name: value}
    if value_name and members.get(value_name) is None:
        if query_name == "term" or query_name in ("prefix", "wildcard", "fuzzy", "regexp"):
            raise ApiError(400, "illegal_argument_exception", "value cannot be null")
        raise parsing_error("No text specified for text query")
    return fields[0], Body(query_name, {**members, **extra})

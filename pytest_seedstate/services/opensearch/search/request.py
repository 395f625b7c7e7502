"""A search request, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from ..aggregations import AnyAggregation, parse_aggregations
from ..errors import ApiError, illegal_argument, parsing_error, unsupported
from ..highlighting import Highlight, parse_highlight
from ..plain import plain
from ..queries import Query, parse
from ..queries.leaf import MatchAll
from ..storage.projection import source_choice
from ..storage.settings import milliseconds
from .sort_request import parse_sort
from .sorting import Sort

if TYPE_CHECKING:
    from ..routes.registry import Request

WINDOW = 10_000


@plain
class FieldAsked:
    """A field of ``fields`` or ``docvalue_fields``: a name or pattern, and a format."""

    name: str
    format: str | None = None


@plain
class Collapse:
    field: str
    inner_hits: list[Mapping[str, Any]] = attribute(default_factory=list)


@plain
class Search:
    """What a search asks for. `None` means: not said."""

    query: Query = attribute(default_factory=MatchAll)
    start: int = 0
    size: int = 10
    sort: list[Sort] = attribute(default_factory=list)
    after: list[Any] | None = None
    source: tuple[bool, list[str], list[str]] = (True, [], [])
    source_given: bool = False
    fields: list[FieldAsked] = attribute(default_factory=list)
    docvalue_fields: list[FieldAsked] = attribute(default_factory=list)
    stored_fields: list[str] | None = None
    aggregations: Mapping[str, AnyAggregation] = attribute(default_factory=dict)
    highlight: Highlight | None = None
    collapse: Collapse | None = None
    post_filter: Query | None = None
    min_score: float | None = None
    track_total: bool | int = WINDOW
    track_scores: bool = False
    version: bool = False
    seq_no_primary_term: bool = False
    point: Mapping[str, Any] | None = None
    named_scores: bool = False

    def page(self) -> int:
        return self.start + self.size


Reader = Callable[[Search, Any], None]
_MEMBERS: dict[str, Reader] = {}
_ELSEWHERE = frozenset(
    "explain profile rescore suggest script_fields indices_boost slice ext terminate_after"  # noqa: SIM905
    " search_pipeline derived verbose_pipeline include_named_queries_score".split()
)
# Of those, what means something wrong when it is empty, not nothing.
_NEVER_EMPTY = frozenset({"rescore", "slice"})


def member(name: str) -> Callable[[Reader], Reader]:
    """Register a function that reads a member of a search's body."""

    def register(reader: Reader) -> Reader:
        _MEMBERS[name] = reader
        return reader

    return register


def whole(name: str, value: Any) -> int:
    """A whole number that is not negative."""
    try:
        number = int("bool" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise ApiError(400, "number_format_exception", f'For input string: "{value}"') from None
    if number < 0:
        raise illegal_argument(f"[{name}] parameter cannot be negative, found [{number}]")
    return number


def _flag(name: str, value: Any) -> bool:
    if value in (True, "true", ""):
        return True
    if value in (False, "false"):
        return False
    raise illegal_argument(
        f"Failed to parse value [{value}] as only [true] or [false] are allowed."
    )


@member("query")
def _query(search: Search, value: Any) -> None:
    if value is not None:
        search.query = parse(value)


@member("from")
def _from(search: Search, value: Any) -> None:
    search.start = whole("from", value)


@member("size")
def _size(search: Search, value: Any) -> None:
    search.size = whole("size", value)


@member("sort")
def _sort(search: Search, value: Any) -> None:
    search.sort = parse_sort(value)


@member("search_after")
def _after(search: Search, value: Any) -> None:
    if not isinstance(value, list):
        raise parsing_error("Expected [START_ARRAY] for [search_after]")
    if not value:
        raise illegal_argument("Values must contains at least one value.")
    search.after = value


@member("_source")
def _source(search: Search, value: Any) -> None:
    if not isinstance(value, (bool, str, list, dict)):
        raise parsing_error("Expected one of [VALUE_BOOLEAN, START_OBJECT] but found [VALUE]")
    if isinstance(value, dict):
        for key in value:
            if key not in ("includes", "include", "excludes", "exclude"):
                raise parsing_error(f"Unknown key for a VALUE_STRING in [{key}].")
    search.source, search.source_given = source_choice(value), True


def _asked(name: str, value: Any) -> list[FieldAsked]:
    result = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            result.append(FieldAsked(one))
            continue
        if not isinstance(one, dict) or "field" not in one:
            raise parsing_error(f"[{name}] needs a [field]")
        for key in one:
            if key not in ("field", "format"):
                raise parsing_error(f"[{name}] unknown field [{key}]")
        result.append(
            FieldAsked(str(one["field"]), None if one.get("format") is None else str(one["format"]))
        )
    return result


@member("fields")
def _fields(search: Search, value: Any) -> None:
    search.fields = _asked("fields", value)


@member("docvalue_fields")
def _docvalue_fields(search: Search, value: Any) -> None:
    search.docvalue_fields = _asked("docvalue_fields", value)


@member("stored_fields")
def _stored_fields(search: Search, value: Any) -> None:
    search.stored_fields = [str(one) for one in ([value] if isinstance(value, str) else value)]


def _aggregations(search: Search, value: Any) -> None:
    search.aggregations = parse_aggregations(value)


member("aggs")(_aggregations)
member("aggregations")(_aggregations)


@member("highlight")
def _highlight(search: Search, value: Any) -> None:
    search.highlight = parse_highlight(value)


@member("collapse")
def _collapse(search: Search, value: Any) -> None:
    if not isinstance(value, dict) or "field" not in value:
        raise illegal_argument("Required [field]")
    for key in value:
        if key not in ("field", "inner_hits", "max_concurrent_group_searches"):
            raise ApiError(400, "x_content_parse_exception", f"[collapse] unknown field [{key}]")
    inner = value.get("inner_hits", [])
    if not all(isinstance(one, dict) for one in (inner if isinstance(inner, list) else [inner])):
        raise parsing_error("[inner_hits] of [collapse] must be an object")
    search.collapse = Collapse(str(value["field"]), inner if isinstance(inner, list) else [inner])


@member("post_filter")
def _post_filter(search: Search, value: Any) -> None:
    search.post_filter = parse(value)


@member("min_score")
def _min_score(search: Search, value: Any) -> None:
    search.min_score = float(value)


@member("track_total_hits")
def _track_total(search: Search, value: Any) -> None:
    if isinstance(value, bool) or value in ("true", "false"):
        search.track_total = value in (True, "true")
        return
    search.track_total = int(value)
    if search.track_total == -1:
        search.track_total = True
    elif search.track_total < 0:
        raise illegal_argument(
            f"[track_total_hits] parameter must be positive or equals to -1, got {value}"
        )


@member("track_scores")
def _track_scores(search: Search, value: Any) -> None:
    search.track_scores = _flag("track_scores", value)


@member("version")
def _version(search: Search, value: Any) -> None:
    search.version = _flag("version", value)


@member("seq_no_primary_term")
def _seq_no(search: Search, value: Any) -> None:
    search.seq_no_primary_term = _flag("seq_no_primary_term", value)


@member("pit")
def _pit(search: Search, value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise illegal_argument("point in time id is not provided")
    for key in value:
        if key not in ("id", "keep_alive"):
            raise illegal_argument(f"[pit] unknown field [{key}]")
    search.point = value


@member("timeout")
def _timeout(search: Search, value: Any) -> None:
    """A search here is never stopped, so that any time will do."""
    if value is None or isinstance(value, (dict, list)):
        raise parsing_error(f"Unknown key for a {_token(value)} in [timeout].")
    milliseconds(str(value), "timeout")


@member("stats")
def _no_effect(search: Search, value: Any) -> None:
    """Statistics of groups are not shown."""


_OBJECTS = frozenset({"query", "aggs", "aggregations", "highlight", "post_filter"})


def read_search(body: Mapping[str, Any], search: Search | None = None) -> Search:
    """The search that a body describes.

    Raises:
        ApiError: it is wrong, or asks for what is not supported.
    """
    search = search or Search()
    for name, value in body.items():
        if name in _OBJECTS and not isinstance(value, (dict, list)) and value is not None:
            raise parsing_error(f"Unknown key for a {_token(value)} in [{name}].")
        if name in _MEMBERS:
            try:
                _MEMBERS[name](search, value)
            except (TypeError, ValueError, AttributeError, KeyError) as problem:
                # A value of a type that nobody expects there, somewhere deep inside.
                raise parsing_error(f"[{name}] is malformed: {problem}") from None
        elif name in _ELSEWHERE:
            if value not in (False, None, {}, []) or (name in _NEVER_EMPTY and value == {}):
                raise unsupported(f"[{name}] of a search")
        else:
            raise parsing_error(f"Unknown key for a {_token(value)} in [{name}].")
    return search


def _token(value: Any) -> str:
    if isinstance(value, dict):
        return "START_OBJECT"
    if isinstance(value, list):
        return "START_ARRAY"
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    if value is None:
        return "VALUE_NULL"
    return "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"


_URL_MEMBERS = (
    "from", "size", "timeout", "track_total_hits", "track_scores", "version",
    "seq_no_primary_term", "explain", "terminate_after",
)  # fmt: skip
URL_PARAMETERS = (
    *_URL_MEMBERS,
    "q", "df", "default_operator", "analyzer", "lenient", "analyze_wildcard",
    "sort", "_source", "_source_includes", "_source_excludes", "stored_fields", "docvalue_fields",
    "scroll", "search_type", "preference", "routing", "request_cache", "batched_reduce_size",
    "max_concurrent_shard_requests", "pre_filter_shard_size", "ccs_minimize_roundtrips",
    "allow_partial_search_results", "typed_keys", "rest_total_hits_as_int", "ignore_unavailable",
    "allow_no_indices", "expand_wildcards", "ignore_throttled", "cancel_after_time_interval",
    "phase_took", "stats",
)  # fmt: skip


QUERY_PARAMETERS = ("q", "df", "default_operator", "analyzer", "lenient", "analyze_wildcard")
INDEX_PARAMETERS = ("ignore_unavailable", "allow_no_indices", "expand_wildcards")


def query_of_url(parameters: Mapping[str, str]) -> dict[str, Any] | None:
    """The query of the parameter ``q``."""
    if "q" not in parameters:
        return None
    options: dict[str, Any] = {"query": parameters["q"]}
    for name, key in (
        ("df", "default_field"),
        ("default_operator", "default_operator"),
        ("analyzer", "analyzer"),
        ("lenient", "lenient"),
        ("analyze_wildcard", "analyze_wildcard"),
    ):
        if name in parameters:
            options[key] = parameters[name]
    return {"query_string": options}


def with_url(body: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """A body with what the query string says added to it; the query string wins."""
    parameters = request.parameters
    result = dict(body)
    for name in _URL_MEMBERS:
        if name in parameters:
            value: Any = parameters[name]
            if name == "explain":
                value = request.flag(name)
            elif name in ("from", "size"):
                value = request.integer(name, 0)
            result[name] = value
    query = query_of_url(parameters)
    if query is not None:
        result["query"] = query
    if "sort" in parameters:
        result["sort"] = [
            {part.rpartition(":")[0]: part.rpartition(":")[2]}
            if part.endswith((":asc", ":desc"))
            else part
            for part in parameters["sort"].split(",")
        ]
    source = parameters.get("_source")
    if source is not None:
        result["_source"] = source == "true" if source in ("true", "false") else source.split(",")
    listed = {
        kind: parameters[f"_source_{kind}"].split(",")
        for kind in ("includes", "excludes")
        if f"_source_{kind}" in parameters
    }
    if listed:
        given = result.get("_source")
        if isinstance(given, list):
            listed.setdefault("includes", given)
        result["_source"] = listed
    for name in ("stored_fields", "docvalue_fields"):
        if name in parameters:
            result[name] = parameters[name].split(",")
    return result

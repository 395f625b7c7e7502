"""Routes: which function answers which method and path, and which parameters it reads.

    @route("GET", "/{index}/_doc/{id}", parameters=("refresh", "routing"))
    def get_document(request: Request) -> Response: ...

A literal segment wins over a variable one. A parameter that the route does not name is a 400, as in
OpenSearch; so a route names a parameter only if it acts on it (or if ignoring it changes nothing
here, such as ``timeout``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument, unsupported
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.shapes import token_of

if TYPE_CHECKING:
    from pytest_seedstate.services.opensearch.storage.node import Node

# Read by http.py for every route, or without meaning on one node.
COMMON_PARAMETERS = frozenset(
    {"pretty", "human", "error_trace", "filter_path", "source", "source_content_type", "format"}
)
TRUE, FALSE = ("true", ""), ("false",)


@plain
class Request:
    """A request as a route sees it.

    Attributes:
        node: what it is about.
        method, path: in capitals; decoded.
        variables: the path's variable segments, decoded.
        parameters: the query string's, decoded; the last one wins.
        body: as sent, unpacked.
        user_agent: who sent it.
        host: the address that was asked, with the port.
    """

    node: Node
    method: str
    path: str
    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    body: bytes = b""
    user_agent: str = "unknown"
    host: str = "127.0.0.1:9200"

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean parameter; one without a value is true."""
        return read_flag(self.parameters, name, default)

    def integer(self, name: str, default: int) -> int:
        """Return a parameter that is a whole number."""
        value = self.parameters.get(name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            raise illegal_argument(
                f"Failed to parse int parameter [{name}] with value [{value}]",
                {"type": "number_format_exception", "reason": f'For input string: "{value}"'},
            ) from None

    def names(self, variable: str = "index") -> str:
        """Return a path variable, or nothing where the path has none."""
        return self.variables.get(variable, "")

    def json(self, default: Any = None) -> Any:
        """Return the body's JSON; an empty body is the default.

        Raises:
            ApiError: the body is not JSON.
        """
        if not self.body.strip():
            return default
        return parse_json(self.body)

    def object(self, *, required: bool = False, reader: str | None = None) -> dict[str, Any]:
        """Return the body, which must be an object; an empty body is an empty one.

        Args:
            required: an empty body is an error.
            reader: how messages name what reads the body; None: read as a plain map.

        Raises:
            ApiError: it is no object, or it is missing and required.
        """
        text = self.body.strip()
        if not text:
            if required:
                raise ApiError(400, "parse_exception", "request body is required")
            return {}
        if reader is None:
            return parse_map(text)
        body = parse_json(text)
        if not isinstance(body, dict):
            raise ApiError(
                400,
                "x_content_parse_exception",
                f"[1:1] [{reader}] Expected START_OBJECT but was: {token_of(body)}",
            )
        return body


@plain
class Response:
    """An answer.

    Attributes:
        body: a JSON-able value, or a str for a plain text answer.
        status: the HTTP status.
        headers: besides content type and length.
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


@plain
class Route:
    """A registered route."""

    handler: Handler
    parameters: frozenset[str]
    names: tuple[str, ...]  # of the path's variables, in order
    reads: bool  # it changes nothing but counters and search contexts
    writes_documents: bool  # it changes no definitions, but for what a new document brings


class _Branch:
    def __init__(self) -> None:
        self.literals: dict[str, _Branch] = {}
        self.variable: _Branch | None = None
        self.routes: dict[str, Route] = {}


_ROOT = _Branch()
# APIs of OpenSearch that are not here: otherwise they would be taken for indices.
_ELSEWHERE = frozenset(
    {
        "_tasks",
        "_scripts",
        "_data_stream",
        "_remote",
        "_dangling",
        "_plugins",
        "_rank_eval",
    }
    | {"_render", "_script_language", "_script_context", "_resolve", "_rollup", "_security"}
    | {"_segments", "_recovery", "_shard_stores", "_upgrade", "_termvectors"}
    | {"_search_shards", "_field_caps", "_mtermvectors", "_list", "_tier", "_wlm"}
)
# The same below an index or another API.
_ELSEWHERE_BELOW = _ELSEWHERE | frozenset(
    {"_close", "_open", "_rollover", "_clone", "_shrink", "_split", "_explain", "_termvector"}
    | {"_ingestion", "_scale", "template", "processor", "stats", "reroute", "decommission"}
    | {"allocation", "thread_pool", "fielddata", "segments", "recovery", "repositories", "tasks"}
    | {"nodeattrs", "_script", "_execute", "synced", "remote", "_view", "_simulate_index"}
)


def route(
    methods: str,
    *paths: str,
    parameters: tuple[str, ...] = (),
    reads: bool | None = None,
    documents: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a function as the answer to requests.

    Args:
        methods: one, or several with commas. GET answers HEAD too.
        paths: with ``{name}`` for variable segments.
        parameters: of the query string, besides the common ones.
        reads: whether it leaves all data as they are; None: if it answers GET.
        documents: whether it writes documents, and no definitions.
    """
    harmless = "GET" in methods.split(",") if reads is None else reads

    def register(handler: Handler) -> Handler:
        for path in paths:
            branch, names = _ROOT, []
            for segment in path.strip("/").split("/"):
                if segment.startswith("{"):
                    names.append(segment[1:-1])
                    branch.variable = branch.variable or _Branch()
                    branch = branch.variable
                else:
                    branch = branch.literals.setdefault(segment, _Branch())
            for method in methods.split(","):
                branch.routes[method] = Route(
                    handler, frozenset(parameters), tuple(names), harmless, documents
                )
        return handler

    return register


def find(method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
    """Return the route for a request, with the path's variables decoded.

    Raises:
        ApiError: there is none (400), or none with this method (405).
    """
    segments = raw_path.strip("/").split("/")
    if segments[0] in _ELSEWHERE:
        raise unsupported(f"the API [{unquote(raw_path)}]")
    allowed: set[str] = set()
    for branch, values in _matches(_ROOT, [unquote(each) for each in segments], []):
        found = branch.routes.get(method) or (
            branch.routes.get("GET") if method == "HEAD" else None
        )
        if found is not None:
            return found, dict(zip(found.names, values, strict=True))
        allowed |= branch.routes.keys()
        if "GET" in allowed:
            allowed.add("HEAD")
    if allowed:
        raise MethodNotAllowedError(method, unquote(raw_path), sorted(allowed))
    if not _ELSEWHERE_BELOW.isdisjoint(segments[1:]):
        raise unsupported(f"the API [{unquote(raw_path)}]")
    raise NoSuchRouteError(method, unquote(raw_path))


def _matches(
    branch: _Branch, segments: list[str], values: list[str]
) -> Iterator[tuple[_Branch, list[str]]]:
    if not segments:
        if branch.routes:
            yield branch, values
        return
    head, *rest = segments
    if head in branch.literals:
        yield from _matches(branch.literals[head], rest, values)
    if branch.variable is not None and head:
        yield from _matches(branch.variable, rest, [*values, head])


class MethodNotAllowedError(ApiError):
    """The path is known, with other methods; the answer's body is a sentence, not an object."""

    def __init__(self, method: str, path: str, allowed: list[str]) -> None:
        super().__init__(
            405,
            "method_not_allowed",
            f"Incorrect HTTP method for uri [{path}] and method [{method}], "
            f"allowed: [{', '.join(allowed)}]",
        )
        self.allowed = allowed

    def body(self) -> dict[str, Any]:
        return {"error": self.reason, "status": self.status}


class NoSuchRouteError(ApiError):
    """No path like this is served; the answer's body is a sentence, not an object."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            400,
            "no_handler",
            f"no handler found for uri [{path}] and method [{method}] in the embedded OpenSearch",
        )

    def body(self) -> dict[str, Any]:
        return {"error": self.reason, "status": self.status}


def parse_json(text: bytes) -> Any:
    """Return a JSON text's value.

    Raises:
        ApiError: it is none.
    """
    try:
        # `loads` makes a decoder for each call; a bulk request has two texts for each document.
        return _DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
    except ValueError as problem:
        reason = f"not a JSON text: {problem}"
        cause = {"type": "stream_read_exception", "reason": reason}
        raise ApiError(400, "json_parse_exception", reason, caused_by=cause) from None


def read_flag(parameters: Mapping[str, str], name: str, default: bool = False) -> bool:
    """Return a boolean parameter; one without a value is true.

    Raises:
        ApiError: it is neither true nor false.
    """
    value = parameters.get(name)
    if value is None:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise illegal_argument(
        f"Failed to parse value [{value}] as only [true] or [false] are allowed."
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'Duplicate Object property "{repeated}"')
    return members


def _refused_constant(name: str) -> Any:
    raise ValueError(f"Non-standard token '{name}'")


_DECODER = json.JSONDecoder(parse_constant=_refused_constant, object_pairs_hook=_without_duplicates)


def parse_map(text: bytes) -> dict[str, Any]:
    """Return the object that a JSON text is, read as OpenSearch reads maps.

    Raises:
        ApiError: it is none.
    """
    if not text.lstrip().startswith(b"{"):
        raise ApiError(
            400,
            "not_x_content_exception",
            "Compressor detection can only be called on some xcontent bytes or compressed xcontent "
            "bytes",
        )
    try:
        body = parse_json(text)
    except ApiError as problem:
        raise ApiError(
            400, "parse_exception", "Failed to parse content to map", caused_by=problem.cause()
        ) from None
    assert isinstance(body, dict)
    return body

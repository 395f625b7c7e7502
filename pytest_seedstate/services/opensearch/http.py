"""The WSGI application: requests in, answers out, as OpenSearch's HTTP layer does it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from pytest_seedstate.services.opensearch import routes
from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.filter_path import filtered
from pytest_seedstate.services.opensearch.routes.registry import (
    COMMON_PARAMETERS,
    TRUE,
    MethodNotAllowedError,
    Request,
    Response,
    Route,
    find,
    read_flag,
)
from pytest_seedstate.services.opensearch.storage.node import Node

_JSON = "application/json; charset=UTF-8"
_TEXT = "text/plain; charset=UTF-8"
_KNOWN_TYPES = frozenset({"application/json", "application/x-ndjson"})
_REFUSED_TYPES = frozenset({"application/yaml", "application/cbor", "application/smile"})
_REASONS = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Serves one node.

    Args:
        node: what is served.
    """

    def __init__(self, node: Node) -> None:
        routes.load()
        self.node = node

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        parameters: dict[str, str] = {}
        method = environ["REQUEST_METHOD"]
        try:
            parameters = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
            response = self._respond(environ, method, parameters)
        except ApiError as problem:
            headers = {}
            if isinstance(problem, MethodNotAllowedError):
                headers["Allow"] = ",".join(problem.allowed)
            response = Response(problem.body(), problem.status, headers)
        except RecursionError:
            too_deep = illegal_argument("the request is nested too deep")
            response = Response(too_deep.body(), too_deep.status)
        body, content_type = _rendered(response, parameters)
        headers_out = [("content-type", content_type), *response.headers.items()]
        if len(body) > 1024 and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            body = gzip.compress(body, 1)
            headers_out.append(("content-encoding", "gzip"))
        headers_out.append(("content-length", str(len(body))))
        start_response(f"{response.status} {_REASONS.get(response.status, 'Unknown')}", headers_out)
        return [] if method == "HEAD" else [body]

    def _respond(
        self, environ: dict[str, Any], method: str, parameters: dict[str, str]
    ) -> Response:
        # Decoding the path first would take a slash in an id for one between segments.
        raw_path = environ.get("REQUEST_URI") or environ.get("RAW_URI")
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        if raw_path:
            raw = raw_path.partition("?")[0]
            raw = "/" + raw.partition("//")[2].partition("/")[2] if "://" in raw[:8] else raw
        else:
            raw = path.replace("%", "%25")
        found, variables = find(method, raw)
        unknown = parameters.keys() - COMMON_PARAMETERS - found.parameters
        if unknown:
            raise _unknown_parameters(path, sorted(unknown))
        body = _body(environ)
        if not body and "source" in parameters:
            body = parameters["source"].encode()
        if body:
            _check_content_type(environ.get("CONTENT_TYPE", ""))
        read_flag(parameters, "pretty")
        agent = environ.get("HTTP_USER_AGENT", "unknown")
        host = environ.get("HTTP_HOST") or f"127.0.0.1:{environ.get('SERVER_PORT', 9200)}"
        request = Request(self.node, method, path, variables, parameters, body, agent, host)
        with self.node.lock:
            return self.carry_out(found, request)

    def carry_out(self, found: Route, request: Request) -> Response:
        """Answer a request that is well-formed; nobody else is served meanwhile.

        Raises:
            ApiError: it cannot be answered.
        """
        return found.handler(request)


def _unknown_parameters(path: str, names: list[str]) -> ApiError:
    plural = "s" if len(names) > 1 else ""
    listed = ", ".join(f"[{name}]" for name in names)
    return illegal_argument(f"request [{path}] contains unrecognized parameter{plural}: {listed}")


def _body(environ: dict[str, Any]) -> bytes:
    stream = environ.get("wsgi.input")
    if stream is None:
        return b""
    length = environ.get("CONTENT_LENGTH")
    if length:
        body: bytes = stream.read(int(length))
    elif environ.get("wsgi.input_terminated"):
        body = stream.read()
    else:
        return b""
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").lower()
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise ApiError(
            400, "not_compressed_exception", f"the body is not compressed by [{encoding}]"
        ) from None
    return body


class _ContentTypeError(ApiError):
    """The body's type is none that is read; the answer's body is a sentence."""

    def body(self) -> dict[str, Any]:
        return {"error": self.reason, "status": self.status}


def _check_content_type(header: str) -> None:
    kind = header.partition(";")[0].strip().lower()
    if not kind:
        raise _ContentTypeError(406, "content_type", "Content-Type header is missing")
    if kind.startswith("application/vnd.opensearch+"):
        return
    if kind in _KNOWN_TYPES:
        return
    told = f"Content-Type header [{header}] is not supported"
    if kind in _REFUSED_TYPES:
        told += " by the embedded OpenSearch"
    raise _ContentTypeError(406, "content_type", told)


def _rendered(response: Response, parameters: dict[str, str]) -> tuple[bytes, str]:
    if isinstance(response.body, str):
        return response.body.encode(), _TEXT
    body = response.body
    filters = parameters.get("filter_path")
    if filters:
        body = filtered(body, filters.split(","))
    if parameters.get("pretty") in TRUE:
        text = json.dumps(body, ensure_ascii=False, indent=2, separators=(",", " : ")) + "\n"
    else:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass"), _JSON

"""The root of the OpenSearch host: the engine with a record of what is written, as it is served."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_seedstate.services.host.hosted import Log, Touch, writer_text
from pytest_seedstate.services.host.process import run
from pytest_seedstate.services.host.tally import Writes
from pytest_seedstate.services.opensearch.errors import ApiError
from pytest_seedstate.services.opensearch.http import Application
from pytest_seedstate.services.opensearch.routes.registry import Request, Response, Route
from pytest_seedstate.services.opensearch.storage.moment import Moment
from pytest_seedstate.services.opensearch.storage.node import Node

_COLLECT_AFTER = (100_000, 20, 50)
"""The garbage collector's thresholds: documents are many objects and no cycles, and with Python's
own (700, 10, 10) looking for some makes a bulk load take twice as long."""
_GO_BACK_PATIENCE = 0.05
"""Seconds; behind a longer request another process is there sooner."""


class HostedNode(Application):
    """One node with what a host asks of an application."""

    def __init__(self) -> None:
        super().__init__(Node())
        self._writes: Writes | None = None
        self._moment = Moment(self.node)
        self._contexts_differ = False
        self.segments: list[Log] = [Log()]

    def begin(self, writes: Writes) -> None:
        """A server starts here; called in a process that has one thread."""
        self._writes = writes
        self._moment = Moment(self.node)
        self._contexts_differ = False
        gc.set_threshold(*_COLLECT_AFTER)

    def end(self) -> None:
        """Nothing to do: no request waits here."""

    def resume(self) -> None:
        """Nothing to do, as in `end`."""

    def go_back(self) -> Log | None:
        """Be as at the last `begin`; says what was written since."""
        if not self.node.lock.acquire(timeout=_GO_BACK_PATIENCE):
            return None
        try:
            assert self._writes is not None
            self._moment.go_back()
            self._contexts_differ = False
            self._writes.void_all()
            log, self.segments[-1] = self.segments[-1], Log()
            return log
        finally:
            self.node.lock.release()

    def load_later(self) -> Callable[[], None] | None:
        """Nothing remains to be loaded."""
        return None

    def settle(self) -> None:
        """Let searches see all writes, so that what is kept does not depend on the moment."""
        for index in self.node.indices.values():
            index.settle()

    def carry_out(self, found: Route, request: Request) -> Response:
        """Answer a request; one that may write is counted before and recorded whatever it does."""
        assert self._writes is not None
        if found.reads:
            return self._read(found, request, self._writes)
        self._writes.begin()
        before = set(self.node.indices)
        note = None if found.writes_documents else f"{request.method} {request.path}"
        try:
            return super().carry_out(found, request)
        except ApiError:
            note = None
            raise
        finally:
            self._record(request, before, note)

    def _read(self, found: Route, request: Request, writes: Writes) -> Response:
        try:
            return super().carry_out(found, request)
        finally:
            # An open scroll is no data, but the next test must not find it either.
            differ = not self._moment.holds_contexts()
            if differ and not self._contexts_differ:
                writes.begin()
            elif self._contexts_differ and not differ:
                writes.void()
            self._contexts_differ = differ

    def _record(self, request: Request, before: set[str], note: str | None) -> None:
        node = self.node
        touches = [Touch("opensearch", "", index, key) for index, key in node.touched]
        node.touched.clear()
        gone, new = sorted(before - node.indices.keys()), sorted(node.indices.keys() - before)
        touches += [Touch("opensearch", "", index) for index in gone]
        notes = [f"index {name} deleted" for name in gone]
        notes += [f"index {name} created" for name in new]
        if note and not touches and not notes:
            notes = [note]
        self.segments[-1].add(touches, notes, writer_text(request.user_agent, _api(request)))

    def values(self, touches: Sequence[Touch]) -> list[tuple[Touch, Mapping[str, Any]]]:
        """The sources of the documents named, refreshed or not; of an index, all of them."""
        found: dict[Touch, Mapping[str, Any]] = {}
        with self.node.lock:
            for touch in touches:
                index = self.node.indices.get(touch.collection)
                if index is None:
                    continue
                for key in [touch.key] if touch.key else index.documents:
                    document = index.documents.get(key)
                    if document is not None:
                        found[Touch("opensearch", "", touch.collection, key)] = document.source
        return sorted(found.items(), key=lambda pair: pair[0])

    def warm_up(self) -> Iterator[None]:
        """Carry out common requests on a node of their own, which nobody keeps."""
        scratch = Application(Node())
        for method, path, body in _COMMON_REQUESTS:
            _call(scratch, method, path, body)
            yield


def _api(request: Request) -> str:
    """The API of a request, without the names in its path: ``PUT _doc``."""
    parts = (part for part in request.path.split("/") if part.startswith("_"))
    return f"{request.method} {next(parts, 'index')}"


def _call(application: Application, method: str, path: str, body: bytes) -> None:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for _ in application(environ, lambda status, headers: None):
        pass


def _lines(*parts: Any) -> bytes:
    return b"".join(json.dumps(part).encode() + b"\n" for part in parts)


_COMMON_REQUESTS = (
    (
        "PUT",
        "/scratch",
        _lines(
            {"mappings": {"properties": {"name": {"type": "text"}, "place": {"type": "keyword"}}}}
        ),
    ),
    (
        "POST",
        "/scratch/_bulk",
        _lines(
            *({"index": {"_id": "1"}}, {"name": "a name", "place": "here", "rating": 4.5}),
            *({"index": {"_id": "2"}}, {"name": "another", "place": "there", "rating": 5}),
        ),
    ),
    ("POST", "/scratch/_refresh", b""),
    ("GET", "/scratch/_doc/1", b""),
    (
        "POST",
        "/scratch/_search",
        _lines(
            {
                "query": {
                    "bool": {
                        "must": [{"match": {"name": "name"}}],
                        "filter": [{"range": {"rating": {"gte": 4}}}, {"term": {"place": "here"}}],
                    }
                },
                "aggs": {"places": {"terms": {"field": "place"}}},
                "sort": [{"rating": "desc"}],
            }
        ),
    ),
    ("POST", "/scratch/_update/1", _lines({"doc": {"rating": 4}})),
    ("DELETE", "/scratch/_doc/2", b""),
)


def _make(config: Mapping[str, Any], tuned: bool) -> HostedNode:
    del config, tuned
    return HostedNode()


def main() -> None:
    """The root process."""
    run(_make, "the embedded OpenSearch")

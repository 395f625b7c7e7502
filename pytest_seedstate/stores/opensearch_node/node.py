"""What of a node's API the journal uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.http_client import HttpClient

USERS = "*,-.*"
"""The indices of users: what begins with a point is the node's own, or a copy of ours."""

Parse = Callable[[bytes], Any]
"""A parser of JSON."""

_PAGE = 1000
_METADATA_BLOCK = "9"
_FORBIDDEN = 403
_MARKS = (
    "/_stats/docs,search?level=shards&expand_wildcards=open,hidden"
    "&filter_path=indices.*.uuid,indices.*.shards.*.seq_no.max_seq_no,"
    "indices.*.shards.*.routing.primary,indices.*.total.search.scroll_*,"
    "indices.*.total.search.point_in_time_*"
)


class RefusedError(SeedstateError):
    """The node refused a request.

    Attributes:
        is_forbidden: whether a block of an index or of the cluster forbids it.
        is_there_already: whether what was to be created is there.
    """

    def __init__(self, request: str, status: int, reason: str) -> None:
        self.is_forbidden = status == _FORBIDDEN
        self.is_there_already = "already exists" in reason
        super().__init__(f"OpenSearch refused {request}: {reason}")


@dataclass(frozen=True, slots=True)
class Mark:
    """What moves with every write of a document to an index; deletions too.

    Attributes:
        uuid: another one after the index was deleted and created.
        written: the last sequence number of each primary shard, by the shard's number.
    """

    uuid: str
    written: tuple[tuple[str, int], ...]

    @property
    def operations(self) -> int:
        """How many writes of documents the index has seen."""
        return sum(number + 1 for _, number in self.written)


@dataclass(frozen=True, slots=True)
class Searches:
    """The searches that an index keeps open for its clients.

    Attributes:
        scrolls: how many there are.
        points: how many points in time.
        ended: how many there were, which tells one from another; 0 where none is open.
    """

    scrolls: int = 0
    points: int = 0
    ended: int = 0

    def __bool__(self) -> bool:
        return bool(self.scrolls or self.points)


@dataclass(frozen=True, slots=True)
class Found:
    """A document, as a search tells it.

    Attributes:
        id: its id.
        source: its body; None where the index keeps none.
        version: its version.
        number: its sequence number.
        routing: what it was routed by, None for its id.
    """

    id: str
    source: Mapping[str, Any] | None
    version: int
    number: int
    routing: str | None

    @staticmethod
    def of(hit: Mapping[str, Any]) -> Found:
        """The document of a search's hit, with version and sequence number."""
        return Found(
            hit["_id"], hit.get("_source"), hit["_version"], hit["_seq_no"], hit.get("_routing")
        )


class Node:
    """A node at a URL.

    Args:
        variables: ``url``, with user and password where it wants them; ``ca_file``.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._client = HttpClient(variables["url"], ca_file=variables.get("ca_file"))

    @property
    def url(self) -> str:
        """Without user and password."""
        return self._client.url

    def call(self, method: str, target: str, asked: Any = None) -> Any:
        """Send a request; what it answers, from JSON.

        Args:
            method: of HTTP.
            target: path and query, encoded.
            asked: the body; bytes are sent as lines of JSON.

        Raises:
            RefusedError: the node's own words.
            SeedstateError: it does not answer.
        """
        return self._call(method, target, asked, json.loads)

    def close(self) -> None:
        """Close our connections."""
        self._client.close()

    def marks(self, names: str = USERS) -> dict[str, tuple[Mark, Searches]]:
        """What tells whether documents were written, by open index.

        Args:
            names: as they stand in a path.
        """
        told = self.call("GET", f"/{names}{_MARKS}").get("indices", {})
        return {name: _mark(about) for name, about in told.items()}

    def state(self) -> str:
        """Another text whenever definitions may have changed."""
        told = self.call("GET", "/_cluster/state/version")
        return f"{told['cluster_uuid']} {told['state_uuid']}"

    def lift_metadata_blocks(self, is_ours: Callable[[str], bool]) -> None:
        """Make indices answer that refuse to tell even what they are."""
        told = self.call("GET", "/_cluster/state/blocks")
        for name, blocks in told.get("blocks", {}).get("indices", {}).items():
            if _METADATA_BLOCK in blocks and is_ours(name):
                self.lift(name, "index.blocks.metadata")

    def lift(self, index: str, block: str) -> None:
        """Lift a block that forbids to change settings."""
        # Only this is allowed then: one block, and a value.
        self.call("PUT", f"/{named(index)}/_settings", {block: False})

    def refresh(self, names: Sequence[str]) -> None:
        """Let searches see all writes; an index that is gone meanwhile is no error."""
        for part in _portions(names):
            self.call("POST", f"/{joined(part)}/_refresh?ignore_unavailable=true")

    def delete(self, names: Sequence[str]) -> None:
        """Delete indices; those that are gone already are no error."""
        for part in _portions(names):
            self.call("DELETE", f"/{joined(part)}?ignore_unavailable=true")

    def documents(self, index: str, parse: Parse = json.loads) -> Iterator[Found]:
        """All documents that searches see, in the order in which the index has them."""
        asked = {"size": _PAGE, "sort": ["_doc"], "version": True, "seq_no_primary_term": True}
        page = self._call("POST", f"/{named(index)}/_search?scroll=1m", asked, parse)
        scroll = {"scroll_id": page["_scroll_id"]}
        try:
            while page["hits"]["hits"]:
                yield from map(Found.of, page["hits"]["hits"])
                page = self._call("POST", "/_search/scroll", {"scroll": "1m", **scroll}, parse)
        finally:
            # The index may be gone, and the scroll with it.
            with suppress(RefusedError):
                self.call("DELETE", "/_search/scroll", scroll)

    def documents_of(self, index: str, ids: Sequence[str]) -> Iterator[Found]:
        """Those of these ids that searches see."""
        for start in range(0, len(ids), _PAGE):
            asked = {
                "size": _PAGE,
                "query": {"ids": {"values": list(ids[start:][:_PAGE])}},
                "version": True,
                "seq_no_primary_term": True,
            }
            told = self.call("POST", f"/{named(index)}/_search", asked)
            yield from map(Found.of, told["hits"]["hits"])

    def _call(self, method: str, target: str, asked: Any, parse: Parse) -> Any:
        headers = {}
        body = b""
        if isinstance(asked, bytes):
            headers["content-type"], body = "application/x-ndjson", asked
        elif asked is not None:
            headers["content-type"], body = "application/json", line(asked)
        answer = self._client.call(method, target, headers, body)
        if answer.status >= 300:
            raise RefusedError(
                f"{method} {target.partition('?')[0]}", answer.status, _reason(answer.body)
            )
        return parse(answer.body)


def named(name: str) -> str:
    """A name in a path."""
    return quote(name, safe="")


def joined(names: Iterable[str]) -> str:
    """Names in a path."""
    return ",".join(map(named, names))


def line(value: Any) -> bytes:
    """A line of JSON, with nothing in it that is no ASCII: half a surrogate pair is possible."""
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Names, as many at once as fit into a request's first line."""
    part: list[str] = []
    size = 0
    for name in names:
        if part and size + len(named(name)) > 3000:
            yield part
            part, size = [], 0
        part.append(name)
        size += len(named(name)) + 1
    if part:
        yield part


def _mark(about: Mapping[str, Any]) -> tuple[Mark, Searches]:
    written = tuple(
        (number, int(shard.get("seq_no", {}).get("max_seq_no", -1)))
        for number, copies in sorted(about.get("shards", {}).items())
        for shard in copies
        if shard["routing"]["primary"]
    )
    told = about["total"]["search"]
    scrolls, points = int(told["scroll_current"]), int(told.get("point_in_time_current", 0))
    ended = int(told["scroll_total"]) + int(told.get("point_in_time_total", 0))
    return (
        Mark(about["uuid"], written),
        Searches(scrolls, points, ended if scrolls or points else 0),
    )


def _reason(body: bytes) -> str:
    """What the node says of an error, down to the first cause."""
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace")
    if not isinstance(error, Mapping):
        return str(error)
    told = str(error.get("reason") or error.get("type"))
    while isinstance(error.get("caused_by"), Mapping):
        error = error["caused_by"]
        cause = str(error.get("reason") or error.get("type"))
        told = told if cause in told else f"{told}: {cause}"
    return told

"""The OpenSearch store: indices and documents at a node, over plain HTTP.

Not opensearch-py, whose import takes longer than the embedded node's start.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.stores.base import Collections, Journal, Loaded
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.http_client import HttpClient
from pytest_seedstate.stores.opensearch_schema import Declared, read_declared

_LONGEST_ID = 512
"""Bytes of an id in UTF-8 (OpenSearch's own limit)."""
_BULK_BYTES = 5_000_000
_BULK_DOCUMENTS = 1000
_PAGE = 1000


@dataclass(frozen=True)
class OpenSearchDocument:
    """A document to be indexed.

    Attributes:
        id: its id in the index.
        source: its body, in types that JSON has.
    """

    id: str
    source: Mapping[str, Any]

    def canonical_form(self) -> Mapping[str, Any]:
        """What identifies it: all it has."""
        return {"id": self.id, "source": self.source}


class OpenSearchStore:
    """OpenSearch at a URL.

    Args:
        variables: ``url``.
        journal: what rewinds the service.
    """

    name = "opensearch"

    def __init__(self, variables: Mapping[str, str], journal: Journal) -> None:
        self._client = HttpClient(variables["url"])
        self._journal = journal

    @property
    def journal(self) -> Journal:
        return self._journal

    def create_schema(self, declared: Sequence[Mapping[str, Any]]) -> None:
        """Create indices, index templates and ingest pipelines; all of them or none.

        Args:
            declared: see `opensearch_schema.read_declared`.

        Raises:
            SeedstateError: what is declared twice, is there already or is wrong, in OpenSearch's
                own words.
        """
        created: list[Declared] = []
        try:
            for one in read_declared(declared):
                self._create(one)
                created.append(one)
        except SeedstateError:
            for one in reversed(created):
                with suppress(SeedstateError):
                    self._call("DELETE", one.path)
            raise

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add documents; ids are checked before the first is written, searches see all at the end.

        Args:
            entries: `OpenSearchDocument` by index or alias.
            loaded: called with the number of documents just loaded.

        Raises:
            SeedstateError: an index that is not there, an id that is empty, too long, double or
                taken, a document that JSON cannot hold or that does not fit its mapping, in
                OpenSearch's own words.
        """
        known = self._names()
        for name, documents in entries.items():
            if name not in known:
                raise unknown_name("OpenSearch index", name, known)
            _check_ids(name, documents)
            self._refuse_taken(name, documents)
        begun: list[tuple[str, Sequence[OpenSearchDocument]]] = []
        try:
            for name, documents in entries.items():
                for chunk, body in _chunks(name, documents):
                    begun.append((name, chunk))
                    self._create_documents(name, chunk, body)
                    loaded(len(chunk))
        except SeedstateError:
            for name, chunk in begun:
                with suppress(SeedstateError):
                    self._delete(name, chunk)
            raise
        finally:
            if begun:
                self._call("POST", f"/{_listed({name for name, _ in begun})}/_refresh")

    def absent(self, entries: Collections) -> Collections:
        """Those documents whose id is not in their index.

        Raises:
            SeedstateError: an index that is not there.
        """
        known = self._names()
        absent = {}
        for name, documents in entries.items():
            if name not in known:
                raise unknown_name("OpenSearch index", name, known)
            path, there = quote(name, safe=""), set[str]()
            self._call("POST", f"/{path}/_refresh")
            for start in range(0, len(documents), _PAGE):
                ids = [each.id for each in documents[start:][:_PAGE]]
                asked = {"size": _PAGE, "_source": False, "query": {"ids": {"values": ids}}}
                hits = self._call("POST", f"/{path}/_search", asked)["hits"]["hits"]
                there.update(hit["_id"] for hit in hits)
            absent[name] = [each for each in documents if each.id not in there]
        return absent

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All documents: index, id, source in canonical form; ordered by both."""
        for index in sorted(self._indices()):
            found = {hit["_id"]: hit.get("_source", {}) for hit in self._documents(index)}
            for identifier in sorted(found):
                yield index, identifier, canonical(found[identifier])

    def clear(self) -> None:
        """Delete all documents; indices, templates and pipelines stay."""
        for index in self._indices():
            # A query finds only what was refreshed.
            self._call("POST", f"/{quote(index, safe='')}/_refresh")
            self._call(
                "POST",
                f"/{quote(index, safe='')}/_delete_by_query?refresh=true&conflicts=proceed",
                {"query": {"match_all": {}}},
            )

    def counts(self) -> dict[str, int]:
        """Documents by index."""
        counts = {}
        for index in self._indices():
            self._call("POST", f"/{quote(index, safe='')}/_refresh")
            counts[index] = int(self._call("GET", f"/{quote(index, safe='')}/_count")["count"])
        return counts

    def health(self) -> str:
        """``OpenSearch 3.8.0``, with the number of indices.

        Raises:
            SeedstateError: the endpoint does not answer.
        """
        version = self._call("GET", "/")["version"]["number"]
        count = len(self._indices())
        where = f"{self._client.url}, {count} {'index' if count == 1 else 'indices'}"
        return f"OpenSearch {version} at {where}"

    def close(self) -> None:
        """Close our connections."""
        self._client.close()

    def _create(self, one: Declared) -> None:
        try:
            if one.kind != "index" and self._exists(one):
                raise SeedstateError(f"{one.title} is there already")
            self._call("PUT", one.path, one.body)
        except _RefusedError as error:
            raise SeedstateError(
                f"{one.title} cannot be created: {error.reason}", where="its declaration"
            ) from error

    def _exists(self, one: Declared) -> bool:
        return self._client.call("GET", one.path, {}).status != 404

    def _create_documents(
        self, name: str, documents: Sequence[OpenSearchDocument], body: bytes
    ) -> None:
        told = self._call("POST", f"/{quote(name, safe='')}/_bulk", body)
        failed = [each for item in told["items"] for each in item.values() if "error" in each]
        if failed:
            raise SeedstateError(
                f"a document cannot be stored: {_reason(failed[0]['error'])}",
                where=f"OpenSearch index '{name}', document '{failed[0]['_id']}'",
            )

    def _refuse_taken(self, name: str, documents: Sequence[OpenSearchDocument]) -> None:
        path = quote(name, safe="")
        self._call("POST", f"/{path}/_refresh")
        if not self._call("GET", f"/{path}/_count")["count"]:
            return
        for start in range(0, len(documents), _PAGE):
            ids = [each.id for each in documents[start:][:_PAGE]]
            asked = {"size": 1, "_source": False, "query": {"ids": {"values": ids}}}
            for hit in self._call("POST", f"/{path}/_search", asked)["hits"]["hits"]:
                raise _duplicate(name, hit["_id"], "is in the index already")

    def _delete(self, name: str, documents: Sequence[OpenSearchDocument]) -> None:
        body = b"".join(_line({"delete": {"_id": each.id}}) for each in documents)
        self._call("POST", f"/{quote(name, safe='')}/_bulk", body)

    def _documents(self, index: str) -> Iterator[Mapping[str, Any]]:
        path = quote(index, safe="")
        self._call("POST", f"/{path}/_refresh")
        asked = {"size": _PAGE, "sort": ["_doc"]}
        page = self._call("POST", f"/{path}/_search?scroll=1m", asked)
        try:
            while page["hits"]["hits"]:
                yield from page["hits"]["hits"]
                asked = {"scroll": "1m", "scroll_id": page["_scroll_id"]}
                page = self._call("POST", "/_search/scroll", asked)
        finally:
            self._call("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})

    def _indices(self) -> list[str]:
        """The indices of users: what begins with a point is the node's own."""
        return [name for name in self._call("GET", "/_alias") if not name.startswith(".")]

    def _names(self) -> list[str]:
        told = self._call("GET", "/_alias")
        aliases = {alias for index in told.values() for alias in index["aliases"]}
        return [*told, *sorted(aliases)]

    def _call(self, method: str, target: str, asked: Any = None) -> Any:
        headers = {}
        body = b""
        if isinstance(asked, bytes):
            headers["content-type"], body = "application/x-ndjson", asked
        elif asked is not None:
            headers["content-type"], body = "application/json", _line(asked)
        answer = self._client.call(method, target, headers, body)
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = {"error": answer.body[:300].decode("utf-8", "replace")}
        if answer.status >= 300:
            raise _RefusedError(f"{method} {target.partition('?')[0]}", _reason(told.get("error")))
        return told


class _RefusedError(SeedstateError):
    """OpenSearch refused a request."""

    def __init__(self, request: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"OpenSearch refused {request}: {reason}")


def _reason(error: Any) -> str:
    """What OpenSearch says of an error, down to the first cause."""
    if not isinstance(error, Mapping):
        return str(error)
    reasons = [str(error.get("reason") or error.get("type"))]
    while isinstance(error.get("caused_by"), Mapping):
        error = error["caused_by"]
        reasons.append(str(error.get("reason") or error.get("type")))
    return ": ".join(dict.fromkeys(reasons))


def _check_ids(name: str, documents: Sequence[OpenSearchDocument]) -> None:
    seen: set[str] = set()
    for number, each in enumerate(documents, 1):
        size = len(each.id.encode("utf-8", "surrogatepass"))
        if not 1 <= size <= _LONGEST_ID:
            raise SeedstateError(
                f"the id of a document has {size} bytes, and 1 to {_LONGEST_ID} are possible",
                where=f"OpenSearch index '{name}', document {number}",
            )
        if each.id in seen:
            raise _duplicate(name, each.id, "is in the dataset twice")
        seen.add(each.id)


def _duplicate(name: str, identifier: str, what: str) -> SeedstateError:
    return SeedstateError(
        f"the id '{identifier}' {what}",
        where=f"OpenSearch index '{name}'",
        fix="give each document of an index an id of its own",
    )


def _chunks(
    name: str, documents: Sequence[OpenSearchDocument]
) -> Iterator[tuple[Sequence[OpenSearchDocument], bytes]]:
    """Documents in portions, with the bulk request of each."""
    chunk: list[OpenSearchDocument] = []
    lines: list[bytes] = []
    size = 0
    for each in documents:
        try:
            line = _line({"create": {"_id": each.id}}) + _line(each.source)
        except (TypeError, ValueError) as error:
            raise SeedstateError(
                f"a document cannot be stored: {error}",
                where=f"OpenSearch index '{name}', document '{each.id}'",
                fix="text, numbers, true, false, null, lists and mappings are possible",
            ) from None
        if chunk and (size + len(line) > _BULK_BYTES or len(chunk) == _BULK_DOCUMENTS):
            yield chunk, b"".join(lines)
            chunk, lines, size = [], [], 0
        chunk.append(each)
        lines.append(line)
        size += len(line)
    if chunk:
        yield chunk, b"".join(lines)


def _line(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _listed(names: Iterable[str]) -> str:
    return ",".join(quote(name, safe="") for name in sorted(names))

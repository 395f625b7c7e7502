"""The OpenSearch store: indices and documents at a node, over plain HTTP.

Not opensearch-py, whose import takes longer than the embedded node's start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.stores.base import Collections, Journal, Loaded
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.definitions import Definition, opensearch_definitions
from pytest_seedstate.stores.http_client import HttpClient
from pytest_seedstate.stores.opensearch_schema import Declared, read_declared

_LONGEST_ID = 512
"""Bytes of an id in UTF-8 (OpenSearch's own limit)."""
_BULK_BYTES = 5_000_000
_BULK_DOCUMENTS = 1000
_PAGE = 1000

_Place = tuple[str, str]
"""Index and id of a document."""


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
        variables: ``url``; ``ca_file``, see `HttpClient`.
        journal: what rewinds the service.
        owns: whether an index is ours; others are left alone, and told nothing about.
    """

    name = "opensearch"

    def __init__(
        self,
        variables: Mapping[str, str],
        journal: Journal,
        owns: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._client = HttpClient(variables["url"], ca_file=variables.get("ca_file"))
        self._journal = journal
        self._owns = owns

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
        for name, index in self._indices_of(entries).items():
            _check_ids(name, entries[name])
            for identifier in self._there(index, entries[name]):
                raise _duplicate(name, identifier, "is in the index already")
        created: list[_Place] = []
        try:
            for name, documents in entries.items():
                for chunk, body in _chunks(name, documents):
                    self._create_documents(name, body, created)
                    loaded(len(chunk))
        except SeedstateError:
            with suppress(SeedstateError):
                self._delete(created)
            raise
        self._refresh({index for index, _ in created})

    def absent(self, entries: Collections) -> Collections:
        """Those documents whose id is not in their index.

        Raises:
            SeedstateError: an index that is not there.
        """
        absent = {}
        for name, index in self._indices_of(entries).items():
            there = self._there(index, entries[name])
            absent[name] = [each for each in entries[name] if each.id not in there]
        return absent

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All documents: index, id, source in canonical form; ordered by both."""
        for index in sorted(self._indices()):
            found = {hit["_id"]: hit.get("_source", {}) for hit in self._documents(index)}
            for identifier in sorted(found):
                yield index, identifier, canonical(found[identifier])

    def definitions(self) -> Iterator[Definition]:
        """Mappings, settings and aliases of indices; templates, pipelines, cluster settings."""
        yield from opensearch_definitions(self._call, self._indices())

    def clear(self) -> None:
        """Delete all documents; indices, templates and pipelines stay."""
        indices = self._indices()
        # A query finds only what was refreshed.
        self._refresh(indices)
        for index in indices:
            target = f"/{quote(index, safe='')}/_delete_by_query?refresh=true"
            self._call("POST", target, {"query": {"match_all": {}}})

    def counts(self) -> dict[str, int]:
        """Documents by index."""
        counts = {}
        indices = self._indices()
        self._refresh(indices)
        for index in indices:
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
                raise SeedstateError(f"{one.title} is there already", where=one.where)
            self._call("PUT", one.path, one.body)
        except _RefusedError as error:
            raise SeedstateError(
                f"{one.title} cannot be created: {error.reason}", where=one.where
            ) from error

    def _exists(self, one: Declared) -> bool:
        return self._client.call("GET", one.path, {}).status != 404

    def _indices_of(self, names: Iterable[str]) -> dict[str, str | None]:
        """The index that documents for each name go to; None for one that a template will make.

        Raises:
            SeedstateError: neither an index nor an alias, and no template's.
        """
        told = self._call("GET", "/_alias")
        known: dict[str, str | None] = {index: index for index in told}
        for index, about in told.items():
            for alias, definition in about["aliases"].items():
                if alias not in known or definition.get("is_write_index"):
                    known[alias] = index
        found: dict[str, str | None] = {}
        for name in names:
            if name not in known and not self._is_made_by_a_template(name):
                raise unknown_name("OpenSearch index", name, list(known))
            found[name] = known.get(name)
        return found

    def _is_made_by_a_template(self, name: str) -> bool:
        templates = self._call("GET", "/_index_template")["index_templates"]
        patterns = [
            pattern for one in templates for pattern in one["index_template"]["index_patterns"]
        ]
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    def _there(self, index: str | None, documents: Sequence[OpenSearchDocument]) -> set[str]:
        """The ids of those that are in an index, refreshed or not."""
        found: set[str] = set()
        if index is not None:
            for start in range(0, len(documents), _PAGE):
                asked = {"ids": [each.id for each in documents[start:][:_PAGE]]}
                target = f"/{quote(index, safe='')}/_mget?_source=false"
                told = self._call("POST", target, asked)["docs"]
                found.update(each["_id"] for each in told if each.get("found"))
        return found

    def _create_documents(self, name: str, body: bytes, created: list[_Place]) -> None:
        told = self._call("POST", f"/{quote(name, safe='')}/_bulk", body)
        answers = [each["create"] for each in told["items"]]
        created += [(each["_index"], each["_id"]) for each in answers if "error" not in each]
        for each in answers:
            if each["status"] == 409:
                raise _duplicate(name, each["_id"], "is in the index already")
            if "error" in each:
                raise SeedstateError(
                    f"a document cannot be stored: {_reason(each['error'])}",
                    where=f"OpenSearch index '{name}', document '{each['_id']}'",
                )

    def _delete(self, places: Sequence[_Place]) -> None:
        for start in range(0, len(places), _BULK_DOCUMENTS):
            lines = [
                _line({"delete": {"_index": index, "_id": identifier}})
                for index, identifier in places[start:][:_BULK_DOCUMENTS]
            ]
            self._call("POST", "/_bulk", b"".join(lines))
        self._refresh({index for index, _ in places})

    def _refresh(self, indices: Iterable[str]) -> None:
        for index in indices:
            self._call("POST", f"/{quote(index, safe='')}/_refresh")

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
        """Our indices: what begins with a point is the node's own."""
        names = [name for name in self._call("GET", "/_alias") if not name.startswith(".")]
        return [name for name in names if self._owns(name)]

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
    """What OpenSearch says of an error, down to the first cause; a cause that is told is left out."""
    if not isinstance(error, Mapping):
        return str(error)
    told = str(error.get("reason") or error.get("type"))
    while isinstance(error.get("caused_by"), Mapping):
        error = error["caused_by"]
        cause = str(error.get("reason") or error.get("type"))
        if cause not in told:
            told = f"{told}: {cause}"
    return told


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

"""Documents through the OpenSearch store: what is given is there, or nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.opensearch import OpenSearchDocument, OpenSearchStore
from tests.opensearch_host.conftest import client, service
from tests.opensearch_host.helpers import Client
from tests.opensearch_host.services import OpenSearch

__all__ = ["client", "service"]

IDS = ("plain", "a/b//c", "with space", "plus+and%20percent", "ü/é/\U0001f600", "?x=1&y=2#z",
       "'\"<>\\^`{}|~", "_all", "*", "..", "new\nline", "k" * 512)  # fmt: skip


@pytest.fixture
def store(service: OpenSearch) -> Iterator[OpenSearchStore]:
    """The store of an empty node."""
    store = OpenSearchStore(service.variables, service.journal)
    yield store
    store.close()


def nothing(_: int) -> None:
    """Nobody asks for progress."""


def document(number: int, **source: Any) -> OpenSearchDocument:
    return OpenSearchDocument(str(number), {"number": number, **source})


SHOP = {"index": "shop", "mappings": {"properties": {"number": {"type": "integer"}}}}


def test_a_schema_and_its_documents(store: OpenSearchStore, client: Client) -> None:
    """Pipelines and templates come before indices, however they are declared."""
    store.create_schema(
        [
            {"index": "log-1"},
            {"index": "shop", "aliases": {"all": {}}, "settings": {"default_pipeline": "stamp"}},
            {
                "index_template": "logs",
                "index_patterns": ["log-*"],
                "template": {"mappings": {"properties": {"at": {"type": "date"}}}},
            },
            {"ingest_pipeline": "stamp", "processors": [{"set": {"field": "s", "value": 1}}]},
        ]
    )
    told: list[int] = []
    store.load({"shop": [document(1), document(2)], "log-1": [document(3)]}, told.append)

    assert sum(told) == 3
    assert store.counts() == {"log-1": 1, "shop": 2}
    assert list(store.dump()) == [
        ("log-1", "3", {"number": 3}),
        ("shop", "1", {"number": 1, "s": 1}),
        ("shop", "2", {"number": 2, "s": 1}),
    ]
    mapping = client("GET", "/log-1/_mapping").body["log-1"]["mappings"]
    assert mapping["properties"]["at"] == {"type": "date"}
    assert client("POST", "/all/_search").body["hits"]["total"]["value"] == 2
    assert store.health().startswith("OpenSearch 3.")
    assert store.health().endswith("2 indices")


@pytest.mark.parametrize("identifier", IDS, ids=lambda text: ascii(text[:20]))
def test_ids_with_odd_characters(identifier: str, store: OpenSearchStore) -> None:
    """The id that was given, in the dump and for a second load."""
    store.create_schema([{"index": "shop"}])
    store.load({"shop": [OpenSearchDocument(identifier, {"a": 1})]}, nothing)
    assert list(store.dump()) == [("shop", identifier, {"a": 1})]
    with pytest.raises(SeedstateError, match="is in the index already"):
        store.load({"shop": [OpenSearchDocument(identifier, {"a": 2})]}, nothing)
    store.clear()
    assert store.counts() == {"shop": 0}


def test_many_documents(store: OpenSearchStore) -> None:
    """More than one request and one page: all arrive, are dumped in order, and cleared."""
    store.create_schema([SHOP, {"index": "other"}])
    documents = [document(n, text="x" * 3000) for n in range(2500)]
    told: list[int] = []
    store.load({"shop": documents, "other": [document(1)]}, told.append)
    assert sum(told) == 2501
    assert max(told) <= 1000
    assert store.counts() == {"shop": 2500, "other": 1}
    keys = [key for index, key, _ in store.dump() if index == "shop"]
    assert keys == sorted(str(n) for n in range(2500))
    store.clear()
    assert store.counts() == {"shop": 0, "other": 0}


def test_clearing_finds_what_was_not_refreshed(store: OpenSearchStore, client: Client) -> None:
    """An application seldom refreshes."""
    store.create_schema([SHOP])
    client("PUT", "/shop/_doc/late", {"number": 1})
    store.clear()
    assert store.counts() == {"shop": 0}
    assert client("GET", "/shop/_doc/late").status == 404


def test_a_filtered_alias_hides_nothing(store: OpenSearchStore, client: Client) -> None:
    """A refused load leaves the documents that were there, seen through the alias or not."""
    active = {"active": {"filter": {"term": {"number": 1}}}}
    store.create_schema([{**SHOP, "aliases": active}])
    store.load({"active": [document(2)]}, nothing)
    assert client("GET", "/active/_count").body["count"] == 0
    entries = {"active": [document(1), document(2)]}
    assert store.absent(entries) == {"active": [document(1)]}
    with pytest.raises(SeedstateError, match="the id '2' is in the index already"):
        store.load(entries, nothing)
    assert [key for _, key, _ in store.dump()] == ["2"]


def test_a_document_that_comes_meanwhile_stays(
    store: OpenSearchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else indexes an id between our look and our write: only ours are taken back."""
    store.create_schema([SHOP])
    store.load({"shop": [document(2)]}, nothing)
    monkeypatch.setattr(OpenSearchStore, "_there", lambda *_: set())
    with pytest.raises(SeedstateError, match="the id '2' is in the index already"):
        store.load({"shop": [document(1), document(2), document(3)]}, nothing)
    assert [key for _, key, _ in store.dump()] == ["2"]


def test_an_index_that_a_template_makes(store: OpenSearchStore, client: Client) -> None:
    """Its first document creates it."""
    mapping = {"properties": {"number": {"type": "keyword"}}}
    store.create_schema(
        [{"index_template": "t", "index_patterns": ["log-*"], "template": {"mappings": mapping}}]
    )
    entries = {"log-1": [document(1)]}
    assert store.absent(entries) == entries
    store.load(entries, nothing)
    assert client("GET", "/log-1").body["log-1"]["mappings"] == mapping
    with pytest.raises(SeedstateError, match="unknown OpenSearch index 'lag-1'"):
        store.load({"lag-1": [document(1)]}, nothing)


GOOD = [document(n) for n in range(1500)]
BAD: dict[str, tuple[dict[str, list[OpenSearchDocument]], str]] = {
    "unknown index": ({"shop": GOOD, "shpo": [document(1)]}, "unknown OpenSearch index 'shpo'"),
    "twice": ({"shop": [*GOOD, document(3)]}, "the id '3' is in the dataset twice"),
    "taken": ({"shop": [*GOOD, OpenSearchDocument("taken", {})]}, "the id 'taken' is in the index"),
    "empty id": ({"shop": [*GOOD, OpenSearchDocument("", {})]}, "has 0 bytes"),
    "long id": ({"shop": [*GOOD, OpenSearchDocument("ü" * 300, {})]}, "has 600 bytes"),
    "mapping": (
        {"shop": [*GOOD, OpenSearchDocument("x", {"number": "seven"})]},
        "cannot be stored: failed to parse field \\[number\\] of type \\[integer\\]",
    ),
    "no JSON": ({"shop": [*GOOD, OpenSearchDocument("x", {"a": {1, 2}})]}, "not JSON serializable"),
    "not a number": (
        {"shop": [*GOOD, OpenSearchDocument("x", {"a": float("nan")})]},
        "cannot be stored: Out of range float",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_documents_leave_nothing(name: str, store: OpenSearchStore) -> None:
    """One message that names index and document; what was written before is gone again."""
    store.create_schema([SHOP])
    store.load({"shop": [OpenSearchDocument("taken", {})]}, nothing)
    entries, message = BAD[name]
    with pytest.raises(SeedstateError, match=message):
        store.load(entries, nothing)
    assert store.counts() == {"shop": 1}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([{"index": "Shop"}], "the OpenSearch index 'Shop' cannot be created: .*lowercase"),
        ([SHOP, SHOP], "the OpenSearch index 'shop' is declared twice"),
        ([{"mappings": {}}], "needs one name, under one of 'ingest_pipeline', 'index_template'"),
        ([{"index": "a", "index_template": "b"}], "needs one name"),
        ([{"index": "a", "mapping": {}}], "unknown key \\[mapping\\]"),
        (
            [{"index": "a", "mappings": {"properties": {"x": {"type": "txt"}}}}],
            "No handler for type \\[txt\\]",
        ),
        (
            [{"ingest_pipeline": "p", "processors": [{"sett": {}}]}],
            "pipeline 'p' cannot be created",
        ),
    ],
)
def test_bad_schemas_leave_nothing(
    declared: list[dict[str, Any]], message: str, store: OpenSearchStore, client: Client
) -> None:
    """What was created before the mistake is deleted again."""
    first = [
        {"ingest_pipeline": "first", "processors": []},
        {"index_template": "first", "index_patterns": ["first-*"]},
        {"index": "first"},
    ]
    with pytest.raises(SeedstateError, match=message):
        store.create_schema([*first, *declared])
    # A real node also tells the copies of its journal.
    assert [name for name in client("GET", "/_alias").body if not name.startswith(".")] == []
    assert client("GET", "/_ingest/pipeline").body == {}
    assert client("GET", "/_index_template").body == {"index_templates": []}


def test_what_is_there_already_is_not_replaced(store: OpenSearchStore, client: Client) -> None:
    """Two packs may not both say what a pipeline does."""
    declared = {"ingest_pipeline": "p", "processors": []}
    store.create_schema([declared])
    with pytest.raises(SeedstateError, match="the OpenSearch ingest pipeline 'p' is there already"):
        store.create_schema([declared])
    assert client("GET", "/_ingest/pipeline/p").status == 200


def test_a_node_that_is_gone() -> None:
    """Its URL, and no password."""
    variables = {"url": "http://user:secret@127.0.0.1:9"}
    with pytest.raises(SeedstateError, match=r"http://127\.0\.0\.1:9 does not answer") as caught:
        OpenSearchStore(variables, None).health()  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)

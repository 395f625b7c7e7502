"""The store at a real node, with its journal."""

from __future__ import annotations

from pytest_seedstate.stores.opensearch import OpenSearchDocument, OpenSearchStore
from pytest_seedstate.stores.opensearch_node.journal import NodeJournal

from .helpers import ARTISTS, Client, artist

_SCHEMA = [
    {"index": "artists", "mappings": ARTISTS, "aliases": {"people": {}}},
    {"index_template": "logs", "index_patterns": ["log-*"]},
    {"ingest_pipeline": "stamp", "processors": [{"set": {"field": "a", "value": "b"}}]},
]


def test_as_the_engine_uses_it(node_url: str, journal: NodeJournal, client: Client) -> None:
    """Schema, load, counts and dumps; after a rewind both dumps are what they were."""
    store = OpenSearchStore({"url": node_url}, journal)
    store.create_schema(_SCHEMA)
    journal.keep("schema")
    documents = [OpenSearchDocument(str(n), artist(n)) for n in range(1300)]
    loaded: list[int] = []
    store.load({"people": documents[:7], "artists": documents[7:]}, loaded.append)
    assert sum(loaded) == 1300
    journal.keep("loaded")
    dump, definitions = list(store.dump()), list(store.definitions())
    assert store.counts() == {"artists": 1300}
    assert len(dump) == 1300
    assert journal.is_clean()

    store.clear()
    client("PUT", "/artists/_settings", {"index": {"refresh_interval": "9s"}})
    client("DELETE", "/_ingest/pipeline/stamp")
    assert store.counts() == {"artists": 0}
    assert list(store.definitions()) != definitions
    journal.rewind()

    assert list(store.dump()) == dump
    assert list(store.definitions()) == definitions
    journal.switch("schema")
    assert store.counts() == {"artists": 0}
    store.close()


def test_what_others_have_is_not_told(node_url: str, client: Client) -> None:
    """Nor is it cleared."""
    client("PUT", "/theirs/_doc/1?refresh=true", {"a": 1})
    journal = NodeJournal({"url": node_url}, shared=True)
    journal.claim(_SCHEMA)
    store = OpenSearchStore({"url": node_url}, journal, owns=journal.owns)
    store.create_schema(_SCHEMA)
    store.load({"artists": [OpenSearchDocument("1", artist(1))]}, lambda count: None)
    assert store.counts() == {"artists": 1}
    assert [place[:2] for place in store.dump()] == [("artists", "1")]
    store.clear()
    assert client("GET", "/theirs/_count").body["count"] == 1
    store.close()
    journal.close()

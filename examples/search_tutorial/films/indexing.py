"""The index: how it is made, and how the films get there."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch, helpers

URL = os.environ.get("OPENSEARCH_URL", "http://localhost:9200")
INDEX = "films"
FILMS = Path(__file__).with_name("films.json")

DEFINITION: dict[str, Any] = {
    "settings": {
        "number_of_replicas": 0,
        "analysis": {
            "filter": {
                "possessive": {"type": "stemmer", "language": "possessive_english"},
                "stems": {"type": "stemmer", "language": "english"},
                "stops": {"type": "stop", "stopwords": "_english_"},
                "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": 15},
                "genre_words": {
                    "type": "synonym_graph",
                    "synonyms": ["scifi, science", "whodunit, whodunnit => mystery"],
                },
            },
            "analyzer": {
                "prose": {
                    "tokenizer": "standard",
                    "filter": ["possessive", "lowercase", "asciifolding", "stops", "stems"],
                },
                "names": {"tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
                "beginnings": {
                    "tokenizer": "standard",
                    "filter": ["lowercase", "asciifolding", "beginnings"],
                },
                "genres": {
                    "tokenizer": "standard",
                    "filter": ["lowercase", "genre_words"],
                },
            },
            "normalizer": {"plain": {"type": "custom", "filter": ["lowercase", "asciifolding"]}},
        },
    },
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "title": {
                "type": "text",
                "analyzer": "prose",
                "fields": {
                    "beginning": {
                        "type": "text",
                        "analyzer": "beginnings",
                        "search_analyzer": "names",
                    },
                    "sortable": {"type": "keyword", "normalizer": "plain"},
                },
            },
            "plot": {"type": "text", "analyzer": "prose"},
            "director": {"type": "text", "analyzer": "names"},
            "cast": {"type": "text", "analyzer": "names"},
            "genres": {
                "type": "keyword",
                "normalizer": "plain",
                "fields": {
                    "words": {"type": "text", "analyzer": "names", "search_analyzer": "genres"}
                },
            },
            "released": {"type": "date", "format": "yyyy-MM-dd||yyyy"},
            "minutes": {"type": "short"},
            "rating": {"type": "half_float"},
        },
    },
}

client = OpenSearch(URL)


def make_sure() -> None:
    """Make and fill the index, unless there is one."""
    if not client.indices.exists(index=INDEX):
        rebuild()


def rebuild() -> int:
    """Make the index anew from the file; how many films it has then."""
    client.indices.delete(index=INDEX, params={"ignore_unavailable": "true"})
    client.indices.create(index=INDEX, body=DEFINITION)
    count, _ = helpers.bulk(client, _actions(), refresh=True)
    return int(count)


def _actions() -> Iterator[dict[str, Any]]:
    for film in json.loads(FILMS.read_text("utf-8")):
        slug = film["title"].lower().replace(" ", "-")
        yield {"_index": INDEX, "_id": slug, "_source": film}

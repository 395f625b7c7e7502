"""What a text in the search box asks for, as a request to OpenSearch."""

import re
from typing import Any

PAGE = 5
FILTER = re.compile(r'\b(genre|year):("[^"]+"|\S+)\s*')


def request(text: str, page: int) -> dict[str, Any]:
    """A search for words and filters, as in ``lighthouse genre:mystery year:1990``."""
    filters = [_filter(name, value.strip('"')) for name, value in FILTER.findall(text)]
    return {
        "query": {"bool": {"must": _words(FILTER.sub("", text).strip()), "filter": filters}},
        "aggs": {
            "genres": {"terms": {"field": "genres", "size": 20}},
            "years": {
                "date_histogram": {
                    "field": "released",
                    "calendar_interval": "year",
                    "format": "yyyy",
                    "min_doc_count": 1,
                }
            },
            "minutes": {"stats": {"field": "minutes"}},
        },
        "highlight": {"fields": {"title": {"number_of_fragments": 0}, "plot": {}}},
        "sort": ["_score", {"rating": "desc"}, "title.sortable"],
        "from": (page - 1) * PAGE,
        "size": PAGE,
    }


def completion(beginning: str) -> dict[str, Any]:
    """Titles with words that begin so; whose first words do come first."""
    return {
        "query": {
            "bool": {
                "must": {"match": {"title.beginning": {"query": beginning, "operator": "and"}}},
                "should": {"prefix": {"title.sortable": {"value": beginning.lower(), "boost": 5}}},
            }
        },
        "sort": ["_score", "title.sortable"],
        "_source": ["title"],
        "size": 5,
    }


def _words(text: str) -> dict[str, Any]:
    if not text:
        return {"match_all": {}}
    fields = ["title^3", "director^2", "cast^2", "genres.words", "plot"]
    return {"multi_match": {"query": text, "fields": fields, "fuzziness": "AUTO"}}


def _filter(name: str, value: str) -> dict[str, Any]:
    if name == "genre":
        return {"term": {"genres": value}}
    return {"range": {"released": {"gte": f"{value}||/y", "lte": f"{value}||/y", "format": "yyyy"}}}

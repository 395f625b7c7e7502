"""The search page: words, filters, places, and how many artists each further filter would leave."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from opensearchpy import OpenSearchException
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from directory_api import settings
from directory_api.index import client
from directory_api.problems import ProblemError

router = APIRouter(prefix="/v1/search", tags=["search"])

SEARCHED = ["artistName^4", "styleNames^2", "tattooStudio.studioName", "bio"]
PRICES = [
    {"key": "below 100", "to": 100},
    {"key": "100 to 150", "from": 100, "to": 150},
    {"key": "150 to 200", "from": 150, "to": 200},
    {"key": "200 and more", "from": 200},
]
"""Pounds an hour; a range ends before its last number."""

FACETS: dict[str, dict[str, Any]] = {
    "style": {"terms": {"field": "styles", "size": 50}},
    "area": {"terms": {"field": "locationDisplay.keyword", "size": 50}},
    "price": {"range": {"field": "pricing.hourlyRate", "ranges": PRICES}},
    "booking": {"terms": {"field": "availability.bookingOpen"}},
}


class Wish(BaseModel):
    """What a visitor looks for."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    q: str | None = Field(None, min_length=1, max_length=200)
    style: list[str] = []
    area: list[str] = []
    min_rating: float | None = Field(None, ge=1, le=5)
    min_rate: float | None = Field(None, ge=0)
    max_rate: float | None = Field(None, ge=0)
    booking_open: bool | None = None
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    within: float | None = Field(None, gt=0, le=1000)  # kilometres
    sort: Literal["relevance", "distance", "rating", "price"] = "relevance"
    page: int = Field(1, ge=1, le=100)
    size: int = Field(20, ge=1, le=100)

    @model_validator(mode="after")
    def _has_a_place_where_one_is_needed(self) -> "Wish":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        if self.lat is None and (self.within is not None or self.sort == "distance"):
            raise ValueError("a distance is one from a place: lat and lon")
        return self

    @property
    def place(self) -> dict[str, float | None] | None:
        return None if self.lat is None else {"lat": self.lat, "lon": self.lon}


@router.get("")
def search(wish: Annotated[Wish, Query()]) -> dict[str, Any]:
    """A page of artists, best first, with facets.

    A facet counts what its own filter leaves out too: who looks for one style is told what
    another one would find.
    """
    found = _ask(request(wish))
    total = found["hits"]["total"]["value"]
    return {
        "total": total,
        "page": wish.page,
        "pages": -(-total // wish.size),
        "artists": [_shown(hit, wish) for hit in found["hits"]["hits"]],
        "facets": {name: _counts(found["aggregations"][name]["counts"]) for name in FACETS},
    }


@router.get("/names")
def names(beginning: Annotated[str, Query(min_length=2, max_length=50)]) -> list[str]:
    """Names of artists of which a word begins so."""
    words = {"match": {"artistName.beginning": {"query": beginning, "operator": "and"}}}
    found = _ask(
        {
            "query": {"bool": {"must": words, "filter": {"term": {"opted_out": False}}}},
            "_source": ["artistName"],
            "sort": ["artistName.keyword"],
        }
    )
    return [hit["_source"]["artistName"] for hit in found["hits"]["hits"]]


def request(wish: Wish) -> dict[str, Any]:
    """A wish as a search request."""
    chosen = _chosen(wish)
    return {
        "query": {
            "function_score": {
                "query": {"bool": {"must": _words(wish), "filter": _filters(wish)}},
                "field_value_factor": {"field": "rating", "modifier": "log1p"},
            }
        },
        "post_filter": {"bool": {"filter": list(chosen.values())}},
        "aggs": {
            name: {
                "filter": {
                    "bool": {"filter": [each for other, each in chosen.items() if other != name]}
                },
                "aggs": {"counts": counted},
            }
            for name, counted in FACETS.items()
        },
        "highlight": {
            "encoder": "html",
            "pre_tags": ["<mark>"],
            "post_tags": ["</mark>"],
            "fields": {"artistName": {}, "styleNames": {}, "bio": {"fragment_size": 80}},
        },
        "sort": _sort(wish),
        "track_scores": True,
        "track_total_hits": True,
        "from": (wish.page - 1) * wish.size,
        "size": wish.size,
    }


def _words(wish: Wish) -> dict[str, Any]:
    if wish.q is None:
        return {"match_all": {}}
    return {
        "multi_match": {
            "query": wish.q,
            "fields": SEARCHED,
            "fuzziness": "AUTO",
            "prefix_length": 1,
            "tie_breaker": 0.3,
        }
    }


def _filters(wish: Wish) -> list[dict[str, Any]]:
    """What the facets count within."""
    filters: list[dict[str, Any]] = [{"term": {"opted_out": False}}]
    if wish.min_rating is not None:
        filters.append({"range": {"rating": {"gte": wish.min_rating}}})
    if wish.within is not None:
        filters.append({"geo_distance": {"distance": f"{wish.within}km", "location": wish.place}})
    return filters


def _chosen(wish: Wish) -> dict[str, dict[str, Any]]:
    """What was chosen among the facets."""
    chosen: dict[str, dict[str, Any]] = {}
    if wish.style:
        chosen["style"] = {"terms": {"styles": wish.style}}
    if wish.area:
        chosen["area"] = {"terms": {"locationDisplay.keyword": wish.area}}
    bounds = {"gte": wish.min_rate, "lte": wish.max_rate}
    if given := {name: bound for name, bound in bounds.items() if bound is not None}:
        chosen["price"] = {"range": {"pricing.hourlyRate": given}}
    if wish.booking_open is not None:
        chosen["booking"] = {"term": {"availability.bookingOpen": wish.booking_open}}
    return chosen


def _sort(wish: Wish) -> list[Any]:
    """The wanted order first; the distance stands in it whenever there is a place."""
    distance = {"_geo_distance": {"location": wish.place, "unit": "km", "order": "asc"}}
    orders: dict[str, list[Any]] = {
        "relevance": ["_score"],
        "distance": [],
        "rating": [{"rating": "desc"}, {"reviewCount": "desc"}],
        "price": [{"pricing.hourlyRate": "asc"}],
    }
    return [*orders[wish.sort], *([distance] if wish.place else []), "artistId"]


def _shown(hit: dict[str, Any], wish: Wish) -> dict[str, Any]:
    shown = {**hit["_source"], "score": hit["_score"], "highlights": hit.get("highlight", {})}
    if wish.place:
        shown["distance"] = round(hit["sort"][-2], 2)
    return shown


def _counts(facet: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"value": bucket.get("key_as_string", bucket["key"]), "count": bucket["doc_count"]}
        for bucket in facet["buckets"]
    ]


def _ask(body: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = client.search(index=settings.ARTISTS_INDEX, body=body)
    except OpenSearchException as error:
        raise ProblemError(503, "search-unavailable", "The search is out of order") from error
    return found

"""The films over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from opensearchpy import AsyncOpenSearch, ConflictError, NotFoundError
from pydantic import BaseModel, ConfigDict, Field

from films import indexing, searching

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(indexing.make_sure)
    async with AsyncOpenSearch(indexing.URL) as client:
        app.state.client = client
        yield


def create_app() -> FastAPI:
    app = FastAPI(title="Films", lifespan=lifespan)
    app.include_router(router)
    return app


def client_of(request: Request) -> AsyncOpenSearch:
    client: AsyncOpenSearch = request.app.state.client
    return client


Client = Annotated[AsyncOpenSearch, Depends(client_of)]


class Film(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str
    plot: str
    director: str
    cast: list[str] = []
    genres: list[str] = []
    released: str = Field(pattern=r"^\d{4}(-\d\d-\d\d)?$")
    minutes: int = Field(gt=0)
    rating: float = Field(ge=0, le=10)


@router.get("/search")
async def search(
    client: Client, q: str = "", page: Annotated[int, Query(ge=1)] = 1
) -> dict[str, Any]:
    found = await client.search(index=indexing.INDEX, body=searching.request(q, page))
    facets = found["aggregations"]
    return {
        "total": found["hits"]["total"]["value"],
        "films": [
            {"id": hit["_id"], **hit["_source"], "highlights": hit.get("highlight", {})}
            for hit in found["hits"]["hits"]
        ],
        "genres": {each["key"]: each["doc_count"] for each in facets["genres"]["buckets"]},
        "years": {each["key_as_string"]: each["doc_count"] for each in facets["years"]["buckets"]},
        "minutes": {name: facets["minutes"][name] for name in ("min", "avg", "max")},
    }


@router.get("/complete")
async def complete(client: Client, q: Annotated[str, Query(min_length=1)]) -> list[str]:
    found = await client.search(index=indexing.INDEX, body=searching.completion(q))
    return [hit["_source"]["title"] for hit in found["hits"]["hits"]]


@router.get("/films/{film_id}")
async def show(client: Client, film_id: str) -> Any:
    try:
        return (await client.get(index=indexing.INDEX, id=film_id))["_source"]
    except NotFoundError:
        raise HTTPException(404, f"no film {film_id}") from None


@router.put("/films/{film_id}", status_code=201)
async def add(client: Client, film_id: str, film: Film) -> dict[str, str]:
    try:
        await client.create(
            index=indexing.INDEX, id=film_id, body=film.model_dump(), params={"refresh": "wait_for"}
        )
    except ConflictError:
        raise HTTPException(409, f"there is a film {film_id} already") from None
    return {"id": film_id}


@router.post("/films/{film_id}/ratings")
async def rate(
    client: Client, film_id: str, rating: Annotated[float, Query(ge=0, le=10)]
) -> dict[str, str]:
    try:
        await client.update(
            index=indexing.INDEX,
            id=film_id,
            body={"doc": {"rating": rating}},
            params={"refresh": "wait_for", "retry_on_conflict": 3},
        )
    except NotFoundError:
        raise HTTPException(404, f"no film {film_id}") from None
    return {"id": film_id}


@router.delete("/films/{film_id}", status_code=204)
async def remove(client: Client, film_id: str) -> None:
    try:
        await client.delete(index=indexing.INDEX, id=film_id, params={"refresh": "wait_for"})
    except NotFoundError:
        raise HTTPException(404, f"no film {film_id}") from None

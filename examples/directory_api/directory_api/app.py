"""The application: routes, problem details, and the workers that run beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from opensearchpy import OpenSearchException

from directory_api import (
    artists,
    bookings,
    db,
    index,
    outbox,
    portfolio,
    problems,
    reviews,
    search,
    studios,
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    db.pool.open()
    # Two, so that clients get their mails when the search is out of order.
    workers = [
        outbox.Worker("outbox", {"mail": outbox.send_mail, "rating": reviews.publish_rating}),
        outbox.Worker("indexer", {"index": index.publish}, away=(OpenSearchException,)),
    ]
    for worker in workers:
        worker.start()
    yield
    for worker in workers:
        worker.stop()


app = FastAPI(title="Tattoo directory", lifespan=lifespan)
problems.install(app)
for part in (artists, bookings, reviews, portfolio, studios, search):
    app.include_router(part.router)


@app.get("/v1/health")
def health() -> dict[str, str]:
    return {"status": "up"}

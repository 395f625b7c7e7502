"""The application: routes, problem details, and the worker that runs beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from directory_api import artists, bookings, db, outbox, portfolio, problems, reviews, studios


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    db.pool.open()
    worker = outbox.Worker({"mail": outbox.send_mail, "rating": reviews.publish_rating})
    worker.start()
    yield
    worker.stop()


app = FastAPI(title="Tattoo directory", lifespan=lifespan)
problems.install(app)
for part in (artists, bookings, reviews, portfolio, studios):
    app.include_router(part.router)


@app.get("/v1/health")
def health() -> dict[str, str]:
    return {"status": "up"}

"""Tests run on the database that DATABASE_URL names; it is emptied and seeded for each of them."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alembic_app import db
from alembic_app.api import app
from alembic_app.seed import seed


@pytest.fixture(autouse=True)
async def clean() -> None:
    async with db.engine.begin() as connection:
        await connection.execute(text("TRUNCATE members, tools, loans RESTART IDENTITY"))
    await seed()


@pytest.fixture
async def session() -> AsyncIterator[AsyncSession]:
    async with db.new_session() as opened:
        yield opened


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://tools.test") as opened:
        yield opened
    await db.engine.dispose()

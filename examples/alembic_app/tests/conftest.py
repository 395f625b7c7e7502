"""Each test starts from what the application's own seeder wrote."""

import sys
from collections.abc import AsyncIterator

import pytest
from alembic_app import db
from alembic_app.api import app
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from pytest_seedstate import Seed, scenario


@scenario("seeded-library", stores=("postgres",))
def seeded_library(seed: Seed) -> None:
    seed.run([sys.executable, "-m", "alembic_app.seed"])


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

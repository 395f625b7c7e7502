"""The engine, made once; its pool lives as long as the process."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from alembic_app import settings

engine = create_async_engine(settings.DATABASE_URL, pool_size=5)
new_session = async_sessionmaker(engine, expire_on_commit=False)


async def session() -> AsyncIterator[AsyncSession]:
    """FastAPI's dependency: a session of the request, committed by the service functions."""
    async with new_session() as opened:
        yield opened

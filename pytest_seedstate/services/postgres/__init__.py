"""A PostgreSQL server of the run's own."""

from pytest_seedstate.services.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]

"""Stores as the engine makes them, on the services that the other areas' tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.s3 import S3Store
from tests.aws.conftest import aws, clients
from tests.postgres.conftest import database, new_database, server

__all__ = ["aws", "clients", "database", "new_database", "server"]


@pytest.fixture
def dynamodb_store(aws: EmbeddedAws) -> Iterator[DynamoDBStore]:
    """The store of an empty DynamoDB."""
    store = DynamoDBStore(aws.variables, aws.journal)
    yield store
    store.close()


@pytest.fixture
def s3_store(aws: EmbeddedAws) -> Iterator[S3Store]:
    """The store of an empty S3."""
    store = S3Store(aws.variables, aws.journal)
    yield store
    store.close()

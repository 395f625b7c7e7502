"""Stores as the engine makes them, on the services of the provider that the run is for."""

from __future__ import annotations

import pytest

from pytest_seedstate.stores.dynamodb import DynamoDBStore
from pytest_seedstate.stores.s3 import S3Store
from tests.aws.everywhere import anywhere, clients
from tests.aws.services import PROVIDERS, Aws
from tests.postgres.conftest import database, new_database, server

__all__ = ["anywhere", "clients", "database", "new_database", "server"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On the first provider: how others record what is loaded has tests of its own."""
    if "running" in metafunc.fixturenames:
        metafunc.parametrize("running", PROVIDERS[:1], ids=[pytest.HIDDEN_PARAM], indirect=True)


@pytest.fixture
def dynamodb_store(anywhere: Aws) -> DynamoDBStore:
    """The store of an empty DynamoDB."""
    return anywhere.dynamodb


@pytest.fixture
def s3_store(anywhere: Aws) -> S3Store:
    """The store of an empty S3."""
    return anywhere.s3

"""Each test starts from the films as the application indexes them."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from films import indexing
from films.app import create_app

from pytest_seedstate import Seed, scenario


@scenario("indexed-films", stores=("opensearch",))
def indexed_films(seed: Seed) -> None:
    indexing.rebuild()


@scenario("no-index", stores=("opensearch",))
def no_index(seed: Seed) -> None:
    """OpenSearch as the application finds it on its very first start."""


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app()) as started:
        yield started

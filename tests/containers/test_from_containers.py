"""The addresses that an application in a container is given."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from pytest_seedstate.engine.from_containers import FromContainers
from tests.docker import require_docker
from tests.proxy.services import moto_server


@pytest.fixture(autouse=True)
def docker() -> None:
    require_docker()


def test_each_of_two_services_has_one() -> None:
    """DynamoDB and S3 may be two; one on another machine keeps its own."""
    with moto_server() as one, moto_server() as other:
        place = urlsplit(one["url"])
        here = {"url": one["url"], "host": str(place.hostname), "port": str(place.port)}
        here |= {"s3_url": other["url"], "dynamodb_url": "http://db.test:8000"}
        with closing(FromContainers(lambda _: here)) as from_containers:
            seen = from_containers.variables("aws")
            assert seen["dynamodb_url"] == "http://db.test:8000"
            assert seen["url"] != seen["s3_url"]
            for url in (seen["url"], seen["s3_url"]):
                assert "127.0.0.1" not in url
                with urlopen(f"{url}/moto-api/") as answer:
                    assert answer.status == 200

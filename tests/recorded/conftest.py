"""Services of the tests' own behind the recording proxy, with what the engine is given of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxy.services import moto_server

from .running import Aws, recorded_aws_at


@pytest.fixture(scope="session")
def moto_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A moto server behind a proxy, in whatever state the test before left it."""
    with (
        moto_server() as variables,
        recorded_aws_at("moto", variables, tmp_path_factory.mktemp("proxy")) as running,
    ):
        running.clients.sqs.create_queue(QueueName="jobs")
        running.journal.keep("empty")
        yield running


@pytest.fixture
def aws(moto_aws: Aws) -> Aws:
    """It with nothing in it."""
    moto_aws.journal.switch("empty")
    return moto_aws


@pytest.fixture
def filled(aws: Aws) -> Aws:
    """It with one of everything, kept as the baseline ``filled``."""
    aws.fill()
    aws.journal.keep("filled")
    return aws

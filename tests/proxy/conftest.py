"""A moto server for the session, and proxies in front of it and of bare sockets."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.services.proxy.service import RecordingProxy

from .services import Raw, bare, client, moto_server, started


@pytest.fixture(scope="session")
def moto() -> Iterator[Mapping[str, str]]:
    """The variables of a moto server that runs for all tests here."""
    with moto_server() as variables:
        yield variables


@dataclass
class Clients:
    """boto3's clients of the proxy."""

    dynamodb: Any
    s3: Any
    sqs: Any


@pytest.fixture(scope="session")
def session_proxy(
    moto: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordingProxy]:
    with started(tmp_path_factory.mktemp("proxy"), moto) as running:
        yield running


@pytest.fixture
def proxy(session_proxy: RecordingProxy, moto: Mapping[str, str]) -> RecordingProxy:
    """A proxy in front of moto, neither of which holds anything."""
    urllib.request.urlopen(f"{moto['url']}/moto-api/reset", data=b"").close()
    session_proxy.forget_definitions()
    session_proxy.take()
    return session_proxy


@pytest.fixture(scope="session")
def clients(session_proxy: RecordingProxy) -> Clients:
    """They are slow to make."""
    services = ("dynamodb", "s3", "sqs")
    return Clients(*(client(name, session_proxy.url) for name in services))


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Raw]:
    """A proxy in front of a bare socket, both ends of which are the test's."""
    with bare(tmp_path) as made:
        yield made

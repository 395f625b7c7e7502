"""Fixtures that a test module imports to run on the services of every provider, see `services`."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_seedstate.stores.base import Journal

from .helpers import Clients
from .services import EMBEDDED, PROVIDERS, Aws

_IDS = [pytest.HIDDEN_PARAM if provider == EMBEDDED else provider for provider in PROVIDERS]


@pytest.fixture
def anywhere(running: Aws) -> Aws:
    """The services with nothing in them."""
    running.journal.switch("empty")
    return running


@pytest.fixture
def clients(anywhere: Aws) -> Clients:
    return anywhere.clients


@pytest.fixture
def journal(anywhere: Aws) -> Journal:
    return anywhere.journal


@pytest.fixture
def filled(anywhere: Aws) -> Journal:
    """The journal of services with one of everything, kept as the baseline ``filled``."""
    anywhere.fill()
    anywhere.journal.keep("filled")
    return anywhere.journal


def pytest_generate_tests(metafunc: Any) -> None:
    """Once for each provider."""
    if "running" in metafunc.fixturenames:
        metafunc.parametrize("running", PROVIDERS, ids=_IDS, indirect=True)

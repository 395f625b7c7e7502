"""Hooks that a project's conftest.py may implement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_seedstate.stores.changes import ChangeSet


@pytest.hookspec(firstresult=True)
def pytest_seedstate_scenario(item: pytest.Item) -> Any:
    """The scenario of a test that has no marker of its own.

    In the conftest.py of a folder it is that folder's default.

    Args:
        item: the test.

    Returns:
        A scenario's name, a `Scenario`, a list of them, or None to leave the choice to others.
    """


@pytest.hookspec
def pytest_seedstate_schema(env: Mapping[str, str]) -> None:
    """Create a schema that no ini line of ``seedstate_schema`` can describe.

    Called once, when all services run and before any data is loaded.

    Args:
        env: the variables of ``seedstate_env``, such as ``DATABASE_URL``.
    """


@pytest.hookspec
def pytest_seedstate_rewound(item: pytest.Item, changes: ChangeSet) -> None:
    """A test's writes have just been undone: the place to clear an application's caches.

    Args:
        item: the test.
        changes: what was undone.
    """

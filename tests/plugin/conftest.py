"""Projects to run pytest in: written by a test, run with real services."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import pytest_seedstate
from tests.plugin.projects import INI, OUTER, SHOP, write_text

# An in-process run forgets the modules that it imported: ours must be there before the first one,
# or later runs would meet two copies of each class.
for module in pkgutil.walk_packages(pytest_seedstate.__path__, "pytest_seedstate."):
    if ".starter" not in module.name and not module.name.endswith((".process", ".supervisor")):
        importlib.import_module(module.name)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the pack `shop`; inner runs see none of the outer run's settings.

    Nor its plugins, which take as long to import as pytest itself: a test names those that it needs.
    """
    for name in OUTER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    write(pytester, "pytest.ini", INI)
    write(pytester, "scenarios/shop.py", SHOP)
    return pytester


def write(pytester: pytest.Pytester, name: str, text: str) -> None:
    """Write a file of the project, its text dedented."""
    write_text(pytester.path / name, text)

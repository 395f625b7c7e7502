"""A plugin for runs of the demo: notes which modules wrote and which failed.

pytest -p observer, with OBSERVER_FILE set; with NO_REWIND=1 nothing is ever undone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

wrote: set[str] = set()
failed: set[str] = set()


def module_of(nodeid: str) -> str:
    return nodeid.split("::")[0]


def pytest_configure() -> None:
    if os.environ.get("NO_REWIND"):
        from pytest_seedstate.engine.engine import Engine
        from pytest_seedstate.stores.changes import ChangeSet

        Engine.rewind = lambda self: None  # type: ignore[method-assign]
        Engine._undo_late_writes = lambda self: ChangeSet()  # type: ignore[method-assign]


def pytest_seedstate_rewound(item: pytest.Item) -> None:
    wrote.add(module_of(item.nodeid))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        failed.add(module_of(report.nodeid))


def pytest_sessionfinish() -> None:
    found = {"wrote": sorted(wrote), "failed": sorted(failed)}
    Path(os.environ["OBSERVER_FILE"]).write_text(json.dumps(found), "utf-8")

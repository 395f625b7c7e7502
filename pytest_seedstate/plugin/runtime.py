"""The path of a test: its state before any fixture, layers for wider fixtures, the rewind after."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_seedstate.engine.engine import Engine
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.plugin.changes_text import changes_text, comparison
from pytest_seedstate.plugin.failing import as_failure
from pytest_seedstate.plugin.markers import Request, fixture_clients, request_key
from pytest_seedstate.stores.masking import Masking

if TYPE_CHECKING:
    from pytest_seedstate.config import Settings
    from pytest_seedstate.engine.clients import Clients
    from pytest_seedstate.stores.changes import ChangeSet

NOTHING = Request()


class Runtime:
    """Hooks that are registered only when a collected test needs them.

    Args:
        engine: drives the stores.
        clients: what fixtures hand out.
        settings: the run's settings.
    """

    def __init__(self, engine: Engine, clients: Clients, settings: Settings) -> None:
        self.engine = engine
        self._clients = clients
        self._settings = settings
        self._masking = Masking(settings.sensitive)
        self._held_by: object = None
        self._previous: str | None = None

    # -- before and after a test

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Make the state true before any fixture runs, module fixtures and setUpClass included."""
        request = item.stash.get(request_key, NOTHING)
        holder = _holder(item, request)
        if holder is not None and holder == self._held_by:
            return
        with as_failure():
            late = self.engine.enter(
                request.state,
                request.stores,
                meanwhile=lambda: self._clients.make_ahead(fixture_clients(item)),
            )
        self._held_by = holder
        if late:
            self._name_late_writes(late)

    def _name_late_writes(self, late: ChangeSet) -> None:
        since = f"after {self._previous} had ended" if self._previous else "before the first test"
        self.engine.figures.remarks.append(
            f"late writes, {since} (undone):\n{changes_text(late, self._masking, limit=5)}"
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, None, None]:
        """Rewind after the test's last finalizer."""
        try:
            return (yield)
        finally:
            self._previous = item.nodeid
            with as_failure():
                self._leave(item, nextitem)

    def _leave(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if self._held_by is not None and nextitem is not None:
            upcoming = _holder(nextitem, nextitem.stash.get(request_key, NOTHING))
            if upcoming == self._held_by:
                return
        self._held_by = None
        request = item.stash.get(request_key, NOTHING)
        told = request.readonly or item.ihook.pytest_seedstate_rewound.get_hookimpls()
        changes = self.engine.changes() if told and not self.engine.is_clean() else None
        self.engine.rewind()
        if changes is not None:
            item.ihook.pytest_seedstate_rewound(item=item, changes=changes)
            if request.readonly and changes and not item.stash.get(_told_key, False):
                raise self._wrote_though_readonly(changes)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fail a readonly test that wrote."""
        result = yield
        if item.stash.get(request_key, NOTHING).readonly and not self.engine.is_clean():
            # What was refused, or wrote what was there, is counted as a write and is no change.
            changes = self.engine.changes()
            if changes:
                item.stash[_told_key] = True
                with as_failure():
                    raise self._wrote_though_readonly(changes)
        return result

    def _wrote_though_readonly(self, changes: ChangeSet) -> SeedstateError:
        return SeedstateError(
            "the test is marked readonly and changed something",
            detail=changes_text(changes, self._masking, limit=self._settings.diff_limit),
        )

    # -- layers of wider fixtures

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """What a fixture wider than a test writes while it is set up is a layer."""
        if fixturedef.scope == "function":
            return (yield)
        before_dirty = not self.engine.is_clean()
        result = yield
        with as_failure():
            if before_dirty and not self.engine.is_clean():
                self.engine.figures.remarks.append(
                    f"{_owner(fixturedef)} was set up after its test had written: "
                    f"these writes stay as long as it lives ({request.node.nodeid})"
                )
            self.engine.begin_layer(_owner(fixturedef), fixturedef)
        return result

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """The layer goes with its fixture: also within a set-up, when a parameter changes."""
        if fixturedef.scope != "function":
            with as_failure():
                self.engine.end_layer(fixturedef)

    # -- what people see

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach what the test changed, while it is still there."""
        report = yield
        wanted = self._settings.diff == "all" or (self._settings.diff == "failed" and report.failed)
        if wanted and call.when == "call" and not self.engine.is_clean():
            try:
                limit = self._settings.diff_limit
                text = changes_text(self.engine.changes(), self._masking, limit=limit)
            except SeedstateError as error:
                text = str(error)
            report.sections.append(("seedstate: what the test changed", text))
        return report

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Show where the changes differ from those that a test expects."""
        return comparison(left, right, self._masking) if op == "==" else None


_told_key = pytest.StashKey[bool]()


def _holder(item: pytest.Item, request: Request) -> object:
    """What keeps the state of this test for the next one: a class or module with one state."""
    if request.scope == "function" or request.state is None:
        return None
    kind = pytest.Class if request.scope == "class" else pytest.Module
    parent = item.getparent(kind)
    return (parent.nodeid, request.state.key) if parent else None


def _owner(fixturedef: pytest.FixtureDef[Any]) -> str:
    return f"{fixturedef.scope} fixture '{fixturedef.argname}'"

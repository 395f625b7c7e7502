"""The path of a test: its state before any fixture, layers for wider fixtures, the rewind after."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_seedstate.engine.engine import Engine
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.plugin.changes_text import changes_text, comparison
from pytest_seedstate.plugin.cuts import Cuts
from pytest_seedstate.plugin.failing import as_failure
from pytest_seedstate.plugin.fixture_layers import FixtureLayers
from pytest_seedstate.plugin.markers import Request, fixture_clients, holder, request_key
from pytest_seedstate.stores.changes import ChangeSet
from pytest_seedstate.stores.masking import Masking, use_masking

if TYPE_CHECKING:
    from pytest_seedstate.config import Settings
    from pytest_seedstate.engine.clients import Clients

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
        use_masking(self._masking)
        self._held_by: object = None
        self._item: pytest.Item | None = None
        self._changes: ChangeSet | None = None
        self._cuts = Cuts(engine)
        self.layers = FixtureLayers(engine, self._note_changes)

    # -- before and after a test

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Make the state true before any fixture runs, module fixtures and setUpClass included."""
        request = item.stash.get(request_key, NOTHING)
        held_by = holder(item, request)
        in_story = held_by is not None and held_by == self._held_by
        self.layers.test_begins(in_story=in_story)
        self._item, self._changes = item, None
        # A test that is run again begins anew.
        item.stash[_told_key] = False
        self.engine.keeping.begins(item.nodeid)
        if in_story:
            self.engine.snapshots.clear()
            self._begin(item)
            return
        with as_failure():
            late = self.engine.enter(
                request.state,
                request.stores,
                meanwhile=lambda: self._clients.make_ahead(fixture_clients(item)),
            )
        self._held_by = held_by
        if late:
            self.engine.figures.note_late(changes_text(late, self._masking, limit=5))
        self._begin(item)

    def _begin(self, item: pytest.Item) -> None:
        self.engine.figures.test = item.nodeid
        self._cuts.test_begins(item.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, None, None]:
        """Rewind after the test's last finalizer."""
        goes_on = self._story_goes_on(nextitem)
        self.layers.teardown_begins(story_goes_on=goes_on)
        try:
            return (yield)
        except Exception:
            self._keep(item)
            raise
        finally:
            if not goes_on:
                with as_failure():
                    self._leave(item, nextitem)

    def _story_goes_on(self, nextitem: pytest.Item | None) -> bool:
        if self._held_by is None or nextitem is None:
            return False
        return holder(nextitem, nextitem.stash.get(request_key, NOTHING)) == self._held_by

    def _leave(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        self._held_by = None
        self._note_changes()
        readonly = item.stash.get(request_key, NOTHING).readonly and not item.stash.get(
            _told_key, False
        )
        if readonly and self._changes:
            self._keep(item)
        try:
            self.layers.test_ends(nextitem)
        finally:
            self._leave_kept()
            self.engine.rewind()
        if self._changes is None:
            return
        # What it had begun to write when it ended, too.
        changes = self._changes | self.engine.waited_for
        if changes:
            item.ihook.pytest_seedstate_rewound(item=item, changes=changes)
            if readonly:
                raise self._wrote_though_readonly(changes)

    def _note_changes(self) -> None:
        """Remember what the test has changed, once, if anybody wants to know."""
        item = self._item
        if item is None or self._changes is not None:
            return
        request = item.stash.get(request_key, NOTHING)
        if request.readonly or item.ihook.pytest_seedstate_rewound.get_hookimpls():
            # An empty one too: what fixtures write that are torn down next is not the test's.
            clean = self.engine.is_clean()
            self._changes = ChangeSet() if clean else self.engine.changes()

    def _keep(self, item: pytest.Item) -> None:
        """Keep the state of the first test that fails, if that is asked for."""
        engine = self.engine
        if not self._settings.keep or request_key not in item.stash or not engine.fleet.journals:
            return
        if engine.keeping.may_keep():
            self._note_changes()
            try:
                engine.keep(item.nodeid)
            except SeedstateError as error:
                engine.figures.remark(f"the state of {item.nodeid} could not be kept: {error}")

    def _leave_kept(self) -> None:
        torn_down = self.engine.leave_kept()
        if torn_down:
            self.engine.figures.remark(
                f"torn down when a failed test's state was kept, and set up anew for others: "
                f"{', '.join(torn_down)}"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fail a readonly test that wrote."""
        result = yield
        if item.stash.get(request_key, NOTHING).readonly and not (
            self.engine.is_clean() and not self.engine.was_reset
        ):
            # What was refused, or wrote what was there, is counted as a write and is no change.
            changes = self.engine.changes()
            if self.engine.was_reset:
                changes |= ChangeSet(notes=("everything, by seedstate.reset",))
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
                text = text or "nothing that is committed differs"
            except SeedstateError as error:
                text = str(error)
            report.sections.append(("seedstate: what the test changed", text))
        if report.failed and call.when != "teardown":
            self._cuts.tell(report)
        # Not of a subtest: its test goes on.
        if report.failed and call.when != "teardown" and type(report) is pytest.TestReport:
            self._keep(item)
        return report

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Show where the changes differ from those that a test expects."""
        return comparison(left, right, self._masking) if op == "==" else None


_told_key = pytest.StashKey[bool]()

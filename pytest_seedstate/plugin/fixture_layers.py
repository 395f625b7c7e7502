"""Fixtures wider than a test: what they write stays exactly as long as they live.

The journals go back in the reverse order of what was written, and so do layers. Where pytest tears
fixtures down in another order, those that wrote later are torn down with them, and are set up
again when a test asks for them. A fixture that writes in the middle of a test that has written
already cannot be told from it: it is torn down with the test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_seedstate.engine.engine import Engine
from pytest_seedstate.engine.layers import Owner, Positions, end_all
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.plugin.failing import as_failure

_ENDS_THE_RUN = (KeyboardInterrupt, SystemExit, pytest.exit.Exception)


@dataclass(eq=False)
class _Fixture:
    """A value of a fixture that wrote.

    Attributes:
        definition: pytest's definition of it.
        request: what it was set up for.
        built_in: fixtures that were set up in the middle of its own set-up, after it had written:
            nobody can tell their writes from its own.
    """

    definition: pytest.FixtureDef[Any]
    request: Any
    built_in: list[_Fixture] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.definition.scope} fixture '{self.definition.argname}'"

    def end(self) -> None:
        """Tear it down now, as pytest would; harmless when that was done."""
        self.definition.finish(self.request)

    def ends_in_set_up_of(self, item: pytest.Item) -> bool:
        """Whether pytest will tear it down while it sets up a test, for another parameter."""
        params = getattr(getattr(item, "callspec", None), "params", {})
        name = self.definition.argname
        if name not in params or not hasattr(self.request, "param"):
            return False
        return params[name] is not self.request.param


@dataclass(eq=False)
class _SetUp:
    """A set-up that is going on.

    Attributes:
        fixture: what is set up.
        before: the positions of all stores when it began; None where nothing had been written.
        known: whether that could be told.
    """

    fixture: _Fixture
    before: Positions | None
    known: bool = True


class FixtureLayers:
    """Follows fixtures wider than a test; a plugin of its own.

    Args:
        engine: drives the stores.
        own_teardown_done: called in a test's teardown before the first of these fixtures is torn
            down: what is written from then on is not the test's.
    """

    def __init__(self, engine: Engine, own_teardown_done: Callable[[], None]) -> None:
        self._engine = engine
        self._own_teardown_done = own_teardown_done
        self._going_on: list[_SetUp] = []
        self._of: dict[int, _Fixture] = {}
        self._within_test: list[_Fixture] = []
        self._clean_before: set[int] = set()
        self._in_story = False
        self._in_teardown = False

    # -- told by the runtime

    def test_begins(self, *, in_story: bool) -> None:
        """A test's set-up begins.

        Args:
            in_story: whether what the tests before it wrote was kept for it.
        """
        self._in_teardown = False
        self._in_story = in_story

    def teardown_begins(self, *, story_goes_on: bool) -> None:
        """A test's teardown begins.

        Args:
            story_goes_on: whether what it wrote is kept for the next test.
        """
        self._in_teardown = True
        self._in_story = story_goes_on

    def test_ends(self, nextitem: pytest.Item | None) -> None:
        """All that pytest tears down for a test is torn down, and its writes are about to go.

        Raises:
            BaseException: a fixture's teardown failed; all others are torn down.
        """
        ending = [*reversed(self._within_test)]
        self._within_test.clear()
        for ended in self._engine.layers.ended():
            ending += self._above(ended)
        errors = end_all(ending)
        self._engine.drop_ended_layers()
        if nextitem is not None:
            # Left to pytest, it would end when fixtures of the next test were set up already.
            errors += end_all(owner for owner in self._live() if owner.ends_in_set_up_of(nextitem))
        _raise_all(errors)

    # -- hooks

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """What a fixture wider than a test writes while it is set up is a layer."""
        __tracebackhide__ = True
        if fixturedef.scope == "function":
            return (yield)
        setup = self._begin(_Fixture(fixturedef, request))
        self._going_on.append(setup)
        try:
            result = yield
        except _ENDS_THE_RUN:
            raise
        except BaseException:
            self._failed(setup)
            raise
        finally:
            self._going_on.remove(setup)
        # Called last, so it is the first thing that its teardown does.
        fixturedef.addfinalizer(lambda: self._about_to_end(fixturedef))
        with as_failure():
            self._done(setup)
        return result

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """The layer goes with its fixture."""
        if fixturedef.scope == "function":
            return
        with as_failure():
            fixture = self._of.pop(id(fixturedef), None)
            if fixture is not None:
                self._end(fixture)
            elif id(fixturedef) in self._clean_before and not self._engine.is_clean():
                # Its teardown has written, in the middle of a test's set-up.
                self._engine.rewind()
            self._clean_before.discard(id(fixturedef))

    # -- set-up

    def _begin(self, fixture: _Fixture) -> _SetUp:
        if self._engine.is_untouched:
            return _SetUp(fixture, None)
        try:
            return _SetUp(fixture, self._engine.mark())
        except SeedstateError:
            # A request is going on: who wrote what cannot be told.
            return _SetUp(fixture, None, known=False)

    def _failed(self, setup: _SetUp) -> None:
        """Undo what a fixture wrote before it failed; the test may go on without it."""
        end_all(reversed(setup.fixture.built_in))
        if setup.known:
            try:
                before = self._engine.tops() if setup.before is None else setup.before
                if not self._engine.is_clean_since(before):
                    self._engine.go_back(before)
            except SeedstateError:
                # Its transaction is still open, say: the rewind at the test's end tells of that.
                pass

    def _done(self, setup: _SetUp) -> None:
        engine, fixture = self._engine, setup.fixture
        if setup.before is None and setup.known:
            try:
                if engine.begin_layer(fixture):
                    self._of[id(fixture.definition)] = fixture
            except SeedstateError:
                self._within_test.append(fixture)
                raise
            return
        if setup.before is not None and engine.is_clean_since(setup.before):
            return
        outer = next((each for each in reversed(self._going_on) if each.before is None), None)
        if outer is not None:
            outer.fixture.built_in.append(fixture)
            return
        self._within_test.append(fixture)
        engine.figures.remark(
            f"{fixture.title} wrote when its test had written already: it was torn down with the "
            f"test, and is set up anew for others ({engine.figures.test})"
        )

    # -- teardown

    def _about_to_end(self, definition: pytest.FixtureDef[Any]) -> None:
        if self._in_teardown:
            self._own_teardown_done()
        elif self._engine.is_clean():
            self._clean_before.add(id(definition))

    def _end(self, fixture: _Fixture) -> None:
        engine = self._engine
        errors = end_all(reversed(fixture.built_in))
        in_the_way = self._in_story and not engine.is_clean()
        if self._in_teardown and not in_the_way:
            above = self._above(fixture)
            errors += end_all(above)
            for each in above:
                engine.figures.remark(
                    f"{each.title} had written after {fixture.title}: "
                    "it was torn down with it, and is set up anew for others"
                )
        if engine.end_layer(fixture, stays=in_the_way):
            later = (
                "the tests that share their state" if in_the_way else "fixtures that wrote later"
            )
            engine.figures.remark(f"what {fixture.title} wrote stayed as long as {later}")
        _raise_all(errors)

    def _above(self, owner: Owner) -> list[_Fixture]:
        return [each for each in self._engine.layers.above(owner) if isinstance(each, _Fixture)]

    def _live(self) -> list[_Fixture]:
        return [each for each in self._engine.layers.live() if isinstance(each, _Fixture)]


def _raise_all(errors: list[BaseException]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("errors while fixtures were torn down", errors)

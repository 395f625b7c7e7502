"""What a test's markers, its folder and the options ask for."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_seedstate.errors import SeedstateError, closest, unknown_name

if TYPE_CHECKING:
    from _pytest.nodes import Node

    from pytest_seedstate.engine.project import Project
    from pytest_seedstate.engine.states import State

MARKERS = (
    'scenario(*scenarios, scope="function", readonly=False, **params): start the test from these '
    "scenarios, given by name or as objects, and undo what it changes. Several are layered in "
    'order; params go to a single one. scope="class" or "module" keeps what tests write for the '
    "next test of that class or module. A readonly test fails if it changes anything.",
    "reset_state(name): start the test from this reset state; scenarios come on top of it.",
)
_NAMES = ("scenario", "reset_state")
FIXTURE_STORES = {
    "postgres": "postgres",
    "dynamodb": "dynamodb",
    "s3": "s3",
    "opensearch": "opensearch",
    "opensearch_async": "opensearch",
}
_OF_ALL_SERVICES = {"seedstate_env", "seedstate_container_env", "seedstate_endpoints"}
OWN_FIXTURES = {*FIXTURE_STORES, "seedstate", *_OF_ALL_SERVICES}
SCOPES = ("function", "class", "module")

request_key = pytest.StashKey["Request"]()


@dataclass(frozen=True, slots=True)
class Request:
    """What one test asks for.

    Attributes:
        state: the state it starts from; None where it asks for none.
        stores: stores that must run for its fixtures, besides those of the state.
        scope: how long what it writes is kept: ``function``, ``class`` or ``module``.
        readonly: whether it fails when it changes anything.
    """

    state: State | None = None
    stores: frozenset[str] = frozenset()
    scope: str = "function"
    readonly: bool = False


@dataclass(frozen=True, slots=True)
class _Scenarios:
    """The arguments of one ``scenario`` marker."""

    scenarios: Sequence[Any]
    scope: str = "function"
    readonly: bool = False
    params: dict[str, Any] = field(default_factory=dict)


def _read_scenario(
    *scenarios: Any, scope: str = "function", readonly: bool = False, **params: Any
) -> _Scenarios:
    if not scenarios:
        raise SeedstateError("the marker 'scenario' names no scenario")
    if scope not in SCOPES:
        raise unknown_name("scope of the marker 'scenario'", str(scope), SCOPES)
    if not isinstance(readonly, bool):
        raise SeedstateError(f"readonly of the marker 'scenario' is {readonly!r}, not a bool")
    if params and len(scenarios) > 1:
        near = closest(next(iter(params)), ["scope", "readonly"])
        raise SeedstateError(
            f"the marker 'scenario' gives parameters ({', '.join(params)}) to "
            f"{len(scenarios)} scenarios",
            fix=f"did you mean '{near}='?" if near else "parameters go to a single scenario",
        )
    return _Scenarios(scenarios, scope, readonly, params)


def _read_reset_state(name: str) -> str:
    if not isinstance(name, str):
        raise SeedstateError(f"the marker 'reset_state' got {name!r}, not a name")
    return name


def asks(item: pytest.Item) -> bool:
    """Whether a test itself wants anything of ours; cheap, since it is asked of every test."""
    return not OWN_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) or any(
        marker.name in _NAMES for marker in item.iter_markers()
    )


def fixture_clients(item: pytest.Item) -> list[str]:
    """Which of our clients a test asks for by name."""
    return [name for name in getattr(item, "fixturenames", ()) if name in FIXTURE_STORES]


def read_request(item: pytest.Item, project: Project) -> Request:
    """What a collected test asks for.

    Args:
        item: the test.
        project: resolves names.

    Raises:
        SeedstateError: a marker's arguments or a name is wrong.
    """
    project.check()
    own = [marker for marker in item.own_markers if marker.name in _NAMES]
    request = _read_request(item, project)
    if own:
        _refuse_break_of_story(item, request, own[0], project)
    project.check_providers(request.stores | (request.state.stores if request.state else set()))
    return request


def holder(item: pytest.Item, request: Request) -> object:
    """What keeps the state of a test for the next one: a class or module with one state.

    Returns:
        Equal for tests of one story; None for a test that is in none.
    """
    node = _story_node(item, request)
    return (node.nodeid, request.state.key) if node and request.state else None


def _story_node(item: pytest.Item, request: Request) -> pytest.Collector | None:
    if request.scope == "function" or request.state is None:
        return None
    return item.getparent(pytest.Class if request.scope == "class" else pytest.Module)


def _refuse_break_of_story(
    item: pytest.Item, request: Request, own: pytest.Mark, project: Project
) -> None:
    """A test of another state amid a story would end it, and the next test would begin it anew."""
    above = _closest(item, "scenario", above=True)
    if above is None or above[1].kwargs.get("scope", "function") == "function":
        return
    story = _read_request(item, project, above=True)
    node = _story_node(item, story)
    if node is not None and holder(item, story) != holder(item, request):
        kind = "class" if isinstance(node, pytest.Class) else "module"
        raise SeedstateError(
            f"{item.name} has a marker '{own.name}' of its own amid the tests of the {kind} "
            f"{node.name} that build upon each other",
            where=f"the marker 'scenario' of {above[0].nodeid}, with scope=\"{story.scope}\"",
            checked="another state in between would drop what the tests before it wrote",
            fix=f"take its own marker away, or move {item.name} out of the {kind}",
        )


def _read_request(item: pytest.Item, project: Project, *, above: bool = False) -> Request:
    """What a test's markers ask for; `above` leaves out its own, so that those above it count."""
    marked = _scenarios_of(item, project, above)
    found = _closest(item, "reset_state", above=above)
    reset_marker = found[1] if found else None
    reset_state = (
        _bound(_read_reset_state, reset_marker) if reset_marker else project.settings.reset_state
    )
    fixtures = OWN_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    if marked is None and reset_state is None:
        if not fixtures:
            return Request()
        return Request(project.schema_only, _stores_of(fixtures, project))
    if marked:
        _refuse_misspelt_arguments(marked, project, item)
    state = project.state(
        marked.scenarios if marked else (),
        params=marked.params if marked else {},
        reset_state=reset_state,
        visible_from=item.path,
    )
    return Request(
        state,
        _stores_of(fixtures, project),
        marked.scope if marked else "function",
        marked.readonly if marked else False,
    )


def _refuse_misspelt_arguments(marked: _Scenarios, project: Project, item: pytest.Item) -> None:
    """A parameter that the scenario does not have may be meant for the marker."""
    if len(marked.scenarios) != 1 or not marked.params:
        return
    parameters = project.registry.scenario(marked.scenarios[0], visible_from=item.path).parameters
    for name in marked.params:
        near = closest(name, ["scope", "readonly"])
        if near and name not in parameters.known and not parameters.open:
            closer = closest(name, [near, *parameters.known])
            raise SeedstateError(
                f"unknown parameter '{name}'",
                where="the marker 'scenario'",
                checked=f"parameters of the scenario: {', '.join(parameters.known) or 'none'}; "
                "of the marker: scope, readonly",
                fix=f"did you mean '{closer}='?",
            )


def _closest(item: pytest.Item, name: str, *, above: bool) -> tuple[Node, pytest.Mark] | None:
    """A test's marker and whose it is; `above` leaves out its own."""
    found = item.iter_markers_with_node(name)
    return next((each for each in found if not above or each[0] is not item), None)


def _scenarios_of(item: pytest.Item, project: Project, above: bool) -> _Scenarios | None:
    marker = _closest(item, "scenario", above=above)
    if marker is not None:
        found: _Scenarios = _bound(_read_scenario, marker[1])
        return found
    chosen = item.ihook.pytest_seedstate_scenario(item=item)
    if chosen is None:
        chosen = project.settings.scenario
    if chosen is None:
        return None
    return _Scenarios(chosen if isinstance(chosen, (list, tuple)) else [chosen])


def _bound(read: Any, marker: pytest.Mark) -> Any:
    try:
        inspect.signature(read).bind(*marker.args, **marker.kwargs)
    except TypeError as error:
        raise SeedstateError(
            f"the marker '{marker.name}' has wrong arguments: {error}",
            fix=next(text for text in MARKERS if text.startswith(marker.name)).split(":")[0],
        ) from None
    return read(*marker.args, **marker.kwargs)


def _stores_of(fixtures: Iterable[str], project: Project) -> frozenset[str]:
    stores = {FIXTURE_STORES[name] for name in fixtures if name in FIXTURE_STORES}
    if not _OF_ALL_SERVICES.isdisjoint(fixtures):
        stores |= project.stores_of_environment
    return frozenset(stores)

"""Random trees of fixtures: whatever lives, each test sees its writes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machines import machine_settings
from tests.plugin.layered import write_layered

SCOPES = ("session", "package", "module", "class", "function")
TREES = 6


@dataclass(frozen=True)
class Fixture:
    """One fixture, which writes a row of its name and parameter."""

    name: str
    scope: int
    uses: tuple[str, ...]
    params: bool
    writes: bool
    writes_at_its_end: bool
    fails: bool

    @property
    def text(self) -> str:
        arguments = ", ".join(["request", *self.uses])
        params = ", params=['a', 'b']" if self.params else ""
        lines = [
            f"@pytest.fixture(scope={SCOPES[self.scope]!r}{params})",
            f"def {self.name}({arguments}):",
            f"    row = {self.name!r} + getattr(request, 'param', '')",
            "    see(*ALIVE)",
            *(["    add(row)"] if self.writes or self.fails else []),
            *(["    raise RuntimeError('on purpose')"] if self.fails else []),
            *(["    ALIVE.append(row)"] if self.writes else []),
            "    yield row",
            *(["    ALIVE.remove(row)"] if self.writes else []),
            *(["    add('end of ' + row + str(next(NUMBERS)))"] if self.writes_at_its_end else []),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class TreeTest:
    """One test, which writes, asks for one more fixture in the middle, and deletes."""

    uses: tuple[str, ...]
    later: str | None
    writes: bool
    deletes: bool

    def text(self, name: str, indent: str, first: str) -> str:
        arguments = ", ".join([*([first] if first else []), "request", *self.uses])
        lines = [
            f"def {name}({arguments}):",
            "    see(*ALIVE)",
            "    own = ['own']" if self.writes else "    own = []",
            "    ALIVE.extend(own)",
            "    add(*own)",
            "    try:",
            *([f"        request.getfixturevalue({self.later!r})"] if self.later else []),
            "        see(*ALIVE)",
            *(["        for row in ALIVE: remove(row)"] if self.deletes else []),
            "    finally:",
            "        if own: ALIVE.remove('own')",
        ]
        return "\n".join(indent + line for line in lines)


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[list[Fixture], list[list[list[TreeTest]]]]]:
    """For each tree its fixtures, and the tests of two modules: some in no class, some in one."""
    found = []
    for number in range(TREES):
        fixtures: list[Fixture] = []
        for index in range(draw(st.integers(2, 5))):
            scope = draw(st.integers(0, len(SCOPES) - 1))
            usable = [each.name for each in fixtures if each.scope <= scope]
            uses = (
                draw(st.lists(st.sampled_from(usable), unique=True, max_size=2)) if usable else []
            )
            fixtures.append(
                Fixture(
                    f"t{number}_f{index}",
                    scope,
                    tuple(uses),
                    params=draw(st.integers(0, 3)) == 0,
                    writes=draw(st.integers(0, 3)) > 0,
                    writes_at_its_end=draw(st.booleans()),
                    fails=draw(st.integers(0, 11)) == 0,
                )
            )
        names = st.sampled_from([each.name for each in fixtures])
        # Pytest has no parameter for a fixture that is asked for by name alone.
        bound = {each.name for each in fixtures if each.params or each.fails}
        for each in fixtures:
            if bound.intersection(each.uses):
                bound.add(each.name)
        free = [each.name for each in fixtures if each.name not in bound]
        test = st.builds(
            TreeTest,
            uses=st.lists(names, unique=True, max_size=2).map(tuple),
            later=st.none() | st.sampled_from(free) if free else st.none(),
            writes=st.booleans(),
            deletes=st.booleans(),
        )
        groups = st.lists(st.lists(test, min_size=1, max_size=3), min_size=1, max_size=3)
        found.append((fixtures, draw(st.lists(groups, min_size=2, max_size=2))))
    return found


def module_text(groups: list[list[TreeTest]]) -> Iterator[str]:
    """A module of tests; every second group is a class."""
    yield "import pytest\nfrom quick import *\n\npytestmark = pytest.mark.scenario('one-thing')\n"
    for number, group in enumerate(groups):
        if number % 2:
            yield f"class TestGroup{number}:"
        for index, test in enumerate(group):
            name = f"test_{number}_{index}"
            yield test.text(name, "    " if number % 2 else "", "self" if number % 2 else "") + "\n"


@given(made=trees())
@machine_settings(examples=1, steps=1)
def check_trees(
    project: pytest.Pytester, made: list[tuple[list[Fixture], list[list[list[TreeTest]]]]]
) -> None:
    texts = ["import itertools, pytest\nfrom quick import *\n\nNUMBERS = itertools.count()\n"]
    for number, (fixtures, modules) in enumerate(made):
        texts += [each.text + "\n" for each in fixtures]
        for index, groups in enumerate(modules):
            (project.path / f"test_{number}_{index}.py").write_text("\n".join(module_text(groups)))
    (project.path / "conftest.py").write_text("\n".join(texts))

    result = project.runpytest("-p", "no:hypothesispytest")

    text = result.stdout.str()
    assert "AssertionError" not in text, text
    assert "Traceback" not in text, text
    assert result.parseoutcomes().get("failed", 0) == 0, text
    assert result.parseoutcomes()["passed"] > 0, text
    # Every error is one that a fixture was told to raise.
    raised = {line for line in result.outlines if line.startswith("E  ")}
    assert raised <= {"E       RuntimeError: on purpose", "E   RuntimeError: on purpose"}, text


def test_random_trees_of_fixtures(project: pytest.Pytester) -> None:
    """Scopes, parameters, dependencies, failures, writes in set-up and teardown, late requests."""
    write_layered(project, all_stores=False)
    check_trees(project)

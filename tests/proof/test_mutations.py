"""The machine of all stores fails when any operation of the engine is left out.

A few operations are left out in every run, all of them with SEEDSTATE_TEST_MUTATIONS=all, which
takes ten minutes of a quiet machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.machines import EXAMPLES
from tests.mutation import Mutation, assert_noticed, assert_well_listed
from tests.proof.mutations import FOUND_BY_EXAMPLE, MUTATIONS

MACHINE = "tests/proof/test_machine.py::test_whatever_a_suite_does_each_test_finds_its_state"
ALL = os.environ.get("SEEDSTATE_TEST_MUTATIONS") == "all"
EVERY_TIME = ("aws is rewound", "opensearch is switched")
CHOSEN = [each for each in MUTATIONS if ALL or each.name in EVERY_TIME]


@pytest.mark.parametrize("mutation", CHOSEN, ids=lambda mutation: mutation.name)
def test_the_machine_notices(
    mutation: Mutation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left out, it is a failure of some random suite."""
    if mutation.name not in EVERY_TIME:
        # What matters in rare moments only is found in more examples than a usual run has.
        monkeypatch.setenv(EXAMPLES, "60")
    assert_noticed(mutation, MACHINE, tmp_path)


@pytest.mark.skipif(not ALL, reason="SEEDSTATE_TEST_MUTATIONS=all runs it")
@pytest.mark.parametrize("mutation", FOUND_BY_EXAMPLE, ids=lambda mutation: mutation.name)
def test_an_example_notices(mutation: Mutation, tmp_path: Path) -> None:
    """Left out, the example of it fails."""
    assert_noticed(mutation, "tests/proof/test_examples.py", tmp_path)


def test_each_stands_where_it_says() -> None:
    """In its module, once, under a name of its own."""
    assert_well_listed([*MUTATIONS, *FOUND_BY_EXAMPLE], EVERY_TIME)

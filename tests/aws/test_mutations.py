"""The machine, or the test that is about it, fails when any operation of the rewind is left out.

A few are left out in every run, all of them with SEEDSTATE_TEST_MUTATIONS=all, which takes ten
minutes of a quiet machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mutation import Mutation, assert_noticed

from .mutations import MUTATIONS

ALL = os.environ.get("SEEDSTATE_TEST_MUTATIONS") == "all"
EVERY_TIME = (
    "writes are counted",
    "objects are named",
    "UpdateTimeToLive is no read",
    "clean asks what positions say",
    "a rewind replaces the server",
)
CHOSEN = [each for each in MUTATIONS if ALL or each[1].name in EVERY_TIME]


@pytest.mark.parametrize(
    ("proof", "mutation"), CHOSEN, ids=[mutation.name for _, mutation in CHOSEN]
)
def test_the_proof_notices(proof: str, mutation: Mutation, tmp_path: Path) -> None:
    """Left out, it is a failure of the machine or of the test that is about it."""
    assert_noticed(mutation, proof, tmp_path)


def test_names_tell_them_apart() -> None:
    """And those of every run are there: otherwise an operation would stay untried."""
    names = [mutation.name for _, mutation in MUTATIONS]
    assert len(set(names)) == len(names)
    assert set(names) >= set(EVERY_TIME)

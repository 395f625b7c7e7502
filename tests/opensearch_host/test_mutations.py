"""The machine fails when any operation of OpenSearch's rewind is left out.

A few are left out in every run, all of them with SEEDSTATE_TEST_MUTATIONS=all, which takes five
minutes of a quiet machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mutation import Mutation, assert_noticed, assert_well_listed

from .mutations import MUTATIONS

ALL = os.environ.get("SEEDSTATE_TEST_MUTATIONS") == "all"
EVERY_TIME = ("a node goes back", "writes are counted", "PUT _doc is no read")
CHOSEN = [each for each in MUTATIONS if ALL or each[1].name in EVERY_TIME]


@pytest.mark.parametrize(
    ("proof", "mutation"), CHOSEN, ids=[mutation.name for _, mutation in CHOSEN]
)
def test_the_proof_notices(proof: str, mutation: Mutation, tmp_path: Path) -> None:
    """Left out, it is a failure of the machine or of the test that is about it."""
    assert_noticed(mutation, proof, tmp_path)


def test_each_stands_where_it_says() -> None:
    """In its module, once, under a name of its own."""
    assert_well_listed([each for _, each in MUTATIONS], EVERY_TIME)

"""Proofs fail when any operation of PostgreSQL's journal is left out.

A few operations are left out in every run, all of them with SEEDSTATE_TEST_MUTATIONS=all, which
takes a quarter of an hour of a quiet machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mutation import Mutation, assert_noticed, assert_well_listed
from tests.postgres.mutations import MUTATIONS, proof_of

ALL = os.environ.get("SEEDSTATE_TEST_MUTATIONS") == "all"
EVERY_TIME = ("UPDATE is logged", "old rows come back", "a clean database has its mark")
CHOSEN = [each for each in MUTATIONS if ALL or each.name in EVERY_TIME]
OF_A_FULL_BUILD = ("keys compare as the column does",)
ROUNDS = "200"
"""Of the writers: some of these matter in few rounds."""


@pytest.mark.parametrize("mutation", CHOSEN, ids=lambda mutation: mutation.name)
def test_its_proof_notices(
    mutation: Mutation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left out, something fails."""
    if mutation.name in OF_A_FULL_BUILD and "SEEDSTATE_TEST_POSTGRES_BIN" not in os.environ:
        pytest.skip("the wheel's server has no ICU: SEEDSTATE_TEST_POSTGRES_BIN")
    monkeypatch.setenv("SEEDSTATE_TEST_ROUNDS", ROUNDS)
    assert_noticed(mutation, proof_of(mutation), tmp_path)


def test_each_stands_where_it_says() -> None:
    """In its module, once, under a name of its own."""
    assert_well_listed(MUTATIONS, EVERY_TIME)

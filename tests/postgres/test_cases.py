"""Every case of `cases` against a real server, compared in full with an independent dump."""

from __future__ import annotations

import os

import pytest

from tests.postgres.cases import CASES, INVISIBLE, REPLACED, Case
from tests.postgres.conftest import Database

ROUNDS = 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_comes_back(case: Case, database: Database) -> None:
    """What the case does is noticed, and the database is afterwards what it was."""
    if database.connect().info.server_version // 10000 < case.since:
        pytest.skip(f"needs PostgreSQL {case.since}")
    if case.full_build and "SEEDSTATE_TEST_POSTGRES_BIN" not in os.environ:
        pytest.skip("the wheel's server is built without it: SEEDSTATE_TEST_POSTGRES_BIN")
    database.close_connections()
    database.make(case.setup)
    journal = database.store.journal
    for _ in range(1 if case.outcome == REPLACED else ROUNDS):
        assert journal.is_clean()
        app = database.connect()
        for statement in statements(case.actions):
            app.execute(statement)
        clean = journal.is_clean()
        if case.outcome == INVISIBLE:
            database.assert_at("schema")
        else:
            assert database.differs_from("schema"), "the case changes nothing"
            assert not clean
            assert journal.changes()
        rewound = journal.rewind()
        assert bool(rewound.replaced) == (
            case.outcome == REPLACED or "large object" in case.name or "materialised" in case.name
        ), rewound
        database.assert_at("schema")
        assert journal.is_clean()
        if case.outcome != REPLACED:
            assert app.execute("SELECT 1").fetchone() == (1,)
        database.close_connections()


def statements(actions: str) -> list[str]:
    """Split where a statement ends a line of thought; VACUUM wants a message of its own."""
    return (
        [part for part in actions.split(";") if part.strip()] if "VACUUM" in actions else [actions]
    )

"""Every case of `cases` against a real server, compared in full with an independent dump."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import psycopg
import pytest

from tests.docker import in_sample, on_containers
from tests.postgres.cases import CASES, INVISIBLE, REPLACED, TYPES, Case
from tests.postgres.conftest import Database

ROUNDS = 2
FULL_BUILD = "SEEDSTATE_TEST_POSTGRES_BIN" in os.environ or on_containers()
INTERNAL_TYPES = (
    "pg_node_tree",
    "pg_ndistinct",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "unknown",
)
"""What only the server's own catalogues hold."""


@pytest.mark.parametrize(
    "case", in_sample(CASES) if on_containers() else CASES, ids=lambda case: case.name
)
def test_case_comes_back(case: Case, database: Database) -> None:
    """What the case does is noticed, and the database is afterwards what it was."""
    if database.connect().info.server_version // 10000 < case.since:
        pytest.skip(f"needs PostgreSQL {case.since}")
    if case.full_build and not FULL_BUILD:
        pytest.skip("the wheel's server is built without it: SEEDSTATE_TEST_POSTGRES_BIN")
    if case.extension and not available(database, case.extension):
        pytest.skip(f"the server has no extension {case.extension}: SEEDSTATE_TEST_POSTGRES_BIN")
    database.close_connections()
    setup = f"CREATE EXTENSION {case.extension}; " if case.extension else ""
    database.make(setup + case.setup)
    journal = database.store.journal
    for _ in range(1 if case.outcome == REPLACED else ROUNDS):
        assert journal.is_clean()
        app = database.connect()
        for statement in statements(case.actions):
            run(app, statement)
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
    alone = ("VACUUM", "PREPARE TRANSACTION", "CALL")
    return (
        [part for part in actions.split(";") if part.strip()]
        if any(word in actions for word in alone)
        else [actions]
    )


def run(app: psycopg.Connection[Any], statement: str) -> None:
    """One message; what follows ``FROM STDIN`` is sent as data, and may be refused."""
    copy, stdin, data = statement.partition("FROM STDIN\n")
    if not stdin:
        app.execute(statement.encode())
        return
    with (
        contextlib.suppress(psycopg.errors.UniqueViolation),
        app.cursor() as cursor,
        cursor.copy((copy + stdin).encode()) as stream,
    ):
        stream.write(data)


def available(database: Database, extension: str) -> bool:
    """Whether the server can make an extension."""
    row = (
        database.connect()
        .execute("SELECT count(*) FROM pg_available_extensions WHERE name = %s", (extension,))
        .fetchone()
    )
    return row == (1,)


def test_every_type_of_the_server_has_a_case(database: Database) -> None:
    """The cases of types leave out none that a column may have, but for what no user makes."""
    database.make(TYPES)
    missing = (
        database.connect()
        .execute(
            "SELECT typname FROM pg_type t WHERE typnamespace = 'pg_catalog'::regnamespace "
            "AND typtype IN ('b', 'r', 'm') AND typelem = 0 AND typrelid = 0 AND typname <> ALL (%s) "
            "AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.atttypid = t.oid "
            "AND a.attrelid IN ('many'::regclass, 'rest'::regclass))",
            (["xml", *INTERNAL_TYPES],),
        )
        .fetchall()
    )
    assert missing == [], "see the case 'xml' for that one"

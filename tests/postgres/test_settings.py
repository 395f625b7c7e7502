"""What belongs to the database as a whole: no event trigger fires for it, and it comes back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.postgres.cases import BAG, PEOPLE
from tests.postgres.conftest import Database

CHANGES = {
    "a setting": "ALTER DATABASE {name} SET default_transaction_read_only = on",
    "a setting that is a list": "ALTER DATABASE {name} SET search_path = 'a b', public",
    "a setting of the application's": "ALTER DATABASE {name} SET shop.tenant = 'it''s'",
    "a setting taken back": "ALTER DATABASE {name} RESET work_mem",
    "all settings taken back": "ALTER DATABASE {name} RESET ALL",
    "another value": "ALTER DATABASE {name} SET work_mem = '9MB'",
    "a setting of a role": "ALTER ROLE guest IN DATABASE {name} SET statement_timeout = '7s'",
    "a role's settings taken back": "ALTER ROLE clerk IN DATABASE {name} RESET ALL",
    "a right": "GRANT CREATE ON DATABASE {name} TO guest",
    "a right passed on": "SET ROLE clerk; GRANT CONNECT ON DATABASE {name} TO guest; RESET ROLE",
    "a right taken away": "REVOKE CONNECT ON DATABASE {name} FROM clerk",
    "everybody's rights": "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
    "the owner": "ALTER DATABASE {name} OWNER TO guest",
    "the number of connections": "ALTER DATABASE {name} CONNECTION LIMIT 7",
    "the mark of a template": "ALTER DATABASE {name} IS_TEMPLATE true",
    "the comment": "COMMENT ON DATABASE {name} IS 'it''s a test''s'",
}

BEFORE = """
ALTER DATABASE {name} SET work_mem = '7MB';
ALTER DATABASE {name} SET datestyle = 'SQL, DMY';
ALTER ROLE clerk IN DATABASE {name} SET lock_timeout = '5s';
GRANT CONNECT, TEMPORARY ON DATABASE {name} TO clerk WITH GRANT OPTION;
COMMENT ON DATABASE {name} IS 'of the schema';
"""


@pytest.fixture
def shop(database: Database) -> Iterator[Database]:
    """A database with a table, and roles that may have rights and settings in it."""
    name = name_of(database)
    elsewhere = make_conninfo(database.conninfo, dbname="postgres")
    with psycopg.connect(elsewhere, autocommit=True) as admin:
        for role in ("clerk", "guest"):
            admin.execute(f"CREATE ROLE {role}")
        try:
            yield database
        finally:
            database.close_connections()
            database.store.close()
            admin.execute(f"ALTER DATABASE {name} IS_TEMPLATE false")
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            for (clone,) in admin.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s || '\\_seed%%'", (name,)
            ).fetchall():
                admin.execute(f"DROP DATABASE {clone} WITH (FORCE)")
            # Refused where a right of theirs is left.
            for role in ("clerk", "guest"):
                admin.execute(f"DROP ROLE {role}")


def name_of(database: Database) -> str:
    return str(conninfo_to_dict(database.conninfo)["dbname"])


def change(database: Database, statements: str) -> None:
    """As an application does it, in a session that ends."""
    with psycopg.connect(database.conninfo, autocommit=True) as session:
        for statement in statements.format(name=name_of(database)).split(";"):
            session.execute(statement)


AS_IT_WAS_MADE = (
    "a setting",
    "a setting of a role",
    "a right",
    "everybody's rights",
    "the comment",
)


@pytest.mark.parametrize(
    ("statement", "before"),
    [
        *(pytest.param(CHANGES[name], BEFORE, id=name) for name in CHANGES),
        *(pytest.param(CHANGES[name], "", id=f"{name}, first") for name in AS_IT_WAS_MADE),
    ],
)
def test_what_is_changed_comes_back(shop: Database, statement: str, before: str) -> None:
    """It is noticed, told, and afterwards what it was, in place."""
    if before:
        change(shop, before)
    shop.make(PEOPLE)
    journal, app = shop.store.journal, shop.connect()
    for _ in range(2):
        assert journal.is_clean()
        change(shop, statement)
        assert shop.differs_from("schema")
        assert not journal.is_clean()
        assert journal.changes().notes == ("settings or rights of the database changed",)
        assert journal.rewind().replaced == ()
        assert journal.is_clean()
        shop.assert_at("schema")
        assert not journal.changes()
    assert app.execute("SELECT 1").fetchone() == (1,)


def test_only_the_database_is_looked_at(shop: Database) -> None:
    """What others have, and what a transaction that rolls back has tried, is no change."""
    shop.make(PEOPLE)
    change(
        shop,
        "ALTER DATABASE postgres SET shop.tenant = 'other'; ALTER ROLE guest SET work_mem = '5MB'",
    )
    change(shop, "BEGIN; ALTER DATABASE {name} SET work_mem = '9MB'; ROLLBACK")
    try:
        assert shop.store.journal.is_clean()
    finally:
        change(shop, "ALTER DATABASE postgres RESET shop.tenant")


def test_a_change_that_is_not_committed_yet_is_seen_when_it_is(shop: Database) -> None:
    """Others have been given later ids meanwhile, and the database was looked at."""
    shop.make(PEOPLE)
    journal, app = shop.store.journal, shop.connect()
    with app.transaction():
        app.execute(f"ALTER DATABASE {name_of(shop)} SET work_mem = '9MB'")
        shop.connect().execute("SELECT pg_current_xact_id()")
        assert not journal.is_clean()
        assert not journal.changes()
    assert not journal.is_clean()
    journal.rewind()
    shop.assert_at("schema")


def test_each_position_has_its_own(shop: Database) -> None:
    """A wider fixture may set them: what tests change on top goes, and later the fixture's."""
    shop.make(PEOPLE + BAG)
    journal = shop.store.journal
    change(shop, BEFORE + "DELETE FROM bag")
    position = journal.mark()
    shop.remember("fixture")
    for statement in ("ALTER DATABASE {name} RESET ALL", "DROP TABLE people", "DELETE FROM people"):
        change(shop, statement + "; REVOKE ALL ON DATABASE {name} FROM clerk CASCADE")
        journal.rewind(position)
        shop.assert_at("fixture")
        assert journal.is_clean(position)
    journal.rewind()
    shop.assert_at("schema")


def test_each_baseline_has_its_own(shop: Database) -> None:
    """A scenario may set them, and change tables besides."""
    shop.make(PEOPLE)
    journal = shop.store.journal
    change(shop, BEFORE)
    shop.keep("settings")
    change(shop, "ALTER DATABASE {name} RESET ALL; CREATE TABLE extra (i int)")
    shop.keep("tables")
    for name in ("settings", "schema", "tables", "schema", "settings"):
        journal.switch(name)
        shop.assert_at(name)
        assert journal.is_clean()
        change(shop, "ALTER DATABASE {name} SET work_mem = '9MB'; CREATE TABLE other ()")
        journal.rewind()
        shop.assert_at(name)
        assert journal.is_clean()


def test_a_database_that_is_marked_as_a_template_can_be_replaced(shop: Database) -> None:
    """PostgreSQL refuses to drop it as long as it is."""
    shop.make(PEOPLE)
    change(shop, "ALTER DATABASE {name} IS_TEMPLATE true; DROP TABLE people")
    assert shop.store.journal.rewind().replaced
    shop.assert_at("schema")


def test_they_are_part_of_a_comparison_in_full(shop: Database) -> None:
    """``--seedstate-verify`` sees them."""
    shop.make(PEOPLE)
    before = list(shop.store.definitions())
    for statement in (
        "ALTER ROLE guest IN DATABASE {name} SET work_mem = '9MB'",
        CHANGES["a right"],
    ):
        change(shop, statement)
        after = list(shop.store.definitions())
        assert len({*map(str, after)} - {*map(str, before)}) == 1
        before = after

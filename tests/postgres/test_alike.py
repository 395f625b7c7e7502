"""The user's own statements do under the journal what they do without it.

Each script runs in two databases, one of them journaled: results, errors and what is there
afterwards are the same. Then the journaled one comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.postgres.cases import CASES, DDL_TABLE, FAMILY, HEIRS, PARTS, PEOPLE, REPLACED, Case
from tests.postgres.conftest import Database
from tests.postgres.dumping import differences, full_dump
from tests.postgres.test_cases import available, statements

DEFERRED = """
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);
"""

SCRIPTS = [
    Case("a column is renamed while a cursor reads", PEOPLE,
         "BEGIN; DECLARE c CURSOR FOR SELECT id, age FROM people ORDER BY id; FETCH c; "
         "ALTER TABLE people RENAME age TO years; FETCH c; COMMIT; UPDATE people SET years = 1"),
    Case("a comment while a cursor reads", PEOPLE,
         "BEGIN; DECLARE c CURSOR FOR SELECT id FROM people ORDER BY id; FETCH c; "
         "COMMENT ON COLUMN people.age IS 'in years'; FETCH c; COMMIT"),
    Case("a column is renamed while constraints are to be checked", DEFERRED,
         "BEGIN; INSERT INTO b VALUES (2, 2); ALTER TABLE b RENAME a TO of; COMMENT ON TABLE b IS 'x'; "
         "INSERT INTO a VALUES (2); COMMIT; UPDATE b SET of = 1"),
    Case("a table cannot be changed while constraints are to be checked", DEFERRED,
         "BEGIN; INSERT INTO b VALUES (2, 2); ALTER TABLE b ADD c int; COMMIT; SELECT 1"),
    Case("a function changes tables in a loop", PEOPLE,
         "DO $$ BEGIN FOR i IN 1 .. 3 LOOP EXECUTE format('ALTER TABLE people ADD c%s int', i); "
         "EXECUTE format('UPDATE people SET c%s = %s', i, i) ; END LOOP; END $$; TRUNCATE people"),
    Case("DDL that fails in a savepoint", PEOPLE,
         "BEGIN; UPDATE people SET age = 1; SAVEPOINT s; ALTER TABLE people ADD id int; "
         "ROLLBACK TO s; ALTER TABLE people DROP name; UPDATE people SET age = 2; COMMIT"),
    Case("kinds of tables", PEOPLE,
         "ALTER TABLE people SET UNLOGGED; ALTER TABLE people SET LOGGED; "
         "ALTER TABLE people DROP CONSTRAINT people_pkey; UPDATE people SET age = 1; "
         "ALTER TABLE people ADD PRIMARY KEY (name); ALTER TABLE people REPLICA IDENTITY FULL; "
         "UPDATE people SET age = 2; ALTER TABLE people ALTER name SET STORAGE EXTERNAL; DELETE FROM people"),
    Case("generated and identity columns", PEOPLE,
         "ALTER TABLE people ADD twice int GENERATED ALWAYS AS (age * 2) STORED; UPDATE people SET age = 3; "
         "ALTER TABLE people ALTER twice DROP EXPRESSION; UPDATE people SET twice = 1; "
         "ALTER TABLE people ALTER id DROP IDENTITY; INSERT INTO people (name) VALUES ('x'); "
         "ALTER TABLE people ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100); "
         "INSERT INTO people (name) VALUES ('y')"),
    Case("inheritance is changed", HEIRS,
         "ALTER TABLE heir NO INHERIT base; UPDATE base SET v = 'x'; ALTER TABLE heir INHERIT base; "
         "UPDATE base SET v = 'y'; CREATE TABLE late () INHERITS (base); INSERT INTO late VALUES (9); "
         "DELETE FROM base; DROP TABLE base CASCADE"),
    Case("a parent's column is renamed", HEIRS,
         "ALTER TABLE base RENAME v TO w; UPDATE heir SET z = 9; INSERT INTO grand_heir VALUES (7, 'x', 7);"
         "UPDATE base SET w = 'all'"),
    Case("an attribute of a table's type is renamed",
         "CREATE TYPE shape AS (a int, b int); CREATE TABLE t OF shape; INSERT INTO t VALUES (1, 2)",
         "ALTER TYPE shape RENAME ATTRIBUTE b TO c CASCADE; UPDATE t SET c = 2; TRUNCATE t"),
    Case("partitions are changed", PARTS,
         "ALTER TABLE parts DETACH PARTITION parts_low; UPDATE parts_low SET v = 'alone'; "
         "CREATE TABLE parts_rest PARTITION OF parts DEFAULT; INSERT INTO parts VALUES (5, 'again'); "
         "UPDATE parts SET k = 150 WHERE k = 5; UPDATE parts SET k = 500 WHERE k = 160; "
         "DROP TABLE parts_high; DELETE FROM parts; TRUNCATE parts_low"),
    Case("a table becomes a partition and none again", PEOPLE + PARTS,
         "CREATE TABLE more (k int NOT NULL, v text, w int); INSERT INTO more VALUES (200); "
         "ALTER TABLE parts ATTACH PARTITION more FOR VALUES FROM (200) TO (300); DELETE FROM parts; "
         "ALTER TABLE parts DETACH PARTITION more; INSERT INTO more VALUES (7)"),
    Case("rights and owners", PEOPLE,
         "GRANT SELECT, INSERT ON people TO PUBLIC; REVOKE INSERT ON people FROM PUBLIC; "
         "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; CREATE TABLE t (i int); "
         "ALTER TABLE people OWNER TO pg_monitor; UPDATE people SET age = 1; REASSIGN OWNED BY pg_monitor "
         "TO pg_database_owner; DROP OWNED BY pg_database_owner"),
    Case("views, rules and triggers of the user", DDL_TABLE,
         "CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders WHERE s = 'old'; "
         "CREATE RULE r AS ON UPDATE TO open_orders DO INSTEAD DELETE FROM orders WHERE id = OLD.id; "
         "UPDATE open_orders SET n = 1; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
         "$$ BEGIN NEW.n := 7; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW "
         "EXECUTE FUNCTION f(); INSERT INTO orders (s) VALUES ('new'); ALTER TABLE orders DISABLE TRIGGER t; "
         "INSERT INTO orders (s) VALUES ('new'); DROP FUNCTION f; DROP FUNCTION f CASCADE"),
    Case("cascades over foreign keys", FAMILY,
         "DROP TABLE parents; DROP TABLE parents CASCADE; DELETE FROM sons; "
         "ALTER TABLE sons ADD FOREIGN KEY (p) REFERENCES daughters; INSERT INTO sons VALUES (1, 1), (2, 99)"),
    Case("functions of the user that have the names of the server's", PEOPLE,
         "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS "
         "$$ BEGIN RAISE 'not meant'; END $$; CREATE FUNCTION public.current_setting(text, boolean) "
         "RETURNS text LANGUAGE sql AS $$ SELECT 'on' $$; CREATE FUNCTION public.pg_backend_pid() RETURNS int "
         "LANGUAGE sql AS $$ SELECT 1 / 0 $$; SET search_path = public, pg_catalog; "
         "CREATE TABLE t (i int); UPDATE people SET age = 1; ALTER TABLE people DROP age; DELETE FROM people"),
    Case("an extension with tables goes to another schema", PEOPLE,
         "ALTER EXTENSION vector ADD TABLE people; CREATE SCHEMA other; "
         "ALTER EXTENSION vector SET SCHEMA other; UPDATE other.people SET age = 1; TRUNCATE other.people",
         extension="vector"),
    Case("what lists tables and triggers of the user's schema", PEOPLE,
         "SELECT table_name, column_name, data_type FROM information_schema.columns "
         "WHERE table_schema = 'public' ORDER BY 1, 2; CREATE SCHEMA AUTHORIZATION CURRENT_USER "
         "CREATE TABLE own (i int); SELECT current_schema, current_schemas(false)"),
]  # fmt: skip

ALIKE = [case for case in CASES if case.outcome == REPLACED and case.name != "our schema dropped"]


@pytest.mark.parametrize("script", [*ALIKE, *SCRIPTS], ids=lambda script: script.name)
def test_statements_do_what_they_do_without_us(
    script: Case, new_database: Callable[..., Database]
) -> None:
    """Statement by statement the same rows or the same error, and the same database in the end."""
    plain, journaled = new_database(), new_database()
    setup = script.setup
    if script.extension:
        if not available(plain, script.extension):
            pytest.skip(f"the server has no extension {script.extension}")
        setup = f"CREATE EXTENSION {script.extension}; {setup}"
    with plain.connect() as connection:
        connection.execute(setup.encode())
    journaled.make(setup)
    apps = plain.connect(), journaled.connect()
    for statement in single_statements(script.actions):
        with_us, without_us = (outcome(app, statement) for app in reversed(apps))
        assert with_us == without_us, statement
    plain_dump, journaled_dump = (full_dump(each.conninfo) for each in (plain, journaled))
    assert differences(plain_dump, journaled_dump) == []
    assert not journaled.store.journal.is_clean()
    journaled.store.journal.rewind()
    journaled.assert_at("schema")


def single_statements(actions: str) -> list[str]:
    """One by one, where no function body is in the way."""
    if "$$" in actions:
        return statements(actions)
    return [part for part in actions.split(";") if part.strip()]


def outcome(app: psycopg.Connection[Any], statement: str) -> object:
    """The rows, or how the server refuses."""
    try:
        found = app.execute(statement.encode())
        return found.fetchall() if found.description else found.statusmessage
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary


def test_rows_are_copied_frozen(new_database: Callable[..., Database]) -> None:
    """COPY FREEZE wants a table that its own transaction has emptied, and nothing in between."""
    database = new_database()
    database.make(PEOPLE)
    app = database.connect()
    with app.transaction(), app.cursor() as cursor:
        cursor.execute("TRUNCATE people")
        with cursor.copy("COPY people (id, name) FROM STDIN WITH (FREEZE)") as copy:
            copy.write("77\tx\n")
    assert app.execute("SELECT id FROM people").fetchall() == [(77,)]
    database.store.journal.rewind()
    database.assert_at("schema")

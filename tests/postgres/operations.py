"""What the random machine's applications do to a database, as statements with small numbers in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors

from pytest_seedstate.stores.postgres import names
from tests.postgres.cases import BAG, FAMILY, HEIRS, MEDDLING, PARTS, PEOPLE, TREE

SCHEMA = (
    "".join((PEOPLE, BAG, TREE, FAMILY, PARTS, HEIRS, MEDDLING))
    + """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE documents (
    id int PRIMARY KEY, body jsonb, words text[], size numeric, feels mood, at timestamptz,
    shout text GENERATED ALWAYS AS (upper(body ->> 'a')) STORED);
INSERT INTO documents
SELECT i, jsonb_build_object('a', 'v' || i, 'n', i), ARRAY['x', NULL], i / 4.0, 'ok', '2020-01-01Z'
FROM generate_series(1, 5) i;
CLUSTER documents USING documents_pkey;
CREATE SEQUENCE tickets INCREMENT 3 START 10;
CREATE SEQUENCE never_called START 5;
CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
INSERT INTO numbered (v) SELECT i FROM generate_series(1, 5) i;
CREATE MATERIALIZED VIEW ages AS SELECT count(*) AS n, sum(age) AS total FROM people;
SELECT lo_from_bytea(4711, 'data');
"""
)

WRITES = (
    "INSERT INTO people (name, age) VALUES ('n{n}', {m})",
    "INSERT INTO people (id, name) VALUES ({n}, 'i{m}')",
    "INSERT INTO people (id, name) VALUES ({n}, 'u') ON CONFLICT (id) DO UPDATE SET age = {m}",
    "INSERT INTO people (name) VALUES ('p{n}') ON CONFLICT (name) DO UPDATE SET age = people.age + 1",
    "INSERT INTO people (name) VALUES ('p{n}') ON CONFLICT DO NOTHING",
    "UPDATE people SET age = age + {m} WHERE id BETWEEN {n} AND {n} + 3",
    "UPDATE people SET age = age WHERE id = {n}",
    "UPDATE people SET id = id + 100 WHERE id = {n}",
    "UPDATE people SET id = -id WHERE id BETWEEN {n} AND {n} + {m}",
    "UPDATE people SET name = 'q' || (21 - id) WHERE id IN ({n}, {m})",
    "DELETE FROM people WHERE id = {n}",
    "WITH gone AS (DELETE FROM people WHERE id = {n} RETURNING *) "
    "INSERT INTO people (id, name, age) SELECT id + 200, name || '!', {m} FROM gone",
    "MERGE INTO people p USING (VALUES ({n}, 'm{m}')) AS s(id, name) ON p.id = s.id "
    "WHEN MATCHED AND {m} > 5 THEN DELETE WHEN MATCHED THEN UPDATE SET name = s.name "
    "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)",
    "INSERT INTO bag VALUES ({n}, 'w'), (1, 'x'), (NULL, NULL)",
    "UPDATE bag SET b = 'u{m}' WHERE a = {n}",
    "DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE a IS NULL OR a IN (1, {n}) LIMIT {m})",
    "INSERT INTO nodes VALUES ({n} + 5, {m}, 'n')",
    "UPDATE nodes SET id = id + 50 WHERE id = {m}",
    "UPDATE nodes SET up = {n} WHERE id = {m}",
    "DELETE FROM nodes WHERE id = {m}",
    "INSERT INTO sons VALUES ({n} + 10, {m})",
    "INSERT INTO daughters (p) VALUES ({m})",
    "UPDATE parents SET id = id + 20 WHERE id = {m}",
    "UPDATE parents SET v = 'v{n}' WHERE id < {m}",
    "DELETE FROM parents WHERE id = {m}",
    "INSERT INTO parts VALUES ({n} * 7, 'new', {m})",
    "UPDATE parts SET k = (k + 100) % 200 WHERE k = {n} * 10",
    "UPDATE parts SET v = 'u{m}', w = w + 1 WHERE k < {n} * 10",
    "UPDATE parts_high SET w = {m}",
    "DELETE FROM parts WHERE k = {n} * 10",
    "INSERT INTO heir VALUES ({n}, 'h', {m})",
    "UPDATE base SET v = 'all{m}'",
    "UPDATE ONLY heir SET z = {m}",
    "DELETE FROM base WHERE i = {m}",
    "INSERT INTO grand_heir VALUES ({n} + 3, 'g', {m})",
    "INSERT INTO stock VALUES ({n}, {m})",
    "UPDATE stock SET n = {m} WHERE id = {n}",
    "DELETE FROM stock WHERE id = {m}",
    "INSERT INTO documents (id, body) VALUES ({n}, '{{\"a\": \"b\", \"n\": {m}.0}}')",
    "UPDATE documents SET body = jsonb_set(body, '{{a}}', to_jsonb({n}::text)) WHERE id = {m}",
    "UPDATE documents SET body = body - 'n' || '{{\"deep\": [{n}, null, {{}}]}}' WHERE id <= {m}",
    "UPDATE documents SET words = words || 'w{n}'::text, size = size * 1.0, feels = 'sad' WHERE id = {m}",
    "UPDATE documents SET size = 'NaN', at = 'infinity', words = '{{}}' WHERE id = {m}",
    "INSERT INTO documents (id, body) SELECT {n} + 20, to_jsonb(repeat(md5('{m}'), 2000))",
    "DELETE FROM documents WHERE id = {n}",
    "INSERT INTO numbered (v) VALUES ({n})",
    "UPDATE numbered SET v = v + {n} WHERE id <= {m}",
    "DELETE FROM numbered WHERE id = {m}",
    "SELECT setval('never_called', {n} + 1, false)",
    "SELECT nextval('never_called')",
    "SELECT nextval('tickets')",
    "SELECT setval('tickets', {n} + 1, {m} > 5)",
    "SELECT setval('people_id_seq', {n} + 100)",
    "SELECT lo_put(4711, {m}, 'X{n}')",
    "SELECT lo_from_bytea({n} + 5000, 'made{m}')",
    "SELECT lo_unlink({n} + 5000)",
    "SELECT lo_unlink(4711)",
)  # fmt: skip
"""Writes that take row locks at the most."""

LOCKING_WRITES = (
    "TRUNCATE bag",
    "TRUNCATE people RESTART IDENTITY",
    "TRUNCATE parents CASCADE",
    "TRUNCATE nodes",
    "TRUNCATE parts_low",
    "TRUNCATE parts",
    "TRUNCATE ONLY heir",
    "TRUNCATE documents, stock",
)
"""Writes that lock out readers until their transaction ends."""

ALONE = (
    "REFRESH MATERIALIZED VIEW ages",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET shop.n = {n}', current_database()); END $$",
    "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$",
    "VACUUM people",
    "VACUUM FULL bag",
    "CLUSTER documents USING documents_pkey",
    "REINDEX TABLE people",
    "SET session_replication_role = replica; DELETE FROM parents WHERE id = {m}; "
    "INSERT INTO sons VALUES ({n} + 60, {n} + 60); RESET session_replication_role",
)
"""What is done outside of explicit transactions."""

DDL = (
    "CREATE TABLE extra_{c} (id int PRIMARY KEY, v text); INSERT INTO extra_{c} VALUES ({n}, 'x')",
    "ALTER TABLE people ADD COLUMN c{c} int DEFAULT {n}",
    "ALTER TABLE documents DROP COLUMN words",
    "ALTER TABLE stock RENAME COLUMN seen TO looked_at",
    "ALTER TABLE stock RENAME TO stock_{c}; INSERT INTO stock_{c} VALUES ({n} + 40, 1)",
    "ALTER TABLE people RENAME name TO name_{c}; TRUNCATE people",
    "ALTER TYPE mood RENAME TO mood_{c}; ALTER TYPE mood_{c} RENAME VALUE 'sad' TO 'low'",
    "ALTER SCHEMA public RENAME TO public_{c}; TRUNCATE public_{c}.bag; "
    "ALTER SCHEMA public_{c} RENAME TO public",
    "DECLARE open CURSOR FOR SELECT * FROM documents; FETCH open; "
    "ALTER TABLE documents RENAME size TO size_{c}; FETCH open; CLOSE open",
    "ALTER TABLE base ADD COLUMN c{c} text",
    "ALTER TABLE parts DROP COLUMN w",
    "CREATE TABLE parts_{c} PARTITION OF parts FOR VALUES FROM ({c} * 200) TO ({c} * 200 + 200); "
    "INSERT INTO parts (k) VALUES ({c} * 200 + {n})",
    "ALTER TABLE parts DETACH PARTITION parts_high; UPDATE parts_high SET v = 'gone'",
    "DROP TABLE sons",
    "DROP TABLE bag",
    "ALTER TYPE mood ADD VALUE 'm{c}'",
    "CREATE INDEX index_{c} ON nodes (v)",
    "CREATE SEQUENCE sequence_{c}; SELECT nextval('sequence_{c}')",
    "ALTER SEQUENCE tickets INCREMENT 5 RESTART 100",
    "CREATE FUNCTION function_{c}() RETURNS int LANGUAGE sql AS 'SELECT {n}'",
    "ALTER TABLE nodes DISABLE TRIGGER ALL; DELETE FROM nodes; ALTER TABLE nodes ENABLE TRIGGER ALL",
    "COMMENT ON TABLE people IS 'comment {c}'",
)
"""What changes definitions; `c` is another number each time."""

REFUSED = (
    errors.IntegrityError,
    errors.ProgrammingError,
    errors.DataError,
    errors.LockNotAvailable,
    errors.SerializationFailure,
)
"""Statements may fail of what others have done; that too is what applications do."""


@contextmanager
def refusals() -> Iterator[None]:
    """Such a failure is no matter, unless it is one of the journal's triggers that fails."""
    try:
        yield
    except REFUSED as error:
        if f"{names.SCHEMA}." in (error.diag.context or ""):
            raise

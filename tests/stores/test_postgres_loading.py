"""Rows through the PostgreSQL store: what is given is there, or nothing is."""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.postgres import SqlScript
from tests.postgres.conftest import Database

Rows = Mapping[str, list[dict[str, Any]]]

ZONE = dt.timezone(dt.timedelta(hours=5, minutes=45))
VALUES: dict[str, list[Any]] = {
    "smallint": [-32768, 32767],
    "integer": [-(2**31), 2**31 - 1],
    "bigint": [-(2**63), 2**63 - 1],
    "numeric": [Decimal("1.00"), Decimal("1E-30"), Decimal("9" * 60), Decimal("NaN"),
                Decimal("Infinity"), Decimal("-Infinity")],
    "numeric(9, 3)": [Decimal("-123456.789")],
    "real": [1.5, math.inf],
    "double precision": [0.1, -0.0, math.inf, -math.inf, 5e-324],
    "boolean": [True, False],
    "text": ["", "a\tb\nc\\d", "\\N", "é \U0001f600", "x" * 300_000],
    "varchar(5)": ["12345"],
    "char(3)": ["abc"],
    "bytea": [b"", b"\x00\xff\\x", bytes(range(256)) * 400],
    "date": [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "time": [dt.time(23, 59, 59, 999999)],
    "timetz": [dt.time(1, 2, tzinfo=ZONE)],
    "timestamp": [dt.datetime(2024, 2, 29, 12, 0, 0, 1)],
    "timestamptz": [dt.datetime(2024, 2, 29, 12, tzinfo=ZONE),
                    dt.datetime(1900, 1, 1, tzinfo=dt.UTC)],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    "inet": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1")],
    "cidr": [ipaddress.ip_network("10.0.0.0/8")],
    "jsonb": [{"b": [1, None, {"c": "é"}], "a": 1.5, "t": True}, [], "text", 5, False, {}],
    "json": [{"a": {"b": []}}],
    "integer[]": [[], [1, None, 3], [[1, 2], [3, 4]]],
    "text[]": [["", "NULL", 'a"b,{c}', None, "\\"]],
    "numeric[]": [[Decimal("1.50"), Decimal("NaN")]],
    "timestamptz[]": [[dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]],
    "uuid[]": [[uuid.UUID(int=5)]],
    "mood": ["sad", "so so"],
    "email": ["a@b"],
}  # fmt: skip
TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'so so');
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
"""


def nothing(_: int) -> None:
    """Nobody asks for progress."""


def make(database: Database, sql: str) -> None:
    database.store.create_schema([SqlScript("schema.sql", sql)])


def load(database: Database, rows: Rows) -> None:
    database.store.load(rows, nothing)


def fetch(database: Database, query: str) -> list[tuple[Any, ...]]:
    return database.connect().execute(query).fetchall()


@pytest.mark.parametrize("column", VALUES)
def test_values_arrive(column: str, database: Database) -> None:
    """Each value is read back by psycopg as what was given, NULL too, and dumped as it is."""
    make(database, TYPES + f"CREATE TABLE t (id int PRIMARY KEY, v {column})")
    values = [*VALUES[column], None]
    load(database, {"t": [{"id": n, "v": value} for n, value in enumerate(values)]})
    found = [value for (value,) in fetch(database, "SELECT v FROM t ORDER BY id")]
    assert [repr(canonical(value)) for value in found] == [
        repr(canonical(value)) for value in values
    ]
    assert [form["v"] for _, _, form in database.store.dump()] == [canonical(v) for v in values]


def test_not_a_number_arrives(database: Database) -> None:
    """In floats, which do not equal themselves."""
    make(database, "CREATE TABLE t (a real, b double precision)")
    load(database, {"t": [{"a": math.nan, "b": math.nan}]})
    assert fetch(database, "SELECT a::text, b::text FROM t") == [("NaN", "NaN")]


def test_texts_are_read_by_the_server(database: Database) -> None:
    """What Python has no value for is given as PostgreSQL writes it."""
    given = {
        "a": "[1,5)", "b": "infinity", "c": "1 mon 2 days", "d": "{[1,2),[5,6)}", "e": "(1,2)", "i": ["so so", "sad"],
        "f": "0044-03-15 BC", "g": "12.50", "h": "101",
    }  # fmt: skip
    make(database, TYPES + "CREATE TABLE t (a int4range, b timestamptz, c interval, d int4multirange, "
                   "e point, f date, g numeric, h bit(3), i mood[])")  # fmt: skip
    load(database, {"t": [given]})
    (row,) = fetch(database, "SELECT a::text, b::text, c::text, d::text, e::text, f::text, "
                             "g::text, h::text, i::text[] FROM t")  # fmt: skip
    assert row == ("[1,5)", "infinity", "1 mon 2 days", "{[1,2),[5,6)}", "(1,2)",
                   "0044-03-15 BC", "12.50", "101", ["so so", "sad"])  # fmt: skip


def test_tables_are_filled_in_the_order_of_their_references(database: Database) -> None:
    """Whatever the order given: chains, rows that refer to their own table, and circles."""
    make(
        database,
        """
        CREATE TABLE a (id int PRIMARY KEY, c int);
        CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
        CREATE TABLE c (id int PRIMARY KEY, b int NOT NULL REFERENCES b);
        ALTER TABLE a ADD FOREIGN KEY (c) REFERENCES c;
        CREATE TABLE leaf (c int REFERENCES c, up int REFERENCES a);
        CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, note text);
        """,
    )
    load(
        database,
        {
            "leaf": [{"c": 1, "up": 1}],
            "c": [{"id": 1, "b": 1}],
            "a": [{"id": 1, "c": 1}],
            "b": [{"id": 1, "a": 1}],
            # Later rows first, and in groups of different columns.
            "tree": [{"id": 3, "up": 2}, {"id": 2, "up": 1, "note": "x"}, {"id": 1, "up": 1}],
        },
    )
    assert fetch(database, "SELECT l.c, c.b, b.a, a.c FROM leaf l JOIN c ON c.id = l.c "
                           "JOIN b ON b.id = c.b JOIN a ON a.id = b.a") == [(1, 1, 1, 1)]  # fmt: skip
    assert fetch(database, "SELECT id, up, note FROM tree ORDER BY id") == [
        (1, 1, None), (2, 1, "x"), (3, 2, None),
    ]  # fmt: skip


@pytest.mark.parametrize("rows", [3, 2500])
def test_sequences_stand_past_loaded_values(rows: int, database: Database) -> None:
    """Identity of both kinds, serial, a sequence in a default, and one that counts down."""
    make(
        database,
        """
        CREATE SEQUENCE own; CREATE SEQUENCE down INCREMENT -1;
        CREATE TABLE t (
            a int GENERATED ALWAYS AS IDENTITY, b int GENERATED BY DEFAULT AS IDENTITY UNIQUE,
            c bigserial, d int DEFAULT nextval('own'), e int DEFAULT nextval('down'), v text);
        """,
    )
    numbers = range(1, rows + 1)
    load(database, {"t": [{"a": n, "b": n, "c": n, "d": n, "e": -n, "v": "x"} for n in numbers]})
    last = rows + 1
    assert fetch(database, "INSERT INTO t (v) VALUES ('y') RETURNING a, b, c, d, e") == [
        (last, last, last, last, -last)
    ]
    load(database, {"t": [{"v": "columns that are not given take their defaults"}]})
    assert fetch(database, "SELECT max(a), min(e) FROM t") == [(last + 1, -last - 1)]


def test_generated_columns_defaults_and_triggers(database: Database) -> None:
    """The server computes what is not given, and the user's triggers see the rows."""
    make(
        database,
        """
        CREATE TABLE t (id int PRIMARY KEY, up text GENERATED ALWAYS AS (upper(v)) STORED,
                        v text DEFAULT 'none', n int);
        CREATE FUNCTION add() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.n := coalesce(NEW.n, 0) + 100; RETURN NEW; END $$;
        CREATE TRIGGER t_add BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION add();
        """,
    )
    load(database, {"t": [{"id": 1, "v": "a", "n": 1}, {"id": 2}]})
    assert fetch(database, "SELECT * FROM t ORDER BY id") == [
        (1, "A", "a", 101), (2, "NONE", "none", 100),
    ]  # fmt: skip


def test_tables_of_other_schemas_partitions_and_odd_names(database: Database) -> None:
    """A collection is a table or schema.table, and rows find their partition."""
    make(
        database,
        """
        CREATE SCHEMA other; CREATE TABLE other.t ("a ""b"" c" int, "Select" text);
        CREATE TABLE parts (k int PRIMARY KEY) PARTITION BY RANGE (k);
        CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
        CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (20);
        """,
    )
    load(database, {"other.t": [{'a "b" c': 1, "Select": "x"}], "parts": [{"k": 5}, {"k": 15}]})
    assert fetch(database, "SELECT * FROM other.t") == [(1, "x")]
    assert fetch(database, "SELECT tableoid::regclass::text, k FROM parts ORDER BY k") == [
        ("low", 5), ("high", 15),
    ]  # fmt: skip
    assert database.store.counts()["parts"] == 2


SHOP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE first (id int PRIMARY KEY);
CREATE TABLE people (id int PRIMARY KEY, name varchar(5) NOT NULL, age int CHECK (age > 0),
    m mood, up int REFERENCES people, j jsonb, shout text GENERATED ALWAYS AS (upper(name)) STORED);
"""
ANN = {"id": 1, "name": "ann"}
BAD: dict[str, tuple[Rows, str]] = {
    "unknown table": ({"peopel": [ANN]}, "unknown table 'peopel'.*'people'"),
    "unknown column": ({"people": [{**ANN, "nmae": 1}]}, "no column 'nmae'.*'name'"),
    "double key": ({"people": [ANN, ANN]}, r"two rows of 'people' have the same key: id = 1"),
    "missing row": ({"people": [{**ANN, "up": 9}]}, "refers to a row of 'people'.*up = 9"),
    "missing row, columns vary": (
        {"people": [{**ANN, "up": 9}, {"id": 2, "name": "x"}]}, "refers to a row.*up = 9",
    ),
    "no value": ({"people": [{"id": 7, "name": None}]}, "'name' needs a value.*id = 7"),
    "too long": ({"people": [{"id": 7, "name": "123456"}]}, "'people'.*id = 7"),
    "not a number": ({"people": [{**ANN, "age": "old"}]}, "'age' does not take 'old'.*id = 1"),
    "out of range": ({"people": [{**ANN, "age": 2**40}]}, "'age' does not take 1099511627776"),
    "check": ({"people": [{**ANN, "age": -1}]}, "'people'.*id = 1.*people_age_check"),
    "label": ({"people": [{**ANN, "m": "mad"}]}, "'m' does not take 'mad'"),
    "zero byte": ({"people": [{**ANN, "name": "a\0b"}]}, "'people'.*id = 1"),
    "unknown type": ({"people": [{**ANN, "age": object()}]}, "'people'.*id = 1"),
    "not JSON": ({"people": [{**ANN, "j": {"a": {1, 2}}}]}, "'people'.*id = 1"),
    "generated": ({"people": [{**ANN, "shout": "ANN"}]}, "shout"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_told_and_leave_nothing(name: str, database: Database) -> None:
    """One message that names table, key and value; tables before it are not half-loaded."""
    rows, message = BAD[name]
    make(database, SHOP)
    with pytest.raises(SeedstateError, match=f"(?s){message}"):
        load(database, {"first": [{"id": 1}], **rows})
    assert set(database.store.counts().values()) == {0}
    load(database, {"first": [{"id": 1}], "people": [ANN]})
    assert database.store.counts() == {"first": 1, "people": 1}

"""Data that cannot be made or loaded fails its own tests with one message, and leaves nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.plugin.conftest import write

PACK = """\
from decimal import Decimal
from pathlib import Path

from pydantic import Field, SecretStr
from pytest_seedstate import Item, Object, Record, Row, scenario, schema

from scenarios.shop import Photo, Product, ProductFactory, three_products

"""
"""What every bad pack starts with: eight lines, so that a scenario's body begins on line 9 + 2."""

TESTS = """
    import pytest

    @pytest.mark.scenario("bad")
    def test_bad(postgres, dynamodb, s3): pass

    @pytest.mark.scenario("bad")
    def test_bad_again(postgres, dynamodb, s3): pass

    def count(postgres, dynamodb, s3):
        tables = [name for (name,) in postgres.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")]
        return [
            sum(postgres.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables),
            sum(table.scan()["Count"] for table in dynamodb.tables.all()),
            sum(s3.list_objects_v2(Bucket=each["Name"])["KeyCount"]
                for each in s3.list_buckets()["Buckets"]),
        ]

    def test_nothing_of_it_is_left(postgres, dynamodb, s3):
        assert count(postgres, dynamodb, s3) == [0, 0, 0]

    @pytest.mark.scenario("with-photos")
    def test_others_go_on(postgres, dynamodb, s3):
        assert count(postgres, dynamodb, s3) == [3, 3, 3]
"""


@dataclass
class Case:
    """A scenario that cannot be made or loaded, and what its user must read."""

    name: str
    pack: str
    told: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)


def bad(*body: str, marker: str = '"bad"', parameters: str = "seed") -> str:
    """A pack whose only scenario has this body, the first line of which is line 11."""
    lines = "".join(f"    {line}\n" for line in body)
    return f"{PACK}@scenario({marker})\ndef bad({parameters}):\n{lines}"


ONE = 'Product(sku="a", name="a", price=1)'

CASES = [
    # -- records that cannot be made
    Case(
        "invalid value",
        bad(f"yield {ONE}", 'yield Product(sku="b", name="b", price="dear")'),
        told=(
            "scenario 'bad/bad' makes a Product that is not valid: price = 'dear': Input should",
            "bad.py:12",
        ),
    ),
    Case(
        "missing and surplus fields",
        bad('yield Product(sku="b", price=1, colour="red")'),
        told=("makes a Product that is not valid: name is missing", "colour = 'red': Extra"),
    ),
    Case(
        "invalid secret",
        PACK
        + "class User(Record):\n"
        + "    name: str\n    password: str = Field(min_length=20)\n    pin: SecretStr\n"
        + '    stored_in = Row("users")\n\n'
        + '@scenario("bad")\ndef bad(seed):\n    yield User(name="a", password="hunter2", pin=[4711])\n',
        told=("User that is not valid: password = ***", "pin = ***"),
        hidden=("hunter2", "4711"),
    ),
    Case(
        "field spoilt afterwards",
        bad(f"product = {ONE}", 'product.price = "dear"', "yield product"),
        told=("price = 'dear'", "bad.py:12"),
    ),
    Case(
        "scenario that raises",
        bad(f"yield {ONE}", "yield 1 / 0"),
        told=("scenario 'bad/bad' failed: ZeroDivisionError: division by zero", "bad.py:12"),
    ),
    Case(
        "factory that raises",
        bad("yield ProductFactory(price=lambda: 1)"),
        told=("makes a Product that is not valid: price", "bad.py:11"),
    ),
    Case(
        "async scenario that raises",
        bad("yield 1 / 0").replace("def bad", "async def bad"),
        told=("scenario 'bad/bad' failed: ZeroDivisionError", "bad.py:11"),
    ),
    Case(
        "scenario that exits",
        bad("import sys", 'sys.exit("no data")', "yield"),
        told=("scenario 'bad/bad' failed: SystemExit: no data", "bad.py:12"),
    ),
    Case(
        "something that is no record",
        bad('yield {"sku": "a"}'),
        told=("the scenario yielded a dict, not a record", "scenario 'bad/bad' at", "bad.py:9"),
    ),
    Case(
        "batch without yield from",
        bad("yield ProductFactory.build_batch(2)"),
        told=("the scenario yielded a list, not a record", "write 'yield from'"),
    ),
    Case(
        "text that is returned",
        bad('return "products"'),
        told=("the scenario returned a str, not records", "yield records, or return a list"),
    ),
    Case(
        "record that is stored nowhere",
        PACK + 'class Note(Record):\n    text: str\n\n@scenario("bad")\ndef bad(seed):\n'
        "    yield Note(text='a')\n",
        told=("yielded a Note, which is stored nowhere", "stored_in = (Row(...),)"),
    ),
    Case(
        "one record twice",
        bad(f"product = {ONE}", "yield product", "yield product"),
        told=("yielded the same Product object twice",),
    ),
    Case(
        "one name for two records",
        bad(
            "for product in ProductFactory.build_batch(2):",
            '    yield seed.name("first", product)',
        ),
        told=("the name 'first' is given twice", "scenario 'bad/bad'"),
    ),
    Case(
        "client without stores=",
        bad('seed.postgres.execute("SELECT 1")', "yield from ()"),
        told=(
            "the scenario uses seed.postgres and does not say which stores it writes to",
            'write @scenario("bad", stores=("postgres",))',
        ),
    ),
    Case(
        "variables without stores=",
        bad('seed.env["DATABASE_URL"]', "yield from ()"),
        told=("uses seed.env and does not say", 'stores=("postgres",)'),
    ),
    # -- keys
    Case(
        "two rows of one key",
        bad(f"yield {ONE}", f"yield {ONE}"),
        told=("two records have the key 'a' in 'products' (postgres)", "scenario 'bad/bad'"),
    ),
    Case(
        "two items of one key",
        PACK + "class Note(Record):\n    text: str\n"
        '    stored_in = Item("shop", pk="NOTE", sk="{text}")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Note(text="a")\n    yield Note(text="a")\n',
        told=("two records have the key 'NOTE', 'a' in 'shop' (dynamodb)",),
    ),
    Case(
        "two objects of one key",
        bad('yield Photo(sku="a", picture=b"1")', 'yield Photo(sku="a", picture=b"2")'),
        told=("two records have the key 'a.jpg' in 'photos' (s3)",),
    ),
    Case(
        "row that the scenario below has made",
        bad(
            f"yield {ONE}",
            'yield Product(sku="p001", name="a", price=1)',
            marker='"bad", extends=three_products',
        ),
        told=(
            "two records have the key 'p001' in 'products'",
            "'shop/three-products'",
            "'bad/bad'",
        ),
    ),
    Case(
        "row that only the database knows",
        bad(
            f"yield {ONE}",
            """seed.postgres.execute("INSERT INTO products VALUES ('a', 'a', 1)")""",
            marker='"bad", stores="postgres"',
        ),
        told=("two rows of 'products' have the same key: sku = a", "data of 'bad'"),
    ),
    Case(
        "item that only DynamoDB knows",
        bad(
            f"yield {ONE}",
            'seed.dynamodb.Table("shop").put_item(Item={"pk": "PRODUCT#a", "sk": "PROFILE"})',
            marker='"bad", stores="dynamodb"',
        ),
        told=("the key pk='PRODUCT#a', sk='PROFILE' is in the table already", "table 'shop'"),
    ),
    Case(
        "object that only S3 knows",
        bad(
            'yield Photo(sku="a", picture=b"1")',
            'seed.s3.put_object(Bucket="photos", Key="a.jpg", Body=b"2")',
            marker='"bad", stores="s3"',
        ),
        told=("the key 'a.jpg' is in the bucket already", "bucket 'photos'"),
    ),
    Case(
        "key that is None",
        PACK + "class Note(Record):\n    text: str | None\n"
        '    stored_in = Item("shop", pk="NOTE", sk="{text}")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Note(text=None)\n',
        told=("the key '{text}' needs the field 'text', which is None", "Note"),
    ),
    Case(
        "key that is empty",
        PACK + "class Note(Record):\n    text: str\n"
        '    stored_in = Item("shop", pk="NOTE", sk="{text}")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Note(text="")\n',
        told=("the key attribute 'sk' is empty", "table 'shop'", "data of 'bad'"),
    ),
    # -- what the schema does not take
    Case(
        "table that is not there",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY)")\n\n'
        'class Order(Record):\n    id: int\n    stored_in = Row("ordres")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1)\n    yield ' + ONE + "\n",
        told=("unknown table 'ordres'", "did you mean 'orders'?", "data of 'bad'"),
    ),
    Case(
        "column that is not there",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY, total numeric)")\n\n'
        'class Order(Record):\n    id: int\n    totl: int\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, totl=2)\n    yield ' + ONE + "\n",
        told=("table 'orders' has no column 'totl'", "did you mean 'total'?", "data of 'bad'"),
    ),
    Case(
        "value that is too long",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY, code varchar(3))")\n\n'
        'class Order(Record):\n    id: int\n    code: str\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, code="abc")\n'
        '    yield Order(id=2, code="abcd")\n    yield ' + ONE + "\n",
        told=(
            "table 'orders', column 'code' does not take 'abcd' in the row with id = 2",
            "data of 'bad'",
        ),
    ),
    Case(
        "number that is too large",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY)")\n\n'
        'class Order(Record):\n    id: int\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=2 ** 40)\n',
        told=("table 'orders', column 'id' does not take 1099511627776", "data of 'bad'"),
    ),
    Case(
        "value that is missing",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY, code text NOT NULL)")\n\n'
        'class Order(Record):\n    id: int\n    code: str | None\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, code=None)\n',
        told=("table 'orders', column 'code' needs a value in the row with id = 1",),
    ),
    Case(
        "value that a check refuses",
        PACK + 'schema(sql="CREATE TABLE orders (id int PRIMARY KEY CHECK (id > 0))")\n\n'
        'class Order(Record):\n    id: int\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=-1)\n',
        told=("table 'orders' does not take the row with id = -1", "orders_id_check"),
    ),
    Case(
        "reference to a missing row",
        PACK + 'schema(sql="CREATE TABLE customers (id int PRIMARY KEY);'
        'CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers)")\n\n'
        'class Order(Record):\n    id: int\n    customer: int\n    stored_in = Row("orders")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, customer=7)\n',
        told=(
            "'orders' refers to a row of 'customers' that is not there: customer = 7",
            "let the scenario make that row",
            "data of 'bad'",
        ),
    ),
    Case(
        "float written by the scenario",
        bad(
            'seed.dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b"})',
            'seed.dynamodb.Table("shop").put_item(Item={"pk": "b", "sk": "b", "price": 1.5})',
            marker='"bad", stores="dynamodb"',
        ),
        told=("scenario 'bad/bad' failed: TypeError: Float types are not supported", "bad.py:12"),
    ),
    Case(
        "number beyond DynamoDB's limits",
        PACK + "class Note(Record):\n    text: str\n    size: Decimal\n"
        '    stored_in = Item("shop", pk="NOTE", sk="{text}")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Note(text="a", size=Decimal("1e200"))\n',
        told=("size is 1E+200, out of DynamoDB's range", "pk='NOTE'", "data of 'bad'"),
    ),
    Case(
        "object whose file is not there",
        PACK + "class Scan(Record):\n    name: str\n    file: Path\n"
        '    stored_in = Object("scans", key="{name}", body="file")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Scan(name="a", file="no/such.png")\n',
        told=("a file that does not exist: no/such.png", "Scan.file"),
    ),
    # -- scenarios that write themselves
    Case(
        "scenario that fails after it has written",
        bad(
            """seed.postgres.execute("INSERT INTO products VALUES ('x', 'x', 1)")""",
            'seed.dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b"})',
            'seed.s3.put_object(Bucket="photos", Key="a", Body=b"a")',
            """seed.postgres.execute("INSERT INTO prodcts VALUES ('y')")""",
            marker='"bad", stores=["postgres", "dynamodb", "s3"]',
        ),
        told=("scenario 'bad/bad' failed: UndefinedTable", '"prodcts" does not exist', "bad.py:14"),
    ),
    Case(
        "seeder that fails",
        bad('seed.run("python seeder.py --all")', marker='"bad", stores=["postgres"]'),
        files={
            "seeder.py": """
            import os, psycopg
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                connection.execute("INSERT INTO products VALUES ('x', 'x', 1)")
            raise SystemExit("no such customer; tried " + os.environ["DATABASE_URL"])
            """
        },
        told=(
            "'python seeder.py --all' failed with exit code 1",
            "no such customer; tried postgresql://seedstate:***@127.0.0.1",
            "scenario 'bad/bad' at",
        ),
    ),
    Case(
        "seeder that does not exist",
        bad('seed.run(["no-such-seeder"])', marker='"bad", stores=["postgres"]'),
        told=("'no-such-seeder' could not be started: No such file or directory", "'bad/bad'"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_data_is_told_and_leaves_nothing(project: pytest.Pytester, case: Case) -> None:
    """Its tests fail alike, in every store nothing is left, and other scenarios are as ever."""
    for name, text in case.files.items():
        write(project, name, text)
    write(project, "scenarios/bad.py", case.pack)
    project.makepyfile(TESTS)

    result = project.runpytest("--seedstate-verify")

    output = result.stdout.str() + result.stderr.str()
    for text in case.told:
        assert text in output, output
    for text in (*case.hidden, "Traceback", "INTERNALERROR"):
        assert text not in output
    result.assert_outcomes(passed=2, errors=2)

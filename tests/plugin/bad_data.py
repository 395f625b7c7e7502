"""Packs whose only scenario cannot be made or loaded, and what its user must read."""

from __future__ import annotations

from dataclasses import dataclass, field

PACK = """\
from decimal import Decimal
from pathlib import Path

from pydantic import Field, SecretStr
from pytest_seedstate import Item, Object, Record, Row, scenario, schema

from scenarios.shop import Photo, Product, ProductFactory, three_products

"""


@dataclass
class Case:
    """A mistake.

    Attributes:
        name: in words.
        text: the pack's module.
        told: what its user must read; ``{pack}`` is the pack's name.
        hidden: what nobody may read.
        files: further files of the project.
    """

    name: str
    text: str
    told: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    @property
    def pack(self) -> str:
        """The name that the pack gets."""
        return self.name.lower().replace(" ", "_").replace("'", "").replace("=", "")


def bad(*body: str, marker: str = '"bad"') -> str:
    """A pack whose only scenario has this body, the first line of which is line 11."""
    lines = "".join(f"    {line}\n" for line in body)
    return f"{PACK}@scenario({marker})\ndef bad(seed):\n{lines}"


ONE = 'Product(sku="a", name="a", price=1)'

CASES = [
    # -- records that cannot be made
    Case(
        "invalid value",
        bad(f"yield {ONE}", 'yield Product(sku="b", name="b", price="dear")'),
        told=(
            "scenario '{pack}/bad' makes a Product that is not valid: price = 'dear': Input should",
            "{pack}.py:12",
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
        told=("price = 'dear'", "{pack}.py:12"),
    ),
    Case(
        "scenario that raises",
        bad(f"yield {ONE}", "yield 1 / 0"),
        told=("scenario '{pack}/bad' failed: ZeroDivisionError: division by zero", "{pack}.py:12"),
    ),
    Case(
        "factory that raises",
        bad("yield ProductFactory(price=lambda: 1)"),
        told=("makes a Product that is not valid: price", "{pack}.py:11"),
    ),
    Case(
        "async scenario that raises",
        bad("yield 1 / 0").replace("def bad", "async def bad"),
        told=("scenario '{pack}/bad' failed: ZeroDivisionError", "{pack}.py:11"),
    ),
    Case(
        "scenario that exits",
        bad("import sys", 'sys.exit("no data")', "yield"),
        told=("scenario '{pack}/bad' failed: SystemExit: no data", "{pack}.py:12"),
    ),
    Case(
        "something that is no record",
        bad('yield {"sku": "a"}'),
        told=(
            "the scenario yielded a dict, not a record",
            "scenario '{pack}/bad' at",
            "{pack}.py:9",
        ),
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
        told=("the name 'first' is given twice", "scenario '{pack}/bad'"),
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
        told=("two records have the key 'a' in 'products' (postgres)", "scenario '{pack}/bad'"),
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
            "'{pack}/bad'",
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
        PACK + 'schema(sql="CREATE TABLE prices (id int PRIMARY KEY, total numeric)")\n\n'
        'class Order(Record):\n    id: int\n    totl: int\n    stored_in = Row("prices")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, totl=2)\n    yield ' + ONE + "\n",
        told=("table 'prices' has no column 'totl'", "did you mean 'total'?", "data of 'bad'"),
    ),
    Case(
        "value that is too long",
        PACK + 'schema(sql="CREATE TABLE codes (id int PRIMARY KEY, code varchar(3))")\n\n'
        'class Order(Record):\n    id: int\n    code: str\n    stored_in = Row("codes")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, code="abc")\n'
        '    yield Order(id=2, code="abcd")\n    yield ' + ONE + "\n",
        told=(
            "table 'codes', column 'code' does not take 'abcd' in the row with id = 2",
            "data of 'bad'",
        ),
    ),
    Case(
        "number that is too large",
        PACK + 'schema(sql="CREATE TABLE numbers (id int PRIMARY KEY)")\n\n'
        'class Order(Record):\n    id: int\n    stored_in = Row("numbers")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=2 ** 40)\n',
        told=("table 'numbers', column 'id' does not take 1099511627776", "data of 'bad'"),
    ),
    Case(
        "value that is missing",
        PACK + 'schema(sql="CREATE TABLE labels (id int PRIMARY KEY, code text NOT NULL)")\n\n'
        'class Order(Record):\n    id: int\n    code: str | None\n    stored_in = Row("labels")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, code=None)\n',
        told=("table 'labels', column 'code' needs a value in the row with id = 1",),
    ),
    Case(
        "value that a check refuses",
        PACK + 'schema(sql="CREATE TABLE checks (id int PRIMARY KEY CHECK (id > 0))")\n\n'
        'class Order(Record):\n    id: int\n    stored_in = Row("checks")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=-1)\n',
        told=("table 'checks' does not take the row with id = -1", "checks_id_check"),
    ),
    Case(
        "reference to a missing row",
        PACK + 'schema(sql="CREATE TABLE customers (id int PRIMARY KEY);'
        'CREATE TABLE shipments (id int PRIMARY KEY, customer int REFERENCES customers)")\n\n'
        'class Order(Record):\n    id: int\n    customer: int\n    stored_in = Row("shipments")\n\n'
        '@scenario("bad")\ndef bad(seed):\n    yield Order(id=1, customer=7)\n',
        told=(
            "'shipments' refers to a row of 'customers' that is not there: customer = 7",
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
        told=(
            "scenario '{pack}/bad' failed: TypeError: Float types are not supported",
            "{pack}.py:12",
        ),
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
        told=(
            "scenario '{pack}/bad' failed: UndefinedTable",
            '"prodcts" does not exist',
            "{pack}.py:14",
        ),
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
            "scenario '{pack}/bad' at",
        ),
    ),
    Case(
        "seeder that does not exist",
        bad('seed.run(["no-such-seeder"])', marker='"bad", stores=["postgres"]'),
        told=("'no-such-seeder' could not be started: No such file or directory", "'{pack}/bad'"),
    ),
]

"""Schemas: declared in a module, in a folder, or following from records."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import pytest
from pydantic import (
    AnyUrl,
    AwareDatetime,
    BaseModel,
    Field,
    NaiveDatetime,
    PastDate,
    SecretBytes,
    SecretStr,
    computed_field,
)

from pytest_seedstate import Item, Object, Record, Row, schema
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.column_types import column_type
from pytest_seedstate.records.derived import derived_buckets, derived_sql, derived_tables
from pytest_seedstate.records.registry import Registry
from pytest_seedstate.stores.postgres import SqlScript
from tests.records.conftest import SHOP, Project, make

SHOP_TABLE = '{"TableName": "shop", "KeySchema": [], "AttributeDefinitions": []}'


def test_a_pack_without_a_schema_gets_one_from_its_records(project: Project) -> None:
    """Table, DynamoDB table and bucket."""
    photo = """
        class Photo(Record):
            sku: str
            data: bytes
            stored_in = (Object("photos", key="{sku}.jpg", body="data"),)
    """.replace("\n        ", "\n")
    registry = project({"scenarios/shop.py": SHOP + photo})
    assert registry.schema_for("postgres") == [
        SqlScript(
            "derived from Product",
            'CREATE TABLE IF NOT EXISTS "products" (\n'
            '    "sku" text NOT NULL,\n'
            '    "name" text NOT NULL,\n'
            '    "price" numeric NOT NULL,\n'
            '    PRIMARY KEY ("sku")\n'
            ");\n",
        )
    ]
    assert registry.schema_for("dynamodb") == [
        {
            "TableName": "shop",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        }
    ]
    assert registry.schema_for("s3") == [{"Bucket": "photos"}]


def test_a_module_declares_its_schema(project: Project) -> None:
    """SQL as text, file and folder; tables and buckets as boto3 takes them."""
    registry = project(
        {
            "scenarios/one.sql": "CREATE TABLE one ();",
            "scenarios/more/b.sql": "CREATE TABLE b ();",
            "scenarios/more/a.sql": "CREATE TABLE a ();",
            "scenarios/shop.py": SHOP
            + "from pathlib import Path\n"
            + "from pytest_seedstate import schema\n"
            + 'schema(sql=["CREATE TABLE zero ()", "one.sql", Path("more")],\n'
            + f'       tables=[{SHOP_TABLE}], buckets=["photos", {{"Bucket": "more"}}])\n'
            + 'schema(buckets="third".split())\n',
        }
    )
    scripts = registry.schema_for("postgres")
    assert [script.text for script in scripts] == [
        "CREATE TABLE zero ()",
        "CREATE TABLE one ();",
        "CREATE TABLE a ();",
        "CREATE TABLE b ();",
    ]
    assert "shop.py:" in scripts[0].name
    assert scripts[1].name.endswith("scenarios/one.sql")
    assert [table["TableName"] for table in registry.schema_for("dynamodb")] == ["shop"]
    assert registry.schema_for("s3") == [
        {"Bucket": "photos"},
        {"Bucket": "more"},
        {"Bucket": "third"},
    ]


def test_a_folder_declares_its_schema(project: Project) -> None:
    """Files in the order of their names, one declaration or a list in each."""
    registry = project(
        {
            "scenarios/shop/records.py": SHOP,
            "scenarios/shop/schema/2.sql": "two",
            "scenarios/shop/schema/1.sql": "one",
            "scenarios/shop/schema/dynamodb/b.json": SHOP_TABLE,
            "scenarios/shop/schema/dynamodb/a.json": f"[{SHOP_TABLE.replace('shop', 'other')}]",
            "scenarios/shop/schema/s3/photos.json": '{"Bucket": "photos", "Versioning": {}}',
            "scenarios/only_schema/schema/1.sql": "alone",
        }
    )
    assert [script.text for script in registry.schema_for("postgres")] == ["alone", "one", "two"]
    tables = [table["TableName"] for table in registry.schema_for("dynamodb")]
    assert tables == ["other", "shop"]
    assert registry.schema_for("s3") == [{"Bucket": "photos", "Versioning": {}}]


def test_each_store_is_declared_or_derived_on_its_own(project: Project) -> None:
    """A pack may leave the easy ones to its records."""
    declared = "from pytest_seedstate import schema\nschema(sql='CREATE TABLE products ()')\n"
    registry = project({"scenarios/shop.py": SHOP + declared})
    assert [script.text for script in registry.schema_for("postgres")] == [
        "CREATE TABLE products ()"
    ]
    assert [table["TableName"] for table in registry.schema_for("dynamodb")] == ["shop"]


def test_what_one_pack_declares_is_not_derived_for_another(project: Project) -> None:
    """Two packs may share a table and a bucket."""
    declares = (
        "from pytest_seedstate import schema\n"
        f'schema(tables=[{SHOP_TABLE}], buckets=[{{"Bucket": "photos", "Versioning": {{}}}}])\n'
    )
    uses = (
        "from pytest_seedstate import Item, Object, Record\n"
        "class Photo(Record):\n    id: str\n    data: bytes\n"
        "    stored_in = (Item('shop', pk='{id}'), Object('photos', key='{id}', body='data'))\n"
    )
    registry = project({"scenarios/a.py": uses, "scenarios/b.py": declares})
    assert len(registry.schema_for("dynamodb")) == 1
    assert registry.schema_for("s3") == [{"Bucket": "photos", "Versioning": {}}]


def test_nothing_is_derived_where_the_project_has_its_own_schema(
    write: Callable[[Mapping[str, str]], Path],
) -> None:
    """Alembic and the like: the tables are theirs, and so are their keys."""
    root = write(
        {
            "scenarios/shop.py": """
                from pytest_seedstate import Record, Row, scenario

                class Pair(Record):
                    left: int
                    right: int
                    stored_in = (Row("pairs"),)

                @scenario("pairs")
                def pairs(seed):
                    return [Pair(left=1, right=1), Pair(left=1, right=2)]
                """
        }
    )
    assert Registry.find(root, own_schema=("postgres",)).schema_for("postgres") == []
    assert len(make(Registry.find(root, own_schema=("postgres",)), "pairs").records) == 2
    with pytest.raises(SeedstateError, match="two records have the key 1 in 'pairs'"):
        make(Registry.find(root), "pairs")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"schema/dynamodb/a.json": '{\n"TableName": }'}, r"a\.json:2, column 14"),
        ({"schema/dynamodb/a.json": '{"Table": "a"}'}, "lacks its 'TableName'"),
        ({"schema/s3/a.json": '["photos"]'}, "lacks its 'Bucket'"),
        ({"more.py": "from pytest_seedstate import schema\nschema(sql='no.sql')"}, "no SQL file"),
        ({"more.py": "from pytest_seedstate import schema\nschema(tables=[{}])"}, "'TableName'"),
        ({"more.py": "from pytest_seedstate import schema\nschema(buckets=[{}])"}, "'Bucket'"),
    ],
)
def test_a_schema_that_cannot_be_read_is_told(
    project: Project, files: dict[str, str], message: str
) -> None:
    """With its file and line."""
    with pytest.raises(SeedstateError, match=message) as caught:
        project(
            {f"scenarios/shop/{name}": text for name, text in files.items()}
            | {"scenarios/shop/records.py": SHOP}
        )
    assert "scenarios/shop" in str(caught.value)


@pytest.mark.parametrize(
    ("place", "declared", "message"),
    [
        ("Item('shpo', pk='{id}')", f"tables=[{SHOP_TABLE}]", "unknown table 'shpo'"),
        ("Object('photo', key='{id}', body='data')", "buckets=['photos']", "bucket 'photo'"),
    ],
)
def test_a_record_that_points_elsewhere_than_the_schema_is_told(
    project: Project, place: str, declared: str, message: str
) -> None:
    """With the closest name, before any service starts."""
    text = (
        "from pytest_seedstate import Item, Object, Record, schema\n"
        f"schema({declared})\n"
        f"class Thing(Record):\n    id: str\n    data: bytes\n    stored_in = ({place},)\n"
    )
    with pytest.raises(SeedstateError, match=message) as caught:
        project({"scenarios/shop.py": text})
    assert "did you mean" in str(caught.value)
    assert "Thing.stored_in" in str(caught.value)


def test_a_conftests_records_have_a_schema_too(tmp_path: Path) -> None:
    """What a test or conftest declares below the root counts."""

    class Note(Record):
        id: int
        stored_in = (Row("notes_of_this_test"),)

    del Note
    schema(buckets=["bucket-of-this-test"])
    here = Registry(Path(__file__).parent, [])
    elsewhere = Registry(tmp_path, [])
    assert {"Bucket": "bucket-of-this-test"} in here.schema_for("s3")
    assert elsewhere.schema_for("s3") == []


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Mixed(Enum):
    TEXT = "a"
    NUMBER = 1


class Part(BaseModel):
    size: int


UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "sql"),
    [
        (str, "text"),
        (int, "bigint"),
        (bool, "boolean"),
        (float, "double precision"),
        (Decimal, "numeric"),
        (bytes, "bytea"),
        (dt.datetime, "timestamptz"),
        (dt.date, "date"),
        (dt.time, "time"),
        (dt.timedelta, "interval"),
        (uuid.UUID, "uuid"),
        (IPv4Address, "inet"),
        (Path, "text"),
        (AnyUrl, "text"),
        (SecretStr, "text"),
        (SecretBytes, "bytea"),
        (AwareDatetime, "timestamptz"),
        (NaiveDatetime, "timestamp"),
        (PastDate, "date"),
        (Color, "text"),
        (Level, "bigint"),
        (Literal["a", "b"], "text"),
        (Literal[1, 2], "bigint"),
        (UserId, "bigint"),
        (Annotated[Decimal, Field(gt=0)], "numeric"),
        (list[str], "text[]"),
        (set[int], "bigint[]"),
        (tuple[str, ...], "text[]"),
        (list[Color], "text[]"),
        (tuple[str, int], "jsonb"),
        (list[list[int]], "jsonb"),
        (list[Part], "jsonb"),
        (list, "jsonb"),
        (dict[str, int], "jsonb"),
        (dict, "jsonb"),
        (Part, "jsonb"),
        (int | str, None),
        (Mixed, None),
        (object, None),
        (type(None), None),
    ],
)
def test_columns_follow_from_annotations(annotation: Any, sql: str | None) -> None:
    """And None makes them take NULL."""
    found = column_type(annotation)
    assert (found.sql if found else None) == sql
    if found:
        assert not found.nullable
        assert column_type(annotation | None) == (sql, True)
        assert column_type(Any) == ("jsonb", True)


def test_a_table_has_its_names_key_and_schema_quoted() -> None:
    """Composite keys, renamed columns, computed columns, names that need quotes."""

    class Order(Record):
        number: int
        line: int
        note: str | None

        @computed_field  # type: ignore[prop-decorator]
        @property
        def half(self) -> Decimal:
            return Decimal(self.number) / 2

        @property
        def label(self) -> str:
            return f"{self.number}/{self.line}"

        stored_in = (
            Row(
                'sales."order',
                key=("number", "line"),
                columns={"number": "user"},
                fields=("number", "line", "note", "half", "label"),
            ),
        )

    (script,) = derived_sql([Order])
    assert script.text == (
        'CREATE SCHEMA IF NOT EXISTS "sales";\n'
        'CREATE TABLE IF NOT EXISTS "sales"."""order" (\n'
        '    "user" bigint NOT NULL,\n'
        '    "line" bigint NOT NULL,\n'
        '    "note" text,\n'
        '    "half" numeric NOT NULL,\n'
        '    "label" text NOT NULL,\n'
        '    PRIMARY KEY ("user", "line")\n'
        ");\n"
    )


def test_records_may_share_a_table() -> None:
    """A column that only some of them have takes NULL."""

    class Cat(Record):
        id: int
        lives: int
        stored_in = (Row("animals"),)

    class Dog(Record):
        id: int
        breed: str
        stored_in = (Row("animals"),)

    (script,) = derived_sql([Cat, Dog])
    assert script.name == "derived from Cat, Dog"
    assert '"id" bigint NOT NULL' in script.text
    assert '"lives" bigint,' in script.text
    assert '"breed" text,' in script.text


def test_what_cannot_be_derived_is_told() -> None:
    """A type without a column, and records that disagree."""

    class Odd(Record):
        id: int
        value: int | str
        stored_in = (Row("things"),)

    class Empty(Record):
        id: int
        stored_in = (Row("things", fields=()),)

    class First(Record):
        id: int
        size: int
        stored_in = (Row("things"), Item("things", pk="{id}"))

    class OtherKey(Record):
        name: str
        id: int
        stored_in = (Row("things"), Item("things", pk="T#{id}"))

    class OtherType(Record):
        id: int
        size: str
        stored_in = (Row("things"),)

    with pytest.raises(SeedstateError, match="the field 'value' has a type that no column"):
        derived_sql([Odd])
    with pytest.raises(SeedstateError, match="would have no columns"):
        derived_sql([Empty])
    with pytest.raises(SeedstateError, match="disagree about the key of the table 'things': id or"):
        derived_sql([First, OtherKey])
    with pytest.raises(SeedstateError, match=r"column 'things\.size': bigint or text"):
        derived_sql([First, OtherType])
    with pytest.raises(SeedstateError, match="disagree about the keys of the table 'things'"):
        derived_tables([First, OtherKey])


def test_dynamodb_keys_have_the_type_of_their_template() -> None:
    """One numeric field alone is a number, bytes are binary, all else is text."""

    class Event(Record):
        at: int
        digest: bytes
        stored_in = (
            Item("numbers", pk="{at}", sk="AT#{at}", pk_name="a", sk_name="b"),
            Item("digests", pk="{digest}"),
        )

    types = {
        table["TableName"]: [one["AttributeType"] for one in table["AttributeDefinitions"]]
        for table in derived_tables([Event])
    }
    assert types == {"numbers": ["N", "S"], "digests": ["B"]}


def test_buckets_are_derived_once() -> None:
    """However many records live in them."""

    class Photo(Record):
        id: str
        data: bytes
        stored_in = (
            Object("photos", key="{id}", body="data"),
            Object("photos", key="{id}/thumb", body="data"),
        )

    assert derived_buckets([Photo, Photo]) == [{"Bucket": "photos"}]

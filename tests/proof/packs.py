"""The project of the machine: packs whose records live in one store, two, or all four."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.project import Project
from tests.opensearch_host.helpers import ARTISTS
from tests.plugin.projects import write_text
from tests.postgres.operations import SCHEMA

LOCK_TIMEOUT = 0.4
"""Seconds; a transaction of an application that is open for longer is ended by a rewind."""

_SQL = (
    SCHEMA.replace(
        "CREATE MATERIALIZED VIEW ages AS SELECT count(*) AS n, sum(age) AS total FROM people;", ""
    )
    + "CREATE TABLE things (number int PRIMARY KEY, name text, price numeric);"
)

_KEYS = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
}
_TABLES = [{"TableName": name, **_KEYS} for name in ("shop", "other")]
_BUCKETS = [
    {"Bucket": "images"},
    {"Bucket": "versioned", "Versioning": {"Status": "Enabled"}},
]
_INDICES = [{"index": name, "mappings": ARTISTS} for name in ("artists", "other")]

ROWS = f"""
    from decimal import Decimal
    from pytest_seedstate import Record, Row, scenario, schema

    schema(sql={_SQL!r})

    class Thing(Record):
        number: int
        name: str
        price: Decimal
        stored_in = (Row("things"),)

    @scenario("rows")
    def rows(seed, count=3):
        for number in range(count):
            price = Decimal(seed.random.randrange(1000)) / 4
            yield Thing(number=number, name=seed.faker.word(), price=price)
"""
CLOUD = f"""
    from pytest_seedstate import Item, Object, Record, scenario, schema

    schema(tables={_TABLES!r}, buckets={_BUCKETS!r})

    class Part(Record):
        n: int
        picture: bytes
        stored_in = (
            Item("shop", pk="P#{{n}}", sk="PROFILE"),
            Object("images", key="a/{{n}}.jpg", body="picture", content_type="image/jpeg"),
            Object("versioned", key="a/{{n}}.jpg", body="picture"),
        )

    @scenario("cloud")
    def cloud(seed, count=2):
        for n in range(count):
            yield Part(n=n, picture=b"picture %d" % seed.random.randrange(1000))
"""
SEARCH = f"""
    from pytest_seedstate import Document, Record, scenario, schema

    schema(indices=json.loads({json.dumps(json.dumps(_INDICES))}))

    class Artist(Record):
        number: int
        name: str
        rating: float
        stored_in = (Document("artists", id="{{number}}", exclude=("number",)),)

    @scenario("search")
    def search(seed, count=3):
        for number in range(count):
            yield Artist(number=number, name=f"Mia {{'Stone ' * number}}", rating=number / 2)
"""
EVERYWHERE = """
    from pytest_seedstate import Document, Item, Object, Record, Row, scenario

    class Mark(Record):
        number: int
        text: str
        body: bytes
        stored_in = (
            Row("marks"),
            Item("marks", pk="M#{number}", sk="MARK"),
            Object("marks", key="{number}.bin", body="body"),
            Document("marks", id="{number}"),
        )

    @scenario("marks")
    def marks(seed, first=0, count=3):
        for number in range(first, first + count):
            yield Mark(number=number, text=seed.faker.word(), body=b"%d" % number)

    @scenario("everything", extends=("rows", "cloud", "search", "marks"))
    def everything(seed):
        yield Mark(number=100, text="the last", body=b"")

    @scenario("refused")
    def refused(seed):
        yield Mark(number=50, text="once", body=b"")
        yield Mark(number=51, text="no \\0 in PostgreSQL", body=b"")

    @scenario("written", stores=("postgres", "dynamodb", "s3", "opensearch"))
    def written(seed):
        import boto3

        with seed.postgres.transaction():
            seed.postgres.execute("UPDATE people SET age = 77 WHERE id < 4; DELETE FROM bag")
            seed.postgres.execute("SELECT nextval('tickets')")
        seed.dynamodb.Table("shop").put_item(Item={"pk": "P#1", "sk": "PROFILE", "n": 11})
        seed.s3.put_object(Bucket="versioned", Key="a/1.jpg", Body=b"written")
        body = {"name": "Ada Black", "rating": 9}
        seed.opensearch.index(index="other", id="1", body=body, params={"refresh": "true"})
        sqs = boto3.client(
            "sqs",
            endpoint_url=seed.env["AWS_ENDPOINT_URL"],
            region_name=seed.env["AWS_REGION"],
            aws_access_key_id=seed.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=seed.env["AWS_SECRET_ACCESS_KEY"],
        )
        # A message that was received stays so for longer than a test runs.
        queue = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "40000"})
        sqs.send_message(QueueUrl=queue["QueueUrl"], MessageBody="first")

    @scenario("half", stores=("postgres", "dynamodb"))
    def half(seed):
        seed.postgres.execute("DELETE FROM people")
        seed.dynamodb.Table("shop").put_item(Item={"pk": "P#1", "sk": "PROFILE", "n": 11})
        seed.postgres.execute("SELECT 1 / 0")
"""


def make_project(root: Path, **settings: Any) -> Project:
    """Write the packs to a folder and open them as a project; no service runs yet.

    Args:
        root: the folder.
        settings: raw values by ini name, without ``seedstate_``.
    """
    packs = {
        "rows": ROWS,
        "cloud": CLOUD,
        "search": "    import json\n" + SEARCH,
        "everywhere": EVERYWHERE,
    }
    for name, text in packs.items():
        write_text(root / "scenarios" / f"{name}.py", text)
    values = {"seedstate_lock_timeout": str(LOCK_TIMEOUT)}
    values |= {f"seedstate_{name}": value for name, value in settings.items()}
    return Project(Settings.read(root, values.get))

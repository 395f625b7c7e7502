"""A project in which fixtures of all scopes write, to see how long that stays."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write

THINGS = """
    from pytest_seedstate import Document, Item, Object, Record, Row, scenario

    class Thing(Record):
        name: str
        body: bytes = b"-"
        stored_in = (
            Row("things"),
            Item("things", pk="{name}"),
            Object("things", key="{name}", body="body"),
            Document("things", id="{name}"),
        )

    @scenario("one-thing")
    def one_thing(seed):
        yield Thing(name="base")

    @scenario("two-things")
    def two_things(seed):
        yield from (Thing(name="base"), Thing(name="second"))
"""

PROBE = """
    import os
    from functools import cache

    import boto3, psycopg
    from opensearchpy import OpenSearch

    STORES = ("postgres", "dynamodb", "s3", "opensearch")
    ALIVE = []

    def database():
        return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    @cache
    def table():
        return boto3.Session().resource("dynamodb").Table("things")

    @cache
    def bucket():
        return boto3.Session().resource("s3").Bucket("things")

    @cache
    def search():
        return OpenSearch(os.environ["OPENSEARCH_URL"])

    def add(*names, stores=STORES):
        for name in names:
            if "postgres" in stores:
                with database() as connection:
                    connection.execute("INSERT INTO things (name) VALUES (%s)", [name])
            if "dynamodb" in stores:
                table().put_item(Item={"pk": name})
            if "s3" in stores:
                bucket().put_object(Key=name, Body=b"x")
            if "opensearch" in stores:
                search().index(index="things", id=name, body={"name": name}, refresh=True)

    def remove(name, stores=STORES):
        if "postgres" in stores:
            with database() as connection:
                connection.execute("DELETE FROM things WHERE name = %s", [name])
        if "dynamodb" in stores:
            table().delete_item(Key={"pk": name})
        if "s3" in stores:
            bucket().Object(name).delete()
        if "opensearch" in stores:
            search().delete(index="things", id=name, refresh=True, ignore=[404])

    def there(stores=STORES):
        found = {}
        if "postgres" in stores:
            with database() as connection:
                found["postgres"] = [n for (n,) in connection.execute("SELECT name FROM things")]
        if "dynamodb" in stores:
            found["dynamodb"] = [item["pk"] for item in table().scan()["Items"]]
        if "s3" in stores:
            found["s3"] = [each.key for each in bucket().objects.all()]
        if "opensearch" in stores:
            hits = search().search(index="things", body={"size": 100})["hits"]["hits"]
            found["opensearch"] = [hit["_id"] for hit in hits]
        return {store: sorted(names) for store, names in found.items()}

    def see(*names, stores=STORES):
        __tracebackhide__ = True
        wanted = sorted(["base", *names])
        assert there(stores) == {store: wanted for store in stores}
"""
"""`see` looks at all stores; beside what it is told, each holds what the scenario put there."""

ONE = """
    from probe import *

    STORES = ("postgres",)
    def add(*names, _all=add): _all(*names, stores=STORES)
    def remove(name, _all=remove): _all(name, stores=STORES)
    def see(*names, _all=see):
        __tracebackhide__ = True
        _all(*names, stores=STORES)
"""
"""The same with PostgreSQL alone: `from quick import *`."""

INI = """
    [pytest]
    addopts = -p seedstate -p no:cacheprovider --strict-markers --seedstate-order=off
    filterwarnings = error
    pythonpath = .
    seedstate_env =
        DATABASE_URL = {postgres.url}
        AWS_ENDPOINT_URL = {aws.url}
        AWS_ACCESS_KEY_ID = {aws.access_key}
        AWS_SECRET_ACCESS_KEY = {aws.secret_key}
        AWS_DEFAULT_REGION = {aws.region}
        OPENSEARCH_URL = {opensearch.url}
"""

INI_OF_ONE = INI.partition("        AWS")[0]


def write_layered(project: pytest.Pytester, *, all_stores: bool) -> None:
    """Write the pack, the probe and the ini.

    Args:
        project: the project.
        all_stores: whether tests look at all four stores, or at PostgreSQL alone.
    """
    (project.path / "scenarios" / "shop.py").unlink()
    things = THINGS
    if not all_stores:
        things = "\n".join(
            line
            for line in THINGS.splitlines()
            if not line.strip().startswith(("body", "Item(", "Object(", "Document("))
        )
    write(project, "pytest.ini", INI if all_stores else INI_OF_ONE)
    write(project, "scenarios/things.py", things)
    write(project, "probe.py", PROBE)
    write(project, "quick.py", ONE)

"""LocalStack and OpenSearch in containers: rewinds of a few changes beside what people do there."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from rewinding.measuring import ROW, Run, Way, in_turns
from rewinding.serving import served

_OTHERS = "peer"
"""How tables, buckets and indices are called that others empty and fill, past the recorder."""


class _Aws:
    """boto3's clients of one endpoint, as an application has them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        options: dict[str, Any] = {
            "endpoint_url": variables["url"],
            "region_name": variables["region"],
            "aws_access_key_id": variables["access_key"],
            "aws_secret_access_key": variables["secret_key"],
        }
        self.region = variables["region"]
        self.dynamodb = boto3.resource("dynamodb", **options)
        self.s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **options)

    def make_table(self, name: str, items: int) -> None:
        table = self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with table.batch_writer() as batch:
            for number in range(items):
                batch.put_item(Item={"pk": f"{number:06}", "text": "x" * 200})

    def remake_table(self, name: str, items: int) -> None:
        self.dynamodb.Table(name).delete()
        self.make_table(name, items)

    def change_items(self, name: str) -> None:
        table = self.dynamodb.Table(name)
        for number in range(5):
            table.put_item(Item={"pk": f"new-{number}"})
            table.delete_item(Key={"pk": f"{number:06}"})

    def make_bucket(self, name: str, objects: int) -> None:
        where = {"LocationConstraint": self.region}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        self.fill_bucket(name, objects)

    def fill_bucket(self, name: str, objects: int) -> None:
        for number in range(objects):
            self.s3.put_object(Bucket=name, Key=f"{number:06}", Body=b"x" * 1000)

    def refill_bucket(self, name: str, objects: int) -> None:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            keys = [{"Key": one["Key"]} for one in page["Contents"]]
            self.s3.delete_objects(Bucket=name, Delete={"Objects": keys})
        self.fill_bucket(name, objects)

    def change_objects(self, name: str) -> None:
        for number in range(3):
            self.s3.put_object(Bucket=name, Key=f"{number:06}", Body=b"other")


def aws(run: Run) -> None:
    """10 changed items of 100 and of 10 000, 3 changed objects of 10 and of 1 000, in one LocalStack."""
    tables = (100, 1_000) if run.quick else (100, 10_000)
    buckets = (10, 100) if run.quick else (10, 1_000)
    with served("aws", run.folder, run.provider) as running:
        application = _Aws(running.variables)
        others = _Aws(running.behind)
        for size in tables:
            application.make_table(f"things-{size}", size)
        for size in buckets:
            application.make_bucket(f"things-{size}", size)
        running.journal.keep("filled")
        for size in tables:
            others.make_table(f"{_OTHERS}-{size}", size)
        for size in buckets:
            others.make_bucket(f"{_OTHERS}-{size}", size)
        rewind = running.journal.rewind
        ways = []
        for size in tables:
            change = lambda size=size: application.change_items(f"things-{size}")  # noqa: E731
            remake = lambda size=size: others.remake_table(f"{_OTHERS}-{size}", size)  # noqa: E731
            ways.append(Way(f"items {size}", rewind, change, in_a_row=ROW))
            ways.append(Way(f"remade {size}", remake, every=20))
        for size in buckets:
            change = lambda size=size: application.change_objects(f"things-{size}")  # noqa: E731
            refill = lambda size=size: others.refill_bucket(f"{_OTHERS}-{size}", size)  # noqa: E731
            ways.append(Way(f"objects {size}", rewind, change, in_a_row=ROW))
            ways.append(Way(f"refilled {size}", refill, every=20))
        ways.append(Way("clean", running.journal.is_clean, in_a_row=ROW))
        found = in_turns(run.rounds, ways)
    for size in tables:
        reseed = {"delete and fill": found[f"remade {size}"]}
        run.compare(f"LocalStack, 10 of {size} items", found[f"items {size}"], reseed)
        run.at_most(f"LocalStack's DynamoDB, 10 of {size} items", found[f"items {size}"], 20)
    run.flat("LocalStack's DynamoDB, 10 items", {size: found[f"items {size}"] for size in tables})
    for size in buckets:
        reseed = {"empty and fill": found[f"refilled {size}"]}
        run.compare(f"LocalStack, 3 of {size} objects", found[f"objects {size}"], reseed)
        run.at_most(f"LocalStack's S3, 3 of {size} objects", found[f"objects {size}"], 20)
    run.flat("LocalStack's S3, 3 objects", {size: found[f"objects {size}"] for size in buckets})
    run.tell(f"LocalStack: nothing changed, found out in {found['clean'] * 1000:.0f} us")


class _Node:
    """An application's connection to OpenSearch."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._http = http.client.HTTPConnection(urlsplit(variables["url"]).netloc, timeout=120)

    def __call__(self, method: str, target: str, lines: list[Any]) -> None:
        body = "".join(json.dumps(line) + "\n" for line in lines).encode() if lines else None
        self._http.request(method, target, body, {"content-type": "application/json"})
        with self._http.getresponse() as answer:
            told = answer.read()
            if answer.status >= 300:
                raise SystemExit(f"{method} {target}: {told.decode()[:500]}")

    def make(self, index: str, documents: int) -> None:
        self("PUT", f"/{index}", [{"settings": {"number_of_replicas": 0}}])
        for start in range(0, documents, 1_000):
            self.bulk(index, range(start, min(start + 1_000, documents)))

    def remake(self, index: str, documents: int) -> None:
        self("DELETE", f"/{index}", [])
        self.make(index, documents)

    def bulk(self, index: str, numbers: range) -> None:
        lines: list[Any] = []
        for number in numbers:
            lines += [{"index": {"_id": str(number)}}, {"name": f"thing {number}", "n": number}]
        self("POST", f"/{index}/_bulk?refresh=true", lines)

    def change(self, index: str) -> None:
        for number in range(10):
            self("PUT", f"/{index}/_doc/{number}?refresh=true", [{"name": "new thing"}])


def opensearch(run: Run) -> None:
    """10 changed documents, exactly and documents alone, beside one bulk request that writes them."""
    sizes = (100, 1_000) if run.quick else (100, 1_000, 10_000)
    found = {}
    for mode in ("exact", "documents"):
        more = {"seedstate_opensearch_rewind": mode}
        with served("opensearch", run.folder, run.provider, **more) as running:
            application, others = _Node(running.variables), _Node(running.behind)
            for size in sizes:
                application.make(f"things-{size}", size)
            running.journal.keep("filled")
            for size in sizes:
                others.make(f"{_OTHERS}-{size}", size)
            found[mode] = in_turns(run.rounds, _ways(running.journal, application, others, sizes))
    for size in sizes:
        exact, documents = (found[mode][f"{size}: rewind"] for mode in found)
        bare = found["documents"][f"{size}: bulk"]
        remade = {"delete and fill": found["exact"][f"{size}: remade"]}
        run.compare(f"OpenSearch, 10 of {size} documents, exact", exact, remade)
        run.compare(f"OpenSearch, 10 of {size}, documents alone", documents, {"bare bulk": bare})
        run.at_most(f"OpenSearch, 10 of {size} documents, exact", exact, 100)
        run.ratio(f"OpenSearch, 10 of {size}, documents alone, to a bare bulk", documents / bare, 3)
    run.tell(f"OpenSearch: nothing changed, found out in {found['exact']['clean']:.2f} ms")


def _ways(journal: Any, application: _Node, others: _Node, sizes: tuple[int, ...]) -> list[Way]:
    ways = [Way("clean", journal.is_clean, in_a_row=ROW)]
    for size in sizes:
        ours, theirs = f"things-{size}", f"{_OTHERS}-{size}"
        change = lambda ours=ours: application.change(ours)  # noqa: E731
        bulk = lambda theirs=theirs: others.bulk(theirs, range(10))  # noqa: E731
        remake = lambda theirs=theirs, size=size: others.remake(theirs, size)  # noqa: E731
        before = lambda theirs=theirs: others.change(theirs)  # noqa: E731
        ways.append(Way(f"{size}: rewind", journal.rewind, change, in_a_row=ROW))
        ways.append(Way(f"{size}: bulk", bulk, before))
        ways.append(Way(f"{size}: remade", remake, every=10))
    return ways

"""The embedded AWS: rewinds of a few changes, and of whatever was touched, as the data grows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.rundir import RunDir
from rewinding.measuring import ROW, Run, Way, in_turns

TABLE: dict[str, Any] = {
    "TableName": "things",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
_OBJECTS = {10: 10, 1_000: 100, 10_000: 1_000}
"""Objects in the bucket, by items in the table."""


class _Account:
    """One host, filled as people fill theirs, through boto3.

    Args:
        service: the host, which runs.
        items: in its table.
    """

    def __init__(self, service: EmbeddedAws, items: int) -> None:
        self.items, self.objects = items, _OBJECTS[items]
        self.journal = service.journal
        options: dict[str, Any] = {
            "endpoint_url": service.variables["url"],
            "region_name": service.variables["region"],
            "aws_access_key_id": "x",
            "aws_secret_access_key": "x",
        }
        self._table = boto3.resource("dynamodb", **options).Table("things")
        self._s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **options)
        self._sqs = boto3.client("sqs", **options)
        for bucket in ("pictures", "versions"):
            self._s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": options["region_name"]},
            )
        self._s3.put_bucket_versioning(
            Bucket="versions", VersioningConfiguration={"Status": "Enabled"}
        )
        self._s3.put_object(Bucket="versions", Key="0", Body=b"first")
        self._queue = self._sqs.create_queue(QueueName="jobs")["QueueUrl"]
        self._create_table()
        self._fill_bucket()
        self.journal.keep("filled")

    def change_items(self) -> None:
        for number in range(5):
            self._table.put_item(Item={"pk": f"new-{number}"})
            self._table.delete_item(Key={"pk": f"{number:06}"})

    def change_objects(self) -> None:
        for number in range(3):
            self._s3.put_object(Bucket="pictures", Key=f"{number:06}", Body=b"other")

    def change_whatever(self) -> None:
        """A version more in a versioned bucket, a table dropped, a message in a queue."""
        self._s3.put_object(Bucket="versions", Key="0", Body=b"second")
        self._s3.delete_object(Bucket="versions", Key="0")
        self._table.delete()
        self._sqs.send_message(QueueUrl=self._queue, MessageBody="do it")

    def reseed_table(self) -> None:
        self._table.delete()
        self._create_table()

    def reseed_bucket(self) -> None:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket="pictures"):
            keys = [{"Key": one["Key"]} for one in page["Contents"]]
            self._s3.delete_objects(Bucket="pictures", Delete={"Objects": keys})
        self._fill_bucket()

    def _create_table(self) -> None:
        self._table.meta.client.create_table(**TABLE)
        with self._table.batch_writer() as batch:
            for number in range(self.items):
                batch.put_item(Item={"pk": f"{number:06}", "text": "x" * 200})

    def _fill_bucket(self) -> None:
        for number in range(self.objects):
            self._s3.put_object(Bucket="pictures", Key=f"{number:06}", Body=b"x" * 1000)


@contextmanager
def _account(folder: Path, items: int) -> Iterator[_Account]:
    with RunDir(folder) as rundir:
        service = EmbeddedAws(rundir)
        service.start()
        try:
            yield _Account(service, items)
        finally:
            service.stop()


def aws(run: Run) -> None:
    """10 changed items, 3 changed objects, and whatever may be touched; three sizes in turns."""
    sizes = (10, 1_000) if run.quick else tuple(_OBJECTS)
    with ExitStack() as running:
        accounts = [running.enter_context(_account(run.folder, size)) for size in sizes]
        _items(run, accounts)
        _objects(run, accounts)
        _whatever(run, accounts)
        clean = in_turns(run.rounds * 10, [Way("clean", accounts[-1].journal.is_clean)])
        run.tell(f"AWS: nothing changed, found out in {clean['clean'] * 1000:.1f} us")


def _items(run: Run, accounts: list[_Account]) -> None:
    ways = []
    for each in accounts:
        ways.append(
            Way(f"{each.items}: rewind", each.journal.rewind, each.change_items, in_a_row=ROW)
        )
        slow = 20 if each.items >= 1_000 else 5
        ways.append(Way(f"{each.items}: reseed", each.reseed_table, each.change_items, slow))
        ways.append(Way(f"{each.items}: after", each.journal.rewind))
    found = in_turns(run.rounds, ways)
    for each in accounts:
        reseed = {"delete and fill": found[f"{each.items}: reseed"]}
        run.compare(f"DynamoDB, 10 of {each.items} items", found[f"{each.items}: rewind"], reseed)
    largest = accounts[-1].items
    run.times_faster(
        f"DynamoDB, 10 of {largest} items, against delete-and-reseed",
        found[f"{largest}: rewind"],
        found[f"{largest}: reseed"],
        100,
    )
    run.flat(
        "DynamoDB, 10 changed items",
        {each.items: found[f"{each.items}: rewind"] for each in accounts},
    )


def _objects(run: Run, accounts: list[_Account]) -> None:
    smallest, largest = accounts[0], accounts[-1]
    ways = []
    for each in (smallest, largest):
        name = str(each.objects)
        slow = 20 if each.objects >= 1_000 else 5
        ways.append(Way(f"{name}: rewind", each.journal.rewind, each.change_objects, in_a_row=ROW))
        ways.append(Way(f"{name}: reseed", each.reseed_bucket, each.change_objects, slow))
        ways.append(Way(f"{name}: after", each.journal.rewind))
    found = in_turns(run.rounds, ways)
    by_size = {each.objects: found[f"{each.objects}: rewind"] for each in (smallest, largest)}
    for size, figure in by_size.items():
        run.compare(
            f"S3, 3 of {size} objects", figure, {"empty and fill": found[f"{size}: reseed"]}
        )
    size = largest.objects
    run.times_faster(
        f"S3, 3 of {size} objects, against delete-and-reseed",
        by_size[size],
        found[f"{size}: reseed"],
        100,
    )
    run.flat("S3, 3 changed objects", by_size)


def _whatever(run: Run, accounts: list[_Account]) -> None:
    ways = [
        Way(str(each.items), each.journal.rewind, each.change_whatever, in_a_row=ROW)
        for each in accounts
    ]
    by_size = {int(size): figure for size, figure in in_turns(run.rounds, ways).items()}
    for size, figure in by_size.items():
        run.compare(
            f"AWS, a versioned bucket, a dropped table of {size} items and a queue", figure, {}
        )
        run.at_most(f"AWS, whatever was touched, {size} items", figure, 30)
    run.flat("AWS, whatever was touched", by_size)

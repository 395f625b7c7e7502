"""The journal of a service that is not ours to fork: what it knows, tells and leaves alone."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from botocore.exceptions import ClientError

from pytest_seedstate.stores.recorded.aws import recorded_aws
from tests.aws.helpers import item, key, make_bucket, make_table
from tests.aws.services import RecordedAws, recorded_aws_at


def test_what_our_stores_load_is_kept(aws: RecordedAws) -> None:
    """A baseline is what was loaded, without anybody else being told to have written."""
    aws.dynamodb.create_schema(
        [
            {
                "TableName": "things",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            }
        ]
    )
    aws.dynamodb.load({"things": [{"pk": str(number)} for number in range(30)]}, lambda _: None)
    assert aws.journal.keep("loaded") == ()
    assert aws.journal.taken_by("loaded").memory > 0
    before = list(aws.dynamodb.dump())
    aws.clients.dynamodb.delete_item(TableName="things", Key={"pk": {"S": "7"}})
    aws.clients.dynamodb.put_item(TableName="things", Item={"pk": {"S": "new"}})
    assert aws.journal.changes().as_data() == {
        "dynamodb": {"things": {"inserted": [{"pk": "new"}], "deleted": [{"pk": "7"}]}}
    }
    assert aws.journal.rewind().changed == 2
    assert list(aws.dynamodb.dump()) == before
    aws.journal.switch("empty")
    assert aws.dynamodb.counts() == {}
    aws.journal.switch("loaded")
    assert list(aws.dynamodb.dump()) == before
    aws.journal.switch("empty")
    aws.journal.forget("loaded")


def test_what_was_there_before_is_left_alone(filled: RecordedAws, tmp_path: Path) -> None:
    """Tables and buckets of somebody else: not told, not cleared, not changed, but named."""
    with recorded_aws_at("moto", filled.variables, tmp_path) as other:
        other.journal.keep("schema")
        assert other.dynamodb.counts() == {}
        assert other.s3.counts() == {}
        make_table(other.clients.dynamodb, "ours")
        make_bucket(other.clients.s3, "ours")
        other.clients.dynamodb.put_item(TableName="shop", Item=item(77))
        other.dynamodb.clear()
        other.s3.clear()
        told = other.journal.rewind()
        assert told.replaced == ("dynamodb: 'shop', which is not ours, stays as written",)
        tables = filled.clients.dynamodb.list_tables()["TableNames"]
        assert tables == ["shop"]
        assert "Item" in filled.clients.dynamodb.get_item(TableName="shop", Key=key(77))
        assert [each["Name"] for each in filled.clients.s3.list_buckets()["Buckets"]] == [
            "images",
            "versioned",
        ]
    filled.journal.renew()
    assert "Item" not in filled.clients.dynamodb.get_item(TableName="shop", Key=key(77))


def test_what_was_there_can_be_ours(filled: RecordedAws, tmp_path: Path) -> None:
    """A table that somebody has made and given to us goes back too."""
    with recorded_aws_at("moto", filled.variables, tmp_path) as other:
        journal, dynamodb, _ = recorded_aws(
            "moto",
            upstream=filled.variables,
            recorded={**filled.variables, "url": other.proxy.url},
            recording=other.proxy,
            ours=[at for at in other.journal.foreign if at.collection == "shop"],
        )
        journal.keep("schema")
        assert dynamodb.counts() == {"shop": 5}
        other.clients.dynamodb.put_item(TableName="shop", Item=item(77))
        journal.rewind()
        assert dynamodb.counts() == {"shop": 5}


def test_tables_of_other_regions_go_back(filled: RecordedAws) -> None:
    """What a test makes in another region is gone; what it finds there is not touched."""
    clients = filled.in_region("us-west-1")
    make_table(clients.dynamodb, "found")
    filled.journal.keep("found")
    clients.dynamodb.put_item(TableName="found", Item=item(1))
    make_table(clients.dynamodb, "made")
    clients.dynamodb.put_item(TableName="made", Item=item(1))
    assert [change.collection for change in filled.journal.changes()] == [
        "us-west-1/found",
        "us-west-1/made",
    ]
    filled.journal.rewind()
    assert clients.dynamodb.list_tables()["TableNames"] == ["found"]
    assert clients.dynamodb.scan(TableName="found")["Items"] == []
    filled.journal.switch("empty")
    assert clients.dynamodb.list_tables()["TableNames"] == []


def test_other_services_are_named(filled: RecordedAws) -> None:
    """What was written to queues, topics and secrets stays, and the rewind says so."""
    url = filled.clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    filled.clients.sqs.send_message(QueueUrl=url, MessageBody="do it")
    filled.clients.dynamodb.put_item(TableName="shop", Item=item(9))
    told = filled.journal.rewind()
    assert told.replaced == ("sqs: SendMessage (not taken back on moto)",)
    assert "Boto3/" in told.writers[0]
    assert any(writer.endswith(": SendMessage") for writer in told.writers)
    assert filled.journal.is_clean()


def test_another_key_is_not_remembered(filled: RecordedAws) -> None:
    """A table that was deleted, made with another key and brought back is recorded by its own."""
    dynamodb = filled.clients.dynamodb
    dynamodb.delete_table(TableName="shop")
    dynamodb.create_table(
        TableName="shop",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="shop", Item={"id": {"N": "1"}})
    told = filled.journal.rewind()
    assert told.replaced == ("the table 'shop', which had become another",)
    dynamodb.put_item(TableName="shop", Item=item(1, other={"S": "value"}))
    (change,) = filled.journal.changes()
    assert change.key == {"pk": "P#1", "sk": "PROFILE"}
    assert filled.journal.rewind().changed == 1


def test_refused_keys_hold_up_nothing(filled: RecordedAws) -> None:
    """A key that no item can have, of a request that was refused, beside one that is changed."""
    dynamodb = filled.clients.dynamodb
    for refused in ({"pk": {"S": ""}, "sk": {"S": "PROFILE"}}, {"pk": {"N": "1"}}):
        with contextlib.suppress(ClientError):
            dynamodb.delete_item(TableName="shop", Key=refused)
    before = filled.everything()
    dynamodb.put_item(TableName="shop", Item=item(1, other={"S": "value"}))
    assert len(filled.journal.changes()) == 1
    filled.journal.rewind()
    assert filled.everything() == before


def test_writers_beside_rewinds_are_not_lost(filled: RecordedAws) -> None:
    """While somebody writes all the time, clean is said only of the state that it is."""
    before = filled.everything()
    ends = threading.Event()

    def write() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            filled.clients.dynamodb.put_item(TableName="shop", Item=item(number % 50))
            filled.clients.s3.put_object(Bucket="images", Key=f"n/{number % 5}", Body=b"n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            filled.journal.rewind()
    finally:
        ends.set()
        writer.join()
    assert not filled.journal.is_clean()
    filled.journal.rewind()
    assert filled.journal.is_clean()
    assert filled.everything() == before

"""Writes of other services, reads, and all at once; then a rewind, compared with what was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .dump import everything
from .helpers import Clients, fill, key
from .test_cases import CASES
from .wire import Wire, wire_to

Write = Callable[[Clients], Any]


def receive(clients: Clients) -> None:
    url = clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    message = clients.sqs.receive_message(QueueUrl=url)["Messages"][0]
    clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


WRITES: dict[str, Write] = {
    "send message": lambda c: c.sqs.send_message(
        QueueUrl=c.sqs.get_queue_url(QueueName="jobs")["QueueUrl"], MessageBody="x"
    ),
    "receive and delete message": receive,
    "purge queue": lambda c: c.sqs.purge_queue(
        QueueUrl=c.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    ),
    "create queue": lambda c: c.sqs.create_queue(QueueName="other"),
    "delete queue": lambda c: c.sqs.delete_queue(
        QueueUrl=c.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    ),
    "publish": lambda c: c.sns.publish(
        TopicArn="arn:aws:sns:eu-west-2:123456789012:news", Message="hello"
    ),
    "create topic": lambda c: c.sns.create_topic(Name="other"),
    "delete topic": lambda c: c.sns.delete_topic(
        TopicArn="arn:aws:sns:eu-west-2:123456789012:news"
    ),
    "put secret": lambda c: c.secretsmanager.put_secret_value(
        SecretId="database", SecretString="changed"
    ),
    "create secret": lambda c: c.secretsmanager.create_secret(Name="other", SecretString="x"),
    "delete secret": lambda c: c.secretsmanager.delete_secret(
        SecretId="database", ForceDeleteWithoutRecovery=True
    ),
}

READS: dict[str, Write] = {
    "get item": lambda c: c.dynamodb.get_item(TableName="shop", Key=key(1)),
    "get missing item": lambda c: c.dynamodb.get_item(TableName="shop", Key=key(1000)),
    "query": lambda c: c.dynamodb.query(
        TableName="shop",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "P#1"}},
    ),
    "scan": lambda c: c.dynamodb.scan(TableName="shop"),
    "partiql select": lambda c: c.dynamodb.execute_statement(
        Statement="SELECT * FROM shop WHERE pk = 'P#1'"
    ),
    "transact get": lambda c: c.dynamodb.transact_get_items(
        TransactItems=[{"Get": {"TableName": "shop", "Key": key(1)}}]
    ),
    "batch get": lambda c: c.dynamodb.batch_get_item(RequestItems={"shop": {"Keys": [key(1)]}}),
    "get object": lambda c: c.s3.get_object(Bucket="images", Key="a/1.jpg")["Body"].read(),
    "head object": lambda c: c.s3.head_object(Bucket="images", Key="a/1.jpg"),
    "list objects": lambda c: c.s3.list_objects_v2(Bucket="images"),
    "list queues": lambda c: c.sqs.list_queues(),
    "queue attributes": lambda c: c.sqs.get_queue_attributes(
        QueueUrl=c.sqs.get_queue_url(QueueName="jobs")["QueueUrl"], AttributeNames=["All"]
    ),
    "list topics": lambda c: c.sns.list_topics(),
    "secret": lambda c: c.secretsmanager.get_secret_value(SecretId="database"),
}


@pytest.fixture(scope="module")
def baseline(embedded_aws: Any, clients: Clients) -> dict[str, Any]:
    """What the baseline ``filled`` holds, as the public APIs tell it."""
    embedded_aws.journal.switch("empty")
    fill(clients)
    embedded_aws.journal.keep("filled")
    with wire_to(embedded_aws) as wire:
        found = everything(wire)
    assert found["tables"]["shop"]["items"], "the comparison would compare nothing"
    return found


@pytest.mark.parametrize("name", WRITES)
def test_write_is_noticed_and_undone(
    name: str, embedded_aws: Any, clients: Clients, wire: Wire, baseline: dict[str, Any]
) -> None:
    """A write makes the journal unclean, is seen by the APIs, and is gone after a rewind."""
    journal = embedded_aws.journal
    journal.switch("filled")
    assert journal.is_clean()
    WRITES[name](clients)
    assert not journal.is_clean()
    assert everything(wire) != baseline
    journal.rewind()
    assert journal.is_clean()
    assert everything(wire) == baseline


@pytest.mark.parametrize("name", READS)
def test_read_leaves_the_journal_clean(
    name: str, embedded_aws: Any, clients: Clients, wire: Wire, baseline: dict[str, Any]
) -> None:
    """A read costs no rewind."""
    embedded_aws.journal.switch("filled")
    READS[name](clients)
    assert embedded_aws.journal.is_clean()
    assert everything(wire) == baseline


def test_everything_at_once(
    embedded_aws: Any, clients: Clients, wire: Wire, baseline: dict[str, Any]
) -> None:
    """All writes that can follow each other are undone by one rewind."""
    embedded_aws.journal.switch("filled")
    writes = [*(case.write for case in CASES.values() if case.prepare is None), *WRITES.values()]
    refused = 0
    for write in writes:
        try:
            write(clients)
        except (ClientError, AssertionError):
            # What another has deleted, or made.
            refused += 1
    assert refused < len(writes) / 2
    embedded_aws.journal.rewind()
    assert everything(wire) == baseline

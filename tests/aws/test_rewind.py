"""Every kind of write, then a rewind, then all of it compared with what was there before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .dump import everything
from .helpers import Clients, fill, item, key, make_bucket, make_table
from .wire import Wire

Write = Callable[[Clients], Any]

MEGABYTES_5 = 5 * 1024 * 1024


def multipart(clients: Clients) -> None:
    at = {"Bucket": "images", "Key": "big"}
    upload = clients.s3.create_multipart_upload(**at, ACL="private")["UploadId"]
    parts = []
    for number in (1, 2):
        body = bytes([number]) * (MEGABYTES_5 if number == 1 else 10)
        tag = clients.s3.upload_part(**at, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    clients.s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})


def receive(clients: Clients) -> None:
    url = clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    message = clients.sqs.receive_message(QueueUrl=url)["Messages"][0]
    clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


WRITES: dict[str, Write] = {
    "put new": lambda c: c.dynamodb.put_item(TableName="shop", Item=item(99)),
    "put over": lambda c: c.dynamodb.put_item(TableName="shop", Item=item(1, new={"S": "x"})),
    "update": lambda c: c.dynamodb.update_item(
        TableName="shop",
        Key=key(1),
        UpdateExpression="SET #n = #n + :one REMOVE tags",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    ),
    "update of a set": lambda c: c.dynamodb.update_item(
        TableName="shop",
        Key=key(1),
        UpdateExpression="ADD tags :c",
        ExpressionAttributeValues={":c": {"SS": ["c"]}},
    ),
    "upsert": lambda c: c.dynamodb.update_item(
        TableName="shop",
        Key=key(77),
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    ),
    "delete": lambda c: c.dynamodb.delete_item(TableName="shop", Key=key(2)),
    "batch write": lambda c: c.dynamodb.batch_write_item(
        RequestItems={
            "shop": [{"PutRequest": {"Item": item(50)}}, {"DeleteRequest": {"Key": key(0)}}]
        }
    ),
    "transaction": lambda c: c.dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "shop", "Item": item(60)}},
            {"Delete": {"TableName": "shop", "Key": key(1)}},
            {
                "Update": {
                    "TableName": "shop",
                    "Key": key(2),
                    "UpdateExpression": "SET a = :a",
                    "ExpressionAttributeValues": {":a": {"S": "a"}},
                }
            },
        ]
    ),
    "partiql update": lambda c: c.dynamodb.execute_statement(
        Statement="UPDATE shop SET a = 'x' WHERE pk = 'P#1' AND sk = 'PROFILE'"
    ),
    "create table": lambda c: make_table(c.dynamodb, "other"),
    "delete table": lambda c: c.dynamodb.delete_table(TableName="shop"),
    "delete and create table": lambda c: (
        c.dynamodb.delete_table(TableName="shop"),
        make_table(c.dynamodb),
    ),
    "add index": lambda c: c.dynamodb.update_table(
        TableName="shop",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-n",
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    ),
    "time to live": lambda c: c.dynamodb.update_time_to_live(
        TableName="shop", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    ),
    "table tags": lambda c: c.dynamodb.tag_resource(
        ResourceArn=c.dynamodb.describe_table(TableName="shop")["Table"]["TableArn"],
        Tags=[{"Key": "a", "Value": "b"}],
    ),
    "put object": lambda c: c.s3.put_object(Bucket="images", Key="new", Body=b"new"),
    "put over object": lambda c: c.s3.put_object(Bucket="images", Key="a/1.jpg", Body=b"changed"),
    "delete object": lambda c: c.s3.delete_object(Bucket="images", Key="a/1.jpg"),
    "delete objects": lambda c: c.s3.delete_objects(
        Bucket="images", Delete={"Objects": [{"Key": "a/0.jpg"}, {"Key": "a/2.jpg"}]}
    ),
    "copy object": lambda c: c.s3.copy_object(
        Bucket="images", Key="a/1.jpg", CopySource="images/a/2.jpg"
    ),
    "metadata only": lambda c: c.s3.copy_object(
        Bucket="images",
        Key="a/1.jpg",
        CopySource="images/a/1.jpg",
        Metadata={"artist": "other"},
        MetadataDirective="REPLACE",
    ),
    "object tags": lambda c: c.s3.put_object_tagging(
        Bucket="images", Key="a/1.jpg", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    ),
    "object acl": lambda c: c.s3.put_object_acl(Bucket="images", Key="a/1.jpg", ACL="public-read"),
    "multipart": multipart,
    "begun multipart": lambda c: c.s3.create_multipart_upload(Bucket="images", Key="begun"),
    "new version": lambda c: c.s3.put_object(Bucket="versioned", Key="a/1.jpg", Body=b"second"),
    "delete marker": lambda c: c.s3.delete_object(Bucket="versioned", Key="a/1.jpg"),
    "delete version": lambda c: c.s3.delete_object(
        Bucket="versioned",
        Key="a/1.jpg",
        VersionId=c.s3.head_object(Bucket="versioned", Key="a/1.jpg")["VersionId"],
    ),
    "cors": lambda c: c.s3.put_bucket_cors(
        Bucket="images",
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
    ),
    "versioning": lambda c: c.s3.put_bucket_versioning(
        Bucket="images", VersioningConfiguration={"Status": "Enabled"}
    ),
    "bucket tags": lambda c: c.s3.put_bucket_tagging(
        Bucket="images", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    ),
    "bucket policy": lambda c: c.s3.put_bucket_policy(
        Bucket="images",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::images/*",
                    }
                ],
            }
        ),
    ),
    "create bucket": lambda c: make_bucket(c.s3, "new-bucket"),
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
def baseline(embedded_aws: Any, clients: Clients, wire: Wire) -> dict[str, Any]:
    """What the baseline ``filled`` holds, as the public APIs tell it."""
    embedded_aws.journal.switch("empty")
    fill(clients)
    embedded_aws.journal.keep("filled")
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
    for name, write in WRITES.items():
        if not name.startswith(("delete", "purge", "receive")):
            write(clients)
    embedded_aws.journal.rewind()
    assert everything(wire) == baseline


def test_failed_requests_leave_nothing(
    embedded_aws: Any, clients: Clients, wire: Wire, baseline: dict[str, Any]
) -> None:
    """A refused condition and a cancelled transaction change nothing, before and after a rewind."""
    embedded_aws.journal.switch("filled")
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(clients.dynamodb.exceptions.ConditionalCheckFailedException):
        clients.dynamodb.put_item(TableName="shop", Item=item(1), **condition)
    with pytest.raises(clients.dynamodb.exceptions.TransactionCanceledException):
        clients.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "shop", "Item": item(60)}},
                {"Put": {"TableName": "shop", "Item": item(1), **condition}},
            ]
        )
    assert everything(wire) == baseline
    embedded_aws.journal.rewind()
    assert everything(wire) == baseline

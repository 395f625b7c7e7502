"""What the random machine's applications do to the AWS services, with small numbers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.aws.helpers import Clients, item, key, make_bucket, make_table

Operation = Callable[[Clients, int, int], Any]

TABLES = ("shop", "other")
BUCKETS = ("images", "versioned")
TOPIC = "arn:aws:sns:eu-west-2:123456789012:news"
_NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


def _table(n: int) -> str:
    return TABLES[n % 2]


def _bucket(n: int) -> str:
    return BUCKETS[n % 2]


def _at(n: int, m: int) -> dict[str, str]:
    return {"Bucket": _bucket(n), "Key": f"a/{m} +%ü.jpg" if m > 5 else f"a/{m}.jpg"}


def _url(c: Clients, name: str = "jobs") -> str:
    return str(c.sqs.get_queue_url(QueueName=name)["QueueUrl"])


def _update(n: int, m: int) -> dict[str, Any]:
    return {
        "TableName": _table(n),
        "Key": key(m),
        "UpdateExpression": "SET a = :a, deep.b[0] = :a ADD numbers :s"
        if n > 3
        else "SET a = :a, deep = if_not_exists(deep, :d) ADD numbers :s",
        "ExpressionAttributeValues": {
            ":a": {"N": str(n)},
            ":s": {"NS": [str(n), "-1.5"]},
            **({} if n > 3 else {":d": {"M": {"b": {"L": [{"NULL": True}]}}}}),
        },
    }


def _put_many(c: Clients, n: int, m: int) -> None:
    puts = [{"PutRequest": {"Item": item(number, batch={"S": str(n)})}} for number in range(m, 12)]
    deletes = [{"DeleteRequest": {"Key": key(number)}} for number in range(m)]
    c.dynamodb.batch_write_item(RequestItems={_table(n): puts + deletes})


def _transact(c: Clients, n: int, m: int) -> None:
    """Cancelled where the put finds its key taken: then nothing of it may stay."""
    c.dynamodb.transact_write_items(
        TransactItems=[
            {"Update": {**_update(0, m), "TableName": _table(n)}},
            {"Delete": {"TableName": "shop", "Key": key(m + 1)}},
            {"Put": {"TableName": _table(n), "Item": item(n + 8), **_NEW}},
        ]
    )


def _receive(c: Clients, n: int, m: int, *, delete: bool) -> None:
    url = _url(c)
    for message in c.sqs.receive_message(QueueUrl=url).get("Messages", []):
        if delete:
            c.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def _multipart(c: Clients, n: int, m: int) -> None:
    at = _at(n, m)
    upload = c.s3.create_multipart_upload(**at, ACL="private", ContentType="a/b")["UploadId"]
    if m == 3:
        return
    tag = c.s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"part %d" % n)["ETag"]
    if m == 4:
        c.s3.abort_multipart_upload(**at, UploadId=upload)
        return
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    c.s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)


def _delete_a_version(c: Clients, n: int, m: int) -> None:
    listed = c.s3.list_object_versions(Bucket="versioned")
    found = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
    for each in sorted(found, key=lambda one: (one["Key"], one["VersionId"]))[m : m + 1]:
        c.s3.delete_object(Bucket="versioned", Key=each["Key"], VersionId=each["VersionId"])


RECORDS: dict[str, Operation] = {
    "put": lambda c, n, m: c.dynamodb.put_item(
        TableName=_table(n), Item=item(m, v={"L": [{"N": str(n)}, {"B": b"\0"}, {"BOOL": True}]})
    ),
    "put the same": lambda c, n, m: c.dynamodb.put_item(TableName=_table(n), Item=item(m)),
    "put if new": lambda c, n, m: c.dynamodb.put_item(TableName=_table(n), Item=item(m), **_NEW),
    "update": lambda c, n, m: c.dynamodb.update_item(**_update(n, m)),
    "update if there": lambda c, n, m: c.dynamodb.update_item(
        **_update(n, m), ConditionExpression="attribute_exists(pk)"
    ),
    "delete": lambda c, n, m: c.dynamodb.delete_item(TableName=_table(n), Key=key(m)),
    "delete if": lambda c, n, m: c.dynamodb.delete_item(
        TableName=_table(n),
        Key=key(m),
        ConditionExpression="n = :n",
        ExpressionAttributeValues={":n": {"N": str(n)}},
    ),
    "batch": _put_many,
    "transaction": _transact,
    "partiql": lambda c, n, m: c.dynamodb.execute_statement(
        Statement=f"UPDATE {_table(n)} SET a = '{n}' WHERE pk = 'P#{m}' AND sk = 'PROFILE'"
    ),
    "put object": lambda c, n, m: c.s3.put_object(
        **_at(n, m), Body=b"%d" % n, Metadata={"n": str(n)}, ContentType="image/png"
    ),
    "put tagged object": lambda c, n, m: c.s3.put_object(**_at(n, m), Body=b"", Tagging=f"n={n}"),
    "put object if new": lambda c, n, m: c.s3.put_object(**_at(n, m), Body=b"x", IfNoneMatch="*"),
    "copy object": lambda c, n, m: c.s3.copy_object(**_at(m, n), CopySource=_at(n, m)),
    "metadata": lambda c, n, m: c.s3.copy_object(
        **_at(n, m), CopySource=_at(n, m), Metadata={"m": str(n)}, MetadataDirective="REPLACE"
    ),
    "delete object": lambda c, n, m: c.s3.delete_object(**_at(n, m)),
    "delete objects": lambda c, n, m: c.s3.delete_objects(
        Bucket=_bucket(n), Delete={"Objects": [{"Key": f"a/{each}.jpg"} for each in range(m)]}
    ),
    "delete a version": _delete_a_version,
    "multipart": _multipart,
    "tags": lambda c, n, m: c.s3.put_object_tagging(
        **_at(n, m), Tagging={"TagSet": [{"Key": "t", "Value": str(n)}]}
    ),
    "no tags": lambda c, n, m: c.s3.delete_object_tagging(**_at(n, m)),
}
"""Writes to items and objects, which change sets know by key."""

OTHERS: dict[str, Operation] = {
    "make table": lambda c, n, m: make_table(c.dynamodb, _table(n)),
    "delete table": lambda c, n, m: c.dynamodb.delete_table(TableName=_table(n)),
    "time to live": lambda c, n, m: c.dynamodb.update_time_to_live(
        TableName=_table(n),
        TimeToLiveSpecification={"Enabled": m < 5, "AttributeName": "expires"},
    ),
    "access list": lambda c, n, m: c.s3.put_object_acl(**_at(n, m), ACL="public-read"),
    "make bucket": lambda c, n, m: make_bucket(c.s3, f"bucket-{m}"),
    "delete bucket": lambda c, n, m: c.s3.delete_bucket(Bucket=f"bucket-{m}"),
    "cross-origin rules": lambda c, n, m: c.s3.put_bucket_cors(
        Bucket=_bucket(n),
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": [f"{m}"]}]},
    ),
    "send": lambda c, n, m: c.sqs.send_message(QueueUrl=_url(c), MessageBody=f"{n}-{m}"),
    "receive": lambda c, n, m: _receive(c, n, m, delete=False),
    "receive and delete": lambda c, n, m: _receive(c, n, m, delete=True),
    "purge": lambda c, n, m: c.sqs.purge_queue(QueueUrl=_url(c)),
    "make queue": lambda c, n, m: c.sqs.create_queue(QueueName=f"queue-{m}"),
    "delete queue": lambda c, n, m: c.sqs.delete_queue(QueueUrl=_url(c, f"queue-{m}")),
    "publish": lambda c, n, m: c.sns.publish(TopicArn=TOPIC, Message=f"{n}-{m}"),
    "make topic": lambda c, n, m: c.sns.create_topic(Name=f"topic-{m}"),
    "make secret": lambda c, n, m: c.secretsmanager.create_secret(
        Name=f"secret-{m}", SecretString=str(n)
    ),
    "change secret": lambda c, n, m: c.secretsmanager.put_secret_value(
        SecretId="database", SecretString=str(n)
    ),
    "delete secret": lambda c, n, m: c.secretsmanager.delete_secret(
        SecretId=f"secret-{m}", ForceDeleteWithoutRecovery=True
    ),
}
"""Writes to all else."""

OPERATIONS = {**RECORDS, **OTHERS}

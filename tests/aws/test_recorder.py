"""What requests are taken for: reads, writes of named records, writes of whole collections."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from pytest_seedstate.services.aws.recorder import Request, Write, classify
from pytest_seedstate.services.host.hosted import Touch

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261121/{region}/{service}/aws4_request, Signature=0"
KEY = {"pk": {"S": "é"}, "sk": {"N": "1"}}
ITEM = {**KEY, "other": {"S": "x"}}
WIRE_KEY = '{"pk":{"S":"é"},"sk":{"N":"1"}}'
ARN = "arn:aws:dynamodb:eu-west-2:123456789012:table/shop"


def key_names(region: str, table: str) -> Sequence[str] | None:
    return ("pk", "sk") if (region, table) == ("eu-west-2", "shop") else None


def asked(action: str, body: Any, service: str = "dynamodb", region: str = "eu-west-2") -> Request:
    headers = {
        "authorization": SIGNED.format(region=region, service=service),
        "x-amz-target": f"DynamoDB_20120810.{action}",
    }
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", "/", "", headers, data)


def s3(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    path, _, query = target.partition("?")
    given = {"host": "127.0.0.1:4566", "authorization": SIGNED.format(region="x", service="s3")}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    return Request(method, path, query, given, body)


def form(service: str, **fields: str) -> Request:
    headers = {
        "authorization": SIGNED.format(region="eu-west-2", service=service),
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    return Request("POST", "/", "", headers, urlencode(fields).encode())


def items(*keys: str, table: str = "shop", region: str = "eu-west-2") -> tuple[Touch, ...]:
    return tuple(Touch("dynamodb", region, table, key) for key in keys)


def objects(*keys: str, bucket: str = "b") -> tuple[Touch, ...]:
    return tuple(Touch("s3", "", bucket, key) for key in keys)


READS = {
    **{
        action: asked(action, {"TableName": "shop"})
        for action in ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems",
                       "DescribeTable", "ListTables", "ListTagsOfResource")
    },
    "select": asked("ExecuteStatement", {"Statement": " select * FROM shop"}),
    "selects": asked("BatchExecuteStatement", {"Statements": [{"Statement": "SELECT 1"}]}),
    "exists": asked("ExecuteTransaction", {"TransactStatements": [{"Statement": "EXISTS(S)"}]}),
    "object": s3("GET", "/b/k"),
    "head": s3("HEAD", "/b/k"),
    "list": s3("GET", "/b?list-type=2"),
    "buckets": s3("GET", "/"),
    "preflight": s3("OPTIONS", "/b/k"),
    "content of an object": s3("POST", "/b/k?select&select-type=2"),
    "queues": asked("ListQueues", {}, "sqs"),
    "topics": form("sns", Action="ListTopics"),
    "secret": asked("GetSecretValue", {}, "secretsmanager"),
    "moto's own page": Request("GET", "/moto-api/data.json", "", {}, b""),
}  # fmt: skip

DELETES = b"<Delete xmlns='x'><Object><Key>a &amp; b</Key></Object><Object><Key>c</Key><VersionId>1</VersionId></Object></Delete>"
UPLOAD = (
    b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nup/%s\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ndata\r\n--x--\r\n'
)
MULTIPART = "multipart/form-data; boundary=x"

WRITES: dict[str, tuple[Request, Write]] = {
    "put": (
        asked("PutItem", {"TableName": "shop", "Item": ITEM}),
        Write("dynamodb", "PutItem", items(WIRE_KEY)),
    ),
    "put, table by ARN": (
        asked("PutItem", {"TableName": ARN, "Item": ITEM}),
        Write("dynamodb", "PutItem", items(WIRE_KEY)),
    ),
    "put into a table of another region": (
        asked("PutItem", {"TableName": "shop", "Item": ITEM}, region="us-east-1"),
        Write("dynamodb", "PutItem", items("", region="us-east-1")),
    ),
    "update": (
        asked("UpdateItem", {"TableName": "any", "Key": KEY}),
        Write("dynamodb", "UpdateItem", items(WIRE_KEY, table="any")),
    ),
    "delete": (
        asked("DeleteItem", {"TableName": "shop", "Key": dict(reversed(KEY.items()))}),
        Write("dynamodb", "DeleteItem", items(WIRE_KEY)),
    ),
    "a number written otherwise": (
        asked("DeleteItem", {"TableName": "shop", "Key": {**KEY, "sk": {"N": "10e-1"}}}),
        Write("dynamodb", "DeleteItem", items(WIRE_KEY)),
    ),
    "no number": (
        asked("DeleteItem", {"TableName": "shop", "Key": {"sk": {"N": "x"}}}),
        Write("dynamodb", "DeleteItem", items('{"sk":{"N":"x"}}')),
    ),
    "batch": (
        asked("BatchWriteItem", {"RequestItems": {
            "shop": [{"PutRequest": {"Item": ITEM}}], "t": [{"DeleteRequest": {"Key": KEY}}]}}),
        Write("dynamodb", "BatchWriteItem", items(WIRE_KEY) + items(WIRE_KEY, table="t")),
    ),
    "transaction": (
        asked("TransactWriteItems", {"TransactItems": [
            {"Put": {"TableName": "shop", "Item": ITEM}},
            {"ConditionCheck": {"TableName": "t", "Key": KEY}},
            {"Delete": {"TableName": "u", "Key": KEY}}]}),
        Write("dynamodb", "TransactWriteItems", items(WIRE_KEY) + items(WIRE_KEY, table="u")),
    ),
    "statement": (
        asked("ExecuteStatement", {"Statement": 'UPDATE "shop" SET a = 1'}),
        Write("dynamodb", "ExecuteStatement", items(""), "dynamodb: ExecuteStatement shop"),
    ),
    "select and delete": (
        asked("BatchExecuteStatement",
              {"Statements": [{"Statement": "SELECT 1"}, {"Statement": "DELETE FROM t"}]}),
        Write("dynamodb", "BatchExecuteStatement", items("", table="t"),
              "dynamodb: BatchExecuteStatement t"),
    ),
    "import": (
        asked("ImportTable", {"TableCreationParameters": {"TableName": "new"}}),
        Write("dynamodb", "ImportTable", items("", table="new"), "dynamodb: ImportTable new"),
    ),
    "export": (
        asked("ExportTableToPointInTime", {"TableArn": ARN, "S3Bucket": "b"}),
        Write("dynamodb", "ExportTableToPointInTime", items("") + objects(""),
              "dynamodb: ExportTableToPointInTime shop"),
    ),
    "table": (
        asked("DeleteTable", {"TableName": "shop"}),
        Write("dynamodb", "DeleteTable", items(""), "dynamodb: DeleteTable shop"),
    ),
    "unknown action": (
        asked("FutureThing", {"ResourceArn": ARN}),
        Write("dynamodb", "FutureThing", items(""), "dynamodb: FutureThing shop"),
    ),
    "item without its key": (
        asked("PutItem", {"TableName": "shop", "Item": {"pk": {"S": "x"}}}),
        Write("dynamodb", "PutItem", items(""), "dynamodb: PutItem shop"),
    ),
    "not JSON": (
        asked("PutItem", b"{"), Write("dynamodb", "PutItem", (), "dynamodb: PutItem")
    ),
    "object": (s3("PUT", "/b/a%20b/%C3%BC+"), Write("s3", "PUT", objects("a b/ü+"))),
    "object by virtual host": (
        s3("PUT", "/k", host="b.s3.eu-west-2.localhost:1"), Write("s3", "PUT", objects("k"))
    ),
    "part": (
        s3("PUT", "/b/k?partNumber=1&uploadId=u"),
        Write("s3", "PUT", objects("k"), "upload of b/k: part"),
    ),
    "begin parts": (
        s3("POST", "/b/k?uploads"), Write("s3", "POST ?uploads", objects("k"), "upload of b/k: begun")
    ),
    "parts, completed": (s3("POST", "/b/k?uploadId=u"), Write("s3", "POST", objects("k"))),
    "parts, aborted": (
        s3("DELETE", "/b/k?uploadId=u"),
        Write("s3", "DELETE", objects("k"), "upload of b/k: aborted"),
    ),
    "tags": (s3("PUT", "/b/k?tagging"), Write("s3", "PUT ?tagging", objects("k"))),
    "restore": (
        s3("POST", "/b/k?restore"),
        Write("s3", "POST ?restore", objects("k"), "object b/k: restore"),
    ),
    "delete object": (s3("DELETE", "/b/k"), Write("s3", "DELETE", objects("k"))),
    "delete version": (
        s3("DELETE", "/b/k?versionId=1"),
        Write("s3", "DELETE", objects("k"), "version of b/k: deleted"),
    ),
    "tags of a version": (
        s3("PUT", "/b/k?tagging&versionId=1"),
        Write("s3", "PUT ?tagging", objects("k"), "version of b/k: tagging"),
    ),
    "read of a bucket with logs": (
        s3("GET", "/logged/k"), Write("s3", "GET", objects("", bucket="logs"))
    ),
    "write to a bucket with logs": (
        s3("PUT", "/logged/k"),
        Write("s3", "PUT", objects("k", bucket="logged") + objects("", bucket="logs")),
    ),
    "delete objects": (
        s3("POST", "/b?delete", DELETES),
        Write("s3", "POST ?delete", objects("a & b", "c"), "version of b/c: deleted"),
    ),
    "delete versions": (
        s3("POST", "/b?delete", DELETES.replace(b"</Key></", b"</Key><VersionId>2</VersionId></")),
        Write("s3", "POST ?delete", objects("a & b", "c"), "bucket b: 2 versions deleted"),
    ),
    "delete objects, not XML": (
        s3("POST", "/b?delete", b"<"), Write("s3", "POST ?delete", objects(""), "bucket b: delete")
    ),
    "browser's form": (
        s3("POST", "/b", UPLOAD % b"1.jpg", content_type=MULTIPART),
        Write("s3", "POST", objects("up/1.jpg")),
    ),
    "browser's form without a name yet": (
        s3("POST", "/b", UPLOAD % b"${filename}", content_type=MULTIPART),
        Write("s3", "POST", objects("")),
    ),
    "bucket": (s3("PUT", "/b"), Write("s3", "PUT", objects(""), "bucket b: created")),
    "delete bucket": (s3("DELETE", "/b/"), Write("s3", "DELETE", objects(""), "bucket b: deleted")),
    "bucket's rules": (s3("PUT", "/b?cors"), Write("s3", "PUT ?cors", objects(""), "bucket b: cors")),
    "message": (
        asked("SendMessage", {}, "sqs"), Write("sqs", "SendMessage", (), "sqs: SendMessage")
    ),
    "form of another service": (
        form("sns", Action="Publish"), Write("sns", "Publish", (), "sns: Publish")
    ),
    "unsigned, known by its target": (
        Request("POST", "/", "", {"x-amz-target": "AmazonSQS.PurgeQueue"}, b"{}"),
        Write("sqs", "PurgeQueue", (), "sqs: PurgeQueue"),
    ),
    "moto's reset": (
        Request("POST", "/moto-api/reset", "", {}, b""),
        Write("moto-api", "/moto-api/reset", (), "reset"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reads_are_no_writes(name: str) -> None:
    """What only reads leaves the journal clean."""
    assert classify(READS[name], key_names) is None


@pytest.mark.parametrize("name", WRITES)
def test_writes_name_what_they_touch(name: str) -> None:
    """Records where the request names them, the whole collection where it does not."""
    request, write = WRITES[name]
    assert classify(request, key_names, {"logged": "logs"}.get) == write


def test_signature_in_the_query() -> None:
    """A presigned URL is of the service that it is signed for."""
    scope = "test%2F20261121%2Feu-west-2%2Fs3%2Faws4_request"
    request = Request("PUT", "/b/k", f"X-Amz-Credential={scope}", {"host": "localhost"}, b"")
    assert classify(request, key_names) == Write("s3", "PUT", objects("k"))

"""All that the public API says is there, and the records of it as change sets have them.

The comparison does not depend on the code under test: requests are sent as they stand here, and
answers compared as they came, without what is made up for each answer.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from boto3.dynamodb.types import TypeDeserializer

from .wire import Answer, Wire

State = dict[str, Any]
Records = dict[tuple[str, ...], dict[str, Any]]

_BUCKET_PARTS = (
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
    "uploads",
    "versioning",
    "versions",
    "website",
)
"""What moto knows of a bucket, as S3 names it in queries."""
FEW_PARTS = ("cors", "uploads", "versions")
"""What random applications change most of a bucket."""
_OF_THE_ANSWER = re.compile(rb"<(RequestId|HostId)>[^<]*</\1>")
_OF_THE_HEADERS = {"x-amzn-requestid", "date", "connection", "server"}


class _FromJson(TypeDeserializer):
    """boto3's own, for what its parser has not decoded yet."""

    def _deserialize_b(self, value: str) -> bytes:
        return base64.b64decode(value)


_ITEM = _FromJson()


def everything(wire: Wire, bucket_parts: Sequence[str] = _BUCKET_PARTS) -> State:
    """All tables, buckets, queues, topics and secrets of the wire's region.

    Args:
        wire: who asks.
        bucket_parts: what is asked of each bucket.
    """
    names, backups = wire.json("dynamodb", [("ListTables", {}), ("ListBackups", {})])
    (queues,) = wire.json("sqs", [("ListQueues", {})])
    (secrets,) = wire.json("secretsmanager", [("ListSecrets", {})])
    (buckets,) = wire.s3(["/"])
    urls = queues.get("QueueUrls", [])
    attributes = [
        ("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}) for url in urls
    ]
    values = [("GetSecretValue", {"SecretId": each["Name"]}) for each in secrets["SecretList"]]
    return {
        "tables": {name: _table(wire, name) for name in names["TableNames"]},
        "backups": backups,
        "bucket list": _plain(buckets),
        "buckets": {name: _bucket(wire, name, bucket_parts) for name in _texts(buckets, "Name")},
        "queues": dict(zip(urls, wire.json("sqs", attributes), strict=True)),
        "topics": [
            _plain(answer) for answer in wire.form("sns", ["ListTopics", "ListSubscriptions"])
        ],
        "secrets": [secrets, wire.json("secretsmanager", values)],
    }


def records(state: State) -> Records:
    """Items and current objects by store, collection and key, with their values."""
    found: Records = {}
    for name, table in state["tables"].items():
        for item in table["items"]:
            values = {field: _ITEM.deserialize(value) for field, value in item.items()}
            key = (str(values[part["AttributeName"]]) for part in table["keys"])
            found["dynamodb", name, *key] = values
    for name, bucket in state["buckets"].items():
        for key_name, _, is_current, answers in bucket["objects"]:
            if is_current:
                found["s3", name, key_name] = _object(*answers)
    return found


def _table(wire: Wire, name: str) -> dict[str, Any]:
    arn = f"arn:aws:dynamodb:eu-west-2:123456789012:table/{name}"
    described, *more = wire.json(
        "dynamodb",
        [
            ("DescribeTable", {"TableName": name}),
            ("DescribeTimeToLive", {"TableName": name}),
            ("DescribeContinuousBackups", {"TableName": name}),
            ("GetResourcePolicy", {"ResourceArn": arn}),
            ("ListTagsOfResource", {"ResourceArn": arn}),
            ("ListExports", {"TableArn": arn}),
        ],
    )
    table = described["Table"]
    keys = sorted(table["KeySchema"], key=lambda part: str(part["KeyType"]))
    indexes = [each["IndexName"] for each in table.get("GlobalSecondaryIndexes") or ()]
    return {
        "definition": described,
        "keys": keys,
        "more": more,
        "items": list(_scan(wire, {"TableName": name})),
        "indexes": {
            index: list(_scan(wire, {"TableName": name, "IndexName": index})) for index in indexes
        },
        "stream": _stream(wire, table["LatestStreamArn"]) if "LatestStreamArn" in table else None,
    }


def _scan(wire: Wire, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All items, in moto's order, which is a part of its state; sets sorted, which have none."""
    start: dict[str, Any] = {}
    while True:
        (page,) = wire.json("dynamodb", [("Scan", {**asked, **start})])
        for item in page["Items"]:
            yield {name: _sorted_sets(value) for name, value in item.items()}
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _sorted_sets(value: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, held),) = value.items()
    if kind in ("SS", "NS", "BS"):
        held = sorted(held)
    elif kind == "M":
        held = {name: _sorted_sets(member) for name, member in held.items()}
    elif kind == "L":
        held = [_sorted_sets(member) for member in held]
    return {kind: held}


def _stream(wire: Wire, arn: str) -> list[Any]:
    (described,) = wire.json("dynamodbstreams", [("DescribeStream", {"StreamArn": arn})])
    if "status" in described:
        # It was switched off, and the table still names it.
        return [described]
    shards = [each["ShardId"] for each in described["StreamDescription"]["Shards"]]
    found = [described]
    for shard in shards:
        asked = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        (told,) = wire.json("dynamodbstreams", [("GetShardIterator", asked)])
        (page,) = wire.json("dynamodbstreams", [("GetRecords", told)])
        found.append(page["Records"])
    return found


def _bucket(wire: Wire, name: str, asked: Sequence[str]) -> dict[str, Any]:
    answers = wire.s3([f"/{name}?{part}" for part in asked])
    parts = dict(zip(asked, answers, strict=True))
    uploads = [
        f"/{name}/{quote(key)}?uploadId={identifier}"
        for key, identifier in zip(
            _texts(parts["uploads"], "Upload/Key"),
            _texts(parts["uploads"], "Upload/UploadId"),
            strict=True,
        )
    ]
    return {
        "parts": {part: _plain(answer) for part, answer in parts.items()},
        "uploads": [_plain(answer) for answer in wire.s3(uploads)],
        "objects": list(_objects(wire, name, parts["versions"])),
    }


def _objects(
    wire: Wire, bucket: str, listed: Answer
) -> Iterator[tuple[str, str, bool, tuple[Any, Any, Any]]]:
    versions = [
        (each["Key"], each["VersionId"], each["IsLatest"] == "true")
        for each in _elements(listed, "Version")
    ]
    at = [f"/{bucket}/{quote(key)}?versionId={version}" for key, version, _ in versions]
    objects = [_plain(answer) for answer in wire.s3(at)]
    lists = [_plain(answer) for answer in wire.s3(f"{target}&acl" for target in at)]
    # What is archived does not say whether it has any.
    tagged = [
        target
        for target, (status, headers, _) in zip(at, objects, strict=True)
        if status != 200 or "x-amz-tagging-count" in headers
    ]
    tags = dict(zip(tagged, wire.s3(f"{target}&tagging" for target in tagged), strict=True))
    for number, (key, version, is_current) in enumerate(versions):
        found = tags.get(at[number])
        told = None if found is None else _plain(found)
        yield key, version, is_current, (objects[number], lists[number], told)


def _plain(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """An answer without what is made up for each."""
    kept = {n: v for n, v in answer.headers.items() if n not in _OF_THE_HEADERS}
    if b"RequestId>" in answer.body:
        kept.pop("content-length")
        return answer.status, kept, _OF_THE_ANSWER.sub(b"", answer.body)
    return answer.status, kept, answer.body


def _xml(body: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _texts(answer: Answer, path: str) -> list[str]:
    return [element.text or "" for element in _xml(answer.body).iterfind(f".//{path}")]


def _elements(answer: Answer, name: str) -> Iterable[dict[str, str]]:
    for element in _xml(answer.body).iterfind(name):
        yield {child.tag: child.text or "" for child in element}


_FIELDS = {
    "cache-control": "cache_control",
    "content-disposition": "content_disposition",
    "content-encoding": "content_encoding",
    "content-language": "content_language",
    "content-type": "content_type",
    "expires": "expires",
    "x-amz-object-lock-legal-hold": "legal_hold",
    "x-amz-object-lock-mode": "lock_mode",
    "x-amz-object-lock-retain-until-date": "lock_until",
    "x-amz-storage-class": "storage_class",
    "x-amz-website-redirect-location": "x_amz_website_redirect_location",
}


def _object(
    got: tuple[int, dict[str, str], bytes],
    acl: tuple[int, dict[str, str], bytes],
    tags: tuple[int, dict[str, str], bytes] | None,
) -> dict[str, Any]:
    status, headers, body = got
    found: dict[str, Any] = {
        "metadata": {
            name.removeprefix("x-amz-meta-"): value
            for name, value in headers.items()
            if name.startswith("x-amz-meta-")
        },
        "tags": {}
        if tags is None
        else {
            each.findtext("Key"): each.findtext("Value")
            for each in _xml(tags[2]).iterfind(".//Tag")
        },
    }
    if status == 200:
        found |= {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    else:
        # It is archived: S3 has it, and does not show it.
        found["unreadable"] = True
    for header, field in _FIELDS.items():
        if header in headers:
            found[field] = headers[header]
    grants = (
        sorted(
            f"{grant.findtext('Grantee/URI', 'the owner').rpartition('/')[2]}: "
            f"{grant.findtext('Permission')}"
            for grant in _xml(acl[2]).iterfind(".//Grant")
        )
        if acl[0] == 200
        else []
    )
    if grants not in ([], ["the owner: FULL_CONTROL"]):
        found["acl"] = grants
    return found

"""A quick look at what the machine's applications change in AWS services.

The machine of `tests.aws` looks at all there is; this one looks often.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tests.aws.wire import Answer, Wire

_OF_A_TABLE = ("DescribeTable", "DescribeTimeToLive", "Scan")
_OF_A_BUCKET = ("cors", "uploads", "versioning", "versions")
_OF_THE_ANSWER = re.compile(rb"<(RequestId|HostId)>[^<]*</\1>")
_OF_THE_HEADERS = {"x-amzn-requestid", "date", "connection", "server", "content-length"}


def look(wire: Wire) -> dict[str, Any]:
    """Tables with items, buckets with objects, queues, topics and secrets."""
    (tables,) = wire.json("dynamodb", [("ListTables", {})])
    (queues,) = wire.json("sqs", [("ListQueues", {})])
    (secrets,) = wire.json("secretsmanager", [("ListSecrets", {})])
    urls = queues.get("QueueUrls", [])
    asked = [("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}) for url in urls]
    values = [("GetSecretValue", {"SecretId": each["Name"]}) for each in secrets["SecretList"]]
    (listed,) = wire.s3(["/"])
    return {
        "tables": {name: _table(wire, name) for name in tables["TableNames"]},
        "buckets": {
            each.text: _bucket(wire, str(each.text)) for each in _xml(listed.body).iter("Name")
        },
        "queues": dict(zip(urls, wire.json("sqs", asked), strict=True)),
        "topics": [_plain(each) for each in wire.form("sns", ["ListTopics", "ListSubscriptions"])],
        "secrets": [secrets, wire.json("secretsmanager", values)],
    }


def records(found: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Items and current objects of such a look, by store, collection and key."""
    items = {
        ("dynamodb", name, item["pk"]["S"], item["sk"]["S"]): item
        for name, (_, _, scanned) in found["tables"].items()
        for item in scanned["Items"]
    }
    objects = {
        ("s3", name, key): _object(*answers[:2])
        for name, (_, versions) in found["buckets"].items()
        for key, is_latest, answers in versions
        if is_latest
    }
    return {**items, **objects}


def _table(wire: Wire, name: str) -> list[Any]:
    answers = wire.json("dynamodb", [(action, {"TableName": name}) for action in _OF_A_TABLE])
    for item in answers[-1]["Items"]:
        for value in item.values():
            for kind in ("SS", "NS"):
                if kind in value:
                    value[kind] = sorted(value[kind])
    return answers


def _bucket(wire: Wire, name: str) -> tuple[list[Any], list[Any]]:
    answers = wire.s3([f"/{name}?{part}" for part in _OF_A_BUCKET])
    versions = [
        (str(each.findtext("Key")), each.findtext("VersionId"), each.findtext("IsLatest") == "true")
        for each in _xml(answers[-1].body).iter("Version")
    ]
    targets = [f"/{name}/{quote(key)}?versionId={version}" for key, version, _ in versions]
    objects = wire.s3([target + part for target in targets for part in ("", "&tagging", "&acl")])
    return (
        [_plain(answer) for answer in answers],
        [
            (key, is_latest, [_plain(answer) for answer in objects[number * 3 :][:3]])
            for number, (key, _, is_latest) in enumerate(versions)
        ],
    )


def _object(got: Any, tags: Any) -> Any:
    """What people know of an object; not when it was written, nor which version it is."""
    _, headers, body = got
    told = {name: headers[name] for name in headers if name.startswith("x-amz-meta-")}
    return body, headers["content-type"], told, tags[2]


def _plain(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    kept = {name: value for name, value in answer.headers.items() if name not in _OF_THE_HEADERS}
    return answer.status, kept, _OF_THE_ANSWER.sub(b"", answer.body)


def _xml(body: bytes) -> ElementTree.Element:
    root = ElementTree.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root

"""What of an AWS service has to be as it was, given what no service lets anybody choose.

Left out, because a service makes it up: times, ids of versions, tables, streams and policies, the ETag and
checksum of an object that was uploaded in parts and is put back as a whole; and
what moto makes of it: the order of tables' items and of settings, what a stream has told, headers
of a client's request which it repeats as if they were the object's, the name of a time to live that
is switched off, throughput of an index whose table is paid by request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.aws.dump import State

_MADE_UP = {
    "Backfilling",
    "CreationDateTime",
    "LastUpdateToPayPerRequestDateTime",
    "LatestStreamArn",
    "LatestStreamLabel",
    "RevisionId",
    "TableId",
    "BackupCreationDateTime",
    "LastDecreaseDateTime",
    "LastIncreaseDateTime",
    "last-modified",
    "content-md5",
    "etag",
    "x-amz-content-sha256",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-request-id",
    "x-amz-id-2",
    "content-length",
    "stream",
    "ConsumedCapacity",
    "EarliestRestorableDateTime",
    "LatestRestorableDateTime",
}
_IN_XML = re.compile(
    rb"<(LastModified|CreationDate|Initiated|RequestId|HostId|ETag"
    rb"|ChecksumAlgorithm|ChecksumType)>[^<]*</\1>"
    rb"|<VersionId>(?!null<)[^<]*</VersionId>"
)
_BUCKET = re.compile(rb"<Bucket>.*?</Bucket>")
_LISTED = re.compile(rb"<(Version|DeleteMarker)>.*?</\1>")
_NOT_OURS = ("queues", "topics", "secrets")


def comparable(state: State) -> State:
    """What of all that there is is to be as it was, of tables and buckets."""
    kept = {name: part for name, part in state.items() if name not in _NOT_OURS}
    kept["bucket list"] = sorted(_BUCKET.findall(_plain(kept["bucket list"])[2]))
    kept["tables"] = {
        name: {
            **table,
            "items": _ordered(table["items"]),
            "indexes": {index: _ordered(items) for index, items in table["indexes"].items()},
        }
        for name, table in state["tables"].items()
    }
    plain: State = _plain(kept)
    return plain


def _ordered(values: Sequence[Any]) -> list[Any]:
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True, default=repr))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("TimeToLiveStatus") == "DISABLED":
            return {"TimeToLiveStatus": "DISABLED"}
        kept = {name: _plain(each) for name, each in value.items() if name not in _MADE_UP}
        if kept.get("x-amz-version-id", "null") != "null":
            kept["x-amz-version-id"] = "some"
        if "BillingModeSummary" in kept:
            kept.pop("ProvisionedThroughput", None)
            for index in kept.get("GlobalSecondaryIndexes") or ():
                index.pop("ProvisionedThroughput", None)
                # Without a limit, which DynamoDB Local tells of indices that were made later.
                if set(index.get("OnDemandThroughput", {}).values()) == {-1}:
                    del index["OnDemandThroughput"]
        for name in ("AttributeDefinitions", "GlobalSecondaryIndexes"):
            if isinstance(kept.get(name), list):
                kept[name] = _ordered(kept[name])
        return kept
    if isinstance(value, tuple) and len(value) == 4 and isinstance(value[2], bool):
        key, version, is_current, answers = value
        return key, "null" if version == "null" else "some", is_current, _plain(answers)
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    if isinstance(value, bytes) and value.startswith(b"<?xml"):
        text = _IN_XML.sub(b"", value)
        # Two versions of one second are told in any order.
        return b"".join([_LISTED.sub(b"", text), *sorted(m[0] for m in _LISTED.finditer(text))])
    return value

"""What a DynamoDB table is, and how it is made that again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError

Definition = dict[str, Any]
"""``create``: what CreateTable takes; ``ttl``: the attribute, or None; ``tags``; ``points in time``:
whether they are kept; ``policy``: its text, or None; ``backups``: their names in AWS."""

_PATIENCE = 60.0
_POLL_EVERY = 0.02
_ABSENT = "ResourceNotFoundException"


def made_at(endpoint: AwsEndpoint, table: str) -> float | None:
    """When a table was made, as Unix time; None where there is none."""
    told = _described(endpoint, table)
    return None if told is None else float(told["CreationDateTime"])


def read_definition(endpoint: AwsEndpoint, table: str) -> Definition | None:
    """What a table is; None where there is none.

    Raises:
        AwsError: the service refuses to say.
    """
    told = _described(endpoint, table)
    if told is None:
        return None
    arn = {"ResourceArn": told["TableArn"]}
    ttl = _ask(endpoint, "DescribeTimeToLive", {"TableName": table}, "TimeToLiveDescription")
    tags = _ask(endpoint, "ListTagsOfResource", arn, "Tags") or []
    points = _ask(
        endpoint, "DescribeContinuousBackups", {"TableName": table}, "ContinuousBackupsDescription"
    )
    recovery = (points or {}).get("PointInTimeRecoveryDescription", {})
    backups = _ask(endpoint, "ListBackups", {"TableName": table}, "BackupSummaries") or []
    is_on = (ttl or {}).get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return {
        "create": _creation(told),
        "ttl": ttl["AttributeName"] if ttl and is_on else None,
        "tags": {str(tag["Key"]): str(tag["Value"]) for tag in tags},
        "points in time": recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        "policy": _ask(endpoint, "GetResourcePolicy", arn, "Policy"),
        "backups": sorted(str(each["BackupArn"]) for each in backups),
    }


def create_table(endpoint: AwsEndpoint, wanted: Definition) -> None:
    """Make a table, and wait until it can be used."""
    endpoint.dynamodb("CreateTable", wanted["create"])
    table = wanted["create"]["TableName"]
    _wait_for(lambda: _is_active(endpoint, table), f"the table '{table}' to become active")


def delete_table(endpoint: AwsEndpoint, found: Definition) -> None:
    """Delete a table, and wait until it is gone."""
    table = found["create"]["TableName"]
    if found["create"].get("DeletionProtectionEnabled"):
        off = {"TableName": table, "DeletionProtectionEnabled": False}
        endpoint.dynamodb("UpdateTable", off)
    endpoint.dynamodb("DeleteTable", {"TableName": table})
    _wait_for(lambda: _described(endpoint, table) is None, f"the table '{table}' to be deleted")


def bring_back(endpoint: AwsEndpoint, found: Definition, wanted: Definition) -> tuple[str, ...]:
    """Undo changes to a table that need no other one.

    Returns:
        What cannot be undone, one phrase each.
    """
    table = wanted["create"]["TableName"]
    if found["ttl"] != wanted["ttl"]:
        name = wanted["ttl"] or found["ttl"]
        asked = {"Enabled": wanted["ttl"] is not None, "AttributeName": name}
        endpoint.dynamodb(
            "UpdateTimeToLive", {"TableName": table, "TimeToLiveSpecification": asked}
        )
    if found["points in time"] != wanted["points in time"]:
        kept = {"PointInTimeRecoveryEnabled": wanted["points in time"]}
        endpoint.dynamodb(
            "UpdateContinuousBackups",
            {"TableName": table, "PointInTimeRecoverySpecification": kept},
        )
    if found["tags"] != wanted["tags"] or found["policy"] != wanted["policy"]:
        told = _described(endpoint, table) or {}
        _bring_back_by_name(endpoint, {"ResourceArn": told.get("TableArn")}, found, wanted)
    for backup in sorted({*found["backups"]} - {*wanted["backups"]}):
        endpoint.dynamodb("DeleteBackup", {"BackupArn": backup})
    return tuple(
        f"dynamodb: the backup {backup.rpartition('/')[2]} of '{table}' is gone for good"
        for backup in sorted({*wanted["backups"]} - {*found["backups"]})
    )


def _bring_back_by_name(
    endpoint: AwsEndpoint, arn: dict[str, Any], found: Definition, wanted: Definition
) -> None:
    gone = sorted(found["tags"].keys() - wanted["tags"].keys())
    if gone:
        endpoint.dynamodb("UntagResource", {**arn, "TagKeys": gone})
    if wanted["tags"] and found["tags"] != wanted["tags"]:
        tags = [{"Key": name, "Value": value} for name, value in wanted["tags"].items()]
        endpoint.dynamodb("TagResource", {**arn, "Tags": tags})
    if found["policy"] != wanted["policy"]:
        if wanted["policy"] is None:
            endpoint.dynamodb("DeleteResourcePolicy", arn)
        else:
            endpoint.dynamodb("PutResourcePolicy", {**arn, "Policy": wanted["policy"]})


def _creation(told: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of CreateTable that make a table as DescribeTable tells it."""
    billing = told.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    made: dict[str, Any] = {
        "TableName": told["TableName"],
        "AttributeDefinitions": sorted(
            told["AttributeDefinitions"], key=lambda each: str(each["AttributeName"])
        ),
        "KeySchema": sorted(told["KeySchema"], key=lambda part: str(part["KeyType"])),
        "BillingMode": billing,
    }
    if billing == "PROVISIONED":
        made["ProvisionedThroughput"] = _throughput(told)
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        indexes = [_index(each, billing, kind) for each in told.get(kind) or ()]
        if indexes:
            made[kind] = sorted(indexes, key=lambda each: str(each["IndexName"]))
    stream = told.get("StreamSpecification")
    if stream and stream.get("StreamEnabled"):
        made["StreamSpecification"] = stream
    encryption = told.get("SSEDescription") or {}
    if encryption.get("Status") in ("ENABLED", "ENABLING"):
        made["SSESpecification"] = _encryption(encryption)
    table_class = told.get("TableClassSummary", {}).get("TableClass")
    if table_class not in (None, "STANDARD"):
        made["TableClass"] = table_class
    if told.get("DeletionProtectionEnabled"):
        made["DeletionProtectionEnabled"] = True
    return made


def _throughput(told: Mapping[str, Any]) -> dict[str, int]:
    units = told["ProvisionedThroughput"]
    return {name: int(units[name]) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _index(told: Mapping[str, Any], billing: str, kind: str) -> dict[str, Any]:
    made = {name: told[name] for name in ("IndexName", "KeySchema", "Projection")}
    if kind == "GlobalSecondaryIndexes" and billing == "PROVISIONED":
        made["ProvisionedThroughput"] = _throughput(told)
    return made


def _encryption(told: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Enabled": True}
    if told.get("SSEType") == "KMS" and told.get("KMSMasterKeyArn"):
        made |= {"SSEType": "KMS", "KMSMasterKeyId": told["KMSMasterKeyArn"]}
    return made


def _described(endpoint: AwsEndpoint, table: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = endpoint.dynamodb("DescribeTable", {"TableName": table})["Table"]
    except AwsError as error:
        if error.code == _ABSENT:
            return None
        raise
    return told


def _is_active(endpoint: AwsEndpoint, table: str) -> bool:
    told = _described(endpoint, table)
    return told is not None and told.get("TableStatus") == "ACTIVE"


def _ask(endpoint: AwsEndpoint, action: str, asked: dict[str, Any], part: str) -> Any:
    """A part of an answer; None where there is none, or the service does not have the action."""
    try:
        return endpoint.dynamodb(action, asked).get(part)
    except AwsError:
        return None


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SeedstateError(
                f"DynamoDB did not get ready: waited {_PATIENCE:.0f} seconds for {what}"
            )
        time.sleep(_POLL_EVERY)

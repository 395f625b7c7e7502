"""Every way to change tables of DynamoDB."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from .cases import Case, Refused, Write
from .helpers import Clients, item, make_table

ARN = "arn:aws:dynamodb:eu-west-2:123456789012:table/shop"


def change_table(**more: Any) -> Write:
    def write(c: Clients) -> None:
        c.dynamodb.update_table(TableName="shop", **more)
        # Where an index is not filled at once, nobody can read it yet.
        while not _is_ready(c.dynamodb.describe_table(TableName="shop")["Table"]):
            time.sleep(0.05)

    return write


def _is_ready(table: Mapping[str, Any]) -> bool:
    parts = [table.get("TableStatus")]
    parts += [each.get("IndexStatus") for each in table.get("GlobalSecondaryIndexes", ())]
    # Moto tells no status of an index that was made later.
    return all(part in ("ACTIVE", None) for part in parts)


def index(kind: str, **more: Any) -> dict[str, Any]:
    change = {"IndexName": "by-n", **more}
    return {
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexUpdates": [{kind: change}],
    }


_INDEX = {
    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
_THROUGHPUT = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 3}
with_index = change_table(**index("Create", **_INDEX))
with_stream = change_table(
    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
)


def policy(c: Clients) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "dynamodb:GetItem",
        "Resource": ARN,
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    c.dynamodb.put_resource_policy(ResourceArn=ARN, Policy=text)


def points_in_time(c: Clients) -> None:
    c.dynamodb.update_continuous_backups(
        TableName="shop", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def backup(c: Clients) -> str:
    told = c.dynamodb.create_backup(TableName="shop", BackupName="before")
    return str(told["BackupDetails"]["BackupArn"])


def the_backup(c: Clients) -> str:
    return str(c.dynamodb.list_backups()["BackupSummaries"][0]["BackupArn"])


def recreate(c: Clients) -> None:
    c.dynamodb.delete_table(TableName="shop")
    make_table(c.dynamodb)
    c.dynamodb.put_item(TableName="shop", Item=item(1))


def with_other_key(c: Clients) -> None:
    """The same name, another key."""
    c.dynamodb.delete_table(TableName="shop")
    c.dynamodb.create_table(
        TableName="shop",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    c.dynamodb.put_item(TableName="shop", Item={"id": {"N": "1"}})


def own_table(c: Clients) -> None:
    make_table(c.dynamodb, "own")
    c.dynamodb.put_item(TableName="own", Item=item(1))


def own_table_gone(c: Clients) -> None:
    own_table(c)
    c.dynamodb.delete_table(TableName="own")
    own_table(c)
    c.dynamodb.delete_item(TableName="own", Key={"pk": {"S": "P#1"}, "sk": {"S": "PROFILE"}})


def export(c: Clients) -> None:
    told = c.dynamodb.export_table_to_point_in_time(
        TableArn=ARN, S3Bucket="images", S3Prefix="exports"
    )
    arn = told["ExportDescription"]["ExportArn"]
    wait_until(
        lambda: c.dynamodb.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"]
    )


def import_table(c: Clients) -> None:
    line = json.dumps({"Item": item(7)})
    c.s3.put_object(Bucket="images", Key="in/1.json", Body=line.encode() + b"\n")
    told = c.dynamodb.import_table(
        S3BucketSource={"S3Bucket": "images", "S3KeyPrefix": "in"},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters={
            "TableName": "imported",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    arn = told["ImportTableDescription"]["ImportArn"]
    wait_until(
        lambda: c.dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]["ImportStatus"]
    )


def wait_until(status: Any) -> None:
    """Moto imports and exports in threads of its own."""
    deadline = time.monotonic() + 20
    while (now := status()) == "IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert now == "COMPLETED", now


def says(*actions: str) -> tuple[str, ...]:
    return tuple(f"dynamodb: {action}" for action in actions)


_EXPIRES = {"Enabled": True, "AttributeName": "expires"}

TABLES: dict[str, Case] = {
    "create": Case(lambda c: make_table(c.dynamodb, "other"), says("CreateTable other")),
    "create and fill": Case(own_table, says("CreateTable own")),
    "create, delete and create": Case(own_table_gone, says("CreateTable own", "DeleteTable own")),
    "delete": Case(lambda c: c.dynamodb.delete_table(TableName="shop"), says("DeleteTable shop")),
    "delete and create": Case(recreate, says("DeleteTable shop", "CreateTable shop")),
    "delete and create with another key": Case(
        with_other_key, says("DeleteTable shop", "CreateTable shop")
    ),
    "create in every detail": Case(
        lambda c: c.dynamodb.create_table(
            TableName="detailed",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "a")
            ],
            ProvisionedThroughput=_THROUGHPUT,
            LocalSecondaryIndexes=[
                {
                    "IndexName": "local",
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "a", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            SSESpecification={"Enabled": True},
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            Tags=[{"Key": "a", "Value": "b"}],
        ),
        says("CreateTable detailed"),
    ),
    "index: create": Case(with_index, says("UpdateTable shop")),
    "index: update": Case(
        change_table(**index("Update", ProvisionedThroughput=_THROUGHPUT)),
        says("UpdateTable shop"),
        prepare=with_index,
    ),
    "index: delete": Case(
        change_table(**index("Delete")), says("UpdateTable shop"), prepare=with_index
    ),
    "index: an item of it": Case(
        lambda c: c.dynamodb.put_item(TableName="shop", Item=item(70)), prepare=with_index
    ),
    "throughput": Case(
        change_table(BillingMode="PROVISIONED", ProvisionedThroughput=_THROUGHPUT),
        says("UpdateTable shop"),
    ),
    "deletion protection": Case(
        change_table(DeletionProtectionEnabled=True), says("UpdateTable shop")
    ),
    "stream: on": Case(with_stream, says("UpdateTable shop")),
    "stream: an item of it": Case(
        lambda c: c.dynamodb.put_item(TableName="shop", Item=item(70)), prepare=with_stream
    ),
    "stream: off": Case(
        change_table(StreamSpecification={"StreamEnabled": False}),
        says("UpdateTable shop"),
        prepare=with_stream,
    ),
    "time to live: on": Case(
        lambda c: c.dynamodb.update_time_to_live(
            TableName="shop", TimeToLiveSpecification=_EXPIRES
        ),
        says("UpdateTimeToLive shop"),
    ),
    "time to live: off": Case(
        lambda c: c.dynamodb.update_time_to_live(
            TableName="shop", TimeToLiveSpecification={**_EXPIRES, "Enabled": False}
        ),
        says("UpdateTimeToLive shop"),
        prepare=lambda c: c.dynamodb.update_time_to_live(
            TableName="shop", TimeToLiveSpecification=_EXPIRES
        ),
    ),
    "tags": Case(
        lambda c: c.dynamodb.tag_resource(ResourceArn=ARN, Tags=[{"Key": "a", "Value": "b"}]),
        says("TagResource shop"),
    ),
    "tags: fewer": Case(
        lambda c: c.dynamodb.untag_resource(ResourceArn=ARN, TagKeys=["a"]),
        says("UntagResource shop"),
        prepare=lambda c: c.dynamodb.tag_resource(
            ResourceArn=ARN, Tags=[{"Key": "a", "Value": "b"}]
        ),
    ),
    "policy": Case(policy, says("PutResourcePolicy shop")),
    "policy: deleted": Case(
        lambda c: c.dynamodb.delete_resource_policy(ResourceArn=ARN),
        says("DeleteResourcePolicy shop"),
        prepare=policy,
    ),
    "points in time": Case(points_in_time, says("UpdateContinuousBackups shop")),
    "points in time: restored": Case(
        lambda c: c.dynamodb.restore_table_to_point_in_time(
            SourceTableName="shop", TargetTableName="restored", UseLatestRestorableTime=True
        ),
        says("RestoreTableToPointInTime restored shop"),
        prepare=points_in_time,
    ),
    "backup": Case(backup, says("CreateBackup shop")),
    "backup: deleted": Case(
        lambda c: c.dynamodb.delete_backup(BackupArn=the_backup(c)),
        says("DeleteBackup"),
        prepare=backup,
    ),
    "backup: restored": Case(
        lambda c: c.dynamodb.restore_table_from_backup(
            TargetTableName="restored", BackupArn=the_backup(c)
        ),
        says("RestoreTableFromBackup restored"),
        prepare=backup,
    ),
    "export": Case(export, says("ExportTableToPointInTime shop"), prepare=points_in_time),
    "import": Case(import_table, says("ImportTable imported")),
}


def protected(c: Clients) -> None:
    c.dynamodb.update_table(TableName="shop", DeletionProtectionEnabled=True)


REFUSED_TABLES: dict[str, Refused] = {
    "create, name taken": Refused(lambda c: make_table(c.dynamodb), "ResourceInUseException"),
    "create, wrong key": Refused(
        lambda c: c.dynamodb.create_table(
            TableName="wrong",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "other", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        ),
        "ValidationException",
    ),
    "delete, not there": Refused(
        lambda c: c.dynamodb.delete_table(TableName="nope"), "ResourceNotFoundException"
    ),
    "delete, protected": Refused(
        lambda c: c.dynamodb.delete_table(TableName="shop"), "ValidationException", protected
    ),
    "stream: on twice": Refused(with_stream, "ResourceInUseException", with_stream),
    "backup of a table that is not there": Refused(
        lambda c: c.dynamodb.create_backup(TableName="nope", BackupName="none"),
        "TableNotFoundException",
    ),
    "export without points in time": Refused(export, "PointInTimeRecoveryUnavailableException"),
}

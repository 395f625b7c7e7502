"""What the tests of the embedded AWS services write, and what they compare."""

from __future__ import annotations

import dataclasses
from typing import Any

import boto3
from botocore.config import Config

from pytest_seedstate.services.aws import EmbeddedAws


@dataclasses.dataclass
class Clients:
    """boto3's clients of one host."""

    dynamodb: Any
    s3: Any
    sqs: Any
    sns: Any
    secretsmanager: Any


def make_client(aws: EmbeddedAws, service: str, **config: Any) -> Any:
    variables = aws.variables
    return boto3.session.Session().client(
        service,
        endpoint_url=variables["url"],
        region_name=config.pop("region_name", variables["region"]),
        aws_access_key_id=variables["access_key"],
        aws_secret_access_key=variables["secret_key"],
        # No retries: a request that is lost must fail the test.
        config=Config(retries={"max_attempts": 0}, **config),
    )


def make_table(dynamodb: Any, name: str = "shop", **more: Any) -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def make_bucket(s3: Any, name: str = "images") -> None:
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": f"P#{number}"}, "sk": {"S": "PROFILE"}, "n": {"N": str(number)}, **more}


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"P#{number}"}, "sk": {"S": "PROFILE"}}


def fill(clients: Clients) -> None:
    make_table(clients.dynamodb)
    for number in range(5):
        clients.dynamodb.put_item(TableName="shop", Item=item(number, tags={"SS": ["a", "b"]}))
    make_bucket(clients.s3)
    make_bucket(clients.s3, "versioned")
    clients.s3.put_bucket_versioning(
        Bucket="versioned", VersioningConfiguration={"Status": "Enabled"}
    )
    for number in range(3):
        for bucket in ("images", "versioned"):
            clients.s3.put_object(
                Bucket=bucket,
                Key=f"a/{number}.jpg",
                Body=b"%d" % number * 100,
                ContentType="image/jpeg",
                Metadata={"artist": str(number)},
                Tagging="style=blackwork",
            )
    queue = clients.sqs.create_queue(QueueName="jobs")["QueueUrl"]
    clients.sqs.send_message(QueueUrl=queue, MessageBody="first")
    topic = clients.sns.create_topic(Name="news")["TopicArn"]
    clients.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-2:123456789012:jobs"
    )
    clients.secretsmanager.create_secret(Name="database", SecretString="hunter2")


def everything(clients: Clients) -> dict[str, Any]:
    """All that the public APIs say is there, without what depends on the moment of asking."""
    return {
        "tables": {name: _table(clients.dynamodb, name) for name in _tables(clients.dynamodb)},
        "buckets": {
            each["Name"]: _bucket(clients.s3, each["Name"])
            for each in clients.s3.list_buckets()["Buckets"]
        },
        "queues": {
            url: _queue(clients.sqs, url) for url in clients.sqs.list_queues().get("QueueUrls", [])
        },
        "topics": clients.sns.list_topics()["Topics"],
        "subscriptions": clients.sns.list_subscriptions()["Subscriptions"],
        "secrets": {
            each["Name"]: clients.secretsmanager.get_secret_value(SecretId=each["Name"])[
                "SecretString"
            ]
            for each in clients.secretsmanager.list_secrets()["SecretList"]
        },
    }


def _tables(dynamodb: Any) -> list[str]:
    return list(dynamodb.list_tables()["TableNames"])


def _table(dynamodb: Any, name: str) -> dict[str, Any]:
    described = dynamodb.describe_table(TableName=name)["Table"]
    pages = dynamodb.get_paginator("scan").paginate(TableName=name)
    items = [found for page in pages for found in page["Items"]]
    for found in items:
        for value in found.values():
            for kind in ("SS", "NS"):
                if kind in value:
                    value[kind] = sorted(value[kind])
    return {
        "definition": described,
        "ttl": dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        "tags": dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"],
        "items": sorted(items, key=lambda found: (found["pk"]["S"], found["sk"]["S"])),
    }


def _bucket(s3: Any, name: str) -> dict[str, Any]:
    listed = s3.list_object_versions(Bucket=name)
    versions = listed.get("Versions", [])
    found: dict[str, Any] = {
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "versions": versions,
        "markers": listed.get("DeleteMarkers", []),
        "uploads": s3.list_multipart_uploads(Bucket=name).get("Uploads", []),
        "objects": {},
    }
    for part, field in (("cors", "CORSRules"), ("tagging", "TagSet"), ("policy", "Policy")):
        try:
            found[part] = getattr(s3, f"get_bucket_{part}")(Bucket=name)[field]
        except s3.exceptions.ClientError:
            found[part] = None
    for each in versions:
        at = {"Bucket": name, "Key": each["Key"], "VersionId": each["VersionId"]}
        got = s3.get_object(**at)
        found["objects"][each["Key"], each["VersionId"]] = (
            got["Body"].read(),
            got["ContentType"],
            got["Metadata"],
            s3.get_object_tagging(**at)["TagSet"] if got.get("TagCount") else [],
            s3.get_object_acl(**at)["Grants"],
        )
    return found


def _queue(sqs: Any, url: str) -> dict[str, Any]:
    return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

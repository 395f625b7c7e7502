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


def fill(clients: Clients, *, items: int = 5, objects: int = 3) -> None:
    """One of everything."""
    fill_stores(clients, items=items, objects=objects)
    queue = clients.sqs.create_queue(QueueName="jobs")["QueueUrl"]
    clients.sqs.send_message(QueueUrl=queue, MessageBody="first")
    topic = clients.sns.create_topic(Name="news")["TopicArn"]
    clients.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-2:123456789012:jobs"
    )
    clients.secretsmanager.create_secret(Name="database", SecretString="hunter2")


def fill_stores(clients: Clients, *, items: int, objects: int) -> None:
    """A table and two buckets, one of them with versions."""
    make_table(clients.dynamodb)
    for number in range(items):
        clients.dynamodb.put_item(TableName="shop", Item=item(number, tags={"SS": ["a", "b"]}))
    make_bucket(clients.s3)
    make_bucket(clients.s3, "versioned")
    clients.s3.put_bucket_versioning(
        Bucket="versioned", VersioningConfiguration={"Status": "Enabled"}
    )
    for number in range(objects):
        for bucket in ("images", "versioned"):
            clients.s3.put_object(
                Bucket=bucket,
                Key=f"a/{number}.jpg",
                Body=b"%d" % number * 100,
                ContentType="image/jpeg",
                Metadata={"artist": str(number)},
                Tagging="style=blackwork",
            )

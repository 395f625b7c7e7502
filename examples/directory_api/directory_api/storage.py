"""DynamoDB and S3: clients made at import, shared by all requests."""

from decimal import Decimal
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key

from directory_api import settings

session = boto3.Session(
    aws_access_key_id=settings.AWS_ACCESS_KEY_ID,
    aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
    region_name=settings.AWS_REGION,
)
dynamodb = session.resource("dynamodb", endpoint_url=settings.AWS_ENDPOINT_URL)
directory = dynamodb.Table(settings.DIRECTORY_TABLE)
s3 = session.client("s3", endpoint_url=settings.AWS_ENDPOINT_URL)

INDEX_ATTRIBUTES = {
    "pk",
    "sk",
    "entityType",
    "styleKey",
    "styleRank",
    "geoCell",
    "geoRank",
}


def get(pk: str, sk: str = "PROFILE") -> dict[str, Any] | None:
    """An item of the directory, or None."""
    item: dict[str, Any] | None = directory.get_item(Key={"pk": pk, "sk": sk}).get("Item")
    return item


def query(condition: Any, **options: Any) -> list[dict[str, Any]]:
    """All items that a key condition finds, however many pages they take."""
    items: list[dict[str, Any]] = []
    while True:
        page = directory.query(KeyConditionExpression=condition, **options)
        items.extend(page["Items"])
        if "LastEvaluatedKey" not in page:
            return items
        options["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def under(pk: str, prefix: str = "") -> list[dict[str, Any]]:
    """The items of one partition whose sort key has a prefix."""
    condition = Key("pk").eq(pk)
    return query(condition & Key("sk").begins_with(prefix) if prefix else condition)


def plain(value: Any) -> Any:
    """DynamoDB's values as JSON knows them, without what only the indexes need."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name not in INDEX_ATTRIBUTES}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, set):
        return sorted(plain(inner) for inner in value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value

"""Items through the DynamoDB store: what is given is there, or nothing is."""

from __future__ import annotations

from decimal import Decimal, Rounded
from typing import Any

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.aws_http import AwsEndpoint
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.dynamodb import DynamoDBStore
from tests.aws.helpers import Clients, make_table

VALUES: dict[str, Any] = {
    "38 digits": Decimal("1234567890123456789012345678901234567.8"),
    "negative, 38 digits": -(10**38 - 1),
    "largest": Decimal("9." + "9" * 37 + "E+125"),
    "smallest": Decimal("1E-130"),
    "zero": 0,
    "empty string": "",
    "text": 'é \U0001f600 " \\ \n',
    "empty binary": b"",
    "binary": bytes(range(256)),
    "strings": {"a", "é", "c"},
    "numbers": {1, Decimal("-2.5")},
    "binaries": {b"", b"\xff"},
    "nothing": None,
    "true": True,
    "empty list": [],
    "empty map": {},
    "nested": {"a": [{"b": [None, {"c": {b"\0"}}]}, "", 1], "$x.y": {"a-b": False}},
    "32 deep": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": [1]}}}}}}}},
}


def nothing(_: int) -> None:
    """Nobody asks for progress."""


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"pk": f"P#{number}", "sk": "PROFILE", **more}


def number(form: Any) -> Any:
    """A number by its value: services write one with more or fewer zeros."""
    match form:
        case {"$decimal": digits}:
            return Decimal(digits)
    return form


def test_values_arrive(dynamodb_store: DynamoDBStore, clients: Clients) -> None:
    """Each is dumped as it was given; boto3's own reader agrees."""
    from boto3.dynamodb.types import Binary, TypeDeserializer

    def plain(value: Any) -> Any:
        match value:
            case Binary():
                return bytes(value)
            case set():
                return {plain(member) for member in value}
            case list():
                return [plain(member) for member in value]
            case dict():
                return {name: plain(member) for name, member in value.items()}
            case int() if not isinstance(value, bool):
                return Decimal(value)
        return value

    make_table(clients.dynamodb)
    given = {name: entry(0, sk=name, v=value) for name, value in VALUES.items()}
    dynamodb_store.load({"shop": list(given.values())}, nothing)
    reader = TypeDeserializer()
    for item in clients.dynamodb.scan(TableName="shop")["Items"]:
        wanted = given.pop(item["sk"]["S"])
        try:
            read = {name: reader.deserialize(value) for name, value in item.items()}
        except Rounded:
            # boto3 cannot read a number that a service writes out in all its digits.
            assert wanted["v"] == VALUES["largest"]
            continue
        assert plain(read) == plain(wanted)
    assert not given
    dumped = {form["sk"]: number(form["v"]) for _, _, form in dynamodb_store.dump()}
    assert dumped == {name: number(canonical(plain(value))) for name, value in VALUES.items()}


@pytest.mark.parametrize("count", [0, 1, 25, 26, 130])
def test_any_number_of_items(count: int, dynamodb_store: DynamoDBStore, clients: Clients) -> None:
    """More than one call takes are several calls, and each item is told once."""
    make_table(clients.dynamodb)
    make_table(clients.dynamodb, "other")
    told: list[int] = []
    dynamodb_store.load(
        {"shop": [entry(n) for n in range(count)], "other": [entry(1)]}, told.append
    )
    assert dynamodb_store.counts() == {"shop": count, "other": 1}
    assert sum(told) == count + 1


def test_large_items(dynamodb_store: DynamoDBStore, clients: Clients) -> None:
    """Near the 400 KB that the service allows, and many of them in one call."""
    make_table(clients.dynamodb)
    size = 404_000
    dynamodb_store.load({"shop": [entry(n, v="x" * size) for n in range(30)]}, nothing)
    assert {len(form["v"]) for _, _, form in dynamodb_store.dump()} == {size}
    assert dynamodb_store.counts() == {"shop": 30}


def test_unprocessed_items_are_sent_again(
    dynamodb_store: DynamoDBStore, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes two of what it is sent gets the rest until all is there."""
    make_table(clients.dynamodb)
    call = AwsEndpoint.dynamodb
    sent: list[int] = []

    def throttled(self: AwsEndpoint, action: str, asked: Any) -> Any:
        if action != "BatchWriteItem":
            return call(self, action, asked)
        ((table, requests),) = asked["RequestItems"].items()
        sent.append(len(requests))
        call(self, action, {"RequestItems": {table: requests[:2]}})
        return {"UnprocessedItems": {table: requests[2:]} if requests[2:] else {}}

    monkeypatch.setattr(AwsEndpoint, "dynamodb", throttled)
    dynamodb_store.load({"shop": [entry(n) for n in range(7)]}, nothing)
    assert sent == [7, 5, 3, 1]
    assert dynamodb_store.counts() == {"shop": 7}


def test_items_that_stay_unprocessed_are_an_error(
    dynamodb_store: DynamoDBStore, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few tries; what was written by then is taken back."""
    make_table(clients.dynamodb)
    call = AwsEndpoint.dynamodb

    def stuck(self: AwsEndpoint, action: str, asked: Any) -> Any:
        ((table, requests),) = asked.get("RequestItems", {"": []}).items()
        left = [each for each in requests if "P#29" in str(each.get("PutRequest"))]
        if action != "BatchWriteItem" or not left:
            return call(self, action, asked)
        return {"UnprocessedItems": {table: left}}

    monkeypatch.setattr(AwsEndpoint, "dynamodb", stuck)
    with pytest.raises(SeedstateError, match="left 1 items of table 'shop' unprocessed"):
        dynamodb_store.load({"shop": [entry(n) for n in range(30)]}, nothing)
    assert dynamodb_store.counts() == {"shop": 0}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown table": ({"shpo": [entry(1)]}, "unknown DynamoDB table 'shpo'.*'shop'"),
    "no key": ({"shop": [{"pk": "P#1"}]}, "no 'sk'.*item 1"),
    "empty key": ({"shop": [entry(1), entry(2, sk="")]}, "'sk' is empty.*item 2"),
    "key of another type": ({"shop": [{"pk": 5, "sk": "x"}]}, "'pk' is 5.*a string"),
    "double key": ({"shop": [entry(1), entry(1)]}, "pk='P#1', sk='PROFILE' is in the dataset"),
    "taken key": ({"shop": [entry(0)]}, "pk='P#0', sk='PROFILE' is in the table already"),
    "float": ({"shop": [entry(1, v={"a": [1.5]})]}, r"v\.a\[0\] is the float 1\.5: use Decimal"),
    "39 digits": ({"shop": [entry(1, v=10**39 - 1)]}, "39 digits.*pk='P#1'"),
    "not a number": ({"shop": [entry(1, v=Decimal("NaN"))]}, "finite numbers only"),
    "too large": ({"shop": [entry(1, v=Decimal("1E+126"))]}, "out of DynamoDB's range"),
    "empty set": ({"shop": [entry(1, v=set())]}, "an empty set"),
    "mixed set": ({"shop": [entry(1, v={1, "a"})]}, "not all strings"),
    "other type": ({"shop": [entry(1, v=object())]}, "of type object"),
    "name": ({"shop": [entry(1, v={1: 2})]}, "v has the name 1"),
    "too large an item": ({"shop": [entry(1, v="x" * 500_000)]}, "table 'shop'"),
    "unknown later table": (
        {"shop": [entry(n) for n in range(1, 9)], "no": []}, "unknown DynamoDB table 'no'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_items_are_told_and_leave_nothing(
    name: str, dynamodb_store: DynamoDBStore, clients: Clients
) -> None:
    """One message with table, key and value; what was there before stays as it was."""
    entries, message = BAD[name]
    make_table(clients.dynamodb)
    make_table(clients.dynamodb, "other")
    dynamodb_store.load({"shop": [entry(0, v="first")]}, nothing)
    before = list(dynamodb_store.dump())
    with pytest.raises(SeedstateError, match=f"(?s){message}"):
        dynamodb_store.load({"other": [entry(n) for n in range(60)], **entries}, nothing)
    assert list(dynamodb_store.dump()) == before

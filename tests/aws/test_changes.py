"""The change set: what differs from a position, from two states of the services."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from pytest_seedstate.stores.base import Journal
from pytest_seedstate.stores.changes import ChangeSet

from .everywhere import anywhere, clients, filled, journal, pytest_generate_tests
from .helpers import Clients, item, key, make_table
from .services import Aws

__all__ = ["anywhere", "clients", "filled", "journal", "pytest_generate_tests"]


def kinds(changes: ChangeSet) -> list[tuple[str, str, object, str]]:
    return [(each.store, each.collection, tuple(each.key.values()), each.kind) for each in changes]


def test_nothing_changed(filled: Journal) -> None:
    """A clean journal has an empty change set."""
    assert filled.changes() == ChangeSet()
    assert not filled.changes()


def test_items(filled: Journal, clients: Clients) -> None:
    """Inserted, updated and deleted items, with values in Python types, before and after."""
    clients.dynamodb.put_item(TableName="shop", Item=item(9))
    clients.dynamodb.put_item(TableName="shop", Item=item(1, b={"B": b"\x00"}))
    clients.dynamodb.delete_item(TableName="shop", Key=key(2))
    changes = filled.changes()
    assert kinds(changes) == [
        ("dynamodb", "shop", ("P#1", "PROFILE"), "updated"),
        ("dynamodb", "shop", ("P#2", "PROFILE"), "deleted"),
        ("dynamodb", "shop", ("P#9", "PROFILE"), "inserted"),
    ]
    updated = next(iter(changes))
    assert updated.before == {
        "pk": "P#1",
        "sk": "PROFILE",
        "n": Decimal(1),
        "tags": {"a", "b"},
    }
    assert updated.after == {"pk": "P#1", "sk": "PROFILE", "n": Decimal(1), "b": b"\x00"}
    assert [change.writers[0].rpartition(": ")[2] for change in changes] == [
        "PutItem",
        "DeleteItem",
        "PutItem",
    ]
    assert all(change.writers[0].startswith("Boto3/") for change in changes)


def test_written_and_put_back(filled: Journal, clients: Clients) -> None:
    """What is as it was is not a change, though it was written."""
    before = clients.dynamodb.get_item(TableName="shop", Key=key(1))["Item"]
    clients.dynamodb.delete_item(TableName="shop", Key=key(1))
    clients.dynamodb.put_item(TableName="shop", Item=before)
    clients.dynamodb.put_item(TableName="shop", Item=item(10))
    clients.dynamodb.delete_item(TableName="shop", Key=key(10))
    assert not filled.is_clean()
    assert len(filled.changes()) == 0


def test_objects(filled: Journal, clients: Clients) -> None:
    """Objects with size, hash, media type, metadata and tags."""
    clients.s3.put_object(Bucket="images", Key="a/1.jpg", Body=b"new", ContentType="text/plain")
    clients.s3.delete_object(Bucket="images", Key="a/2.jpg")
    changes = filled.changes()
    assert kinds(changes) == [
        ("s3", "images", ("a/1.jpg",), "updated"),
        ("s3", "images", ("a/2.jpg",), "deleted"),
    ]
    updated, deleted = changes
    assert updated.after == {
        "size": 3,
        "sha256": hashlib.sha256(b"new").hexdigest(),
        "content_type": "text/plain",
        "metadata": {},
        "tags": {},
    }
    assert deleted.before is not None
    assert deleted.before["metadata"] == {"artist": "2"}
    assert deleted.before["tags"] == {"style": "blackwork"}


def test_changes_since_a_position(filled: Journal, clients: Clients) -> None:
    """Only what came after the position counts, whatever came before."""
    clients.dynamodb.put_item(TableName="shop", Item=item(9))
    position = filled.mark()
    assert not filled.changes(position)
    assert len(filled.changes(0)) == 1
    clients.dynamodb.put_item(TableName="shop", Item=item(10))
    assert [each.key["pk"] for each in filled.changes(position)] == ["P#10"]
    assert [each.key["pk"] for each in filled.changes(0)] == ["P#10", "P#9"]
    filled.rewind(position)
    assert [each.key["pk"] for each in filled.changes(0)] == ["P#9"]


def test_deleted_table(filled: Journal, clients: Clients) -> None:
    """A table that goes takes its items along; the change set has them and says why."""
    clients.dynamodb.delete_table(TableName="shop")
    changes = filled.changes()
    assert {each.kind for each in changes} == {"deleted"}
    assert len(changes) == 5
    assert changes.notes == ("dynamodb: DeleteTable shop",)


def test_partiql(filled: Journal, clients: Clients) -> None:
    """Statements are not parsed for keys; the difference is found all the same."""
    clients.dynamodb.execute_statement(
        Statement="UPDATE shop SET a = 'x' WHERE pk = 'P#1' AND sk = 'PROFILE'"
    )
    changes = filled.changes()
    assert kinds(changes) == [("dynamodb", "shop", ("P#1", "PROFILE"), "updated")]
    assert changes.notes == ("dynamodb: ExecuteStatement shop",)


def test_other_services_are_named(filled: Journal, clients: Clients) -> None:
    """What has no records of ours is named by service and action, once."""
    url = clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    for _ in range(3):
        clients.sqs.send_message(QueueUrl=url, MessageBody="x")
    clients.s3.put_bucket_tagging(Bucket="images", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    changes = filled.changes()
    assert len(changes) == 0
    assert changes
    assert changes.notes == ("sqs: SendMessage", "bucket images: tagging")


def test_another_region(filled: Journal, anywhere: Aws) -> None:
    """A table of another region is named with it, and does not hide one of the same name."""
    elsewhere = anywhere.in_region("us-east-1").dynamodb
    make_table(elsewhere)
    elsewhere.put_item(TableName="shop", Item=item(1))
    changes = filled.changes()
    assert kinds(changes) == [
        ("dynamodb", "us-east-1/shop", ("P#1", "PROFILE"), "inserted"),
    ]
    filled.rewind()
    assert elsewhere.list_tables()["TableNames"] == []


def test_number_keys(journal: Journal, clients: Clients) -> None:
    """One number written in two ways is one key."""
    clients.dynamodb.create_table(
        TableName="numbers",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    journal.keep("numbers")
    clients.dynamodb.put_item(TableName="numbers", Item={"id": {"N": "1"}})
    clients.dynamodb.put_item(TableName="numbers", Item={"id": {"N": "1.0"}, "a": {"S": "b"}})
    (change,) = journal.changes()
    assert change.kind == "inserted"
    assert change.key == {"id": 1}
    journal.keep("numbers")
    clients.dynamodb.delete_item(TableName="numbers", Key={"id": {"N": "10e-1"}})
    (change,) = journal.changes()
    assert change.kind == "deleted"
    assert [writer.rpartition(": ")[2] for writer in change.writers] == ["DeleteItem"]


def test_binary_keys(journal: Journal, clients: Clients) -> None:
    """Bytes are keys too."""
    clients.dynamodb.create_table(
        TableName="hashes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        BillingMode="PAY_PER_REQUEST",
    )
    clients.dynamodb.put_item(TableName="hashes", Item={"id": {"B": b"\x00\xff"}})
    journal.keep("hashes")
    clients.dynamodb.put_item(
        TableName="hashes", Item={"id": {"B": b"\x00\xff"}, "more": {"BS": [b"\x01"]}}
    )
    (change,) = journal.changes()
    assert change.key == {"id": b"\x00\xff"}
    assert change.before == {"id": b"\x00\xff"}
    assert change.after == {"id": b"\x00\xff", "more": {b"\x01"}}


def test_a_versioned_bucket(filled: Journal, clients: Clients) -> None:
    """The current version is compared: a delete marker deletes."""
    clients.s3.delete_object(Bucket="versioned", Key="a/1.jpg")
    clients.s3.put_object(Bucket="versioned", Key="a/2.jpg", Body=b"second")
    assert kinds(filled.changes()) == [
        ("s3", "versioned", ("a/1.jpg",), "deleted"),
        ("s3", "versioned", ("a/2.jpg",), "updated"),
    ]

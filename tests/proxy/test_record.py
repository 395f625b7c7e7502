"""What is recorded of requests to moto, and when it is taken."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.proxy.service import RecordingProxy

from .conftest import Clients
from .services import REGION, client, make_bucket, make_table

SHOP = Touch("dynamodb", REGION, "shop")


def item(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"p{number}"}, "price": {"N": "3"}}


def item_touch(number: int) -> Touch:
    return Touch("dynamodb", REGION, "shop", f'{{"pk":{{"S":"p{number}"}}}}')


def test_items_are_told_by_key(proxy: RecordingProxy, clients: Clients) -> None:
    """Puts, updates, deletes, batches and transactions touch the items they name."""
    make_table(clients.dynamodb)
    before = proxy.take().written
    clients.dynamodb.put_item(TableName="shop", Item=item(1))
    clients.dynamodb.update_item(
        TableName="shop",
        Key={"pk": {"S": "p2"}},
        UpdateExpression="SET price = :p",
        ExpressionAttributeValues={":p": {"N": "4"}},
    )
    clients.dynamodb.delete_item(TableName="shop", Key={"pk": {"S": "p3"}})
    clients.dynamodb.batch_write_item(
        RequestItems={"shop": [{"PutRequest": {"Item": item(n)}} for n in (4, 5)]}
    )
    clients.dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": "shop", "Item": item(6)}}]
    )
    taken = proxy.take()
    assert set(taken.touches) == {item_touch(number) for number in range(1, 7)}
    assert [who.split(": ")[1] for who in taken.touches[item_touch(1)]] == ["PutItem"]
    assert taken.notes == []
    assert taken.written == proxy.written() == before + 5


def test_reads_are_not_recorded(proxy: RecordingProxy, clients: Clients) -> None:
    """Reads of both services neither count nor touch."""
    make_table(clients.dynamodb)
    make_bucket(clients.s3)
    clients.s3.put_object(Bucket="images", Key="a", Body=b"a")
    written = proxy.take().written
    clients.dynamodb.get_item(TableName="shop", Key={"pk": {"S": "p1"}})
    clients.dynamodb.scan(TableName="shop")
    clients.dynamodb.query(
        TableName="shop",
        KeyConditionExpression="pk = :k",
        ExpressionAttributeValues={":k": {"S": "p1"}},
    )
    clients.dynamodb.list_tables()
    clients.s3.get_object(Bucket="images", Key="a")["Body"].read()
    clients.s3.head_object(Bucket="images", Key="a")
    clients.s3.list_objects_v2(Bucket="images")
    assert proxy.written() == written
    assert proxy.take().touches == {}


def test_objects_are_told_by_key(proxy: RecordingProxy, clients: Clients) -> None:
    """Uploads, copies, deletions one by one and together touch the objects they name."""
    make_bucket(clients.s3)
    proxy.take()
    clients.s3.put_object(Bucket="images", Key="a/ä b", Body=b"a")
    clients.s3.copy_object(Bucket="images", Key="c", CopySource="images/a/ä b")
    clients.s3.delete_object(Bucket="images", Key="d")
    clients.s3.delete_objects(Bucket="images", Delete={"Objects": [{"Key": "e"}, {"Key": "f <&>"}]})
    touches = proxy.take().touches
    assert set(touches) == {
        Touch("s3", "", "images", key) for key in ("a/ä b", "c", "d", "e", "f <&>")
    }


def test_a_table_made_anew_has_its_own_key(proxy: RecordingProxy, clients: Clients) -> None:
    """Key names are asked for again after a table was deleted and made with another key."""
    make_table(clients.dynamodb)
    clients.dynamodb.put_item(TableName="shop", Item=item(1))
    clients.dynamodb.delete_table(TableName="shop")
    make_table(clients.dynamodb, key="price")
    clients.dynamodb.put_item(TableName="shop", Item={"pk": {"S": "p2"}, "price": {"S": "3"}})
    touches = proxy.take().touches
    assert Touch("dynamodb", REGION, "shop", '{"price":{"S":"3"}}') in touches
    assert item_touch(2) not in touches


def test_a_table_that_is_not_there_is_touched_as_a_whole(
    proxy: RecordingProxy, clients: Clients
) -> None:
    """Where the key cannot be told, the whole table counts; the service's refusal comes through."""
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clients.dynamodb.put_item(TableName="shop", Item=item(1))
    assert set(proxy.take().touches) == {SHOP}
    make_table(clients.dynamodb)
    proxy.take()
    clients.dynamodb.put_item(TableName="shop", Item=item(1))
    assert set(proxy.take().touches) == {item_touch(1)}


def test_tables_made_past_the_proxy_are_asked_for_again(
    proxy: RecordingProxy, clients: Clients, moto: dict[str, str]
) -> None:
    """After `forget_definitions` nothing that was known of tables is taken for granted."""
    make_table(clients.dynamodb)
    clients.dynamodb.put_item(TableName="shop", Item=item(1))
    behind = client("dynamodb", moto["url"])
    behind.delete_table(TableName="shop")
    make_table(behind, key="price")
    proxy.take()
    proxy.forget_definitions()
    clients.dynamodb.put_item(TableName="shop", Item={"pk": {"S": "p2"}, "price": {"S": "3"}})
    assert set(proxy.take().touches) == {Touch("dynamodb", REGION, "shop", '{"price":{"S":"3"}}')}


def test_a_table_that_is_put_back_past_the_proxy_is_asked_for_again(
    proxy: RecordingProxy, clients: Clients, moto: dict[str, str]
) -> None:
    """Whoever has taken the record of a definition may make its table anew."""
    make_table(clients.dynamodb)
    clients.dynamodb.put_item(TableName="shop", Item=item(1))
    assert SHOP in proxy.take().touches
    behind = client("dynamodb", moto["url"])
    behind.delete_table(TableName="shop")
    make_table(behind, key="price")
    clients.dynamodb.put_item(TableName="shop", Item={"pk": {"S": "p2"}, "price": {"S": "3"}})
    assert set(proxy.take().touches) == {Touch("dynamodb", REGION, "shop", '{"price":{"S":"3"}}')}


def test_what_is_refused_leaves_no_note(proxy: RecordingProxy, clients: Clients) -> None:
    """A definition that was refused has its table compared, and is no news."""
    make_table(clients.dynamodb)
    taken = proxy.take()
    assert taken.notes == ["dynamodb: CreateTable shop"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        make_table(clients.dynamodb)
    taken = proxy.take()
    assert taken.notes == []
    assert set(taken.touches) == {SHOP}


def test_an_empty_poll_is_no_write(proxy: RecordingProxy, clients: Clients) -> None:
    """Receiving counts when there was a message; sending always does, by name."""
    queue = clients.sqs.create_queue(QueueName="jobs")["QueueUrl"]
    written = proxy.take().written
    clients.sqs.receive_message(QueueUrl=queue)
    assert proxy.written() == written
    clients.sqs.send_message(QueueUrl=queue, MessageBody="m")
    assert proxy.take().notes == ["sqs: SendMessage"]
    assert clients.sqs.receive_message(QueueUrl=queue)["Messages"]
    taken = proxy.take()
    assert taken.notes == ["sqs: ReceiveMessage"]
    assert taken.written > written


def test_access_logs_touch_their_bucket(proxy: RecordingProxy, clients: Clients) -> None:
    """With access logs a read of one bucket writes to another, from when they are switched on."""
    make_bucket(clients.s3, "images")
    make_bucket(clients.s3, "logs")
    clients.s3.put_bucket_acl(
        Bucket="logs",
        GrantWrite='uri="http://acs.amazonaws.com/groups/s3/LogDelivery"',
        GrantReadACP='uri="http://acs.amazonaws.com/groups/s3/LogDelivery"',
    )
    clients.s3.list_objects_v2(Bucket="images")
    clients.s3.put_bucket_logging(
        Bucket="images",
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "l/"}},
    )
    proxy.take()
    clients.s3.list_objects_v2(Bucket="images")
    assert Touch("s3", "", "logs") in proxy.take().touches

"""Clients that do not wait: none is cut off, no write is lost from the record or done twice."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal

from .helpers import Clients, item, key, make_bucket, make_client


@contextmanager
def meanwhile(function: Callable[[], object]) -> Iterator[threading.Thread]:
    """Call a function in a thread; an error in it fails the test."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive()
    assert errors == []


def test_a_download_and_a_call_at_once(filled: HostJournal, clients: Clients) -> None:
    """A client that reads slowly holds up no other."""
    make_bucket(clients.s3, "large")
    large = bytes(20_000_000)
    clients.s3.put_object(Bucket="large", Key="a", Body=large)
    body = clients.s3.get_object(Bucket="large", Key="a")["Body"]
    got = body.read(1000)
    assert clients.dynamodb.get_item(TableName="shop", Key=key(1))["Item"]
    clients.s3.put_object(Bucket="large", Key="b", Body=b"b")
    while chunk := body.read(1_000_000):
        got += chunk
    assert got == large


def test_a_download_survives_a_rewind(filled: HostJournal, clients: Clients) -> None:
    """An answer that was begun before a rewind is read to its end after it."""
    make_bucket(clients.s3, "large")
    large = bytes(range(256)) * 80_000
    clients.s3.put_object(Bucket="large", Key="a", Body=large)
    body = clients.s3.get_object(Bucket="large", Key="a")["Body"]
    got = body.read(1000)
    filled.rewind()
    assert "large" not in [each["Name"] for each in clients.s3.list_buckets()["Buckets"]]
    while chunk := body.read(1_000_000):
        got += chunk
    assert got == large


def test_an_answer_nobody_reads_does_not_hold_up_a_mark(
    filled: HostJournal, clients: Clients
) -> None:
    """A body that a test forgot to read is cut off, and the state kept."""
    make_bucket(clients.s3, "large")
    clients.s3.put_object(Bucket="large", Key="a", Body=bytes(20_000_000))
    forgotten = clients.s3.get_object(Bucket="large", Key="a")["Body"]
    position = filled.mark()
    clients.s3.delete_object(Bucket="large", Key="a")
    filled.rewind(position)
    assert clients.s3.head_object(Bucket="large", Key="a")["ContentLength"] == 20_000_000
    forgotten.close()


def test_writers_during_rewinds(filled: HostJournal, aws: EmbeddedAws) -> None:
    """Threads that put without pause: no request fails, and no rewind ends wrongly clean."""
    stop = threading.Event()
    counts = [0, 0]

    def write(worker: int) -> None:
        dynamodb = make_client(aws, "dynamodb")
        while not stop.is_set():
            counts[worker] += 1
            name = f"W#{worker}#{counts[worker]}"
            dynamodb.put_item(TableName="shop", Item={"pk": {"S": name}, "sk": {"S": "x"}})

    reader = make_client(aws, "dynamodb")
    with meanwhile(lambda: write(0)), meanwhile(lambda: write(1)):
        try:
            for _ in range(60):
                filled.rewind()
                seen = reader.scan(TableName="shop")["Count"]
                if filled.is_clean():
                    assert seen == 5
        finally:
            stop.set()
    filled.rewind()
    assert filled.is_clean()
    assert reader.scan(TableName="shop")["Count"] == 5
    assert min(counts) > 10


def test_writers_during_marks_and_switches(filled: HostJournal, aws: EmbeddedAws) -> None:
    """A position that is marked under fire holds whole requests, each once."""
    stop = threading.Event()

    def write() -> None:
        dynamodb = make_client(aws, "dynamodb")
        number = 0
        while not stop.is_set():
            number += 1
            name = {"pk": {"S": "counter"}, "sk": {"S": "x"}}
            dynamodb.update_item(
                TableName="shop",
                Key=name,
                UpdateExpression="ADD hits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    def hits() -> int:
        found = reader.get_item(TableName="shop", Key={"pk": {"S": "counter"}, "sk": {"S": "x"}})
        return int(found.get("Item", {}).get("hits", {"N": "0"})["N"])

    reader = make_client(aws, "dynamodb")
    with meanwhile(write):
        try:
            for _ in range(12):
                position = filled.mark()
                filled.rewind(position)
                at_mark = hits()
                filled.rewind(position)
                assert hits() >= at_mark - 50
                filled.keep("under fire")
                filled.switch("filled")
        finally:
            stop.set()
    filled.switch("filled")
    assert hits() == 0


def put_until_told(endpoint: dict[str, str], stop: object, errors: object) -> None:
    """In another process: put items until an event is set."""
    import boto3
    from botocore.config import Config

    dynamodb = boto3.session.Session().client(
        "dynamodb", config=Config(retries={"max_attempts": 0}), **endpoint
    )
    number = 0
    try:
        while not stop.is_set():  # type: ignore[attr-defined]
            number += 1
            dynamodb.put_item(TableName="shop", Item=item(1000 + number))
        errors.put(None)  # type: ignore[attr-defined]
    except Exception as error:
        errors.put(repr(error))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_that_writes(method: str, filled: HostJournal, aws: EmbeddedAws) -> None:
    """A forked or spawned process commits during rewinds; it ends without harm to the host."""
    context = multiprocessing.get_context(method)
    stop, errors = context.Event(), context.Queue()
    endpoint = {
        "endpoint_url": aws.variables["url"],
        "region_name": "eu-west-2",
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
    }
    process = context.Process(target=put_until_told, args=(endpoint, stop, errors))
    process.start()
    deadline = time.monotonic() + 20
    while filled.is_clean() and time.monotonic() < deadline:
        time.sleep(0.01)
    for _ in range(20):
        filled.rewind()
    stop.set()
    assert errors.get(timeout=20) is None
    process.join(20)
    filled.rewind()
    assert filled.is_clean()
    reader = make_client(aws, "dynamodb")
    assert reader.scan(TableName="shop")["Count"] == 5


def test_one_of_many_conditional_puts_wins(filled: HostJournal, aws: EmbeddedAws) -> None:
    """A condition and its write are one step, as an application that books slots relies on."""
    dynamodb = [make_client(aws, "dynamodb") for _ in range(4)]

    def book(number: int) -> bool:
        client = dynamodb[number % 4]
        try:
            client.put_item(
                TableName="shop",
                Item=item(500, by={"N": str(number)}),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(book, range(8))) == 1
        filled.rewind()


def test_an_idle_consumer_is_no_writer(filled: HostJournal, aws: EmbeddedAws) -> None:
    """A long poll that finds nothing leaves the journal clean and waits through no rewind."""
    url = make_client(aws, "sqs").create_queue(QueueName="quiet")["QueueUrl"]
    filled.keep("quiet")
    stop = threading.Event()

    def consume() -> None:
        sqs = make_client(aws, "sqs")
        while not stop.is_set():
            found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3)
            assert "Messages" not in found

    with meanwhile(consume):
        try:
            time.sleep(0.3)
            assert filled.is_clean()
            make_client(aws, "dynamodb").put_item(TableName="shop", Item=item(9))
            for _ in range(5):
                filled.rewind()
            filled.mark()
            assert filled.is_clean()
        finally:
            stop.set()
            filled.switch("quiet")


def test_receiving_nothing_is_no_write(filled: HostJournal, clients: Clients) -> None:
    """Asking a queue that is empty changes nothing; taking a message does."""
    empty = clients.sqs.create_queue(QueueName="quiet")["QueueUrl"]
    filled.keep("quiet")
    assert "Messages" not in clients.sqs.receive_message(QueueUrl=empty)
    assert filled.is_clean()
    jobs = clients.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    assert clients.sqs.receive_message(QueueUrl=jobs)["Messages"]
    assert not filled.is_clean()


def test_a_consumer_gets_its_message_at_once(filled: HostJournal, aws: EmbeddedAws) -> None:
    """A long poll ends when a message comes, and taking it is a change."""
    url = make_client(aws, "sqs").create_queue(QueueName="quiet")["QueueUrl"]
    filled.keep("quiet")
    bodies: list[str] = []

    def consume() -> None:
        found = make_client(aws, "sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        bodies.extend(each["Body"] for each in found["Messages"])

    with meanwhile(consume):
        time.sleep(0.2)
        make_client(aws, "sqs").send_message(QueueUrl=url, MessageBody="work")
    assert bodies == ["work"]
    assert filled.changes().notes == ("sqs: SendMessage", "sqs: ReceiveMessage")


def mark_while_writing(journal: HostJournal, aws: EmbeddedAws) -> None:
    """Each mark follows a write, so that there is something to keep."""
    for _ in range(100):
        journal.mark()
        make_client(aws, "dynamodb").put_item(TableName="shop", Item=item(1))


def test_a_request_in_progress_is_named(filled: HostJournal, aws: EmbeddedAws) -> None:
    """A state cannot be kept while a request is being carried out: the message says which."""
    from pytest_seedstate.services.host import journal as module

    slow = make_client(aws, "dynamodb")
    for start in range(0, 4000, 25):
        slow.batch_write_item(
            RequestItems={
                "shop": [
                    {"PutRequest": {"Item": item(start + n, text={"S": "x" * 50})}}
                    for n in range(25)
                ]
            }
        )
    patience, module.BUSY_SECONDS = module.BUSY_SECONDS, 0.0
    enough = threading.Event()

    def scan_again_and_again() -> None:
        while not enough.is_set():
            slow.scan(TableName="shop")

    try:
        with meanwhile(scan_again_and_again):
            try:
                with pytest.raises(SeedstateError, match="still carrying out requests"):
                    mark_while_writing(filled, aws)
            finally:
                enough.set()
    finally:
        module.BUSY_SECONDS = patience
    filled.rewind()
    assert make_client(aws, "dynamodb").scan(TableName="shop")["Count"] == 5

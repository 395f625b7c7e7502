"""Requests that end early, and reads that write: nothing is half there, nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal

from .cases_buckets import logged
from .dump import everything
from .helpers import Clients
from .wire import Wire

PUT = (
    b"PUT /images/half HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: AWS4-HMAC-SHA256 "
    b"Credential=a/20260101/eu-west-2/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"
)
BEGINNINGS = {
    "in the head": PUT,
    "before the body": PUT + b"content-length: 100000\r\n\r\n",
    "in the body": PUT + b"content-length: 100000\r\n\r\n" + b"x" * 70_000,
    "in a chunk": PUT + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n100\r\nx",
    "between chunks": PUT + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


def connect(aws: EmbeddedAws) -> Wire:
    return Wire(aws.variables["url"], "eu-west-2")


@pytest.mark.parametrize("where", BEGINNINGS)
def test_a_client_that_hangs_up(
    where: str, filled: HostJournal, aws: EmbeddedAws, wire: Wire
) -> None:
    """An upload that does not come to its end is none: the journal stays clean."""
    before = everything(wire)
    client = connect(aws)
    client.send(BEGINNINGS[where])
    time.sleep(0.05)
    assert filled.is_clean()
    client.close()
    assert everything(wire) == before
    assert filled.is_clean()


@pytest.mark.parametrize("where", BEGINNINGS)
def test_a_client_that_hangs_up_after_a_rewind(
    where: str, filled: HostJournal, aws: EmbeddedAws, clients: Clients, wire: Wire
) -> None:
    """A request that was begun before a rewind and never ended changes neither state."""
    before = everything(wire)
    client = connect(aws)
    client.send(BEGINNINGS[where])
    clients.s3.put_object(Bucket="images", Key="other", Body=b"x")
    filled.rewind()
    client.close()
    filled.mark()
    assert everything(wire) == before
    assert filled.is_clean()


def test_a_client_that_does_not_wait_for_the_answer(
    filled: HostJournal, aws: EmbeddedAws, wire: Wire
) -> None:
    """The request was whole, so it is carried out and counts."""
    before = everything(wire)
    client = connect(aws)
    client.send(PUT + b"content-length: 4\r\n\r\nhalf")
    client.close()
    eventually(lambda: not filled.is_clean())
    eventually(lambda: len(filled.changes()) == 1)
    filled.rewind()
    assert everything(wire) == before


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_reads_of_a_bucket_with_access_logs(
    filled: HostJournal, clients: Clients, wire: Wire
) -> None:
    """Each request to it writes an object into another bucket: that is a change, and is undone."""
    logged(clients)
    filled.keep("logged")

    def logs() -> list[str]:
        listed = clients.s3.list_objects_v2(Bucket="versioned", Prefix="log/")
        return [each["Key"] for each in listed.get("Contents", [])]

    before = logs()
    assert filled.is_clean()
    clients.s3.get_object(Bucket="images", Key="a/1.jpg")
    assert not filled.is_clean()
    (change,) = filled.changes()
    assert (change.collection, change.kind) == ("versioned", "inserted")
    assert len(logs()) == len(before) + 1
    filled.rewind()
    assert filled.is_clean()
    assert logs() == before

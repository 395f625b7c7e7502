"""The record of a host's writes, which the main thread reads while others add to it."""

from __future__ import annotations

from pytest_seedstate.services.host.hosted import Log, Touch, writer_text

FIRST, SECOND = Touch("s3", "", "images", "a"), Touch("s3", "", "images", "b")


def test_what_was_read_does_not_change() -> None:
    """To go through it while it grows would end the host."""
    log = Log()
    log.add([FIRST], ["bucket images: versioning"], "one")
    touches, notes, writers = log.touches, log.notes, log.writers

    log.add([SECOND], ["bucket images: tags"], "two")

    assert touches == {FIRST: ("one",)}
    assert notes == ["bucket images: versioning"]
    assert writers == ["one"]
    assert log.touches == {FIRST: ("one",), SECOND: ("two",)}
    assert log.notes == ["bucket images: versioning", "bucket images: tags"]
    assert log.writers == ["one", "two"]


def test_a_record_tells_all_who_wrote_to_it() -> None:
    """Each once, in order, the first few."""
    log = Log()
    for writer in ("one", "two", "one", *"abcdefgh"):
        log.add([FIRST], [], writer)
    assert log.touches == {FIRST: ("one", "two", "a", "b", "c")}


def test_a_writer_is_told_briefly() -> None:
    """boto3's user agents are paragraphs; other programs choose their own."""
    agent = "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1 lang/python#3.11 app/worker"
    assert writer_text(agent, "PutItem") == "Boto3/1.40.1 app/worker: PutItem"
    assert writer_text("indexing worker 7", "POST _bulk") == "indexing worker 7: POST _bulk"
    assert writer_text(None, "PUT") == "unknown client: PUT"

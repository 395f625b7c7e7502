"""The record of a host's writes, which the main thread reads while others add to it."""

from __future__ import annotations

from pytest_seedstate.services.host.hosted import Log, Touch

FIRST, SECOND = Touch("s3", "", "images", "a"), Touch("s3", "", "images", "b")


def test_what_was_read_does_not_change() -> None:
    """To go through it while it grows would end the host."""
    log = Log()
    log.add([FIRST], ["bucket images: versioning"], "one")
    touches, notes, writers = log.touches, log.notes, log.writers

    log.add([SECOND], ["bucket images: tags"], "two")

    assert touches == {FIRST}
    assert notes == ["bucket images: versioning"]
    assert writers == ["one"]
    assert log.touches == {FIRST, SECOND}
    assert log.notes == ["bucket images: versioning", "bucket images: tags"]
    assert log.writers == ["one", "two"]

"""What LocalStack does otherwise than moto."""

from __future__ import annotations

import pytest

from .services import LOCALSTACK, Aws


def put_versions(aws: Aws) -> list[bytes]:
    """Versions and delete markers of one second, newest last."""
    at = {"Bucket": "versioned", "Key": "a/0.jpg"}
    for body in (b"one", b"two"):
        aws.clients.s3.put_object(**at, Body=body)
        aws.clients.s3.delete_object(**at)
    aws.clients.s3.put_object(**at, Body=b"three")
    return [b"one", b"", b"two", b"", b"three"]


def contents(aws: Aws) -> list[bytes]:
    """The bodies of an object's versions, oldest first; nothing for delete markers."""
    listed = aws.clients.s3.list_object_versions(Bucket="versioned", Prefix="a/0.jpg")
    found = listed.get("Versions", []) + listed.get("DeleteMarkers", [])
    at = {"Bucket": "versioned", "Key": "a/0.jpg"}
    # What LocalStack makes version ids of counts up.
    return [
        aws.clients.s3.get_object(**at, VersionId=each["VersionId"])["Body"].read()
        if "Size" in each
        else b""
        for each in sorted(found, key=lambda each: _counted(each["VersionId"]))
    ]


def _counted(identifier: str) -> list[int]:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
    return [alphabet.index(letter) for letter in identifier]


@pytest.mark.parametrize("running", [LOCALSTACK], indirect=True)
def test_versions_of_one_second_keep_their_order(running: Aws) -> None:
    """LocalStack tells whole seconds, and lists delete markers apart from versions."""
    running.journal.switch("empty")
    running.fill(items=1, objects=1)
    bodies = [*contents(running), *put_versions(running)]
    running.journal.keep("versions")
    listed = running.clients.s3.list_object_versions(Bucket="versioned", Prefix="a/0.jpg")
    for each in listed["Versions"] + listed["DeleteMarkers"]:
        running.clients.s3.delete_object(
            Bucket="versioned", Key="a/0.jpg", VersionId=each["VersionId"]
        )
    assert contents(running) == []
    told = running.journal.rewind()
    assert contents(running) == bodies
    assert "other version ids" in told.replaced[0]
    running.journal.switch("empty")
    running.journal.forget("versions")

"""Random applications against LocalStack in a container, behind the recording proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_seedstate.services.containers import ContainerLocalStack
from pytest_seedstate.services.rundir import RunDir
from tests.docker import image, require_docker

from .running import Aws, recorded_aws_at
from .test_machine import drive


@pytest.fixture(scope="module")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A container of the test's own."""
    require_docker()
    folder = tmp_path_factory.mktemp("localstack")
    with RunDir(folder, root=folder) as rundir:
        service = ContainerLocalStack(rundir, image=image("localstack"), alone=True)
        service.start()
        try:
            with recorded_aws_at("LocalStack", service.variables, folder) as running:
                running.journal.keep("empty")
                yield running
        finally:
            service.stop()


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


def test_versions_of_one_second_keep_their_order(localstack: Aws) -> None:
    """LocalStack tells whole seconds, and lists delete markers apart from versions."""
    localstack.fill(items=1, objects=1)
    bodies = [*contents(localstack), *put_versions(localstack)]
    localstack.journal.keep("versions")
    listed = localstack.clients.s3.list_object_versions(Bucket="versioned", Prefix="a/0.jpg")
    for each in listed["Versions"] + listed["DeleteMarkers"]:
        localstack.clients.s3.delete_object(
            Bucket="versioned", Key="a/0.jpg", VersionId=each["VersionId"]
        )
    assert contents(localstack) == []
    told = localstack.journal.rewind()
    assert contents(localstack) == bodies
    assert "other version ids" in told.replaced[0]
    localstack.journal.switch("empty")
    localstack.journal.forget("versions")


def test_whatever_is_done_comes_back(localstack: Aws) -> None:
    """Random writes, marks, rewinds and switches; fewer, as the container is slower."""
    drive(localstack, examples=4)

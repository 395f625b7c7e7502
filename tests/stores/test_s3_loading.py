"""Objects through the S3 store: what is given is there, or nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.s3 import S3Object, S3Store
from pytest_seedstate.stores.s3_buckets import bucket_settings
from tests.aws.helpers import Clients, make_bucket

KEYS = (
    "plain.jpg", "a/b//c/", "with space", "plus+and%20percent", "ü/é/\U0001f600", "q?x=1&y=2#z",
    "'\"<>\\^`{}|~", "*()!$,;:@=[]", "..dots/./x", "%", "%C3%BC", "tab\there", "k" * 1024,
)  # fmt: skip


def nothing(_: int) -> None:
    """Nobody asks for progress."""


def test_objects_arrive(s3_store: S3Store, clients: Clients, tmp_path: Path) -> None:
    """Bodies from bytes and files, types, metadata, tags and headers, as boto3 reads them."""
    make_bucket(clients.s3)
    picture = tmp_path / "picture.png"
    picture.write_bytes(bytes(range(256)) * 40_000)
    objects = [
        S3Object("empty", b""),
        S3Object("text", "é".encode(), "text/plain; charset=utf-8", cache_control="max-age=60"),
        S3Object("file", picture, "image/png", {"Artist": "Ann", "n": "1 2"}),
        S3Object("tagged", b"x", tags={"a b": "c+d=e f", "empty": "", "style": "ü"}),
    ]
    told: list[int] = []
    s3_store.load({"images": objects}, told.append)
    assert sum(told) == 4
    for each in objects:
        at = {"Bucket": "images", "Key": each.key}
        got = clients.s3.get_object(**at)
        tags = {tag["Key"]: tag["Value"] for tag in clients.s3.get_object_tagging(**at)["TagSet"]}
        assert got["Body"].read() == each.read()
        assert got["ContentType"] == each.content_type
        assert got["Metadata"] == {name.lower(): value for name, value in each.metadata.items()}
        assert got.get("CacheControl") == each.cache_control
        assert tags == each.tags
    assert {key: form for _, key, form in s3_store.dump()} == {
        each.key: canonical(each) for each in objects
    }


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key[:20]))
def test_keys_with_odd_characters(key: str, s3_store: S3Store, clients: Clients) -> None:
    """The key that was given, for boto3 and in the dump, and clearing finds it."""
    make_bucket(clients.s3)
    s3_store.load({"images": [S3Object(key, b"body")]}, nothing)
    listed = clients.s3.list_objects_v2(Bucket="images")["Contents"]
    assert [each["Key"] for each in listed] == [key]
    assert clients.s3.get_object(Bucket="images", Key=key)["Body"].read() == b"body"
    assert [found for _, found, _ in s3_store.dump()] == [key]
    s3_store.clear()
    assert s3_store.counts() == {"images": 0}


def test_many_objects_in_several_buckets(s3_store: S3Store, clients: Clients) -> None:
    """More than one page of a list has: all are put, dumped in order, and cleared."""
    make_bucket(clients.s3)
    make_bucket(clients.s3, "other")
    names = [f"n/{number:04}" for number in range(1100)]
    s3_store.load(
        {"images": [S3Object(n, n.encode()) for n in names], "other": [S3Object("x", b"")]}, nothing
    )
    assert s3_store.counts() == {"images": 1100, "other": 1}
    with pytest.raises(SeedstateError, match="'n/1099' is in the bucket already"):
        s3_store.load({"images": [S3Object("n/1099", b"")]}, nothing)
    s3_store.clear()
    assert s3_store.counts() == {"images": 0, "other": 0}


GOOD = S3Object("good", b"x")
BAD: dict[str, tuple[str, S3Object, str]] = {
    "unknown bucket": ("imgaes", GOOD, "unknown S3 bucket 'imgaes'.*'images'"),
    "empty key": ("images", S3Object("", b""), "an object has an empty key.*'images'"),
    "long key": ("images", S3Object("é" * 513, b""), "1026 bytes, and S3 allows 1024"),
    "double key": ("images", S3Object("many/1", b""), "'many/1' is in the dataset twice"),
    "taken key": ("images", S3Object("there", b""), "'there' is in the bucket already"),
    "no file": ("images", S3Object("k", Path("no/such.png")), "no/such.png does not exist"),
    "folder": ("images", S3Object("k", Path()), "does not exist.*object 'k'"),
    "metadata": ("images", S3Object("k", b"", metadata={"a": "é"}), "'a' is not plain ASCII"),
    "header": ("images", S3Object("k", b"", metadata={"a": "x\r\ny: z"}), "metadata 'a'"),
    "tags": ("images", S3Object("k", b"", tags={str(n): "" for n in range(11)}), "has 11 tags"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_objects_are_told_and_leave_nothing(
    name: str, s3_store: S3Store, clients: Clients
) -> None:
    """One message with bucket and key; what was there before stays as it was."""
    bucket, bad, message = BAD[name]
    make_bucket(clients.s3)
    s3_store.load({"images": [S3Object("there", b"first")]}, nothing)
    before = list(s3_store.dump())
    many = [S3Object(f"many/{number}", b"") for number in range(20)]
    entries = {"images": [*many, bad]} if bucket == "images" else {"images": many, bucket: [bad]}
    with pytest.raises(SeedstateError, match=f"(?s){message}"):
        s3_store.load(entries, nothing)
    assert list(s3_store.dump()) == before


def test_file_that_cannot_be_read_takes_the_others_back(
    s3_store: S3Store, clients: Clients, tmp_path: Path
) -> None:
    """What is found out only while objects are put leaves nothing either."""
    make_bucket(clients.s3)
    gone = tmp_path / "gone.png"
    gone.write_bytes(b"x")
    many = [S3Object(f"many/{number}", b"x") for number in range(20)]
    with pytest.raises(SeedstateError, match=r"gone\.png cannot be read"):
        s3_store.load({"images": [*many, S3Object("gone", gone)]}, lambda _: _remove(gone))
    assert s3_store.counts() == {"images": 0}


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("VersioningConfiguration", "Versioning"),
        ("CORSConfigurations", "CORSConfiguration"),
        ("Tags", "Tagging"),
    ],
)
def test_a_wrong_key_of_a_bucket_is_told_with_the_closest(name: str, near: str) -> None:
    """Also where the name is that of a parameter of boto3's."""
    with pytest.raises(SeedstateError, match=f"unknown bucket parameter '{name}'") as caught:
        bucket_settings({"Bucket": "images", name: {}}, "us-east-1")
    assert f"did you mean '{near}'?" in str(caught.value)

"""The versions of objects, and uploads that have not ended: listed, deleted, made again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of
from pytest_seedstate.stores.recorded.s3_buckets import has_locks, set_versioning, versioning_of
from pytest_seedstate.stores.recorded.s3_objects import (
    Stored,
    adjust_object,
    put_object,
    read_object,
)
from pytest_seedstate.stores.s3_buckets import delete_document

_PER_DELETE = 1000
_LOCALSTACK_ID = 32
_BYPASS = {"x-amz-bypass-governance-retention": "true"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A version as S3 lists it.

    Attributes:
        key: of the object.
        version: its id.
        is_marker: whether it is a delete marker.
    """

    key: str
    version: str
    is_marker: bool


def list_keys(endpoint: AwsEndpoint, bucket: str) -> Iterator[str]:
    """The keys of the current objects."""
    query = {"list-type": "2", "encoding-type": "url"}
    while True:
        root = xml_of(endpoint.s3("GET", bucket, query=query))
        for name in root.iterfind("./Contents/Key"):
            yield _name(root, name.text)
        token = root.findtext("./NextContinuationToken")
        if not token:
            return
        query = {**query, "continuation-token": token}


def list_versions(endpoint: AwsEndpoint, bucket: str, prefix: str = "") -> Iterator[Listed]:
    """All versions and delete markers; those of a key from the newest to the oldest."""
    query = {"versions": "", "encoding-type": "url", "prefix": prefix}
    found: list[tuple[str, Element]] = []
    while True:
        root = xml_of(endpoint.s3("GET", bucket, query=query))
        versions = [each for each in root if each.tag in ("Version", "DeleteMarker")]
        found += [(_name(root, each.findtext("Key")), each) for each in versions]
        if root.findtext("./IsTruncated") != "true":
            break
        query = {
            **query,
            "key-marker": _name(root, root.findtext("./NextKeyMarker")),
            "version-id-marker": root.findtext("./NextVersionIdMarker") or "",
        }
    # S3 lists them in this order; moto and LocalStack list delete markers apart.
    found.sort(key=lambda pair: _moment(pair[1]), reverse=True)
    found.sort(key=lambda pair: (pair[0], pair[1].findtext("IsLatest") != "true"))
    for key, element in found:
        version = element.findtext("VersionId") or "null"
        yield Listed(key, version, element.tag == "DeleteMarker")


def read_versions(endpoint: AwsEndpoint, bucket: str, listed: Sequence[Listed]) -> list[Stored]:
    """What listed versions are; those that are gone meanwhile left out."""
    found = []
    for each in listed:
        if each.is_marker:
            found.append(Stored(is_null=each.version == "null", is_marker=True))
            continue
        stored = read_object(endpoint, bucket, each.key, each.version)
        if stored is not None:
            found.append(stored)
    return found


def delete_versions(
    endpoint: AwsEndpoint, bucket: str, listed: Sequence[Listed], *, locked: bool = False
) -> tuple[str, ...]:
    """Delete versions for good.

    Args:
        endpoint: the service.
        bucket: the bucket.
        listed: the versions.
        locked: whether objects of the bucket can be locked.

    Returns:
        Those that S3 holds fast, one phrase each.
    """
    held: list[str] = []
    if locked:
        # One by one: moto 5.2.5 does not tell which of many it has not deleted.
        for each in listed:
            held += _delete_held(endpoint, bucket, each.key, each.version)
        return tuple(held)
    for start in range(0, len(listed), _PER_DELETE):
        some = listed[start:][:_PER_DELETE]
        body = delete_document((each.key, each.version) for each in some)
        answer = endpoint.s3("POST", bucket, query={"delete": ""}, body=body)
        for error in xml_of(answer).iterfind("./Error"):
            key, version = error.findtext("Key") or "", error.findtext("VersionId") or "null"
            held += _delete_held(endpoint, bucket, key, version)
    return tuple(held)


def write_versions(
    endpoint: AwsEndpoint,
    bucket: str,
    definition: Mapping[str, Any],
    key: str,
    wanted: Sequence[Stored],
) -> tuple[str, ...]:
    """Give an object these versions, in a bucket that has or had versioning.

    Args:
        endpoint: the service.
        bucket: the bucket.
        definition: of the bucket; its versioning is the same afterwards.
        key: of the object.
        wanted: from the oldest to the newest.

    Returns:
        What could not be brought back, one phrase each.
    """
    listed = [each for each in list_versions(endpoint, bucket, key) if each.key == key][::-1]
    found = read_versions(endpoint, bucket, listed)
    same = 0
    while same < min(len(found), len(wanted)) and found[same].can_become(wanted[same]):
        same += 1
    gone, locked = listed[same:][::-1], has_locks(definition)
    told = list(delete_versions(endpoint, bucket, gone, locked=locked))
    for number in range(same):
        # After what came later is gone: moto 5.2.5 gives a list to the current version only.
        if found[number] != wanted[number]:
            adjust_object(endpoint, bucket, key, listed[number].version, wanted[number])
    now = status = versioning_of(definition)
    for each in wanted[same:]:
        if each.body is None and not each.is_marker:
            told.append(f"s3: the archived object {bucket}/{key}, whose content cannot be read")
            continue
        needed = "Suspended" if each.is_null else "Enabled"
        if needed != now:
            set_versioning(endpoint, bucket, needed)
            now = needed
        put_object(endpoint, bucket, key, each)
    if now != status:
        set_versioning(endpoint, bucket, status)
    if any(not each.is_null for each in wanted[same:]):
        told.append(f"s3: versions of {bucket}/{key} were put again, with other version ids")
    return tuple(told)


Uploads = dict[str, dict[str, tuple[tuple[str, str], ...]]]
"""Uploads that have not ended, by key and id: the numbers and ETags of their parts."""


def list_uploads(endpoint: AwsEndpoint, bucket: str, keys: set[str] | None) -> Uploads:
    """The uploads to these keys that have not ended; all for None."""
    found: Uploads = {}
    query = {"uploads": "", "encoding-type": "url"}
    while True:
        root = xml_of(endpoint.s3("GET", bucket, query=query))
        for upload in root.iterfind("./Upload"):
            key, identifier = _name(root, upload.findtext("Key")), upload.findtext("UploadId") or ""
            if keys is None or key in keys:
                found.setdefault(key, {})[identifier] = _parts(endpoint, bucket, key, identifier)
        if root.findtext("./IsTruncated") != "true":
            return found
        query = {
            **query,
            "key-marker": _name(root, root.findtext("./NextKeyMarker")),
            "upload-id-marker": root.findtext("./NextUploadIdMarker") or "",
        }


def abort_upload(endpoint: AwsEndpoint, bucket: str, key: str, identifier: str) -> None:
    """Have an upload be gone."""
    endpoint.s3("DELETE", bucket, key, query={"uploadId": identifier})


def _parts(
    endpoint: AwsEndpoint, bucket: str, key: str, identifier: str
) -> tuple[tuple[str, str], ...]:
    root = xml_of(endpoint.s3("GET", bucket, key, query={"uploadId": identifier}))
    return tuple(
        (part.findtext("PartNumber") or "", part.findtext("ETag") or "")
        for part in root.iterfind("./Part")
    )


_EPOCH = range(1_500_000_000_000, 4_000_000_000_000)
"""Milliseconds since 1970 in the time of this software."""


def _moment(version: Element) -> tuple[str, int]:
    """When a version was made.

    LocalStack 4.14 tells whole seconds; its version ids begin with a number that counts up from
    the milliseconds of its start (``generate_safe_version_id`` in ``services/s3/utils.py``).
    """
    number, identifier = 0, version.findtext("VersionId") or ""
    if len(identifier) == _LOCALSTACK_ID:
        with suppress(ValueError):
            decoded = base64.b64decode(identifier, altchars=b"._", validate=True)
            number = int.from_bytes(decoded[:6])
    return version.findtext("LastModified") or "", number if number in _EPOCH else 0


def _delete_held(endpoint: AwsEndpoint, bucket: str, key: str, version: str) -> list[str]:
    at = {"versionId": version}
    try:
        with suppress(AwsError):
            # Refused where there is no hold, or no lock at all.
            off = b"<LegalHold><Status>OFF</Status></LegalHold>"
            endpoint.s3("PUT", bucket, key, query={"legal-hold": "", **at}, body=off)
        endpoint.s3("DELETE", bucket, key, query=at, headers=_BYPASS)
    except AwsError as error:
        return [f"s3: a version of {bucket}/{key} is held fast, and stays ({error.code})"]
    return []


def _name(listing: Element, text: str | None) -> str:
    """A key of a listing, which says itself whether it encodes them: not all emulators do."""
    encoded = listing.findtext("./EncodingType") == "url"
    return unquote(text or "") if encoded else text or ""

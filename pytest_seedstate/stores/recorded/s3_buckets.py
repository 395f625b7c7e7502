"""What a bucket is, and how it is made that again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of

Definition = dict[str, Any]
"""Its settings, by S3's names of their sub-resources; None where nothing is set."""

_DELETED = (
    "cors",
    "encryption",
    "lifecycle",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
    "website",
)
"""Settings that S3 deletes, and tells to be missing."""
_REPLACED = ("acl", "accelerate", "logging", "notification", "requestPayment", "versioning")
"""Settings that are always there, and are replaced."""
_OF_ITS_MAKING = ("location", "object-lock")
_BY_NAME = ("inventory", "analytics", "metrics", "intelligent-tiering")
"""Lists of settings with ids."""
_OF_THE_ANSWER = re.compile(rb"<(RequestId|HostId)>[^<]*</\1>")
_ABSENT = "NoSuchBucket"
_STATUS = re.compile(rb"<Status>(\w+)</Status>")


def read_definition(endpoint: AwsEndpoint, bucket: str) -> Definition | None:
    """What a bucket is; None where there is none.

    Raises:
        AwsError: the service refuses to say.
    """
    try:
        location = endpoint.s3("GET", bucket, query={"location": ""}).body
    except AwsError as error:
        if error.code == _ABSENT:
            return None
        raise
    found: Definition = {"location": location}
    for part in (*_DELETED, *_REPLACED, "object-lock"):
        found[part] = _setting(endpoint, bucket, {part: ""})
    for part in _BY_NAME:
        found[part] = _settings_by_name(endpoint, bucket, part)
    return found


def versioning_of(definition: Mapping[str, Any]) -> str:
    """``Enabled``, ``Suspended``, or nothing: there never was any."""
    status = _STATUS.search(definition["versioning"] or b"")
    return status[1].decode() if status else ""


def has_locks(definition: Mapping[str, Any]) -> bool:
    """Whether its objects can be locked."""
    return b"<ObjectLockEnabled>Enabled" in (definition["object-lock"] or b"")


def set_versioning(endpoint: AwsEndpoint, bucket: str, status: str) -> None:
    """Switch versioning on (``Enabled``) or off (``Suspended``)."""
    body = (
        '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Status>{status}</Status></VersioningConfiguration>"
    )
    endpoint.s3("PUT", bucket, query={"versioning": ""}, body=body.encode())


def create_bucket(endpoint: AwsEndpoint, bucket: str, wanted: Definition) -> None:
    """Make a bucket, without its settings."""
    constraint = _location(wanted)
    body = (
        f"<CreateBucketConfiguration><LocationConstraint>{constraint}</LocationConstraint>"
        "</CreateBucketConfiguration>".encode()
        if constraint
        else b""
    )
    headers = {"x-amz-bucket-object-lock-enabled": "true"} if has_locks(wanted) else {}
    endpoint.s3("PUT", bucket, headers=headers, body=body)


def bring_back(
    endpoint: AwsEndpoint, bucket: str, found: Definition, wanted: Definition
) -> list[str]:
    """Undo changes to a bucket's settings.

    Returns:
        The settings that the service did not take back.
    """
    for part in differing(found, wanted):
        if part in _OF_ITS_MAKING and wanted[part] is None:
            continue
        try:
            if part in _BY_NAME:
                _bring_back_by_name(endpoint, bucket, part, found[part], wanted[part])
            elif wanted[part] is None:
                endpoint.s3("DELETE", bucket, query={part: ""})
            else:
                endpoint.s3("PUT", bucket, query={part: ""}, body=wanted[part])
        except AwsError:
            # What is not as it was shows in the comparison that follows.
            continue
    now = read_definition(endpoint, bucket)
    return [] if now is None else differing(now, wanted)


def differing(one: Definition, other: Definition) -> list[str]:
    """The settings in which two buckets differ; versioning last, as others need it."""
    parts = sorted(part for part in other if one[part] != other[part])
    return sorted(parts, key=lambda part: part == "versioning")


def _location(wanted: Definition) -> str:
    told = re.search(rb">([a-z0-9-]+)</LocationConstraint>", wanted["location"])
    return told[1].decode() if told else ""


def _setting(endpoint: AwsEndpoint, bucket: str, query: Mapping[str, str]) -> bytes | None:
    try:
        body = endpoint.s3("GET", bucket, query=query).body
    except AwsError:
        # Not set, or not emulated.
        return None
    # moto 5.2.5 lists the bucket where it does not know a setting.
    return None if b"<ListBucketResult" in body[:200] else _OF_THE_ANSWER.sub(b"", body)


def _settings_by_name(endpoint: AwsEndpoint, bucket: str, part: str) -> dict[str, bytes | None]:
    try:
        root = xml_of(endpoint.s3("GET", bucket, query={part: ""}))
    except (AwsError, SyntaxError):
        return {}
    names = [element.text or "" for element in root.iterfind("./*/Id")]
    return {name: _setting(endpoint, bucket, {part: "", "id": name}) for name in names}


def _bring_back_by_name(
    endpoint: AwsEndpoint,
    bucket: str,
    part: str,
    found: Mapping[str, bytes | None],
    wanted: Mapping[str, bytes | None],
) -> None:
    for name in _differing_names(found, wanted):
        query = {part: "", "id": name}
        body = wanted.get(name)
        if body is None:
            endpoint.s3("DELETE", bucket, query=query)
        else:
            endpoint.s3("PUT", bucket, query=query, body=body)


def _differing_names(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterable[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))

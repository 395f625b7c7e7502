"""Objects of S3 as they are read, held here and put back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of
from pytest_seedstate.stores.http_client import Answer

_META = "x-amz-meta-"
_ENCRYPTION = "x-amz-server-side-encryption"
_SENT_BACK = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    _ENCRYPTION,
    f"{_ENCRYPTION}-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)
"""Headers of GetObject that PutObject takes as well."""
_CHECKSUM = "x-amz-checksum-"
_SHOWN = {
    "x-amz-object-lock-legal-hold": "legal_hold",
    "x-amz-object-lock-mode": "lock_mode",
    "x-amz-object-lock-retain-until-date": "lock_until",
    "x-amz-storage-class": "storage_class",
}
_NOT_SHOWN = (_ENCRYPTION, _CHECKSUM)
_ARCHIVED = "InvalidObjectState"
_GONE = ("NoSuchKey", "NoSuchVersion", "NoSuchBucket", "HTTP 404", "MethodNotAllowed")
_OWNER_ONLY = [("the owner", "FULL_CONTROL")]


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object.

    Attributes:
        body: its content; None where S3 does not give it out: it is archived.
        headers: what PutObject is sent with it, by name, ordered.
        tags: by name, ordered.
        acl: the access list as XML where it is not the usual one, else None.
        is_null: whether its version id is ``null``: it was put without versioning.
        is_marker: whether it is a delete marker, which has nothing of all that.
    """

    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    acl: bytes | None = None
    is_null: bool = True
    is_marker: bool = False

    def can_become(self, other: Stored) -> bool:
        """Whether it is the other one but for what can be changed in place."""
        return replace(self, tags=other.tags, acl=other.acl) == other

    @property
    def size(self) -> int:
        """About how many bytes it takes here."""
        texts = sum(len(name) + len(value) for name, value in (*self.headers, *self.tags))
        return len(self.body or b"") + len(self.acl or b"") + texts


def read_object(
    endpoint: AwsEndpoint,
    bucket: str,
    key: str,
    version: str | None = None,
    *,
    is_plain: bool = False,
) -> Stored | None:
    """An object, or one version of it; None where there is none.

    Args:
        endpoint: the service.
        bucket: the bucket.
        key: of the object.
        version: its id; None for the current one.
        is_plain: whether it is known to have the usual access list.

    Raises:
        AwsError: the service refuses to say.
    """
    at = {} if version is None else {"versionId": version}
    answer = _get(endpoint, bucket, key, at)
    if answer is None:
        return None
    tags: dict[str, str] = {}
    if answer.headers.get("x-amz-tagging-count", "0") != "0":
        tags = _tags(endpoint, bucket, key, at)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name in _SENT_BACK or name.startswith((_META, _CHECKSUM))
    }
    # A checksum of parts, or of which kind it is, cannot be sent with the whole.
    headers.pop("x-amz-checksum-type", None)
    return Stored(
        None if answer.status == _HEAD_ONLY else answer.body,
        tuple(sorted((n, v) for n, v in headers.items() if not _is_of_parts(n, v))),
        tuple(sorted(tags.items())),
        None if is_plain else _access_list(endpoint, bucket, key, at),
        version in (None, "null"),
    )


def put_object(endpoint: AwsEndpoint, bucket: str, key: str, wanted: Stored) -> None:
    """Make this the current version.

    Raises:
        AwsError: the service refuses it.
    """
    if wanted.is_marker:
        endpoint.s3("DELETE", bucket, key)
        return
    assert wanted.body is not None
    headers = dict(wanted.headers)
    if wanted.tags:
        headers["x-amz-tagging"] = urlencode(wanted.tags)
    answer = endpoint.s3("PUT", bucket, key, headers=headers, body=wanted.body)
    if wanted.acl is not None:
        version = answer.headers.get("x-amz-version-id")
        query = {"acl": ""} if version in (None, "null") else {"acl": "", "versionId": version}
        endpoint.s3("PUT", bucket, key, query=query, body=wanted.acl)


def adjust_object(
    endpoint: AwsEndpoint, bucket: str, key: str, version: str, wanted: Stored
) -> None:
    """Give a version its tags and access list.

    Raises:
        AwsError: the service refuses it.
    """
    at = {"versionId": version}
    root = ElementTree.Element("Tagging")
    tag_set = ElementTree.SubElement(root, "TagSet")
    for name, value in wanted.tags:
        tag = ElementTree.SubElement(tag_set, "Tag")
        ElementTree.SubElement(tag, "Key").text = name
        ElementTree.SubElement(tag, "Value").text = value
    if wanted.tags:
        body = ElementTree.tostring(root, encoding="utf-8")
        endpoint.s3("PUT", bucket, key, query={"tagging": "", **at}, body=body)
    else:
        endpoint.s3("DELETE", bucket, key, query={"tagging": "", **at})
    usual = {"x-amz-acl": "private"} if wanted.acl is None else {}
    body = wanted.acl or b""
    endpoint.s3("PUT", bucket, key, query={"acl": "", **at}, headers=usual, body=body)


def shown(stored: Stored) -> dict[str, Any]:
    """An object as a change set has it: all but its body, which its hash stands for."""
    found: dict[str, Any] = {"metadata": {}, "tags": dict(stored.tags)}
    if stored.body is not None:
        found |= {
            "size": len(stored.body),
            "sha256": hashlib.sha256(stored.body).hexdigest(),
        }
    for name, value in stored.headers:
        if name.startswith(_META):
            found["metadata"][name.removeprefix(_META)] = value
        elif not name.startswith(_NOT_SHOWN):
            found[_SHOWN.get(name) or name.replace("-", "_")] = value
    if stored.acl is not None:
        found["acl"] = sorted(f"{who}: {what}" for who, what in _grants(stored.acl))
    return found


_HEAD_ONLY = 0
"""Stands for the status of an object whose body S3 does not give out."""


def _get(endpoint: AwsEndpoint, bucket: str, key: str, at: Mapping[str, str]) -> Answer | None:
    mode = {"x-amz-checksum-mode": "ENABLED"}
    try:
        return endpoint.s3("GET", bucket, key, query=at, headers=mode)
    except AwsError as error:
        if error.code in _GONE:
            return None
        if error.code != _ARCHIVED:
            raise
    told = endpoint.s3("HEAD", bucket, key, query=at, headers=mode)
    return Answer(_HEAD_ONLY, told.headers, b"")


def _tags(endpoint: AwsEndpoint, bucket: str, key: str, at: Mapping[str, str]) -> dict[str, str]:
    root = xml_of(endpoint.s3("GET", bucket, key, query={"tagging": "", **at}))
    return {
        tag.findtext("Key") or "": tag.findtext("Value") or ""
        for tag in root.iterfind("./TagSet/Tag")
    }


def _access_list(
    endpoint: AwsEndpoint, bucket: str, key: str, at: Mapping[str, str]
) -> bytes | None:
    try:
        body = endpoint.s3("GET", bucket, key, query={"acl": "", **at}).body
    except AwsError:
        # moto 5.2.5 answers 500 for an object that was uploaded in parts without a list.
        return None
    return None if _grants(body) == _OWNER_ONLY else body


def _grants(acl: bytes) -> list[tuple[str, str]]:
    """Who may do what."""
    root = ElementTree.fromstring(acl)  # noqa: S314 - from a test service
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    owner = root.findtext("./Owner/ID")
    found = []
    for grant in root.iterfind(".//Grant"):
        uri, identifier = grant.findtext("Grantee/URI"), grant.findtext("Grantee/ID")
        who = uri.rpartition("/")[2] if uri else identifier or ""
        found.append(("the owner" if who == owner else who, grant.findtext("Permission") or ""))
    return found


def _is_of_parts(name: str, value: str) -> bool:
    return name.startswith(_CHECKSUM) and "-" in value

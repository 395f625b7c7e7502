"""Checks declarations of S3 buckets and turns them into requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from pytest_seedstate.errors import SeedstateError, unknown_name

_PARAMETERS = ("Bucket", "CORSConfiguration", "Tagging", "Versioning")
_RULE = {
    "AllowedHeaders": "AllowedHeader",
    "AllowedMethods": "AllowedMethod",
    "AllowedOrigins": "AllowedOrigin",
    "ExposeHeaders": "ExposeHeader",
    "ID": "ID",
    "MaxAgeSeconds": "MaxAgeSeconds",
}
"""The fields of a CORS rule as boto3 has them, and their elements in S3's XML."""
_NAME = re.compile(r"^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket to be made.

    Attributes:
        name: the bucket's.
        requests: PUT requests to it in order: parameter of the declaration, query, body.
    """

    name: str
    requests: tuple[tuple[str, Mapping[str, str], bytes], ...]


def bucket_settings(declared: Mapping[str, Any], region: str) -> Bucket:
    """The requests that make a declared bucket.

    Raises:
        SeedstateError: the bucket and the parameter that is missing, unknown or wrong.
    """
    name = declared.get("Bucket")
    if not isinstance(name, str) or not _NAME.match(name):
        raise SeedstateError(
            f"{name!r} is no name for an S3 bucket",
            where="'Bucket' in a bucket's declaration",
            fix="3 to 63 small letters, digits, dots and hyphens, the first and last no dot "
            "and no hyphen",
        )
    where = f"declaration of the S3 bucket '{name}'"
    for parameter in declared:
        if parameter not in _PARAMETERS:
            # boto3's name for a part may be ours with more behind it.
            meant = [each for each in _PARAMETERS if str(parameter).startswith(each)]
            error = unknown_name("bucket parameter", str(parameter), _PARAMETERS, where=where)
            fix = f"did you mean '{meant[0]}'?" if meant else error.fix
            raise SeedstateError(error.problem, where=where, checked=error.checked, fix=fix)
    requests: list[tuple[str, Mapping[str, str], bytes]] = [("Bucket", {}, _location(region))]
    if "CORSConfiguration" in declared:
        body = _cors(declared["CORSConfiguration"], where)
        requests.append(("CORSConfiguration", {"cors": ""}, body))
    if "Versioning" in declared:
        body = _versioning(declared["Versioning"], where)
        requests.append(("Versioning", {"versioning": ""}, body))
    if "Tagging" in declared:
        requests.append(("Tagging", {"tagging": ""}, _tagging(declared["Tagging"], where)))
    return Bucket(name, tuple(requests))


def delete_document(versions: Iterable[tuple[str, str]]) -> bytes:
    """The body of DeleteObjects for keys with version ids."""
    root = ElementTree.Element("Delete", xmlns=_NAMESPACE)
    ElementTree.SubElement(root, "Quiet").text = "true"
    for key, version in versions:
        part = ElementTree.SubElement(root, "Object")
        ElementTree.SubElement(part, "Key").text = key
        ElementTree.SubElement(part, "VersionId").text = version
    return _bytes(root)


def _location(region: str) -> bytes:
    if region == _DEFAULT_REGION:
        # S3 refuses a constraint to the region that needs none.
        return b""
    root = ElementTree.Element("CreateBucketConfiguration", xmlns=_NAMESPACE)
    ElementTree.SubElement(root, "LocationConstraint").text = region
    return _bytes(root)


def _cors(value: Any, where: str) -> bytes:
    rules = value.get("CORSRules") if isinstance(value, Mapping) else None
    if not isinstance(rules, (list, tuple)) or not rules:
        raise SeedstateError("'CORSConfiguration' needs a list 'CORSRules'", where=where)
    root = ElementTree.Element("CORSConfiguration", xmlns=_NAMESPACE)
    for rule in rules:
        for required in ("AllowedMethods", "AllowedOrigins"):
            if not isinstance(rule, Mapping) or not rule.get(required):
                raise SeedstateError(f"a CORS rule lacks '{required}'", where=where)
        element = ElementTree.SubElement(root, "CORSRule")
        for field, content in rule.items():
            if field not in _RULE:
                raise unknown_name("field of a CORS rule", str(field), list(_RULE), where=where)
            for text in content if isinstance(content, (list, tuple)) else [content]:
                ElementTree.SubElement(element, _RULE[field]).text = str(text)
    return _bytes(root)


def _versioning(value: Any, where: str) -> bytes:
    status = value.get("Status") if isinstance(value, Mapping) else value
    if status not in ("Enabled", "Suspended"):
        raise SeedstateError(
            f"'Versioning' is {value!r}: Enabled and Suspended are possible", where=where
        )
    root = ElementTree.Element("VersioningConfiguration", xmlns=_NAMESPACE)
    ElementTree.SubElement(root, "Status").text = str(status)
    return _bytes(root)


def _tagging(value: Any, where: str) -> bytes:
    tags = value.get("TagSet") if isinstance(value, Mapping) else None
    if not isinstance(tags, (list, tuple)):
        raise SeedstateError("'Tagging' needs a list 'TagSet'", where=where)
    root = ElementTree.Element("Tagging", xmlns=_NAMESPACE)
    tag_set = ElementTree.SubElement(root, "TagSet")
    for tag in tags:
        if not isinstance(tag, Mapping) or set(tag) != {"Key", "Value"}:
            raise SeedstateError(f"'TagSet' has {tag!r}: Key and Value are needed", where=where)
        element = ElementTree.SubElement(tag_set, "Tag")
        for field, text in tag.items():
            ElementTree.SubElement(element, field).text = str(text)
    return _bytes(root)


def _bytes(root: ElementTree.Element) -> bytes:
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))

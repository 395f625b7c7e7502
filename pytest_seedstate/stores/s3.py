"""The S3 store: buckets with their settings, objects from bytes or files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from xml.etree.ElementTree import Element

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of
from pytest_seedstate.stores.base import Collections, Journal, Loaded
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.definitions import Definition, s3_definitions
from pytest_seedstate.stores.http_client import Answer
from pytest_seedstate.stores.parallel import in_parallel
from pytest_seedstate.stores.s3_buckets import Bucket, bucket_settings, delete_document

_TAKEN = "BucketAlreadyExists"
_OWN = (
    "names of buckets are common to all accounts. Where workers or runs share a LocalStack, another of "
    "them has it: give each its own by seedstate_localstack = own"
)
_LONGEST_KEY = 1024
"""Bytes of a key in UTF-8 ("Naming Amazon S3 objects" in Amazon's guide)."""
_MOST_TAGS = 10
_PER_DELETE = 1000
_META = "x-amz-meta-"


@dataclass(frozen=True)
class S3Object:
    """An object to be stored.

    Attributes:
        key: its name in the bucket.
        body: its content, or the file that has it, which is read when it is loaded.
        content_type: its media type.
        metadata: user metadata, ASCII only; S3 keeps the names in small letters.
        tags: at most ten.
        cache_control: the header of that name, None for none.
    """

    key: str
    body: bytes | Path
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    cache_control: str | None = None

    def read(self) -> bytes:
        """The content.

        Raises:
            OSError: the file cannot be read.
        """
        return self.body.read_bytes() if isinstance(self.body, Path) else self.body

    def canonical_form(self) -> Mapping[str, Any]:
        """What identifies it: its content by SHA-256, and all else as it is."""
        return {
            "key": self.key,
            "sha256": hashlib.sha256(self.read()).hexdigest(),
            "content_type": self.content_type,
            "metadata": {name.lower(): value for name, value in self.metadata.items()},
            "tags": dict(self.tags),
            "cache_control": self.cache_control,
        }


class S3Store:
    """S3 at an endpoint.

    Args:
        variables: ``url``, ``region``, ``access_key`` and ``secret_key``.
        journal: what rewinds the service.
        foreign: buckets that are somebody else's: they are left alone, and told nothing about.
    """

    name = "s3"

    def __init__(
        self, variables: Mapping[str, str], journal: Journal, foreign: Collection[str] = ()
    ) -> None:
        self._endpoint = AwsEndpoint(variables)
        self._journal = journal
        self._foreign = frozenset(foreign)

    @property
    def journal(self) -> Journal:
        return self._journal

    def create_schema(self, declared: Sequence[Mapping[str, Any]]) -> None:
        """Create buckets with their settings; all of them or none.

        Args:
            declared: ``Bucket`` (its name), and where wanted ``CORSConfiguration``, ``Versioning``
                and ``Tagging`` as boto3 takes them.

        Raises:
            SeedstateError: the bucket and the parameter that is wrong, or the service's own words.
        """
        wanted = [bucket_settings(bucket, self._endpoint.region) for bucket in declared]
        there = set(self._buckets())
        for bucket in wanted:
            if bucket.name in there:
                raise SeedstateError(f"the S3 bucket '{bucket.name}' is declared twice")
            there.add(bucket.name)
        created: list[str] = []

        def create(bucket: Bucket) -> None:
            for parameter, query, body in bucket.requests:
                try:
                    self._endpoint.s3("PUT", bucket.name, query=query, body=body)
                except AwsError as error:
                    taken = error.code == _TAKEN
                    why = "another account has it" if taken else error.message
                    raise SeedstateError(
                        f"the S3 bucket '{bucket.name}' cannot be created: {why}",
                        where=f"'{parameter}' of the bucket's declaration",
                        fix=_OWN if taken else None,
                    ) from error
                created.append(bucket.name)

        try:
            in_parallel(create, wanted)
        except SeedstateError:
            for name in dict.fromkeys(created):
                with suppress(AwsError):
                    self._endpoint.s3("DELETE", name)
            raise

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add objects; all but the files' content is checked before the first is written.

        Args:
            entries: `S3Object` by bucket.
            loaded: called with the number of objects just loaded.

        Raises:
            SeedstateError: a bucket that is not there, a key that is empty, too long, double or
                taken, a file that is not there, metadata that is not ASCII; or S3's own words.
        """
        known = self._buckets()
        puts: list[tuple[str, S3Object]] = []
        for bucket, objects in entries.items():
            if bucket not in known:
                raise unknown_name("S3 bucket", bucket, known)
            seen: dict[str, str] = dict.fromkeys(self._keys(bucket), "is in the bucket already")
            for each in objects:
                _check(bucket, each, seen)
                seen[each.key] = "is in the dataset twice"
                puts.append((bucket, each))
        begun: list[tuple[str, S3Object]] = []

        def put(one: tuple[str, S3Object]) -> None:
            begun.append(one)
            self._put(*one)
            loaded(1)

        try:
            in_parallel(put, puts)
        except SeedstateError:
            for bucket, each in begun:
                with suppress(AwsError):
                    self._endpoint.s3("DELETE", bucket, each.key)
            raise

    def absent(self, entries: Collections) -> Collections:
        """Those objects whose key is not in their bucket.

        Raises:
            SeedstateError: a bucket that is not there.
        """
        known = self._buckets()
        absent = {}
        for bucket, objects in entries.items():
            if bucket not in known:
                raise unknown_name("S3 bucket", bucket, known)
            there = set(self._keys(bucket))
            absent[bucket] = [each for each in objects if each.key not in there]
        return absent

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All current objects: bucket, key, canonical form of the `S3Object`; ordered by both."""
        for bucket in sorted(self._buckets()):
            for key in sorted(self._keys(bucket)):
                yield bucket, key, canonical(self._get(bucket, key))

    def definitions(self) -> Iterator[Definition]:
        """The configuration of buckets."""
        yield from s3_definitions(self._endpoint, self._buckets())

    def clear(self) -> None:
        """Delete all objects, in all versions; the buckets and their settings stay."""
        for bucket in self._buckets():
            versions = list(self._versions(bucket))
            chunks = [versions[at:][:_PER_DELETE] for at in range(0, len(versions), _PER_DELETE)]
            for chunk in chunks:
                body = delete_document(chunk)
                self._call("POST", bucket, query={"delete": ""}, body=body)

    def counts(self) -> dict[str, int]:
        """Current objects by bucket."""
        return {bucket: sum(1 for _ in self._keys(bucket)) for bucket in self._buckets()}

    def health(self) -> str:
        """``S3``, with the number of buckets.

        Raises:
            SeedstateError: the endpoint does not answer.
        """
        count = len(self._buckets())
        return f"S3 at {self._endpoint.url}, {count} bucket{'' if count == 1 else 's'}"

    def close(self) -> None:
        """Close our connections."""
        self._endpoint.close()

    def _buckets(self) -> list[str]:
        root = xml_of(self._call("GET"))
        names = [name.text or "" for name in root.iterfind("./Buckets/Bucket/Name")]
        return [name for name in names if name not in self._foreign]

    def _keys(self, bucket: str) -> Iterator[str]:
        query = {"list-type": "2", "encoding-type": "url"}
        while True:
            root = xml_of(self._call("GET", bucket, query=query))
            for name in root.iterfind("./Contents/Key"):
                yield _name(root, name.text)
            token = root.findtext("./NextContinuationToken")
            if not token:
                return
            query = {**query, "continuation-token": token}

    def _versions(self, bucket: str) -> Iterator[tuple[str, str]]:
        query = {"versions": "", "encoding-type": "url"}
        while True:
            root = xml_of(self._call("GET", bucket, query=query))
            for version in [*root.iterfind("./Version"), *root.iterfind("./DeleteMarker")]:
                key, identifier = version.findtext("Key"), version.findtext("VersionId")
                yield _name(root, key), identifier or "null"
            next_key = _name(root, root.findtext("./NextKeyMarker"))
            if not next_key:
                return
            next_version = root.findtext("./NextVersionIdMarker") or ""
            query = {**query, "key-marker": next_key, "version-id-marker": next_version}

    def _get(self, bucket: str, key: str) -> S3Object:
        answer = self._call("GET", bucket, key)
        tags: dict[str, str] = {}
        if answer.headers.get("x-amz-tagging-count"):
            root = xml_of(self._call("GET", bucket, key, query={"tagging": ""}))
            for tag in root.iterfind("./TagSet/Tag"):
                tags[tag.findtext("Key") or ""] = tag.findtext("Value") or ""
        metadata = {
            name.removeprefix(_META): value
            for name, value in answer.headers.items()
            if name.startswith(_META)
        }
        content_type = answer.headers.get("content-type", "binary/octet-stream")
        cache_control = answer.headers.get("cache-control")
        return S3Object(key, answer.body, content_type, metadata, tags, cache_control)

    def _put(self, bucket: str, each: S3Object) -> None:
        headers = {"content-type": each.content_type}
        headers.update({f"{_META}{name}": value for name, value in each.metadata.items()})
        if each.tags:
            headers["x-amz-tagging"] = urlencode(dict(each.tags))
        if each.cache_control is not None:
            headers["cache-control"] = each.cache_control
        try:
            body = each.read()
        except OSError as error:
            raise SeedstateError(
                f"the file {each.body!s} cannot be read: {error.strerror}",
                where=f"S3 bucket '{bucket}', object '{each.key}'",
            ) from error
        self._call("PUT", bucket, each.key, headers=headers, body=body)

    def _call(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        try:
            return self._endpoint.s3(method, bucket, key, query=query, headers=headers, body=body)
        except AwsError as error:
            at = f"S3 bucket '{bucket}'" + (f", object '{key}'" if key else "")
            raise SeedstateError(f"S3 refused {method}: {error.message}", where=at) from error


def _name(listing: Element, text: str | None) -> str:
    """A key of a listing, which says itself whether it encodes them: not all emulators do."""
    encoded = listing.findtext("./EncodingType") == "url"
    return unquote(text or "") if encoded else text or ""


def _check(bucket: str, each: S3Object, taken: Mapping[str, str]) -> None:
    where = f"S3 bucket '{bucket}', object '{each.key}'"
    if not each.key:
        raise SeedstateError("an object has an empty key", where=f"S3 bucket '{bucket}'")
    length = len(each.key.encode("utf-8", "surrogatepass"))
    if length > _LONGEST_KEY:
        raise SeedstateError(
            f"the key has {length} bytes, and S3 allows {_LONGEST_KEY}", where=where
        )
    if each.key in taken:
        raise SeedstateError(
            f"the key '{each.key}' {taken[each.key]}",
            where=f"S3 bucket '{bucket}'",
            fix="give each object of a bucket a key of its own",
        )
    if isinstance(each.body, Path) and not each.body.is_file():
        raise SeedstateError(f"the file {each.body} does not exist", where=where)
    for name, value in each.metadata.items():
        if not f"{name}{value}".isascii() or "\n" in value:
            raise SeedstateError(
                f"the metadata '{name}' is not plain ASCII, and S3 has it in HTTP headers",
                where=where,
            )
    if len(each.tags) > _MOST_TAGS:
        raise SeedstateError(
            f"the object has {len(each.tags)} tags, and S3 allows {_MOST_TAGS}", where=where
        )

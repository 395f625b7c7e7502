"""S3's objects and buckets, read and written for the journal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError, xml_of
from pytest_seedstate.stores.recorded import s3_buckets, s3_versions
from pytest_seedstate.stores.recorded.s3_buckets import has_locks, versioning_of
from pytest_seedstate.stores.recorded.s3_objects import Stored, put_object, read_object, shown
from pytest_seedstate.stores.recorded.s3_versions import Listed
from pytest_seedstate.stores.recorded.state import Defined, Definition

_THREADS = 4

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Held:
    """All that a bucket has under one key.

    Attributes:
        versions: from the oldest to the newest; at most one in a bucket without versioning.
        uploads: those that have not ended, by id, with the numbers and ETags of their parts.
    """

    versions: tuple[Stored, ...] = ()
    uploads: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


class S3Records:
    """Objects in all their versions.

    Args:
        variables: of the service itself, past any recorder: ``url``, ``region``, ``access_key``,
            ``secret_key``.
    """

    store = "s3"
    region = ""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._endpoint = AwsEndpoint(variables)

    def collections(self) -> list[Touch]:
        """The buckets."""
        with _told():
            root = xml_of(self._endpoint.s3("GET"))
        names = [name.text or "" for name in root.iterfind("./Buckets/Bucket/Name")]
        return [Touch(self.store, "", name) for name in names]

    def made_at(self, at: Touch) -> float | None:
        """When a bucket was made, as Unix time; None where there is none."""
        with _told():
            root = xml_of(self._endpoint.s3("GET"))
        for bucket in root.iterfind("./Buckets/Bucket"):
            if bucket.findtext("Name") == at.collection:
                return datetime.fromisoformat(bucket.findtext("CreationDate") or "").timestamp()
        return None

    def definition(self, at: Touch) -> Definition | None:
        """The settings of a bucket, None where there is none."""
        with _told(at):
            return s3_buckets.read_definition(self._endpoint, at.collection)

    def values(
        self,
        at: Touch,
        definition: Definition,
        keys: Iterable[str] | None,
        loaded: Collection[Touch] = frozenset(),
    ) -> dict[str, Held]:
        """What is there under these keys; under all of them for None."""
        bucket, wanted = at.collection, None if keys is None else set(keys)
        with _told(at):
            uploads = s3_versions.list_uploads(self._endpoint, bucket, wanted)
            if versioning_of(definition):
                versions = self._all_versions(bucket, wanted)
            else:
                # Our store gives no access lists, and each put takes away what there was.
                plain = {touch.key for touch in loaded if touch.collection == bucket}
                versions = self._objects(bucket, wanted, plain)
        return {
            key: Held(versions.get(key, ()), tuple(sorted(uploads.get(key, {}).items())))
            for key in {*versions, *uploads}
        }

    def define(self, at: Touch, found: Definition | None, wanted: Definition | None) -> Defined:
        """Make a bucket what it was: in place, or as a new one; delete it for None."""
        with _told(at):
            return self._define(at.collection, found, wanted)

    def write(
        self, at: Touch, definition: Definition, wanted: Mapping[str, Held | None]
    ) -> tuple[str, ...]:
        """Put and delete objects, whatever is there."""
        with _told(at):
            told = self._end_uploads(at.collection, wanted)
            if not versioning_of(definition):
                return told + self._write_objects(at.collection, wanted)
            for key, held in wanted.items():
                versions = held.versions if held is not None else ()
                told += s3_versions.write_versions(
                    self._endpoint, at.collection, definition, key, versions
                )
        return told

    def shown(self, at: Touch, value: Held) -> Mapping[str, Any] | None:
        """The current version, None where there is none."""
        if not value.versions or value.versions[-1].is_marker:
            return None
        return shown(value.versions[-1])

    def size(self, value: Held) -> int:
        """Bytes of the contents."""
        return sum(version.size for version in value.versions)

    def close(self) -> None:
        """Close our connections."""
        self._endpoint.close()

    def _define(self, bucket: str, found: Definition | None, wanted: Definition | None) -> Defined:
        if wanted is None:
            held = self._delete(bucket, found) if found is not None else ()
            return Defined(is_empty=True, told=held)
        if found is not None:
            parts = s3_buckets.bring_back(self._endpoint, bucket, dict(found), dict(wanted))
            if not parts:
                return Defined()
            held = self._delete(bucket, found)
            if held:
                return Defined(told=held)
        s3_buckets.create_bucket(self._endpoint, bucket, dict(wanted))
        now = s3_buckets.read_definition(self._endpoint, bucket)
        assert now is not None
        parts = s3_buckets.bring_back(self._endpoint, bucket, now, dict(wanted))
        how = "had been deleted" if found is None else "could not be changed back"
        lost = [f"s3: the bucket '{bucket}' has another '{part}' than before" for part in parts]
        return Defined(is_empty=True, told=(f"the bucket '{bucket}', which {how}", *lost))

    def _delete(self, bucket: str, found: Definition) -> tuple[str, ...]:
        """Delete a bucket with all that it holds; what S3 holds fast, and the bucket then."""
        for key, uploads in s3_versions.list_uploads(self._endpoint, bucket, None).items():
            for identifier in uploads:
                s3_versions.abort_upload(self._endpoint, bucket, key, identifier)
        versions = list(s3_versions.list_versions(self._endpoint, bucket))
        locked = has_locks(found)
        held = s3_versions.delete_versions(self._endpoint, bucket, versions, locked=locked)
        if not held:
            self._endpoint.s3("DELETE", bucket)
            return ()
        return (*held, f"s3: the bucket '{bucket}' stays")

    def _end_uploads(self, bucket: str, wanted: Mapping[str, Held | None]) -> tuple[str, ...]:
        found = s3_versions.list_uploads(self._endpoint, bucket, set(wanted))
        told = []
        for key, held in wanted.items():
            then = dict(held.uploads) if held is not None else {}
            now = found.get(key, {})
            for identifier in now.keys() - then.keys():
                s3_versions.abort_upload(self._endpoint, bucket, key, identifier)
            if then.keys() - now.keys():
                told.append(f"s3: an upload to {bucket}/{key} that had begun is gone for good")
            if any(now[identifier] != then[identifier] for identifier in now.keys() & then.keys()):
                told.append(f"s3: an upload to {bucket}/{key} has other parts than before")
        return tuple(told)

    def _write_objects(self, bucket: str, wanted: Mapping[str, Held | None]) -> tuple[str, ...]:
        puts: list[tuple[str, Stored]] = []
        gone: list[Listed] = []
        told = []
        for key, held in wanted.items():
            if held is None or not held.versions:
                gone.append(Listed(key, "null", is_marker=False))
            elif held.versions[-1].body is None:
                told.append(f"s3: the archived object {bucket}/{key}, whose content cannot be read")
            else:
                puts.append((key, held.versions[-1]))
        self._at_once(lambda one: put_object(self._endpoint, bucket, *one), puts)
        return (*told, *s3_versions.delete_versions(self._endpoint, bucket, gone))

    def _objects(
        self, bucket: str, keys: set[str] | None, plain: set[str]
    ) -> dict[str, tuple[Stored, ...]]:
        names = sorted(s3_versions.list_keys(self._endpoint, bucket) if keys is None else keys)
        found = self._at_once(
            lambda key: read_object(self._endpoint, bucket, key, is_plain=key in plain), names
        )
        return {
            key: (stored,) for key, stored in zip(names, found, strict=True) if stored is not None
        }

    def _all_versions(self, bucket: str, keys: set[str] | None) -> dict[str, tuple[Stored, ...]]:
        by_key: dict[str, list[Listed]] = {}
        for prefix in [""] if keys is None else sorted(keys):
            for each in s3_versions.list_versions(self._endpoint, bucket, prefix):
                if keys is None or each.key == prefix:
                    by_key.setdefault(each.key, []).insert(0, each)
        found = self._at_once(
            lambda listed: s3_versions.read_versions(self._endpoint, bucket, listed),
            list(by_key.values()),
        )
        return {key: tuple(stored) for key, stored in zip(by_key, found, strict=True)}

    def _at_once(
        self, function: Callable[[Argument], Result], arguments: Sequence[Argument]
    ) -> list[Result]:
        """Call a function with each argument, a few at a time."""
        if len(arguments) < 2:
            return [function(argument) for argument in arguments]
        with ThreadPoolExecutor(min(_THREADS, len(arguments))) as pool:
            return list(pool.map(function, arguments))


@contextlib.contextmanager
def _told(at: Touch | None = None) -> Iterator[None]:
    """Turns what the service refuses into an error that names the bucket."""
    try:
        yield
    except AwsError as error:
        raise SeedstateError(
            f"S3 refused what brings a bucket back: {error.message}",
            where=None if at is None else f"bucket '{at.collection}'",
        ) from error

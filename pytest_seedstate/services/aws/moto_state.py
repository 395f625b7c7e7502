"""All that knows moto from the inside: its application, its backends, what they hold.

moto documents none of the classes used here. `tests/aws/test_cases.py` tries each of them, so
that a new version of moto which moves one is noticed there and not by a user.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_seedstate.services.aws.recorder import wire_key
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.http1 import Application, Environ

ACCOUNT = "123456789012"
"""The account that moto uses for credentials it does not know."""

_SCRATCH_ACCOUNT = "999999999999"
_SCRATCH = "seedstate-warm-up"
_SIGN_AS_NAMED = frozenset({"dynamodb", "s3", "secretsmanager", "sqs", "sns", "sts"})
"""Services whose models, large files, need not be read to know how they sign."""

Value = dict[str, Any]


def prepare_environment() -> None:
    """Set what moto reads from the environment; call before its first import."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        # The user's profile, endpoints and settings are for the user's processes.
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # Bodies in files would be shared between a kept state and the servers forked from it.
    os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(sys.maxsize)


class UnknownServiceError(Exception):
    """A service was named that there is not.

    Attributes:
        name: what was named.
        known: the names that boto3 has.
    """

    def __init__(self, name: str) -> None:
        from botocore.loaders import create_loader

        self.name = name
        self.known = list(create_loader().list_available_services("service-2"))
        super().__init__(name)


class Moto:
    """moto's WSGI application and the states of its backends, in this process.

    Args:
        region: where tables are when a request does not say.
    """

    def __init__(self, region: str) -> None:
        from moto.moto_server import werkzeug_app

        self._region = region
        self._create = werkzeug_app.create_backend_app
        self._dispatcher = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
        self.application: Application = self._dispatcher

    def signing_names(self, services: Sequence[str]) -> list[str]:
        """How requests name services in their signature.

        Args:
            services: names as boto3 has them, e.g. ``cloudwatch`` (which signs as ``monitoring``).

        Raises:
            UnknownServiceError: boto3 or moto has no such service.
        """
        names = [
            service if service in _SIGN_AS_NAMED else _signing_name(service) for service in services
        ]
        for service, name in zip(services, names, strict=True):
            if self._backend(name) is None:
                raise UnknownServiceError(service)
        return list(dict.fromkeys(names))

    def load(self, signing_name: str) -> None:
        """Import a service and make its routes, which its first request would do otherwise."""
        backend = self._backend(signing_name)
        if backend not in self._dispatcher.app_instances:
            self._dispatcher.app_instances[backend] = self._create(backend)

    def _backend(self, signing_name: str) -> Any:
        host = f"{signing_name}.{self._region}.amazonaws.com"
        return self._dispatcher.get_backend_for_host(host)

    def warm_up(self) -> Iterator[None]:
        """Carry out common calls on an account of their own, which is gone afterwards.

        After a fork this makes the memory pages private that every request writes to. Pauses
        after each call, for a caller that has become busy.
        """
        try:
            for call in _WARM_UP_DYNAMODB:
                self._call_dynamodb(*call)
                yield
            for method, path, body in _WARM_UP_S3:
                self._call("s3", method, path, body, {})
                yield
        finally:
            self._forget_scratch()

    def fresh_identifiers(self) -> None:
        """Stop a forked process from making up the same ids as its siblings."""
        from moto.moto_api._internal import mock_random

        mock_random.seed()

    def key_names(self, region: str, table: str) -> tuple[str, ...] | None:
        """The key attributes of a table, None where there is no such table."""
        found = self._table(region, table)
        if found is None:
            return None
        return tuple(name for name in (found.hash_key_attr, found.range_key_attr) if name)

    def log_bucket(self, bucket: str) -> str | None:
        """The bucket that the access logs of a bucket go to; None where there are none."""
        from moto.s3.models import s3_backends

        found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
        return found.logging.get("TargetBucket") if found is not None and found.logging else None

    def values(self, touches: Sequence[Touch]) -> list[tuple[Touch, Value]]:
        """What is held for the records named; for a whole collection, all of its records."""
        found: dict[Touch, Value] = {}
        for touch in touches:
            if touch.store == "dynamodb":
                found.update(self._items(touch))
            else:
                found.update(self._objects(touch))
        return sorted(found.items(), key=lambda pair: pair[0])

    def _items(self, touch: Touch) -> Iterator[tuple[Touch, Value]]:
        from moto.dynamodb.models.dynamo_type import DynamoType

        table = self._table(touch.region, touch.collection)
        if table is None:
            return
        names = self.key_names(touch.region, touch.collection) or ()
        if not touch.key:
            items = table.all_items()
        else:
            key = json.loads(touch.key)
            if set(key) != set(names):
                return
            parts = [DynamoType(_as_held(key[name])) for name in names]
            # Not get_item: for an unknown hash key that would add an empty entry.
            held = table.items.get(parts[0])
            item = held.get(parts[1]) if held is not None and len(parts) > 1 else held
            items = [item] if item is not None else []
        for item in items:
            attributes = _plain(item.to_json()["Attributes"])
            key_text = wire_key(names, attributes)
            yield Touch("dynamodb", touch.region, touch.collection, key_text), attributes

    def _objects(self, touch: Touch) -> Iterator[tuple[Touch, Value]]:
        from moto.s3.models import FakeKey, s3_backends

        backend = s3_backends[ACCOUNT]["aws"]
        bucket = backend.buckets.get(touch.collection)
        if bucket is None:
            return
        for name in [touch.key] if touch.key else list(bucket.keys):
            held = bucket.keys.get(name)
            if isinstance(held, FakeKey):
                tags = backend.tagger.get_tag_dict_for_resource(held.arn)
                yield Touch("s3", "", touch.collection, name), _describe(held, tags)

    def _table(self, region: str, table: str) -> Any:
        from moto.dynamodb.models import dynamodb_backends

        regions = dynamodb_backends[ACCOUNT]
        region = region or self._region
        return regions[region].tables.get(table) if region in dict.keys(regions) else None

    def _call_dynamodb(self, action: str, asked: Mapping[str, Any]) -> None:
        target = f"DynamoDB_20120810.{action}"
        self._call("dynamodb", "POST", "/", json.dumps(asked).encode(), {"X_AMZ_TARGET": target})

    def _call(
        self, service: str, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        import io

        # In this region, and no other, a bucket is made without saying where.
        region = "us-east-1" if service == "s3" else self._region
        scope = f"{_SCRATCH}/20260101/{region}/{service}/aws4_request"
        environ: Environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.partition("?")[0],
            "QUERY_STRING": path.partition("?")[2],
            "RAW_URI": path,
            "REQUEST_URI": path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_X_MOTO_ACCOUNT_ID": _SCRATCH_ACCOUNT,
            "HTTP_AUTHORIZATION": (
                f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
            ),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{f"HTTP_{name}": value for name, value in headers.items()},
        }
        for _ in self.application(environ, lambda *_: lambda data: None):
            pass

    def _forget_scratch(self) -> None:
        from moto.core.base_backend import BackendDict
        from moto.s3.models import s3_backends

        backends: list[Any] = BackendDict._instances  # type: ignore[misc]
        for backend in backends:
            dict.pop(backend, _SCRATCH_ACCOUNT, None)
        s3_backends.bucket_accounts.pop(_SCRATCH, None)


def _signing_name(service: str) -> str:
    from botocore.exceptions import UnknownServiceError as UnknownToBoto
    from botocore.loaders import create_loader

    try:
        metadata = create_loader().load_service_model(service, "service-2")["metadata"]
    except UnknownToBoto:
        raise UnknownServiceError(service) from None
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


def _plain(value: Any) -> Any:
    """An attribute value in wire form without moto's own classes."""
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(member) for member in value]
    to_json = getattr(value, "to_json", None)
    if to_json is not None:
        return _plain(to_json())
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _as_held(wire: dict[str, str]) -> dict[str, Any]:
    """A key attribute in wire form as moto holds it: binary decoded."""
    return {"B": base64.b64decode(wire["B"])} if "B" in wire else wire


def _describe(held: Any, tags: Mapping[str, str]) -> Value:
    """An object as a change set shows it: all but its body, which its hash stands for."""
    body = held.value
    described: Value = {
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "metadata": {},
        "tags": {str(name): str(value) for name, value in tags.items()},
    }
    for name, value in held.metadata.items():
        lowered = name.lower()
        if lowered.startswith("x-amz-meta-"):
            described["metadata"][lowered.removeprefix("x-amz-meta-")] = str(value)
        elif not lowered.startswith(("content-md5", "x-amz-content-", "x-amz-checksum-")):
            described[lowered.replace("-", "_")] = str(value)
    if held.storage_class != "STANDARD":
        described["storage_class"] = held.storage_class
    for name, value in (
        ("legal_hold", held.lock_legal_status),
        ("lock_mode", held.lock_mode),
        ("lock_until", held.lock_until),
        ("acl", _grants(held.acl)),
    ):
        if value:
            described[name] = value
    return described


def _grants(acl: Any) -> list[str]:
    """Who may do what besides what everybody's owner may."""
    grants = sorted(
        f"{grantee.uri.rpartition('/')[2] or 'the owner'}: {permission}"
        for grant in (acl.grants if acl is not None else ())
        for grantee in grant.grantees
        for permission in grant.permissions
    )
    return [] if grants == ["the owner: FULL_CONTROL"] else grants


_KEY: Mapping[str, Any] = {"pk": {"S": "a"}}
_WARM_UP_DYNAMODB: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (
        "CreateTable",
        {
            "TableName": _SCRATCH,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    ("PutItem", {"TableName": _SCRATCH, "Item": {**_KEY, "n": {"N": "1"}}}),
    (
        "UpdateItem",
        {
            "TableName": _SCRATCH,
            "Key": _KEY,
            "UpdateExpression": "SET #n = #n + :one",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        },
    ),
    ("GetItem", {"TableName": _SCRATCH, "Key": _KEY}),
    (
        "Query",
        {
            "TableName": _SCRATCH,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "a"}},
        },
    ),
    ("DeleteItem", {"TableName": _SCRATCH, "Key": _KEY}),
)
_WARM_UP_S3 = (
    ("PUT", f"/{_SCRATCH}", b""),
    ("PUT", f"/{_SCRATCH}/a", b"a"),
    ("GET", f"/{_SCRATCH}/a", b""),
    ("GET", f"/{_SCRATCH}?list-type=2", b""),
    ("DELETE", f"/{_SCRATCH}/a", b""),
)

"""What an AWS request would touch, told from the request alone.

A request is a read only when it is on a list of reads; everything else is a write, and a write
whose keys cannot be told touches its whole table or bucket. So the record is never too small; that
it may be too large is harmless.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

from pytest_seedstate.services.host.hosted import Touch


@dataclass(frozen=True, slots=True)
class Request:
    """What of an HTTP request matters here.

    Attributes:
        method: in capitals.
        path: as sent, percent-encoded.
        query: as sent, without the question mark.
        headers: ``host``, ``authorization``, ``x-amz-target`` and ``content-type``, by name in
            small letters, those that were sent.
        body: all of it, decoded from HTTP's own chunks.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """A request that may change something.

    Attributes:
        service: as the request's signature names it: ``dynamodb``, ``sqs``.
        action: ``PutItem``, ``SendMessage``, ``PUT``.
        touches: the records; none where the service has no records of ours.
        note: what changes besides records, as a phrase, or None.
    """

    service: str
    action: str
    touches: tuple[Touch, ...] = ()
    note: str | None = None


KeyNames = Callable[[str, str], Sequence[str] | None]
"""The names of a table's key attributes from region and table; None when it is not known."""

LogBucket = Callable[[str], str | None]
"""The bucket that the access logs of a bucket go to; None where there are none."""

_READ_PREFIXES = ("Get", "List", "Describe", "BatchGet", "Head", "Search", "Lookup", "Filter")
_DYNAMODB_READS = frozenset({"Query", "Scan", "TransactGetItems"})
_STATEMENTS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d+/([^/]+)/([^/]+)/aws4_request")
_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
}
_NO_PARTS = frozenset(
    {"AWSAccessKeyId", "Expires", "Signature", "id", "partNumber", "uploadId", "versionId", "x-id"}
)
"""Parameters of S3 that are no sub-resources, besides those that begin with ``X-Amz-``."""
_ADDRESS = re.compile(r"^(\d+\.){3}\d+$|^\[")
_VIRTUAL_HOST = re.compile(r"^(.+?)\.s3[.-]")


def service_and_region(request: Request) -> tuple[str, str]:
    """The service and region that a request is signed for; S3 when nothing says otherwise."""
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    if scope is None and "X-Amz-Credential" in request.query:
        scope = _SCOPE.search(unquote(request.query).replace("X-Amz-Credential=", "Credential="))
    if scope is not None:
        return scope[2].lower(), scope[1]
    target = request.headers.get("x-amz-target", "")
    return _TARGETS.get(target.partition(".")[0], "s3"), ""


def action_of(request: Request) -> str:
    """The API action: from the target header, the form or the query; else the HTTP method."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    named = dict(parse_qsl(request.query)).get("Action")
    if named:
        return named
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        return form.get("Action", request.method)
    return request.method


def classify(
    request: Request, key_names: KeyNames, log_bucket: LogBucket = lambda _: None
) -> Write | None:
    """What a request may change; None for a read.

    Args:
        request: the request.
        key_names: asked for the key attributes of tables that whole items are put into.
        log_bucket: asked where access logs of a bucket go.
    """
    if request.path.startswith("/moto-api/"):
        return None if request.method == "GET" else Write("moto-api", request.path, (), "reset")
    service, region = service_and_region(request)
    if service == "s3":
        return _s3(request, log_bucket)
    action = action_of(request)
    if action.startswith(_READ_PREFIXES) or action in ("HEAD", "OPTIONS", "GET"):
        return None
    if service == "dynamodb":
        return _dynamodb(action, region, request.body, key_names)
    return Write(service, action, (), f"{service}: {action}")


def wire_key(names: Iterable[str], item: Mapping[str, Any]) -> str:
    """An item's key in DynamoDB's wire form as compact JSON, names sorted.

    Raises:
        KeyError: the item lacks an attribute of the key.
    """
    key = {name: _one_spelling(item[name]) for name in names}
    return json.dumps(key, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _one_spelling(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A key's attribute; numbers that are equal are one key however they are written."""
    try:
        return {"N": f"{Decimal(value['N']).normalize():f}"} if "N" in value else value
    except ArithmeticError:
        return value


def _dynamodb(action: str, region: str, body: bytes, key_names: KeyNames) -> Write | None:
    if action in _DYNAMODB_READS:
        return None
    try:
        asked = json.loads(body)
        if action in _STATEMENTS and _only_selects(action, asked):
            return None
        touches = _DynamoDBKeys(region, key_names).of(action, asked)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Malformed: moto refuses it, and its words are better than ours.
        touches = None
    if touches is not None:
        return Write("dynamodb", action, tuple(touches))
    tables = _tables_named(asked) if isinstance(asked := _json(body), dict) else []
    whole = [Touch("dynamodb", region, table) for table in tables]
    if isinstance(asked, dict) and isinstance(asked.get("S3Bucket"), str):
        # An export.
        whole.append(Touch("s3", "", asked["S3Bucket"]))
    return Write("dynamodb", action, tuple(whole), " ".join(["dynamodb:", action, *tables]))


class _DynamoDBKeys:
    """The keys that the operations on single items name."""

    def __init__(self, region: str, key_names: KeyNames) -> None:
        self._region = region
        self._key_names = key_names

    def of(self, action: str, asked: Mapping[str, Any]) -> list[Touch] | None:
        if action == "PutItem":
            return [self._item(asked["TableName"], asked["Item"])]
        if action in ("UpdateItem", "DeleteItem"):
            return [self._key(asked["TableName"], asked["Key"])]
        if action == "BatchWriteItem":
            return [
                self._item(table, member["PutRequest"]["Item"])
                if "PutRequest" in member
                else self._key(table, member["DeleteRequest"]["Key"])
                for table, members in asked["RequestItems"].items()
                for member in members
            ]
        if action == "TransactWriteItems":
            return [
                self._item(part["TableName"], part["Item"])
                if kind == "Put"
                else self._key(part["TableName"], part["Key"])
                for member in asked["TransactItems"]
                for kind, part in member.items()
                if kind != "ConditionCheck"
            ]
        return None

    def _item(self, table: str, item: Mapping[str, Any]) -> Touch:
        table = _table_name(table)
        names = self._key_names(self._region, table)
        if names is None:
            return Touch("dynamodb", self._region, table)
        return Touch("dynamodb", self._region, table, wire_key(names, item))

    def _key(self, table: str, key: Mapping[str, Any]) -> Touch:
        return Touch("dynamodb", self._region, _table_name(table), wire_key(key, key))


def _table_name(name: str) -> str:
    return name.partition(":table/")[2].partition("/")[0] if name.startswith("arn:") else name


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _statements(action: str, asked: Mapping[str, Any]) -> list[str]:
    if action == "ExecuteStatement":
        return [asked["Statement"]]
    members = asked["Statements" if action == "BatchExecuteStatement" else "TransactStatements"]
    return [member["Statement"] for member in members]


def _only_selects(action: str, asked: Mapping[str, Any]) -> bool:
    return all(
        statement.lstrip().upper().startswith(("SELECT", "EXISTS"))
        for statement in _statements(action, asked)
    )


_TABLE_FIELDS = ("TableName", "TargetTableName", "SourceTableName", "ResourceArn", "TableArn")
_STATEMENT_TABLE = re.compile(r'\b(?:INTO|UPDATE|FROM)\s+"?([A-Za-z0-9_.-]+)"?', re.IGNORECASE)


def _tables_named(asked: Mapping[str, Any]) -> list[str]:
    """Tables that a request of an unlisted shape names, in the places where the API has them."""
    names = [asked.get(field) for field in _TABLE_FIELDS]
    creation = asked.get("TableCreationParameters")
    if isinstance(creation, dict):
        names.append(creation.get("TableName"))
    statements = [asked.get("Statement", "")]
    for field in ("Statements", "TransactStatements"):
        statements += [member.get("Statement", "") for member in asked.get(field) or ()]
    names += [match for text in statements for match in _STATEMENT_TABLE.findall(text)]
    return sorted({_table_name(name) for name in names if isinstance(name, str) and name})


def bucket_and_key(request: Request) -> tuple[str, str]:
    """Bucket and key of an S3 request, in path style and virtual-host style; either may be empty."""
    host = request.headers.get("host", "").rpartition("@")[2]
    host = host if host.startswith("[") else host.partition(":")[0]
    path = request.path.removeprefix("/")
    if not _is_plain_host(host):
        virtual = _VIRTUAL_HOST.match(host)
        if virtual:
            return virtual[1], unquote(path)
        if not host.startswith(("s3.", "s3-")):
            return host.partition(".")[0], unquote(path)
    bucket, _, key = path.partition("/")
    return unquote(bucket), unquote(key)


def _is_plain_host(host: str) -> bool:
    return "." not in host or bool(_ADDRESS.match(host)) or host == "host.docker.internal"


def _s3(request: Request, log_bucket: LogBucket) -> Write | None:
    bucket, key = bucket_and_key(request)
    logs = log_bucket(bucket)
    # Of each request to a bucket with access logs, a read too, an object of unknown name tells.
    logged = () if logs is None else (Touch("s3", "", logs),)
    asked = dict(parse_qsl(request.query, keep_blank_values=True))
    action = _s3_action(request, asked)
    if request.method in ("GET", "HEAD", "OPTIONS") or "select" in asked:
        return Write("s3", action, logged) if logged else None
    if key:
        note = _object_note(request, asked, bucket, key)
        return Write("s3", action, (Touch("s3", "", bucket, key), *logged), note)
    if request.method == "POST" and "delete" in asked:
        named = _versions_to_delete(request.body)
        if named is not None:
            touches = tuple(Touch("s3", "", bucket, name) for name, _ in named)
            return Write("s3", action, touches + logged, _versions_note(bucket, named))
    if request.method == "POST" and not asked:
        form_key = _form_key(request)
        if form_key:
            return Write("s3", action, (Touch("s3", "", bucket, form_key), *logged))
    note = _bucket_note(request, asked, bucket)
    return Write("s3", action, (Touch("s3", "", bucket), *logged), note)


def _s3_action(request: Request, asked: Mapping[str, str]) -> str:
    """Method and sub-resource, which are S3's names for what a request does: ``PUT ?tagging``."""
    part = _part(asked)
    return f"{request.method} ?{part}" if part else request.method


def _part(asked: Mapping[str, str]) -> str | None:
    parts = (name for name in asked if name not in _NO_PARTS and not name.startswith("X-Amz-"))
    return next(parts, None)


def _object_note(request: Request, asked: Mapping[str, str], bucket: str, key: str) -> str | None:
    """What a request changes that is not in the object's current version."""
    if "uploads" in asked:
        return f"upload of {bucket}/{key}: begun"
    if "uploadId" in asked:
        steps = {"PUT": "part", "DELETE": "aborted"}
        step = steps.get(request.method)
        return step and f"upload of {bucket}/{key}: {step}"
    if "versionId" in asked:
        return f"version of {bucket}/{key}: {_part(asked) or 'deleted'}"
    return f"object {bucket}/{key}: restore" if "restore" in asked else None


def _versions_note(bucket: str, named: Sequence[tuple[str, str]]) -> str | None:
    """What goes for good when objects are deleted together, some of them by version."""
    gone = [name for name, version in named if version]
    if len(gone) > 1:
        return f"bucket {bucket}: {len(gone)} versions deleted"
    return f"version of {bucket}/{gone[0]}: deleted" if gone else None


def _bucket_note(request: Request, asked: Mapping[str, str], bucket: str) -> str | None:
    part = _part(asked)
    if part:
        return f"bucket {bucket}: {part}"
    if request.method == "POST":
        # A form whose key cannot be told: its object is a record.
        return None
    return f"bucket {bucket}: {'deleted' if request.method == 'DELETE' else 'created'}"


def _versions_to_delete(body: bytes) -> list[tuple[str, str]] | None:
    """Keys with version ids, which are empty where the current version is meant."""
    # On first use: a request of this kind is rare, and the host has to start quickly.
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - from the user's own application
    except ElementTree.ParseError:
        return None
    found = []
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "Object":
            told = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            found.append((told.get("Key", ""), told.get("VersionId", "")))
    return found


_FORM_KEY = re.compile(
    rb'content-disposition:\s*form-data;\s*name="?key"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--',
    re.IGNORECASE | re.DOTALL,
)


def _form_key(request: Request) -> str | None:
    """The key that a browser's form upload names, unless the service still has to fill it in."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return None
    found = _FORM_KEY.search(request.body)
    if found is None or b"${" in found[1]:
        return None
    return found[1].decode("utf-8", "replace")

"""DynamoDB's items and tables, read and written for the journal."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.aws.recorder import wire_key
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError
from pytest_seedstate.stores.recorded import dynamodb_tables
from pytest_seedstate.stores.recorded.state import Defined, Definition

_PER_READ = 100
"""Keys of one BatchGetItem: the most that the API takes."""
_PER_WRITE = 25
"""Items of one BatchWriteItem: the most that the API takes."""
_MOST_TRIES = 8
_REFUSED_KEY = "ValidationException"


class DynamoDBRecords:
    """Items as compact JSON text of their wire form: names and sets sorted, equal when they are.

    Args:
        variables: of the service itself, past any recorder: ``url``, ``region``, ``access_key``,
            ``secret_key``.
    """

    store = "dynamodb"

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.region = variables["region"]
        self._endpoints: dict[str, AwsEndpoint] = {}

    def collections(self) -> list[Touch]:
        """The tables of the region."""
        names: list[str] = []
        asked: dict[str, Any] = {}
        while True:
            told = self._call(self.region, "ListTables", asked)
            names += told["TableNames"]
            last = told.get("LastEvaluatedTableName")
            if last is None:
                return [Touch(self.store, self.region, name) for name in names]
            asked = {"ExclusiveStartTableName": last}

    def made_at(self, at: Touch) -> float | None:
        """When a table was made, as Unix time; None where there is none."""
        with _told(at):
            return dynamodb_tables.made_at(self._endpoint(at.region), at.collection)

    def definition(self, at: Touch) -> Definition | None:
        """What a table is, None where there is none."""
        with _told(at):
            return dynamodb_tables.read_definition(self._endpoint(at.region), at.collection)

    def values(
        self,
        at: Touch,
        definition: Definition,
        keys: Iterable[str] | None,
        loaded: Collection[Touch] = frozenset(),
    ) -> dict[str, str]:
        """The items with these keys that are there; all of them for None."""
        names = _key_names(definition)
        if keys is None:
            items = self._scan(at)
        else:
            items = self._get(at, [json.loads(key) for key in keys if _fits(key, definition)])
        return {wire_key(names, item): _text(item) for item in items}

    def define(self, at: Touch, found: Definition | None, wanted: Definition | None) -> Defined:
        """Make a table what it was: in place, or as a new one; delete it for None."""
        with _told(at):
            return self._define(at, found, wanted)

    def write(
        self, at: Touch, definition: Definition, wanted: Mapping[str, str | None]
    ) -> tuple[str, ...]:
        """Put and delete items, whatever is there."""
        requests = [
            {"DeleteRequest": {"Key": json.loads(key)}}
            if value is None
            else {"PutRequest": {"Item": json.loads(value)}}
            for key, value in wanted.items()
            if _fits(key, definition)
        ]
        for start in range(0, len(requests), _PER_WRITE):
            self._write(at, requests[start:][:_PER_WRITE])
        return ()

    def shown(self, at: Touch, value: str) -> Mapping[str, Any]:
        """An item in wire form."""
        item: dict[str, Any] = json.loads(value)
        return item

    def size(self, value: str) -> int:
        """Bytes of an item here."""
        return len(value)

    def close(self) -> None:
        """Close our connections."""
        for endpoint in self._endpoints.values():
            endpoint.close()

    def _endpoint(self, region: str) -> AwsEndpoint:
        region = region or self.region
        if region not in self._endpoints:
            self._endpoints[region] = AwsEndpoint({**self._variables, "region": region})
        return self._endpoints[region]

    def _define(self, at: Touch, found: Definition | None, wanted: Definition | None) -> Defined:
        endpoint = self._endpoint(at.region)
        if wanted is None:
            if found is not None:
                dynamodb_tables.delete_table(endpoint, dict(found))
            return Defined(is_empty=True)
        told: tuple[str, ...] = ()
        now = found
        if found is None or found["create"] != wanted["create"]:
            if found is not None:
                dynamodb_tables.delete_table(endpoint, dict(found))
            dynamodb_tables.create_table(endpoint, dict(wanted))
            how = "had been deleted" if found is None else "had become another"
            told = (f"the table '{at.collection}', which {how}",)
            now = self.definition(at)
        assert now is not None
        lost = dynamodb_tables.bring_back(endpoint, dict(now), dict(wanted))
        return Defined(is_empty=bool(told), told=told + lost)

    def _scan(self, at: Touch) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            asked = {"TableName": at.collection, "ConsistentRead": True, **start}
            page = self._call(at.region, "Scan", asked)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _get(self, at: Touch, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(keys), _PER_READ):
            some = keys[start:][:_PER_READ]
            try:
                yield from self._get_at_once(at, some)
            except AwsError as error:
                if error.code != _REFUSED_KEY:
                    raise _refused(at, error) from error
                # One of the keys is none that an item could have; those of refused requests are
                # in the record too.
                for key in some:
                    yield from self._get_one(at, key)

    def _get_at_once(self, at: Touch, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        asked: Any = {at.collection: {"Keys": keys, "ConsistentRead": True}}
        while asked:
            told = self._endpoint(at.region).dynamodb("BatchGetItem", {"RequestItems": asked})
            found += told["Responses"].get(at.collection, [])
            asked = told.get("UnprocessedKeys")
        return found

    def _get_one(self, at: Touch, key: dict[str, Any]) -> Iterator[dict[str, Any]]:
        asked = {"TableName": at.collection, "Key": key, "ConsistentRead": True}
        try:
            told = self._endpoint(at.region).dynamodb("GetItem", asked)
        except AwsError as error:
            if error.code != _REFUSED_KEY:
                raise _refused(at, error) from error
            return
        if told.get("Item"):
            yield told["Item"]

    def _write(self, at: Touch, requests: list[dict[str, Any]]) -> None:
        for _ in range(_MOST_TRIES):
            try:
                told = self._endpoint(at.region).dynamodb(
                    "BatchWriteItem", {"RequestItems": {at.collection: requests}}
                )
            except AwsError as error:
                if error.code != _REFUSED_KEY or len(requests) == 1:
                    if error.code == _REFUSED_KEY and "DeleteRequest" in requests[0]:
                        # No item could have this key.
                        return
                    raise _refused(at, error) from error
                for request in requests:
                    self._write(at, [request])
                return
            requests = (told.get("UnprocessedItems") or {}).get(at.collection, [])
            if not requests:
                return
        raise SeedstateError(
            f"DynamoDB left {len(requests)} items of table '{at.collection}' unprocessed",
            checked=f"{_MOST_TRIES} tries of BatchWriteItem",
        )

    def _call(self, region: str, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._endpoint(region).dynamodb(action, asked)
        except AwsError as error:
            raise SeedstateError(f"DynamoDB refused {action}: {error.message}") from error


@contextlib.contextmanager
def _told(at: Touch) -> Iterator[None]:
    """Turns what the service refuses into an error that names the table."""
    try:
        yield
    except AwsError as error:
        raise _refused(at, error) from error


def _refused(at: Touch, error: AwsError) -> SeedstateError:
    return SeedstateError(
        f"DynamoDB refused what brings a table back: {error.message}",
        where=f"table '{at.collection}'",
    )


def _key_names(definition: Definition) -> list[str]:
    return [part["AttributeName"] for part in definition["create"]["KeySchema"]]


def _fits(key: str, definition: Definition) -> bool:
    """Whether items of the table can have this key; that of a refused request may be anything."""
    types = {
        each["AttributeName"]: each["AttributeType"]
        for each in definition["create"]["AttributeDefinitions"]
    }
    expected = {name: {types[name]} for name in _key_names(definition)}
    return {name: set(value) for name, value in json.loads(key).items()} == expected


def _text(item: Mapping[str, Any]) -> str:
    ordered = {name: _ordered(value) for name, value in item.items()}
    return json.dumps(ordered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _ordered(value: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, held),) = value.items()
    if kind in ("SS", "NS", "BS"):
        held = sorted(held)
    elif kind == "M":
        held = {name: _ordered(member) for name, member in held.items()}
    elif kind == "L":
        held = [_ordered(member) for member in held]
    return {kind: held}

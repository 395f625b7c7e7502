"""The DynamoDB store: tables from CreateTable parameters, items in boto3's Python types."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.services.aws.wire import UnstorableError, from_wire, item_to_wire
from pytest_seedstate.stores.aws_http import AwsEndpoint, AwsError
from pytest_seedstate.stores.base import Collections, Journal, Loaded
from pytest_seedstate.stores.canonical import canonical
from pytest_seedstate.stores.definitions import Definition, dynamodb_definitions
from pytest_seedstate.stores.dynamodb_tables import table_parameters
from pytest_seedstate.stores.parallel import in_parallel

_PER_WRITE = 25
"""Items of one BatchWriteItem: the most that the API takes."""
_PER_READ = 100
"""Keys of one BatchGetItem: the most that the API takes."""
_MOST_RETRIES = 8


@dataclass(frozen=True, slots=True)
class _Table:
    """What loading has to know of a table.

    Attributes:
        keys: the key attributes and their types (``S``, ``N``, ``B``), hash key first.
        empty: whether it holds nothing.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    empty: bool


class DynamoDBStore:
    """DynamoDB at an endpoint.

    Args:
        variables: ``url``, ``region``, ``access_key`` and ``secret_key``.
        journal: what rewinds the service.
        foreign: tables that are somebody else's: they are left alone, and told nothing about.
    """

    name = "dynamodb"

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
        """Create tables; all of them or none.

        Args:
            declared: parameters of CreateTable; ``BillingMode`` is PAY_PER_REQUEST when neither
                it nor ``ProvisionedThroughput`` is given.

        Raises:
            SeedstateError: the table and the parameter that is wrong, or the service's own words.
        """
        wanted = [table_parameters(table) for table in declared]
        there = set(self._tables())
        names = [str(table["TableName"]) for table in wanted]
        for position, name in enumerate(names):
            if name in names[:position]:
                raise SeedstateError(f"the DynamoDB table '{name}' is declared twice")
            if name in there:
                raise SeedstateError(f"the DynamoDB table '{name}' is there already")
        created: list[str] = []

        def create(table: Mapping[str, Any]) -> None:
            try:
                self._endpoint.dynamodb("CreateTable", table)
            except AwsError as error:
                raise SeedstateError(
                    f"the DynamoDB table '{table['TableName']}' cannot be created: {error.message}",
                    where=f"CreateTable parameters of '{table['TableName']}'",
                ) from error
            created.append(str(table["TableName"]))

        try:
            in_parallel(create, wanted)
        except SeedstateError:
            for name in created:
                with suppress(AwsError):
                    self._endpoint.dynamodb("DeleteTable", {"TableName": name})
            raise

    def load(self, entries: Collections, loaded: Loaded) -> None:
        """Add items; all are checked before the first is written.

        Args:
            entries: items by table, in boto3's Python types.
            loaded: called with the number of items just loaded.

        Raises:
            SeedstateError: a table that is not there, a key that is missing, empty, of the wrong
                type, double or taken, a value that DynamoDB cannot hold; or its own words.
        """
        known = self._tables()
        prepared: list[tuple[_Table, list[dict[str, Any]]]] = []
        for name, items in entries.items():
            if name not in known:
                raise unknown_name("DynamoDB table", name, known)
            table = self._describe(name)
            prepared.append((table, _checked(table, items)))
        for table, wires in prepared:
            if not table.empty:
                self._refuse_taken(table, wires)
        chunks = [
            (table, wires[start : start + _PER_WRITE])
            for table, wires in prepared
            for start in range(0, len(wires), _PER_WRITE)
        ]
        written: list[tuple[_Table, list[dict[str, Any]]]] = []

        def write(chunk: tuple[_Table, list[dict[str, Any]]]) -> None:
            table, wires = chunk
            written.append(chunk)
            self._write(table.name, [{"PutRequest": {"Item": wire}} for wire in wires])
            loaded(len(wires))

        try:
            in_parallel(write, chunks)
        except SeedstateError:
            for table, wires in written:
                with suppress(SeedstateError):
                    self._delete(table, wires)
            raise

    def absent(self, entries: Collections) -> Collections:
        """Those items whose key is not in their table.

        Raises:
            SeedstateError: a table that is not there, or an item without a proper key.
        """
        known = self._tables()
        absent = {}
        for name, items in entries.items():
            if name not in known:
                raise unknown_name("DynamoDB table", name, known)
            table = self._describe(name)
            wires = _checked(table, items)
            there = {_key_text(table, found) for found in self._found(table, wires)}
            absent[name] = [
                item
                for item, wire in zip(items, wires, strict=True)
                if _key_text(table, wire) not in there
            ]
        return absent

    def dump(self) -> Iterator[tuple[str, str, Any]]:
        """All items: table, key as JSON text, item in canonical form; ordered by both."""
        for name in sorted(self._tables()):
            table = self._describe(name)
            items = []
            for wire in self._scan(name):
                item = {attribute: from_wire(value) for attribute, value in wire.items()}
                items.append((_key_text(table, wire), canonical(item)))
            for key, form in sorted(items, key=lambda pair: pair[0]):
                yield name, key, form

    def definitions(self) -> Iterator[Definition]:
        """Keys, indexes, throughput, streams, time to live and tags of tables."""
        yield from dynamodb_definitions(self._endpoint, self._tables())

    def clear(self) -> None:
        """Delete all items; the tables stay."""
        for name in self._tables():
            table = self._describe(name)
            self._delete(table, list(self._scan(name)))

    def counts(self) -> dict[str, int]:
        """Items by table."""
        return {
            name: sum(page["Count"] for page in self._pages(name, {"Select": "COUNT"}))
            for name in self._tables()
        }

    def health(self) -> str:
        """``DynamoDB``, with the number of tables.

        Raises:
            SeedstateError: the endpoint does not answer.
        """
        count = len(self._tables())
        return f"DynamoDB at {self._endpoint.url}, {count} table{'' if count == 1 else 's'}"

    def close(self) -> None:
        """Close our connections."""
        self._endpoint.close()

    def _tables(self) -> list[str]:
        names: list[str] = []
        asked: dict[str, Any] = {}
        while True:
            told = self._call("ListTables", asked)
            names += told["TableNames"]
            last = told.get("LastEvaluatedTableName")
            if last is None:
                return [name for name in names if name not in self._foreign]
            asked = {"ExclusiveStartTableName": last}

    def _describe(self, name: str) -> _Table:
        told = self._call("DescribeTable", {"TableName": name})["Table"]
        types = {
            each["AttributeName"]: each["AttributeType"] for each in told["AttributeDefinitions"]
        }
        schema = sorted(told["KeySchema"], key=lambda part: str(part["KeyType"]))
        keys = tuple((part["AttributeName"], types[part["AttributeName"]]) for part in schema)
        page = next(self._pages(name, {"Select": "COUNT", "Limit": 1}))
        return _Table(name, keys, empty=page["Count"] == 0 and "LastEvaluatedKey" not in page)

    def _refuse_taken(self, table: _Table, wires: Sequence[Mapping[str, Any]]) -> None:
        for found in self._found(table, wires):
            raise _duplicate(table, found, "is in the table already")

    def _found(self, table: _Table, wires: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The items of the table that have the key of one of `wires`."""
        names = [name for name, _ in table.keys]
        for start in range(0, len(wires), _PER_READ):
            keys = [{name: wire[name] for name in names} for wire in wires[start:][:_PER_READ]]
            asked: dict[str, Any] = {table.name: {"Keys": keys}}
            while asked:
                told = self._call("BatchGetItem", {"RequestItems": asked})
                yield from told["Responses"].get(table.name, [])
                asked = told.get("UnprocessedKeys") or {}

    def _delete(self, table: _Table, wires: Sequence[Mapping[str, Any]]) -> None:
        names = [name for name, _ in table.keys]
        requests = [
            {"DeleteRequest": {"Key": {name: wire[name] for name in names}}} for wire in wires
        ]
        chunks = [requests[start:][:_PER_WRITE] for start in range(0, len(requests), _PER_WRITE)]
        in_parallel(lambda chunk: self._write(table.name, chunk), chunks)

    def _write(self, table: str, requests: list[dict[str, Any]]) -> None:
        for _ in range(_MOST_RETRIES):
            told = self._call("BatchWriteItem", {"RequestItems": {table: requests}})
            requests = (told.get("UnprocessedItems") or {}).get(table, [])
            if not requests:
                return
        raise SeedstateError(
            f"DynamoDB left {len(requests)} items of table '{table}' unprocessed",
            checked=f"{_MOST_RETRIES} tries of BatchWriteItem",
        )

    def _scan(self, table: str) -> Iterator[dict[str, Any]]:
        for page in self._pages(table, {}):
            yield from page["Items"]

    def _pages(self, table: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            page = self._call(
                "Scan", {"TableName": table, "ConsistentRead": True, **asked, **start}
            )
            yield page
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._endpoint.dynamodb(action, asked)
        except AwsError as error:
            tables = [asked["TableName"]] if "TableName" in asked else asked.get("RequestItems", {})
            raise SeedstateError(
                f"DynamoDB refused {action}: {error.message}",
                where=", ".join(f"table '{name}'" for name in tables) or None,
            ) from error


def _checked(table: _Table, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items in wire form, each with a whole key that no other has."""
    wires: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, item in enumerate(items, 1):
        where = f"DynamoDB table '{table.name}', item {number}"
        try:
            wire = item_to_wire(item)
        except UnstorableError as error:
            raise SeedstateError(
                f"an item cannot be stored: {error}", where=f"{where} ({_shown(table, item)})"
            ) from None
        for name, kind in table.keys:
            _check_key(name, kind, wire, where, item)
        key = _key_text(table, wire)
        if key in seen:
            raise _duplicate(table, wire, "is in the dataset twice")
        seen.add(key)
        wires.append(wire)
    return wires


def _check_key(
    name: str, kind: str, wire: Mapping[str, Any], where: str, item: Mapping[str, Any]
) -> None:
    types = {"S": "a string", "N": "a number", "B": "bytes"}
    if name not in wire:
        raise SeedstateError(
            f"an item has no '{name}', which is part of its table's key",
            where=where,
            checked=f"the item has: {', '.join(sorted(item)) or 'nothing'}",
        )
    if kind not in wire[name]:
        raise SeedstateError(
            f"the key attribute '{name}' is {item[name]!r}, and the table's key is {types[kind]}",
            where=where,
        )
    if wire[name][kind] == "":
        raise SeedstateError(f"the key attribute '{name}' is empty", where=where)


def _key_text(table: _Table, wire: Mapping[str, Any]) -> str:
    key = {name: canonical(from_wire(wire[name])) for name, _ in table.keys}
    for name, kind in table.keys:
        if kind == "N":
            # 1 and 1.0 are the same key.
            key[name] = {"$decimal": str(from_wire(wire[name]).normalize())}
    return json.dumps(key, ensure_ascii=False)


def _shown(table: _Table, item: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={item.get(name)!r}" for name, _ in table.keys)


def _duplicate(table: _Table, wire: Mapping[str, Any], what: str) -> SeedstateError:
    shown = ", ".join(f"{name}={from_wire(wire[name])!r}" for name, _ in table.keys)
    return SeedstateError(
        f"the key {shown} {what}",
        where=f"DynamoDB table '{table.name}'",
        fix="give each item of a table a key of its own",
    )

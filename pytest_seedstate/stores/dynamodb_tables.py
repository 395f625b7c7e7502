"""Checks declarations of DynamoDB tables, so that a mistake is named before anything is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_seedstate.errors import SeedstateError, unknown_name

_PARAMETERS = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "KeySchema",
    "LocalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "ResourcePolicy",
    "SSESpecification",
    "StreamSpecification",
    "TableClass",
    "TableName",
    "Tags",
    "WarmThroughput",
)
"""The parameters of CreateTable, from Amazon's API reference."""
_REQUIRED = ("AttributeDefinitions", "KeySchema", "TableName")


def table_parameters(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of CreateTable for a declaration.

    Raises:
        SeedstateError: the table and the parameter that is missing, unknown or wrong.
    """
    name = declared.get("TableName")
    if not isinstance(name, str) or not name:
        raise SeedstateError(
            "a DynamoDB table is declared without a name",
            checked=f"its parameters: {', '.join(map(str, declared)) or 'none'}",
            fix='add "TableName"',
        )
    where = f"declaration of the DynamoDB table '{name}'"
    for parameter in declared:
        if parameter not in _PARAMETERS:
            raise unknown_name("CreateTable parameter", str(parameter), _PARAMETERS, where=where)
    for parameter in _REQUIRED:
        if not declared.get(parameter):
            raise SeedstateError(f"the parameter '{parameter}' is missing", where=where)
    defined = _defined_attributes(declared["AttributeDefinitions"], where)
    _check_key("KeySchema", declared["KeySchema"], defined, where)
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in declared.get(kind) or ():
            for parameter in ("IndexName", "KeySchema", "Projection"):
                if not isinstance(index, Mapping) or not index.get(parameter):
                    raise SeedstateError(f"an index of '{kind}' lacks '{parameter}'", where=where)
            at = f"KeySchema of the index '{index['IndexName']}'"
            _check_key(at, index["KeySchema"], defined, where)
    parameters = dict(declared)
    if "ProvisionedThroughput" not in parameters:
        parameters.setdefault("BillingMode", "PAY_PER_REQUEST")
    return parameters


def _defined_attributes(definitions: Any, where: str) -> set[str]:
    defined: set[str] = set()
    for definition in _mappings("AttributeDefinitions", definitions, where):
        name, kind = definition.get("AttributeName"), definition.get("AttributeType")
        if not isinstance(name, str) or kind not in ("S", "N", "B"):
            raise SeedstateError(
                f"'AttributeDefinitions' has {dict(definition)}, which is not an AttributeName "
                "with an AttributeType of S, N or B",
                where=where,
            )
        defined.add(name)
    return defined


def _check_key(at: str, schema: Any, defined: set[str], where: str) -> None:
    kinds = []
    for part in _mappings(at, schema, where):
        name, kind = part.get("AttributeName"), part.get("KeyType")
        kinds.append(kind)
        if name not in defined:
            raise unknown_name(
                f"attribute in {at}",
                str(name),
                sorted(defined),
                where=f"{where}: every key attribute stands in AttributeDefinitions",
            )
    if kinds not in (["HASH"], ["HASH", "RANGE"]):
        raise SeedstateError(
            f"'{at}' has the key types {kinds}: one HASH, then at most one RANGE is possible",
            where=where,
        )


def _mappings(at: str, value: Any, where: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, Mapping) for each in value):
        raise SeedstateError(f"'{at}' is {value!r}, and has to be a list of objects", where=where)
    return value

"""Tables and buckets that follow from records, for packs that declare none for a store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.annotations import field_annotation
from pytest_seedstate.records.column_types import ColumnType, column_type
from pytest_seedstate.records.placement import Item, Object, Row
from pytest_seedstate.stores.postgres import SqlScript

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record
    from pytest_seedstate.records.template import Template


@dataclass
class _Table:
    columns: dict[str, ColumnType] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    models: list[str] = field(default_factory=list)


def derived_sql(records: Iterable[type[Record]]) -> list[SqlScript]:
    """A script for each table that records live in.

    Columns follow from annotations; a column that only some records of a table have takes NULL.
    The key is the row's, or else the first field.

    Raises:
        SeedstateError: a field whose type has no column type, or two records of one table that
            disagree.
    """
    tables: dict[str, _Table] = {}
    for model in records:
        for place in model.placements():
            if isinstance(place, Row):
                _add(tables.setdefault(place.table, _Table()), model, place)
    return [
        SqlScript(f"derived from {', '.join(table.models)}", _create(name, table))
        for name, table in tables.items()
    ]


def derived_tables(records: Iterable[type[Record]]) -> list[dict[str, Any]]:
    """A DynamoDB table, as CreateTable takes it, for each one that records live in.

    Keys are texts, or numbers where the template is one numeric field.

    Raises:
        SeedstateError: two records of one table whose keys differ.
    """
    tables: dict[str, dict[str, Any]] = {}
    for model in records:
        for place in model.placements():
            if isinstance(place, Item):
                declared = _create_table(model, place)
                if tables.setdefault(place.table, declared) != declared:
                    raise SeedstateError(
                        f"records disagree about the keys of the table '{place.table}'",
                        where=f"{model.__name__}.stored_in",
                        fix="give all of them the same pk_name, sk_name and kind of key",
                    )
    return list(tables.values())


def derived_buckets(records: Iterable[type[Record]]) -> list[dict[str, Any]]:
    """A bucket for each one that records live in."""
    names = {
        place.bucket: None
        for model in records
        for place in model.placements()
        if isinstance(place, Object)
    }
    return [{"Bucket": name} for name in names]


def _add(table: _Table, model: type[Record], place: Row) -> None:
    columns: dict[str, ColumnType] = {}
    for name in place.stored(model):
        kind = column_type(field_annotation(model, name))
        if kind is None:
            raise SeedstateError(
                f"the field '{name}' has a type that no column follows from: "
                f"{field_annotation(model, name)}",
                where=f"{model.__name__}.stored_in",
                fix="declare the table in the pack's schema, or exclude the field from the row",
            )
        columns[place.column(name)] = kind
    if not columns:
        raise SeedstateError(
            f"the table '{place.table}' would have no columns", where=f"{model.__name__}.stored_in"
        )
    key = tuple(place.column(name) for name in place.key) or tuple(columns)[:1]
    if table.models:
        _merge(table, columns, key, model, place)
    else:
        table.columns, table.key = columns, key
    table.models.append(model.__name__)


def _merge(
    table: _Table,
    columns: dict[str, ColumnType],
    key: tuple[str, ...],
    model: type[Record],
    place: Row,
) -> None:
    where = f"{model.__name__}.stored_in"
    if key != table.key:
        raise SeedstateError(
            f"records disagree about the key of the table '{place.table}': "
            f"{', '.join(table.key)} or {', '.join(key)}",
            where=where,
        )
    for name in table.columns.keys() | columns.keys():
        here, there = columns.get(name), table.columns.get(name)
        if here and there and here.sql != there.sql:
            raise SeedstateError(
                f"records disagree about the column '{place.table}.{name}': "
                f"{there.sql} or {here.sql}",
                where=where,
            )
    for name in [*table.columns, *(name for name in columns if name not in table.columns)]:
        here, there = columns.get(name), table.columns.get(name)
        known = there or here
        assert known is not None
        nullable = not (here and there) or here.nullable or there.nullable
        table.columns[name] = ColumnType(known.sql, nullable)


def _create(name: str, table: _Table) -> str:
    lines = [
        f"    {_quoted(column)} {kind.sql}"
        f"{'' if kind.nullable and column not in table.key else ' NOT NULL'}"
        for column, kind in table.columns.items()
    ]
    lines.append(f"    PRIMARY KEY ({', '.join(map(_quoted, table.key))})")
    body = ",\n".join(lines)
    schema, dot, _ = name.partition(".")
    before = f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)};\n" if dot else ""
    # Another pack, or the project itself, may have declared the table.
    return f"{before}CREATE TABLE IF NOT EXISTS {_dotted(name)} (\n{body}\n);\n"


def _create_table(model: type[Record], place: Item) -> dict[str, Any]:
    names = tuple(place.keys)
    return {
        "TableName": place.table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": _attribute_type(model, template)}
            for name, template in place.keys.items()
        ],
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
        ],
    }


def _attribute_type(model: type[Record], template: Template) -> str:
    if template.single is None:
        return "S"
    kind = column_type(field_annotation(model, template.single))
    sql = kind.sql if kind else "text"
    if sql in ("bigint", "numeric", "double precision"):
        return "N"
    return "B" if sql == "bytea" else "S"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _dotted(name: str) -> str:
    return ".".join(map(_quoted, name.split(".", 1)))

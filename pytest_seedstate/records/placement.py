"""Where a record lives: a row, an item, an object or a document, and how it looks there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.document import Document
from pytest_seedstate.records.placed_fields import check_fields, chosen_fields, required_value
from pytest_seedstate.records.template import Template
from pytest_seedstate.records.values import (
    document_names,
    item_mapping,
    item_value,
    row_value,
    stored_fields,
)

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Row:
    """A record as a row of a PostgreSQL table.

    Args:
        table: the table, ``schema.table`` where it is not in ``public``.
        fields: the fields that are columns; None means all but the excluded ones and those that
            an `Object` of the record uses as its body.
        columns: column names by field, where they differ.
        exclude: fields that are no columns.
        key: the fields of the primary key. Without it, a table that we create takes the first
            field, and in a table that is declared the database alone looks after duplicates.
    """

    store: ClassVar[str] = "postgres"
    table: str
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    columns: Mapping[str, str] = field(default_factory=lambda: _NOTHING, kw_only=True)
    exclude: Sequence[str] = field(default=(), kw_only=True)
    key: Sequence[str] = field(default=(), kw_only=True)

    @property
    def collection(self) -> str:
        """The table."""
        return self.table

    def check(self, model: type[Record], where: str) -> None:
        """Refuse fields that the model lacks.

        Raises:
            SeedstateError: the unknown field, with the closest one.
        """
        check_fields(model, where, self.fields, self.exclude, self.columns, self.key)
        stored = self.stored(model)
        for name in self.key:
            if name not in stored:
                raise SeedstateError(
                    f"the key field '{name}' is not a column of '{self.table}'", where=where
                )

    def stored(self, model: type[Record]) -> tuple[str, ...]:
        """The fields that are columns, in the model's order."""
        return chosen_fields(model, self.fields, self.exclude)

    def composed(self) -> Iterator[tuple[str, Template]]:
        """The values that templates make, by name: none."""
        return iter(())

    def column(self, name: str) -> str:
        """The column of a field."""
        return self.columns.get(name, name)

    def entry(self, record: Record) -> dict[str, Any]:
        """The row: values by column."""
        columns = self.columns
        return {
            columns.get(name, name): row_value(getattr(record, name))
            for name in record.placed_fields(self)
        }

    def identity(self, record: Record, *, derived: bool) -> tuple[Any, ...] | None:
        """What must be unique in the table, None where only the database knows.

        Args:
            record: the record.
            derived: whether the table is made from the records, with the first field as key.
        """
        key = self.key or (record.placed_fields(self)[:1] if derived else ())
        return tuple(row_value(getattr(record, name)) for name in key) or None


@dataclass(frozen=True)
class Item:
    """A record as an item of a DynamoDB table.

    Args:
        table: the table.
        pk: template of the partition key, e.g. ``PRODUCT#{sku}``; a template that is one field
            and nothing else keeps the field's type, so ``{number}`` may be a number key.
        sk: template of the sort key, None for a table without one.
        pk_name: the partition key's attribute.
        sk_name: the sort key's attribute.
        fields: the fields that are attributes, under their alias where they have one; None
            means all but the excluded ones and those that an `Object` of the record uses as its
            body.
        exclude: fields that are no attributes.
        extra: further attributes, such as the keys of indexes: templates, or values that are no
            text. A template with a field that is None leaves its attribute out, which is how a
            sparse index is fed.
    """

    store: ClassVar[str] = "dynamodb"
    table: str
    pk: str = field(kw_only=True)
    sk: str | None = field(default=None, kw_only=True)
    pk_name: str = field(default="pk", kw_only=True)
    sk_name: str = field(default="sk", kw_only=True)
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    exclude: Sequence[str] = field(default=(), kw_only=True)
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, kw_only=True)

    def __post_init__(self) -> None:
        keys = {self.pk_name: Template(self.pk)}
        if self.sk is not None:
            keys[self.sk_name] = Template(self.sk)
        extra = {
            name: Template(value) if isinstance(value, str) else value
            for name, value in self.extra.items()
        }
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_extra", extra)

    @property
    def collection(self) -> str:
        """The table."""
        return self.table

    @property
    def keys(self) -> Mapping[str, Template]:
        """The key attributes' templates, the partition key first."""
        keys: Mapping[str, Template] = self.__dict__["_keys"]
        return keys

    def check(self, model: type[Record], where: str) -> None:
        """Refuse fields that the model lacks.

        Raises:
            SeedstateError: the unknown field, with the closest one.
        """
        check_fields(model, where, self.fields, self.exclude)
        for _, template in self.composed():
            template.check(model.readable_names(), where)

    def composed(self) -> Iterator[tuple[str, Template]]:
        """The attributes that templates make, by name."""
        for name, part in {**self.keys, **self.__dict__["_extra"]}.items():
            if isinstance(part, Template):
                yield name, part

    def stored(self, model: type[Record]) -> tuple[str, ...]:
        """The fields that are attributes, in the model's order."""
        return chosen_fields(model, self.fields, self.exclude)

    def entry(self, record: Record) -> dict[str, Any]:
        """The item: keys first, then fields, then extra attributes."""
        key = self.key(record)
        names = dict(document_names(type(record)))
        fields = {
            names.get(name, name): getattr(record, name) for name in record.placed_fields(self)
        }
        item = {**key, **item_mapping(fields), **key}
        for name, part in self.__dict__["_extra"].items():
            if not isinstance(part, Template):
                item[name] = item_value(part)
            elif part.missing(record) is None:
                item[name] = item_value(part.value(record))
        return item

    def key(self, record: Record) -> dict[str, Any]:
        """The key attributes of one record.

        Raises:
            SeedstateError: a field of the key is None.
        """
        return {
            name: item_value(required_value(template, record, template.value(record)))
            for name, template in self.keys.items()
        }

    def identity(self, record: Record, *, derived: bool) -> tuple[Any, ...]:
        """The key's values, which are unique in the table."""
        return tuple(self.key(record).values())


@dataclass(frozen=True)
class Object:
    """A record's bytes as an object of an S3 bucket.

    Args:
        bucket: the bucket.
        key: template of the object's key.
        body: the field that holds the content: bytes, text, or the `Path` of a file. A record
            whose field is None has no object.
        content_type: a content type, or a template such as ``{image_type}``.
        metadata: user metadata, templates by name.
    """

    store: ClassVar[str] = "s3"
    bucket: str
    key: str = field(kw_only=True)
    body: str = field(kw_only=True)
    content_type: str = field(default="binary/octet-stream", kw_only=True)
    metadata: Mapping[str, str] = field(default_factory=lambda: _NOTHING, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", Template(self.key))
        object.__setattr__(self, "_type", Template(self.content_type))
        object.__setattr__(
            self, "_metadata", {name: Template(text) for name, text in self.metadata.items()}
        )

    @property
    def collection(self) -> str:
        """The bucket."""
        return self.bucket

    def check(self, model: type[Record], where: str) -> None:
        """Refuse fields that the model lacks.

        Raises:
            SeedstateError: the unknown field, with the closest one.
        """
        names = model.readable_names()
        if self.body not in names:
            raise unknown_name("field", self.body, names, where=where)
        for _, template in self.composed():
            template.check(names, where)

    def composed(self) -> Iterator[tuple[str, Template]]:
        """The parts of the object that templates make, by name."""
        yield "key", self.__dict__["_key"]
        yield "content_type", self.__dict__["_type"]
        for template in self._texts().values():
            yield "metadata", template

    def stored(self, model: type[Record]) -> tuple[str, ...]:
        """The field that is the content."""
        return (self.body,) if self.body in stored_fields(model) else ()

    def entry(self, record: Record) -> Any:
        """The `S3Object`, None for a record without content.

        Raises:
            SeedstateError: a field of the key is None, the content is of another type, or its
                file does not exist.
        """
        content = getattr(record, self.body)
        if content is None:
            return None
        # Imported here, so that records without objects never need what S3 needs.
        from pytest_seedstate.stores.s3 import S3Object

        return S3Object(
            key=self.object_key(record),
            body=self._body(record, content),
            content_type=self.__dict__["_type"].render(record),
            metadata={name: text.render(record) for name, text in self._texts().items()},
        )

    def identity(self, record: Record, *, derived: bool) -> tuple[Any, ...] | None:
        """The object's key, which is unique in the bucket."""
        return None if getattr(record, self.body) is None else (self.object_key(record),)

    def object_key(self, record: Record) -> str:
        """The object's key for one record.

        Raises:
            SeedstateError: a field of the key is None.
        """
        template: Template = self.__dict__["_key"]
        return str(required_value(template, record, template.render(record)))

    def _texts(self) -> Mapping[str, Template]:
        texts: Mapping[str, Template] = self.__dict__["_metadata"]
        return texts

    def _body(self, record: Record, content: object) -> bytes | Path:
        if isinstance(content, str):
            return content.encode()
        if isinstance(content, Path) and not content.is_file():
            raise SeedstateError(
                f"the content of an object is a file that does not exist: {content}",
                where=f"{type(record).__name__}.{self.body}",
            )
        if isinstance(content, (bytes, Path)):
            return content
        raise SeedstateError(
            f"the content of an object must be bytes, text or a Path, not {type(content).__name__}",
            where=f"{type(record).__name__}.{self.body}",
        )


Placement = Row | Item | Object | Document

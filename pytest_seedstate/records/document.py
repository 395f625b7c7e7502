"""A record as a document of a search index."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.placed_fields import check_fields, chosen_fields, required_value
from pytest_seedstate.records.template import Template
from pytest_seedstate.records.values import document_names, search_value

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record
    from pytest_seedstate.stores.opensearch import OpenSearchDocument

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Document:
    """A record as a document of an OpenSearch index.

    Args:
        index: the index, or an alias that leads to one; no template, unlike `id`.
        id: template of the document's id, e.g. ``{sku}``.
        fields: the fields that it has, under their alias where they have one; None means all but
            the excluded ones and those that an `Object` of the record uses as its body.
        exclude: fields that it does not have.
        extra: further fields: templates, values that are no text, and mappings and lists of both
            in any depth. A template that is one field and nothing else keeps the field's type,
            so ``{"lat": "{latitude}", "lon": "{longitude}"}`` is a geo_point. What needs a field
            that is None is left out, as a whole.
    """

    store: ClassVar[str] = "opensearch"
    index: str
    id: str = field(kw_only=True)
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    exclude: Sequence[str] = field(default=(), kw_only=True)
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_id", Template(self.id))
        parts = {name: _compiled(part) for name, part in self.extra.items()}
        object.__setattr__(self, "_extra", parts)

    @property
    def collection(self) -> str:
        """The index."""
        return self.index

    @property
    def id_template(self) -> Template:
        """The id's template."""
        template: Template = self.__dict__["_id"]
        return template

    @property
    def extra_parts(self) -> Mapping[str, Any]:
        """The further fields, their texts as templates."""
        parts: Mapping[str, Any] = self.__dict__["_extra"]
        return parts

    def check(self, model: type[Record], where: str) -> None:
        """Refuse an index that is no name, and fields that the model lacks.

        Raises:
            SeedstateError: an index that is empty or has braces, with the record's file; the
                unknown field, with the closest one.
        """
        if not self.index:
            raise SeedstateError("the index of a document has no name", where=_site(model, where))
        if "{" in self.index or "}" in self.index:
            raise SeedstateError(
                f"the index '{self.index}' of a document has braces, and an index is no template",
                where=_site(model, where),
                fix="write the index's name as it is; only 'id' and 'extra' are templates",
            )
        check_fields(model, where, self.fields, self.exclude)
        for _, template in self.composed():
            template.check(model.readable_names(), where)

    def composed(self) -> Iterator[tuple[str, Template]]:
        """The id and the fields that templates make, by name."""
        yield "_id", self.id_template
        for name, part in self.extra_parts.items():
            for template in _templates(part):
                yield name, template

    def stored(self, model: type[Record]) -> tuple[str, ...]:
        """The fields that the document has, in the model's order."""
        return chosen_fields(model, self.fields, self.exclude)

    def entry(self, record: Record) -> OpenSearchDocument:
        """The document: fields first, then extra ones.

        Raises:
            SeedstateError: a field of the id is None, or a value has no form in JSON.
        """
        # Imported here, so that records without documents never need what the store needs.
        from pytest_seedstate.stores.opensearch import OpenSearchDocument

        names = dict(document_names(type(record)))
        source = {
            names.get(name, name): search_value(getattr(record, name))
            for name in record.placed_fields(self)
        }
        for name, part in self.extra_parts.items():
            if all(template.missing(record) is None for template in _templates(part)):
                source[name] = search_value(_filled(part, record))
        return OpenSearchDocument(self.document_id(record), source)

    def identity(self, record: Record, *, derived: bool) -> tuple[Any, ...]:
        """The document's id, which is unique in the index."""
        return (self.document_id(record),)

    def document_id(self, record: Record) -> str:
        """The document's id for one record.

        Raises:
            SeedstateError: a field of the id is None.
        """
        template = self.id_template
        return str(required_value(template, record, template.render(record)))


def _site(model: type[Record], where: str) -> str:
    file = getattr(sys.modules.get(model.__module__), "__file__", None)
    return f"{where}, {file}" if file else where


def _compiled(part: Any) -> Any:
    if isinstance(part, str):
        return Template(part)
    if isinstance(part, Mapping):
        return {name: _compiled(member) for name, member in part.items()}
    if isinstance(part, (list, tuple)):
        return [_compiled(member) for member in part]
    return part


def _templates(part: Any) -> Iterator[Template]:
    if isinstance(part, Template):
        yield part
    elif isinstance(part, (Mapping, list)):
        for member in part.values() if isinstance(part, Mapping) else part:
            yield from _templates(member)


def _filled(part: Any, record: Record) -> Any:
    if isinstance(part, Template):
        return part.value(record)
    if isinstance(part, Mapping):
        return {name: _filled(member, record) for name, member in part.items()}
    if isinstance(part, list):
        return [_filled(member, record) for member in part]
    return part

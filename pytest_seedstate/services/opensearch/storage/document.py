"""A document as it was written, and what of it is indexed. Neither ever changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Term = str | int | float | bool | bytes
Value = Any  # a field's doc value: see mapping.field.Field
Positions = Sequence[int]


@dataclass
class Part:
    """What is indexed of a document, or of one object of a nested field.

    Attributes:
        terms: per field, each term with the positions where it stands.
        lengths: per analyzed field with norms, how many tokens it has.
        values: per field, its doc values, sorted as Lucene sorts them.
        present: fields that an ``exists`` query finds.
        next_position: where the next value of a text starts; used while parsing.
        path: of a nested object, the nested field; otherwise ``""``.
        offset: of a nested object, its place in the array.
        children: the nested objects right below.
    """

    terms: dict[str, dict[Term, list[int]]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    values: dict[str, list[Value]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    next_position: dict[str, int] = field(default_factory=dict)
    path: str = ""
    offset: int = 0
    children: list[Part] = field(default_factory=list)

    def nested_count(self) -> int:
        """Return how many nested objects there are, at all depths."""
        return sum(1 + child.nested_count() for child in self.children)


@dataclass(frozen=True)
class Document:
    """One version of a document.

    Attributes:
        id: its ``_id``.
        source: what was sent, after ingest pipelines, as far as the mapping's ``_source`` keeps
            it; nobody may change it.
        seq_no: the number of the write in its index.
        primary_term: always 1: no primary ever fails here.
        version: how often the id was written, or the external version.
        routing: the custom routing value, if one was given.
        part: what is indexed.
        ignored: fields whose value did not fit and was left out (``ignore_malformed``).
        has_source: false where ``_source`` is disabled.
    """

    id: str
    source: Mapping[str, Any]
    seq_no: int
    primary_term: int
    version: int
    routing: str | None
    part: Part
    ignored: tuple[str, ...] = ()
    has_source: bool = True

"""A record: one entity of the domain, and in which stores it lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.document import Document
from pytest_seedstate.records.placed_fields import check_fields
from pytest_seedstate.records.placement import Item, Object, Placement, Row
from pytest_seedstate.records.sensitive import shown, stored_names
from pytest_seedstate.records.values import stored_fields
from pytest_seedstate.stores.masking import mark_sensitive

_KINDS = (Row, Item, Object, Document)


class Record(BaseModel):
    """Base of all records: a pydantic model that says where it is stored.

    Values are checked when a record is made and when a field is assigned; fields that the model
    does not have are refused.

    Attributes:
        stored_in: its places, `Row`, `Item`, `Object` and `Document` in any number; a record
            without a place may be part of another one.
        sensitive: fields whose values no report shows, wherever they are stored.

    Raises:
        SeedstateError: at the class definition, a place or `sensitive` names a field that does not
            exist.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    stored_in: ClassVar[Placement | Sequence[Placement]] = ()
    sensitive: ClassVar[Sequence[str]] = ()
    _placements: ClassVar[tuple[Placement, ...]] = ()
    _placed: ClassVar[dict[int, tuple[str, ...]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        where = f"{cls.__name__}.stored_in"
        places = cls.stored_in
        placements = (places,) if isinstance(places, _KINDS) else tuple(places)
        for place in placements:
            if not isinstance(place, _KINDS):
                raise SeedstateError(
                    f"a place must be a Row, an Item, an Object or a Document, not {place!r}",
                    where=where,
                )
        cls._placements = placements
        for place in placements:
            place.check(cls, where)
        cls._placed = {id(place): place.stored(cls) for place in placements}
        check_fields(cls, f"{cls.__name__}.sensitive", cls.sensitive)
        mark_sensitive(stored_names(cls, cls.sensitive))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # What pytest shows of a comparison is a report too.
        for name, value in super().__repr_args__():
            yield name, value if name is None else shown(type(self), name, value)

    @classmethod
    def placements(cls) -> tuple[Placement, ...]:
        """The places of this kind of record."""
        return cls._placements

    @classmethod
    def readable_names(cls) -> tuple[str, ...]:
        """What templates may name: fields, computed fields and properties."""
        properties = (
            name
            for kind in cls.__mro__
            if issubclass(kind, Record) and kind is not Record
            for name, value in vars(kind).items()
            if isinstance(value, property) and not name.startswith("_")
        )
        return tuple(dict.fromkeys((*stored_fields(cls), *properties)))

    def placed_fields(self, place: Placement) -> tuple[str, ...]:
        """The fields that a place of this record stores."""
        return self._placed[id(place)]

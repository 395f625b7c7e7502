"""Keys written as templates over a record's fields: ``PRODUCT#{sku}``."""

from __future__ import annotations

import string
from collections.abc import Collection
from enum import Enum
from typing import Any

from pytest_seedstate.errors import SeedstateError, closest

_FORMATTER = string.Formatter()


class Template:
    """A text with ``{field}`` parts, as `str.format` takes them.

    Args:
        text: the template; ``{field.part}``, ``{field!s}`` and ``{field:%Y-%m-%d}`` work too.

    Raises:
        SeedstateError: the text is no template, or has a part without a field name.
    """

    __slots__ = ("_single", "fields", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parts = list(_FORMATTER.parse(text))
        except ValueError as error:
            raise SeedstateError(f"'{text}' is not a template: {error}") from None
        fields = [name for _, name, _, _ in parts if name is not None]
        roots = [name.partition(".")[0].partition("[")[0] for name in fields]
        if any(not root or root.isdigit() for root in roots):
            raise SeedstateError(
                f"template '{text}' has a part without a field name",
                fix="write {field}, and {{ }} for braces that shall stay",
            )
        self.fields: tuple[str, ...] = tuple(dict.fromkeys(roots))
        self._single = roots[0] if text == "{" + "".join(roots[:1]) + "}" else None

    def check(self, known: Collection[str], where: str) -> None:
        """Refuse fields that do not exist.

        Raises:
            SeedstateError: the first unknown field, with the closest one.
        """
        for field in self.fields:
            if field not in known:
                near = closest(field, known)
                raise SeedstateError(
                    f"template '{self.text}' names the unknown field '{field}'",
                    where=where,
                    checked=f"fields: {', '.join(known)}",
                    fix=f"did you mean '{{{near}}}'?" if near else None,
                )

    def missing(self, record: object) -> str | None:
        """The first field of the template that is None in a record."""
        return next((name for name in self.fields if getattr(record, name) is None), None)

    def render(self, record: object) -> str:
        """The text for one record; an Enum member stands for its value."""
        values: dict[str, Any] = {}
        for name in self.fields:
            value = getattr(record, name)
            values[name] = value.value if isinstance(value, Enum) else value
        return self.text.format_map(values)

    def value(self, record: object) -> Any:
        """As `render`, but a template that is one field and nothing else keeps the field's type."""
        return getattr(record, self._single) if self._single else self.render(record)

    @property
    def single(self) -> str | None:
        """The field that the whole template consists of."""
        return self._single

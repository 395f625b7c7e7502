"""Which stored values people are not shown: secrets by their names, and what was marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

MASK = "***"

_SECRET_NAME = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)
_marked: set[str] = set()


def mark_sensitive(names: Iterable[str]) -> None:
    """Have values masked from now on in every report of this process.

    Args:
        names: of fields as they are stored: ``ssn``, or ``patients.ssn`` in one collection only.
    """
    _marked.update(names)


class Masking:
    """Masks values of secret names, of marked fields, and of those that the settings name.

    Args:
        names: further fields, as for `mark_sensitive`.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(names)

    def hides(self, collection: str, name: str) -> bool:
        """Whether a field's values are not shown."""
        return bool(_SECRET_NAME.search(name)) or any(
            each in names
            for each in (name, f"{collection}.{name}")
            for names in (_marked, self._names)
        )

    def masked(self, collection: str, value: Any) -> Any:
        """A value with what is hidden in it replaced by `MASK`; None stays, it tells nothing."""
        if isinstance(value, Mapping):
            return {
                name: MASK
                if member is not None and self.hides(collection, str(name))
                else self.masked(collection, member)
                for name, member in value.items()
            }
        # Of a type of the user's nothing is known.
        if type(value) in (list, tuple):
            return type(value)(self.masked(collection, member) for member in value)
        return value


_of_run = Masking()


def use_masking(masking: Masking) -> None:
    """Take it for `masking_of_run` from now on."""
    global _of_run
    _of_run = masking


def masking_of_run() -> Masking:
    """What masks where nobody hands over the settings, as in the text of a record."""
    return _of_run

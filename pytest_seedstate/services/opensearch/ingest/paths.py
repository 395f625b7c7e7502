"""Fields of a document by their dotted paths, and templates that name them."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from pytest_seedstate.services.opensearch.mapping.values import as_text

_MISSING: Any = object()


class Absent(Exception):  # noqa: N818 - becomes a failure of the processor that asked
    """A path leads nowhere."""


class Paths:
    """Reads and changes a document.

    Args:
        document: source and metadata.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def get(self, path: str, default: Any = _MISSING) -> Any:
        """Return a field's value.

        Raises:
            Absent: there is none, and no default.
        """
        place: Any = self._document
        steps = _steps(path)
        for number, step in enumerate(steps):
            if isinstance(place, dict) and step in place:
                place = place[step]
            elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
                place = place[int(step)]
            elif default is not _MISSING:
                return default
            elif isinstance(place, (dict, list)):
                raise Absent(_told(steps, number, path))
            else:
                raise Absent(
                    f"cannot resolve [{step}] from object of type [java.lang.{_java(place)}] as part "
                    f"of path [{path}]"
                )
        return place

    def has(self, path: str) -> bool:
        """Tell whether a field is there, even if it is null."""
        return self.get(path, Absent) is not Absent

    def copy(self, path: str) -> Any:
        """Return a field's value, to be put somewhere else."""
        return deepcopy(self.get(path))

    def set(self, path: str, value: Any) -> None:
        """Set a field, making the objects that it is in.

        Raises:
            Absent: something on the way is no object.
        """
        *steps, last = _steps(path)
        place: Any = self._document
        for step in steps:
            if isinstance(place, list) and step.isdigit() and int(step) < len(place):
                place = place[int(step)]
                continue
            if not isinstance(place, dict):
                raise Absent(f"cannot set [{last}] with parent object of another type")
            if place.get(step) is None:
                place[step] = {}
            place = place[step]
        if isinstance(place, dict):
            place[last] = value
        elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
            place[int(last)] = value
        else:
            raise Absent(
                f"cannot set [{last}] with parent object of type [java.lang.String] as part of path "
                f"[{path}]"
            )

    def remove(self, path: str) -> None:
        """Take a field away.

        Raises:
            Absent: it is not there.
        """
        *steps, last = _steps(path)
        place = self.get(".".join(steps)) if steps else self._document
        if isinstance(place, dict) and last in place:
            del place[last]
        elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
            del place[int(last)]
        else:
            raise Absent(f"field [{last}] not present as part of path [{path}]")

    def render(self, template: str) -> str:
        """Return a text with ``{{field}}`` filled in."""
        if "{{" not in str(template):
            return str(template)

        def fill(found: re.Match[str]) -> str:
            value = self.get(found[1].strip(), None)
            return "" if value is None else as_text(value)

        return re.sub(r"\{\{\{?\s*([^{}]+?)\s*\}?\}\}", fill, template)

    def render_value(self, value: Any) -> Any:
        """Return a value with the templates of all its texts filled in."""
        if isinstance(value, str):
            return self.render(value)
        if isinstance(value, list):
            return [self.render_value(each) for each in value]
        if isinstance(value, dict):
            return {self.render(name): self.render_value(each) for name, each in value.items()}
        return value


def _steps(path: str) -> list[str]:
    return path.removeprefix("_source.").split(".")


def _java(value: Any) -> str:
    names = {bool: "Boolean", int: "Integer", float: "Double", str: "String"}
    return names.get(type(value), "Object")


def _told(steps: list[str], number: int, path: str) -> str:
    if number == len(steps) - 1 and number == 0:
        return f"field [{path}] not present as part of path [{path}]"
    return f"field [{steps[number]}] not present as part of path [{path}]"

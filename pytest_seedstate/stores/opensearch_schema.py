"""What a pack declares for OpenSearch: indices, index templates and ingest pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pytest_seedstate.errors import SeedstateError

_PATHS = {
    # In the order of creation: an index takes over what templates and pipelines say.
    "ingest_pipeline": "/_ingest/pipeline/{}",
    "index_template": "/_index_template/{}",
    "index": "/{}",
}
_TITLES = {"ingest_pipeline": "ingest pipeline", "index_template": "index template"}


class SitedDeclaration(dict[str, Any]):
    """A declaration that knows its origin, which is no part of what is declared.

    Args:
        declaration: see `read_declared`.
        where: its file or line, for messages.
    """

    def __init__(self, declaration: Mapping[str, Any], where: str) -> None:
        super().__init__(declaration)
        self.where = where


@dataclass(frozen=True)
class Declared:
    """One thing to create.

    Attributes:
        kind: ``index``, ``index_template`` or ``ingest_pipeline``.
        name: of the thing.
        body: what its PUT request says.
        where: the file or line that declares it, None where nobody knows.
    """

    kind: str
    name: str
    body: Mapping[str, Any]
    where: str | None = None

    @property
    def path(self) -> str:
        """Of its requests."""
        return _PATHS[self.kind].format(quote(self.name, safe=""))

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"the OpenSearch {_TITLES.get(self.kind, self.kind)} '{self.name}'"


def read_declared(declared: Sequence[Mapping[str, Any]]) -> list[Declared]:
    """The declarations in the order in which they are to be created.

    Args:
        declared: each with one of the keys ``index``, ``index_template`` and ``ingest_pipeline``,
            and the body of that API's PUT request beside it. Messages tell the origin of a
            `SitedDeclaration`.

    Raises:
        SeedstateError: one of no kind, of two kinds, or declared twice.
    """
    found: list[Declared] = []
    for one in declared:
        where = one.where if isinstance(one, SitedDeclaration) else None
        kinds = [kind for kind in _PATHS if kind in one]
        if len(kinds) != 1 or not isinstance(one[kinds[0]], str) or not one[kinds[0]]:
            raise SeedstateError(
                "a declaration for OpenSearch needs one name, under one of "
                + ", ".join(f"'{kind}'" for kind in _PATHS),
                where=where,
                checked=f"it has: {', '.join(map(str, one)) or 'nothing'}",
            )
        kind = kinds[0]
        body = {key: value for key, value in one.items() if key != kind}
        made = Declared(kind, one[kind], body, where)
        if any((made.kind, made.name) == (other.kind, other.name) for other in found):
            raise SeedstateError(f"{made.title} is declared twice", where=where)
        found.append(made)
    order = list(_PATHS)
    return sorted(found, key=lambda each: order.index(each.kind))

"""What a pack declares for OpenSearch: indices, index templates and ingest pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_seedstate.errors import SeedstateError, closest, unknown_name
from pytest_seedstate.stores.opensearch_schema import SitedDeclaration

KINDS = ("index", "index_template", "ingest_pipeline")
"""The keys of a declaration that say what it is, and name it."""

INDEX_PARTS = ("settings", "mappings", "aliases")
"""What the body of an index may have."""

_PARTS_AND_NAME = ("index", *INDEX_PARTS)
_ALL_KEYS = (*KINDS, *INDEX_PARTS)


def index_declaration(given: Any, where: str, *, file_name: str | None = None) -> SitedDeclaration:
    """Check a declaration.

    Args:
        given: a name, or a mapping with one key of `KINDS` and the body beside it.
        where: its file or call, for messages.
        file_name: what an index is called that does not say it.

    Returns:
        The declaration with its name and origin.

    Raises:
        SeedstateError: no name or several, a part that an index does not have.
    """
    declaration = {"index": given} if isinstance(given, str) else given
    if not isinstance(declaration, Mapping):
        raise SeedstateError(
            f"a declaration for OpenSearch is a mapping, not {type(given).__name__}", where=where
        )
    kinds = [kind for kind in KINDS if kind in declaration]
    if not kinds and file_name and _is_body_of_an_index(declaration):
        declaration, kinds = {"index": file_name, **declaration}, ["index"]
    if not kinds:
        for part in declaration:
            if part not in INDEX_PARTS and closest(str(part), _ALL_KEYS) in _PARTS_AND_NAME:
                raise unknown_name("part of an index", str(part), _PARTS_AND_NAME, where=where)
    if len(kinds) != 1:
        problem = (
            f"a declaration has both '{kinds[0]}' and '{kinds[1]}'"
            if kinds
            else "a declaration lacks its name"
        )
        raise SeedstateError(
            problem,
            where=where,
            checked=f"keys: {', '.join(map(str, declaration)) or 'none'}",
            fix='give it one of "index", "index_template" and "ingest_pipeline", with its name',
        )
    kind = kinds[0]
    name = declaration[kind]
    if not isinstance(name, str) or not name:
        raise SeedstateError(f"a declaration's '{kind}' is not a name: {name!r}", where=where)
    if kind == "index":
        for part, content in declaration.items():
            if part not in (kind, *INDEX_PARTS):
                raise unknown_name(
                    "part of an index", part, INDEX_PARTS, where=f"the index '{name}' of {where}"
                )
            if part != kind and not isinstance(content, Mapping):
                raise SeedstateError(
                    f"'{part}' of the index '{name}' is not a mapping", where=where
                )
    return SitedDeclaration(declaration, where)


def index_names(declared: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names that documents may go to: indices, their aliases, and patterns of templates."""
    found: dict[str, None] = {}
    for one in declared:
        if "index" in one:
            names = (one["index"], *one.get("aliases", ()))
        else:
            patterns = one.get("index_patterns", ()) if "index_template" in one else ()
            names = (patterns,) if isinstance(patterns, str) else tuple(patterns)
        found.update((str(name), None) for name in names)
    return tuple(found)


def _is_body_of_an_index(declaration: Mapping[str, Any]) -> bool:
    return all(part in INDEX_PARTS for part in declaration)

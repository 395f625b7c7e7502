"""The schema that a pack declares: SQL, DynamoDB tables, buckets and search indices."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.declared import Site, calling_site
from pytest_seedstate.records.index_schema import index_declaration, index_names
from pytest_seedstate.stores.postgres import SqlScript

_NAME_KEYS = {"dynamodb": "TableName", "s3": "Bucket"}


@dataclass(frozen=True)
class Schema:
    """What must exist before data, by store.

    Attributes:
        declared: for each store that something is declared for: `SqlScript`, parameters of
            CreateTable, buckets, or indices and what belongs to them.
        site: where it is declared, None for the files of a folder.
    """

    declared: Mapping[str, Sequence[Any]]
    site: Site | None = None

    def collections(self, store: str) -> tuple[str, ...] | None:
        """The declared tables, buckets or indices, None where only the database knows."""
        if store not in self.declared:
            return None
        return collection_names(store, self.declared[store])


def collection_names(store: str, declared: Sequence[Any]) -> tuple[str, ...] | None:
    """What declarations for a store call the things that entries go to.

    Returns:
        Names, of indices also patterns with ``*``; None where only the database knows.
    """
    if store == "opensearch":
        return index_names(declared)
    key = _NAME_KEYS.get(store)
    return None if key is None else tuple(str(one[key]) for one in declared)


def is_called(name: str, names: Iterable[str]) -> bool:
    """Whether a name is among others, or fits one of them that is a pattern."""
    return any(fnmatchcase(name, one) for one in names)


def schema(
    *,
    sql: str | Path | Sequence[str | Path] = (),
    tables: Sequence[Mapping[str, Any]] = (),
    buckets: Sequence[str | Mapping[str, Any]] = (),
    indices: Sequence[str | Mapping[str, Any]] = (),
) -> Schema:
    """Declare a pack's schema in its module; stores that are not named get a derived one.

    Args:
        sql: SQL texts, or paths of files or folders with ``*.sql``, relative to this module.
        tables: DynamoDB tables as boto3's ``create_table`` takes them; the billing mode may be
            left out.
        buckets: bucket names, or mappings with ``Bucket`` and optionally ``CORSConfiguration``,
            ``Versioning``, ``Tagging``.
        indices: OpenSearch index names, or mappings with ``index`` and optionally ``settings``,
            ``mappings``, ``aliases``; an ``index_template`` or an ``ingest_pipeline``, by its
            name, with what the API takes beside it.

    Raises:
        SeedstateError: a file that does not exist, a table, bucket or index without a name.
    """
    site = calling_site()
    folder = site.path.parent
    texts = (sql,) if isinstance(sql, (str, Path)) else tuple(sql)
    declared: dict[str, Sequence[Any]] = {}
    if texts:
        declared["postgres"] = [
            script for text in texts for script in _scripts(text, folder, str(site))
        ]
    if tables:
        declared["dynamodb"] = [_named(dict(table), "TableName", str(site)) for table in tables]
    if buckets:
        declared["s3"] = [
            _named({"Bucket": one} if isinstance(one, str) else dict(one), "Bucket", str(site))
            for one in buckets
        ]
    if indices:
        declared["opensearch"] = [index_declaration(one, str(site)) for one in indices]
    made = Schema(declared, site)
    site.declared().schemas.append(made)
    return made


def read_folder(folder: Path) -> Schema:
    """The schema that a pack's folder ``schema/`` holds.

    Args:
        folder: with ``*.sql``, ``dynamodb/*.json``, ``s3/*.json`` and ``opensearch/*.json``, each
            in the order of names; a JSON file holds one table, bucket or index, or a list of
            them. An index that does not say its name is called as its file.

    Raises:
        SeedstateError: a file that is not valid JSON (with its line), or names nothing.
    """
    declared: dict[str, Sequence[Any]] = {}
    scripts = sorted(folder.glob("*.sql"))
    if scripts:
        declared["postgres"] = [_script(path) for path in scripts]
    for store, key in _NAME_KEYS.items():
        files = sorted((folder / store).glob("*.json"))
        if files:
            declared[store] = [
                _named(one, key, str(path)) for path in files for one in _listed(_read_json(path))
            ]
    files = sorted((folder / "opensearch").glob("*.json"))
    if files:
        declared["opensearch"] = [one for path in files for one in _indices_of(path)]
    return Schema(declared)


def _indices_of(path: Path) -> list[dict[str, Any]]:
    content = _read_json(path)
    file_name = None if isinstance(content, list) else path.stem
    return [index_declaration(one, str(path), file_name=file_name) for one in _listed(content)]


def _scripts(text: str | Path, folder: Path, where: str) -> list[SqlScript]:
    if isinstance(text, str) and (not text.endswith(".sql") or len(text.split()) != 1):
        return [SqlScript(where, text)]
    path = folder / text
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    missing = not files or not files[0].is_file()
    if missing:
        raise SeedstateError(f"there is no SQL file '{text}'", where=where, checked=str(path))
    return [_script(file) for file in files]


def _script(path: Path) -> SqlScript:
    return SqlScript(str(path), path.read_text("utf-8"))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise SeedstateError(
            f"the file is not valid JSON: {error.msg}",
            where=f"{path}:{error.lineno}, column {error.colno}",
        ) from None


def _listed(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _named(declaration: Any, key: str, where: str) -> dict[str, Any]:
    if not isinstance(declaration, dict) or not isinstance(declaration.get(key), str):
        raise SeedstateError(f"a declaration lacks its '{key}'", where=where)
    return declaration

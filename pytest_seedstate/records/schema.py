"""The schema that a pack declares: SQL, DynamoDB tables and buckets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.declared import Site, calling_site
from pytest_seedstate.stores.postgres import SqlScript

_NAME_KEYS = {"dynamodb": "TableName", "s3": "Bucket"}


@dataclass(frozen=True)
class Schema:
    """What must exist before data, by store.

    Attributes:
        declared: for each store that something is declared for: `SqlScript`, parameters of
            CreateTable, or buckets.
        site: where it is declared, None for the files of a folder.
    """

    declared: Mapping[str, Sequence[Any]]
    site: Site | None = None

    def collections(self, store: str) -> tuple[str, ...] | None:
        """The declared tables or buckets, None where only the database knows."""
        key = _NAME_KEYS.get(store)
        if key is None or store not in self.declared:
            return None
        return tuple(str(one[key]) for one in self.declared[store])


def schema(
    *,
    sql: str | Path | Sequence[str | Path] = (),
    tables: Sequence[Mapping[str, Any]] = (),
    buckets: Sequence[str | Mapping[str, Any]] = (),
) -> Schema:
    """Declare a pack's schema in its module; stores that are not named get a derived one.

    Args:
        sql: SQL texts, or paths of files or folders with ``*.sql``, relative to this module.
        tables: DynamoDB tables as boto3's ``create_table`` takes them; the billing mode may be
            left out.
        buckets: bucket names, or mappings with ``Bucket`` and optionally ``CORSConfiguration``,
            ``Versioning``, ``Tagging``.

    Raises:
        SeedstateError: a file that does not exist, a table or bucket without a name.
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
    made = Schema(declared, site)
    site.declared().schemas.append(made)
    return made


def read_folder(folder: Path) -> Schema:
    """The schema that a pack's folder ``schema/`` holds.

    Args:
        folder: with ``*.sql``, ``dynamodb/*.json`` and ``s3/*.json``, each in the order of names;
            a JSON file holds one table or bucket, or a list of them.

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
            declared[store] = [one for path in files for one in _read_json(path, key)]
    return Schema(declared)


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


def _read_json(path: Path, key: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise SeedstateError(
            f"the file is not valid JSON: {error.msg}",
            where=f"{path}:{error.lineno}, column {error.colno}",
        ) from None
    found = content if isinstance(content, list) else [content]
    return [_named(one, key, str(path)) for one in found]


def _named(declaration: Any, key: str, where: str) -> dict[str, Any]:
    if not isinstance(declaration, dict) or not isinstance(declaration.get(key), str):
        raise SeedstateError(f"a declaration lacks its '{key}'", where=where)
    return declaration

"""Kept baselines: the contents of tables as files, shared between baselines where equal."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.catalog import Table
from pytest_seedstate.stores.postgres.views import View

if TYPE_CHECKING:
    import psycopg

    from pytest_seedstate.stores.postgres.settings import Settings
    from pytest_seedstate.stores.postgres.untold import Untold

_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """All rows of one table at one moment; compared by identity.

    Attributes:
        path: the rows as COPY wrote them; None for a table without columns to write.
        rows: how many.
    """

    path: Path | None
    rows: int


Contents = Mapping[int, Content | None]
"""Contents by table oid; None for an empty table."""

LargeObjects = tuple[tuple[Any, ...], ...]
"""Rows (oid, owner, access list, data) of all large objects."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kept whole state.

    Attributes:
        generation: counts the schemas that the database had; a change of it takes a clone.
        sequences: values as the check reads them.
        cached: last values of sequences with a CACHE, by oid.
        large_objects: all of them.
        views: materialised views, each after those that it reads.
        settings: those of the database as a whole.
        untold: definitions that no event trigger tells of.
    """

    generation: int
    contents: Contents
    sequences: str | None
    cached: tuple[tuple[int, int], ...]
    large_objects: LargeObjects
    views: tuple[View, ...]
    settings: Settings
    untold: Untold


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A database to clone from.

    Attributes:
        name: its name.
        contents: what its tables hold.
        settings: statements that give a clone the settings and rights of the original.
        subscriptions: names of the original's, which no clone has.
    """

    name: str
    contents: Contents
    settings: Settings
    subscriptions: tuple[str, ...] = ()


class ContentFiles:
    """Writes contents to files and reads them back.

    Args:
        folder: where the files go; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._written: set[Path] = set()

    def save(self, connection: psycopg.Connection[Any], table: Table) -> Content | None:
        """Write what a table holds to a new file.

        Raises:
            SeedstateError: the file cannot be written.
        """
        if not table.stored:
            row = connection.execute(f"SELECT count(*) FROM ONLY {table.sql}").fetchone()
            return Content(None, row[0]) if row and row[0] else None
        columns = ", ".join(column.sql for column in table.stored)
        path = self._folder / f"{next(self._numbers)}-{table.oid}.copy"
        with connection.cursor() as cursor:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with (
                    path.open("wb") as file,
                    cursor.copy(
                        f"COPY (SELECT {columns} FROM ONLY {table.sql}) TO STDOUT {_format(table)}"
                    ) as copy,
                ):
                    for block in copy:
                        file.write(block)
            except OSError as error:
                path.unlink(missing_ok=True)
                raise SeedstateError(
                    f"the rows of '{table.title}' cannot be kept: {error.strerror}",
                    where=str(path),
                    fix="make room there, or choose another folder for the run's files",
                ) from error
            rows = cursor.rowcount
        if not rows:
            path.unlink()
            return None
        self._written.add(path)
        return Content(path, rows)

    def fill(
        self, connection: psycopg.Connection[Any], table: Table, content: Content | None
    ) -> None:
        """Add the rows of `content` to an emptied table."""
        if content is None:
            return
        if content.path is None:
            connection.execute(
                f"INSERT INTO {table.sql} SELECT FROM generate_series(1, {content.rows})"
            )
            return
        columns = ", ".join(column.sql for column in table.stored)
        with (
            content.path.open("rb") as file,
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table.sql} ({columns}) FROM STDIN {_format(table)}") as copy,
        ):
            while block := file.read(_CHUNK):
                copy.write(block)

    def size(self, contents: Contents, others: Iterable[Contents]) -> int:
        """Bytes of the files of `contents` that no others refer to."""
        shared = {id(content) for each in others for content in each.values()}
        return sum(
            content.path.stat().st_size
            for content in contents.values()
            if content is not None and content.path is not None and id(content) not in shared
        )

    def sweep(self, live: Iterable[Contents]) -> None:
        """Remove the files that no live contents refer to."""
        used = {
            content.path
            for contents in live
            for content in contents.values()
            if content is not None and content.path is not None
        }
        for path in self._written - used:
            path.unlink(missing_ok=True)
        self._written &= used


def _format(table: Table) -> str:
    return "(FORMAT binary)" if all(c.binary for c in table.stored) else "(FORMAT text)"

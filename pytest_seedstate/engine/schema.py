"""The schema of a run: what packs declare, and what a project already has."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.command import run_command
from pytest_seedstate.records.problems import failure

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Store

SchemaHook = Callable[[Mapping[str, str]], None]
"""Calls the users' ``pytest_seedstate_schema`` hooks with the application's variables."""

OWN_SCHEMA_KINDS = ("sql", "alembic", "django", "command")


@dataclass(frozen=True, slots=True)
class OwnSchema:
    """One line of ini ``seedstate_schema``: a schema that the project had before us."""

    kind: str
    argument: str

    @classmethod
    def parse(cls, line: str) -> OwnSchema:
        """Read one ini line.

        Raises:
            SeedstateError: a kind that is unknown, or one that lacks its argument.
        """
        kind, _, argument = line.partition(":")
        own = cls(kind.strip(), argument.strip())
        if own.kind not in OWN_SCHEMA_KINDS:
            raise unknown_name(
                "kind of schema", own.kind, OWN_SCHEMA_KINDS, where=f"seedstate_schema, '{line}'"
            )
        if own.kind != "django" and not own.argument:
            raise SeedstateError(
                f"seedstate_schema says '{line}' without its argument",
                fix="sql:FOLDER, alembic:INI, django or command:COMMAND",
            )
        return own

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    def sql_files(self, root: Path) -> list[Path]:
        """The ``*.sql`` files of an ``sql:`` line, in the order of their names."""
        folder = root / self.argument
        files = [folder] if folder.is_file() else sorted(folder.glob("*.sql"))
        if not files:
            raise SeedstateError(
                f"there is no SQL file in '{self.argument}'",
                where=f"seedstate_schema, '{self}'",
                checked=str(folder),
            )
        return files

    def program(self, root: Path) -> tuple[Sequence[str], Path]:
        """The command that creates this schema, and the folder it runs in.

        Raises:
            SeedstateError: a file that it needs is not there, or the line cannot be read.
        """
        if self.kind == "alembic":
            ini = root / self.argument
            if not ini.is_file():
                raise SeedstateError(
                    f"'{self.argument}' does not exist",
                    where=f"seedstate_schema, '{self}'",
                    checked=str(ini),
                )
            command = [sys.executable, "-m", "alembic", "-c", ini.name, "upgrade", "head"]
            return command, ini.parent
        if self.kind == "django":
            folder = root / self.argument
            if not (folder / "manage.py").is_file():
                raise SeedstateError(
                    "there is no manage.py",
                    where=f"seedstate_schema, '{self}'",
                    checked=str(folder / "manage.py"),
                    fix="django:FOLDER names the folder that has it",
                )
            return [sys.executable, "manage.py", "migrate", "--no-input", "-v", "0"], folder
        try:
            return shlex.split(self.argument), root
        except ValueError as error:
            raise SeedstateError(
                f"the command cannot be read: {error}", where=f"seedstate_schema, '{self}'"
            ) from None


class Schema:
    """Creates the schema of stores that have just started.

    Args:
        root: the project's root directory.
        lines: ini ``seedstate_schema``.
        declared: what packs declare for a store, by its name.
        environment: the variables of ``seedstate_env``, read when a program runs.
        hook: what calls the users' hooks, None while there are none.
        all_stores: every store that a program or hook may write to.
    """

    def __init__(
        self,
        root: Path,
        lines: Sequence[str],
        *,
        declared: Callable[[str], Sequence[Any]],
        environment: Callable[[], Mapping[str, str]],
        hook: Callable[[], SchemaHook | None],
        all_stores: frozenset[str],
    ) -> None:
        self._root = root
        self._own = [OwnSchema.parse(line) for line in lines]
        self._declared = declared
        self._environment = environment
        self._hook = hook
        self._all_stores = all_stores

    @property
    def companions(self) -> frozenset[str]:
        """Stores that must start together with any other.

        Something of the user's creates a part of their schema too.
        """
        writes_anywhere = self._hook() is not None or any(
            own.kind == "command" for own in self._own
        )
        return self._all_stores if writes_anywhere else frozenset()

    @property
    def has_programs(self) -> bool:
        """Whether programs or hooks of the user's create a part of it."""
        return self._hook() is not None or any(own.kind != "sql" for own in self._own)

    def check(self) -> None:
        """See whether what ini ``seedstate_schema`` names is there.

        Raises:
            SeedstateError: a folder, file or command that cannot be used.
        """
        for own in self._own:
            if own.kind == "sql":
                own.sql_files(self._root)
            else:
                own.program(self._root)

    def declare(self, stores: Iterable[Store]) -> None:
        """Create what SQL files and packs say, in stores that have just started.

        Raises:
            SeedstateError: what failed, with its file.
        """
        for store in stores:
            files = self._sql_scripts() if store.name == "postgres" else []
            store.create_schema([*files, *self._declared(store.name)])

    def _sql_scripts(self) -> list[Any]:
        from pytest_seedstate.stores.postgres import SqlScript

        return [
            SqlScript(os.path.relpath(file, self._root), file.read_text("utf-8"))
            for own in self._own
            if own.kind == "sql"
            for file in own.sql_files(self._root)
        ]

    def run_programs(self, started: Set[str]) -> None:
        """Let the user's programs and hooks create their part, once every store has the rest.

        Args:
            started: the stores that have just started.

        Raises:
            SeedstateError: what failed, with its output.
        """
        # Services that start later must not bring them again: each belongs to the stores that it
        # writes to, which start together.
        starts_postgres = "postgres" in started
        starts_any = not started.isdisjoint(self.companions) if self.companions else starts_postgres
        for own in self._own:
            if own.kind != "sql" and (starts_any if own.kind == "command" else starts_postgres):
                command, folder = own.program(self._root)
                run_command(
                    command,
                    environment=self._environment(),
                    folder=folder,
                    what=f"seedstate_schema, '{own}'",
                )
        hook = self._hook()
        if hook is not None and starts_any:
            try:
                hook(self._environment())
            except Exception as error:  # noqa: BLE001 - whatever the user's hook raises
                raise failure(
                    error, what="the hook pytest_seedstate_schema", where="a conftest.py"
                ) from None

"""SQL scripts that make a schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class SqlScript:
    """One SQL file, or text of that kind.

    Attributes:
        name: how it is called in messages, usually the file's path.
        text: any number of statements.
    """

    name: str
    text: str


def run_scripts(connection: psycopg.Connection[Any], scripts: Sequence[SqlScript]) -> None:
    """Run scripts in order in one transaction, each with the session's own settings.

    Args:
        connection: in autocommit.

    Raises:
        SeedstateError: script, line and the server's words; nothing was made, unless a script
            ends the transaction itself.
    """
    import psycopg

    for script in scripts:
        try:
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                connection.execute("BEGIN")
            connection.execute(script.text.encode())
            # A script of pg_dump's empties the search path for the rest of its session.
            connection.execute("RESET ALL")
        except psycopg.Error as error:
            raise _failed(script, error) from error
    if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        connection.execute("COMMIT")


def _failed(script: SqlScript, error: psycopg.Error) -> SeedstateError:
    diag = error.diag
    line = None
    if diag.statement_position:
        line = script.text.count("\n", 0, int(diag.statement_position) - 1) + 1
    parts = (diag.message_primary or str(error), diag.message_detail, diag.message_hint)
    missing = isinstance(error, _unavailable()) and "extension" in (diag.message_primary or "")
    fix = None
    if missing:
        fix = (
            "the embedded server has no contrib extensions: let ini seedstate_postgres_bin name "
            "the bin folder of a PostgreSQL that has it (Debian: package postgresql-contrib)"
        )
    return SeedstateError(
        f"the SQL of '{script.name}' failed"
        + (": a PostgreSQL extension is missing" if missing else ""),
        where=f"{script.name}:{line}" if line else script.name,
        fix=fix,
        detail="\n".join(part for part in parts if part),
    )


def _unavailable() -> tuple[type[Exception], ...]:
    from psycopg import errors

    return (errors.FeatureNotSupported, errors.UndefinedFile)

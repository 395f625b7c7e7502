"""Running the user's own programs: migrations, seeders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_seedstate.errors import SeedstateError


def run_command(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, what: str
) -> str:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        environment: variables added to this process's own.
        folder: the working directory.
        what: why it runs, for the message: ``seedstate_schema, alembic:alembic.ini``.

    Returns:
        What it printed.

    Raises:
        SeedstateError: it could not be started or failed; with the last 40 lines of its output.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SeedstateError(
            f"'{command[0]}' could not be started: {error.strerror}", where=what
        ) from None
    if done.returncode != 0:
        raise SeedstateError(
            f"'{' '.join(command)}' failed with exit code {done.returncode}",
            where=what,
            detail="\n".join(done.stdout.splitlines()[-40:]),
        )
    return done.stdout

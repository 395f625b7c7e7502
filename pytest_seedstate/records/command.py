"""Running the user's own programs: seeders, migrations."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_seedstate.errors import SeedstateError

_LAST_LINES = 40
_SECRET_NAME = re.compile(r"pass|secret|token|key(?!_id)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)([^@/\s]+)@")


def run_command(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, what: str
) -> str:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        environment: variables added to this process's own, whose PATH begins with the folder of
            this interpreter.
        folder: the working directory.
        what: what runs it, for the message.

    Returns:
        What it printed.

    Raises:
        SeedstateError: it could not be started or failed; with the last 40 lines of its output,
            in which the environment's secrets are masked.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": _path(), **environment},
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
        output = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise SeedstateError(
            f"'{' '.join(command)}' failed with exit code {done.returncode}",
            where=what,
            detail=masked(output, environment) or None,
        )
    return done.stdout


def _path() -> str:
    """PATH with the folder of this interpreter first: `python` means the one that runs tests."""
    return os.pathsep.join(
        filter(None, (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    )


def masked(text: str, environment: Mapping[str, str]) -> str:
    """A text without the secrets that an environment holds."""
    secrets = {value for name, value in environment.items() if _SECRET_NAME.search(name)}
    for value in environment.values():
        secrets.update(match[1] for match in _URL_PASSWORD.findall(value))
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _URL_PASSWORD.sub(r"\1***@", text)

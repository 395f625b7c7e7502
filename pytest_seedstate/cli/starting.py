"""Starting the process that holds the services, and hearing how it gets on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_seedstate.engine.uprun import UpRun, find_up
from pytest_seedstate.errors import SeedstateError

_PACKAGE_FOLDER = Path(__file__).parents[2]


def start_daemon(
    folder: Path,
    root: Path,
    stores: Sequence[str] | None,
    provider: str | None,
    step: Callable[[str], object],
) -> UpRun:
    """Start the services of a project in a process that outlives this one.

    Args:
        folder: a folder of the project, where its settings are looked for.
        root: the project's root directory.
        stores: the stores that are wanted; None for all that the project uses.
        provider: who is to provide them; None for what the settings say.
        step: told what is being done.

    Raises:
        SeedstateError: why they did not start; nothing is left.
    """
    # The package may be importable here only through a path that somebody added.
    code = (
        f"import sys; sys.path.insert(0, {str(_PACKAGE_FOLDER)!r}); "
        "from pytest_seedstate.cli.daemon import main; main()"
    )
    ours, theirs = os.pipe()
    config = {"folder": str(folder), "stores": stores, "provider": provider, "pipe": theirs}
    try:
        subprocess.Popen(
            [sys.executable, "-P", "-c", code, json.dumps(config)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs,),
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told:
        for line in told:
            message = json.loads(line)
            if "ready" in message:
                run = find_up(root)
                if run is not None:
                    return run
            elif "error" in message:
                raise SeedstateError(**message["error"])
            elif "crash" in message:
                raise SeedstateError(
                    "the services did not start, which is a fault of pytest-seedstate",
                    fix="please report it with the lines below",
                    detail=message["crash"],
                )
            else:
                step(message["step"])
    raise SeedstateError(
        "the process that should hold the services has ended while it started",
        checked="somebody has stopped or killed it",
        fix="try again",
    )

"""The process behind ``seedstate up``: it holds the services until it is told to end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, NoReturn

from pytest_seedstate.cli.settings import load_settings
from pytest_seedstate.config import Settings
from pytest_seedstate.engine.standing import Standing
from pytest_seedstate.engine.uprun import WORKER, marker, write_marker, write_up
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.rundir import RunDir, sweep

_LOOK_SECONDS = 1.0


class _AskedToEndError(BaseException):
    """Raised in the main thread by a signal."""


def _ask_to_end(signum: int, frame: FrameType | None) -> NoReturn:
    raise _AskedToEndError


class _Starter:
    """The command that started us: told what is done by lines of JSON until it lets go.

    Args:
        descriptor: the writing end of its pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._pipe: BinaryIO | None = os.fdopen(descriptor, "wb", buffering=0)

    def tell(self, **told: Any) -> None:
        """Raises BrokenPipeError when the command is gone; says nothing once it has been let go."""
        if self._pipe is not None:
            self._pipe.write((json.dumps(told) + "\n").encode())

    def close(self) -> None:
        """Let it go."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def main() -> None:
    """Run; ``sys.argv[1]`` says in JSON: ``folder``, ``stores``, ``provider`` and ``pipe``.

    Stores and provider are null where the command was told none.
    """
    config = json.loads(sys.argv[1])
    starter = _Starter(int(config["pipe"]))
    # A closed terminal is none of our business.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _ask_to_end)
    try:
        _run(config, starter)
    except SeedstateError as error:
        parts = ("problem", "where", "checked", "fix", "detail")
        starter.tell(error={part: getattr(error, part) for part in parts})
    except (_AskedToEndError, BrokenPipeError):
        pass
    except BaseException:  # noqa: BLE001 - the command tells it, or the log keeps it
        traceback.print_exc()
        starter.tell(crash=traceback.format_exc())


def _run(config: dict[str, Any], starter: _Starter) -> None:
    settings = load_settings(Path(config["folder"]), provider=config["provider"])
    sweep()
    with RunDir(settings.root, worker=WORKER) as rundir:
        log = os.open(rundir.path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        standing = Standing(settings, rundir, config["stores"])
        try:
            standing.start(lambda step: starter.tell(step=step))
            since = datetime.now(UTC).isoformat(timespec="seconds")
            write_up(rundir.path, since, standing.endpoints, {}, settings.providers)
            write_marker(settings.root, since)
            starter.tell(ready=str(rundir.path))
            starter.close()
            _hold(standing, rundir.path, settings, since)
        finally:
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, signal.SIG_IGN)
            marker(settings.root).unlink(missing_ok=True)
            standing.stop()


def _hold(standing: Standing, folder: Path, settings: Settings, since: str) -> None:
    """Look after the services until a signal comes, or the project or the run's folder is gone."""
    known: dict[str, str] = {}
    while settings.root.is_dir() and folder.is_dir():
        failures = standing.failures()
        if failures != known:
            known = failures
            print(*failures.values(), sep="\n", file=sys.stderr, flush=True)  # noqa: T201 - the log
            write_up(folder, since, standing.endpoints, failures, settings.providers)
        time.sleep(_LOOK_SECONDS)

"""A program under a supervisor."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.services.supervised import Identity, SupervisedProcess


def test_a_program_that_has_ended_before_anyone_listened(tmp_path: Path) -> None:
    """Its start and its end are then told in one piece, and both are heard."""
    with RunDir(tmp_path) as rundir:
        process = SupervisedProcess(
            rundir,
            ["/bin/sh", "-c", "exit 3"],
            identity=Identity("plain"),
            folder=Path("/"),
            log=rundir.path / "log",
            stop_signal=signal.SIGTERM,
            environment={},
        )
        process._send(b"go\n")
        time.sleep(0.5)
        process.go()
        assert process.wait(10) == 3
        process.stop()

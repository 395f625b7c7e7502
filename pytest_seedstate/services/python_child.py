"""A process of this package's own code: its start, its log, and what to say about its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import SeedstateError

_STOP_SECONDS = 5.0
_LOG_LINES = 15


class PythonChild:
    """Starts a function of ours in a new interpreter.

    Args:
        title: how it is called in messages.
        module: the module whose ``main`` it runs.
        config: what it is told, as JSON in its only argument.
        descriptors: what it inherits.
        log: the file that gets what it prints.

    Attributes:
        pid: its process.
    """

    def __init__(
        self,
        title: str,
        module: str,
        config: Mapping[str, Any],
        *,
        descriptors: Sequence[int],
        log: Path,
    ) -> None:
        self._title = title
        self._log = log
        # The package may be importable here only through a path that pytest added.
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); "
            f"from {module} import main; main()"
        )
        with log.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, json.dumps(config)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                env=_environment(),
                # Ctrl-C at the terminal is for pytest, which needs it until it is done.
                start_new_session=True,
            )
        self.pid = self._process.pid

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why it does not run any more; None while it does.

        Args:
            patience: seconds to wait for its end, when something points to one.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        return None if self._process.returncode is None else self.failed("ended unasked")

    def failed(self, what: str) -> SeedstateError:
        """The error that says `what`, with its exit status and the last lines of its log."""
        status = self._process.poll()
        lines = self.log_tail()
        return SeedstateError(
            f"{self._title} {what}",
            checked=f"its process has exit status {status}" if status is not None else None,
            fix="run again; if it happens again, please report it"
            + (" with the lines below" if lines else ""),
            detail=lines,
        )

    def log_tail(self) -> str | None:
        """The last lines of its log; None where there are none."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return None
        return "\n".join(lines[-_LOG_LINES:]) or None

    def disown(self) -> None:
        """Leave it to another process."""
        # Nobody here will wait for it, which would warn.
        self._process.returncode = 0

    def end(self) -> None:
        """Wait for an end that it was asked for, and enforce it; harmless when it has ended."""
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # With all that it has forked: it leads a session of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()


def _environment() -> dict[str, str]:
    """Ours, without what would change how the child's Python runs."""
    unwanted = ("PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONPROFILEIMPORTTIME", "COVERAGE_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}

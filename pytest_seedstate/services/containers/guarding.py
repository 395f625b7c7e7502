"""The owner's side of `guard`: a process that outlives this one for as long as cleaning up takes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path

from pytest_seedstate.services import platform

_PROGRAM = Path(__file__).with_name("guard.py")
_ENDING_SECONDS = 10.0

_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _leave_to_the_parent() -> None:
    """A process forked by a test must not keep containers of a run that has ended."""
    for guard in list(_guards):
        guard.close_pipe()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


class Guard:
    """A guard for one container, which need not be there yet.

    Args:
        engine: how to reach the engine, see `docker_engine.Address`.
        api: the version of the engine's interface.
        label: ``name=value`` that marks the container.
        removes: whether it is to be removed when this run, or who takes it over, is gone.
    """

    def __init__(self, engine: Mapping[str, str], *, api: str, label: str, removes: bool) -> None:
        told = {"engine": engine, "api": api, "label": label, "removes": removes}
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_PROGRAM), json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C at the terminal is for pytest, and a killed group of processes has to leave us.
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.start = platform.process_start(self.pid) or "unknown"
        _guards.add(self)

    def watch(self, container: str) -> None:
        """Say which container it is, so that its end is noticed."""
        self._say(container.encode() + b"\n")

    def has_ended(self, patience: float = 0.0) -> bool:
        """Whether the container (or the guard itself) has ended.

        Args:
            patience: seconds to wait for that.
        """
        if self._process is None:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        return self._process.returncode is not None

    def descriptor(self) -> int:
        """A copy of the pipe for another process, which then is the owner; ours is closed."""
        assert self._process is not None
        assert self._process.stdin is not None
        given = os.dup(self._process.stdin.fileno())
        self.close_pipe()
        # Nobody here will wait for it, which would warn.
        self._process.returncode = 0
        self._process = None
        return given

    def dismiss(self) -> None:
        """End it: nothing is left to guard. Harmless when done."""
        if self._process is None:
            return
        self._say(b".")
        self.close_pipe()
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close_pipe(self) -> None:
        """Let go of our end."""
        if self._process is not None and self._process.stdin is not None:
            # Nothing is left in its buffer: `_say` goes past it.
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _say(self, words: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        # It has ended when the container has.
        with contextlib.suppress(OSError, ValueError):
            os.write(self._process.stdin.fileno(), words)

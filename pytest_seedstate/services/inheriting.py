"""Taking over a run folder from a process that ends, with what runs in it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pytest_seedstate.services import platform
from pytest_seedstate.services.rundir import (
    HEIR,
    LOCK,
    OWNER,
    PROCESSES,
    end_processes,
    recorded,
    remove_tree,
)

_LOCK_SECONDS = 10.0
_ENDING_SECONDS = 5.0


class InheritedRun:
    """A run folder that `RunDir.give_to` has left to this process.

    Args:
        folder: the folder.

    Raises:
        TimeoutError: its former owner does not let it go.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._lock = platform.FileLock(folder / LOCK)
        deadline = time.monotonic() + _LOCK_SECONDS
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{folder} is still locked")
            time.sleep(0.005)
        start = platform.process_start(os.getpid())
        (folder / OWNER).write_text(f"{os.getpid()} {start or 'unknown'}\n", encoding="ascii")
        (folder / HEIR).unlink(missing_ok=True)

    def close(self) -> None:
        """Wait until all that runs in it has ended, then remove it."""
        end_processes(recorded(self.path / PROCESSES), seconds=_ENDING_SECONDS)
        remove_tree(self.path, last=LOCK)
        self._lock.release()

"""Words on how far a slow start is, for people who wait for the first test."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Lock
from typing import Any

import pytest


class Telling:
    """Writes lines to pytest's terminal, also while it captures what tests print.

    Nothing is written by a worker of xdist, whose output goes nowhere.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        # Services start in several threads.
        self._writing = Lock()

    def __call__(self, words: str) -> None:
        """Write a line."""
        plugins = self._config.pluginmanager
        reporter: pytest.TerminalReporter | None = plugins.get_plugin("terminalreporter")
        if reporter is None or hasattr(self._config, "workerinput"):
            return
        capture: Any = plugins.get_plugin("capturemanager")
        seen = nullcontext() if capture is None else capture.global_and_fixture_disabled()
        with self._writing, seen:
            reporter.ensure_newline()
            reporter.write_line(f"seedstate: {words}")

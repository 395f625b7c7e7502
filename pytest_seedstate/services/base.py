"""What runs a data service for this run, and the endpoint that applications are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pytest_seedstate.errors import SeedstateError


class Service(Protocol):
    """One service process (or a few) that this run started, or will start when it is needed."""

    @property
    def name(self) -> str:
        """``postgres``, ``aws`` or ``opensearch``."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What ``seedstate_env`` templates may name, e.g. ``url`` for ``{postgres.url}``.

        Known before `start`: reading it reserves the port.
        """

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
        """

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a service that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have it run, where and as it is, as long as another process does; not ours any more.

        Args:
            pid: the other process.
            start: its start, see `platform.process_start`.

        Returns:
            Descriptors that the other process has to hold; the service ends when it closes them.
            The caller closes them here.

        Raises:
            SeedstateError: it does not run any more.
        """

    def stop(self) -> None:
        """Stop it and remove its folders; harmless when it does not run."""

"""A service that somebody else runs."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.errors import SeedstateError


class ExistingService:
    """A `Service` that is there before the run and stays after it.

    Args:
        name: ``postgres``, ``aws`` or ``opensearch``.
        variables: how to reach it.
        source: who named it: an environment variable or a setting.
    """

    def __init__(self, name: str, variables: Mapping[str, str], source: str) -> None:
        self.name = name
        self.variables = variables
        self.source = source

    def start(self) -> None:
        """Nothing to do: whoever uses it first finds out whether it answers."""

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """None: it has no process here whose end could be seen."""
        return None

    def give_to(self, pid: int, start: str) -> list[int]:
        """It needs nobody; see `Service.give_to`."""
        return []

    def stop(self) -> None:
        """Nothing to do: it is not ours."""

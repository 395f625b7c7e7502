"""What stands where a store without a way back would have its journal."""

from __future__ import annotations

from typing import NoReturn

from pytest_seedstate.errors import SeedstateError


class NoJournal:
    """The journal of a service that nobody rewinds: all it can do is say so.

    Args:
        name: how the service is called in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def _refuse(self, *_: object) -> NoReturn:
        raise SeedstateError(
            f"what is written to {self.name} cannot be undone here",
            checked="it was reached by its endpoint, without a journal",
        )

    keep = switch = renew = forget = taken_by = mark = is_clean = changes = rewind = end_writers = (
        _refuse
    )

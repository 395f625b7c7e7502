"""The snapshots of a test, by the names that it gave them."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_seedstate.engine.layers import Positions
from pytest_seedstate.errors import SeedstateError, unknown_name


class Snapshots:
    """Where one test may go back to."""

    def __init__(self) -> None:
        self._taken: dict[str, Positions] = {}
        self._dropped_by: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._taken)

    @property
    def names(self) -> list[str]:
        """Those that the test may go back to."""
        return list(self._taken)

    def take(self, name: str, positions: Positions) -> None:
        """Give positions a name; it may have been that of an earlier snapshot."""
        self._dropped_by.pop(name, None)
        self._taken[name] = positions

    def positions(self, name: str) -> Positions:
        """Where a snapshot was taken.

        Raises:
            SeedstateError: there is none of that name, or not any more.
        """
        if name in self._dropped_by:
            raise SeedstateError(
                f"the snapshot '{name}' is gone: {self._dropped_by[name]} has dropped it",
                checked=f"left: {', '.join(sorted(self._taken)) or 'none'}",
                fix="take it again afterwards",
            )
        if name not in self._taken:
            raise unknown_name("snapshot", name, self.names)
        return self._taken[name]

    def drop_later(self, positions: Positions, by: str) -> None:
        """Forget those that were taken after positions that stores go back to.

        Args:
            positions: where they go.
            by: what makes them go there, for people.
        """
        self.tell_dropped(
            [
                name
                for name, taken in self._taken.items()
                if any(position > positions.get(journal, 0) for journal, position in taken.items())
            ],
            by,
        )

    def tell_dropped(self, names: Iterable[str], by: str) -> None:
        """Know what has dropped some, when they are asked for."""
        for name in names:
            self._taken.pop(name, None)
            self._dropped_by[name] = by

    def clear(self) -> None:
        """Forget all of them."""
        self._taken.clear()
        self._dropped_by.clear()

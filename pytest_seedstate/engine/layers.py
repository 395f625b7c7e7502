"""What wider fixtures wrote stays while they live: a stack of journal positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

Positions = dict[str, int]
"""A position of each journal, by its name; a journal that is missing was at its beginning."""


class Owner(Protocol):
    """A fixture that wrote, compared by identity."""

    @property
    def title(self) -> str:
        """The fixture, as users know it: ``module fixture 'catalogue'``."""

    def end(self) -> None:
        """Tear it down now; whoever asks for it later has it set up again."""


def end_all(owners: Iterable[Owner]) -> list[BaseException]:
    """Tear fixtures down one after another; what failed, since that must not keep the others."""
    errors: list[BaseException] = []
    for owner in owners:
        try:
            owner.end()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - pytest's outcomes are no exceptions
            errors.append(error)
    return errors


def end_and_tell(owners: Iterable[Owner]) -> list[str]:
    """Tear fixtures down because what they wrote is gone.

    Returns:
        Their titles, and what failed in that.
    """
    ended = list(owners)
    errors = end_all(ended)
    return [*(owner.title for owner in ended), *map(repr, errors)]


@dataclass(slots=True)
class Layer:
    """What one fixture wrote.

    Attributes:
        owner: the fixture.
        positions: the journals that it wrote to, with the position after it.
        ended: whether it was torn down, while its writes had to stay.
    """

    owner: Owner
    positions: Positions
    ended: bool = field(default=False)


class LayerStack:
    """The layers whose writes are there, in the order in which their fixtures were set up."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []

    def __bool__(self) -> bool:
        return bool(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def titles(self) -> list[str]:
        """The fixtures whose writes are still there."""
        return [layer.owner.title for layer in self._layers]

    def top(self, journal: str) -> int:
        """The position that a test on `journal` is rewound to."""
        for layer in reversed(self._layers):
            if journal in layer.positions:
                return layer.positions[journal]
        return 0

    def push(self, layer: Layer) -> None:
        self._layers.append(layer)

    def above(self, owner: Owner) -> list[Owner]:
        """The live owners of the layers on top of one, the topmost first; none where it has none."""
        found: list[Owner] = []
        for layer in reversed(self._layers):
            if layer.owner is owner:
                return found
            if not layer.ended:
                found.append(layer.owner)
        return []

    def live(self) -> list[Owner]:
        """The owners that were not torn down, the topmost first."""
        return [layer.owner for layer in reversed(self._layers) if not layer.ended]

    def ended(self) -> list[Owner]:
        """The owners that were torn down while their writes had to stay, the topmost first."""
        return [layer.owner for layer in reversed(self._layers) if layer.ended]

    def mark_ended(self, owner: Owner) -> bool:
        """A fixture was torn down; whether it has a layer."""
        for layer in self._layers:
            if layer.owner is owner:
                layer.ended = True
                return True
        return False

    def drop_ended(self) -> bool:
        """Drop what has ended and has nothing live above it.

        A layer below a live one stays in the journal: undoing it would take away what the live
        fixture built upon.

        Returns:
            True when the journals should go back to the new `top`.
        """
        before = len(self._layers)
        while self._layers and self._layers[-1].ended:
            self._layers.pop()
        return len(self._layers) < before

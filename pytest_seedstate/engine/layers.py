"""What wider fixtures wrote stays while they live: a stack of journal positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Layer:
    """What one fixture wrote.

    Attributes:
        owner: the fixture, as users know it: ``module fixture 'catalogue'``.
        token: identifies the fixture's value; a fixture may be set up again with another.
        positions: the journals that it wrote to, with the position after it.
    """

    owner: str
    token: object
    positions: Mapping[str, int]
    ended: bool = field(default=False)


class LayerStack:
    """The live layers, in the order in which their fixtures were set up."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []

    def __bool__(self) -> bool:
        return bool(self._layers)

    @property
    def owners(self) -> list[str]:
        """The fixtures whose writes are still there."""
        return [layer.owner for layer in self._layers]

    def top(self, journal: str) -> int:
        """The position that a test on `journal` is rewound to."""
        for layer in reversed(self._layers):
            if journal in layer.positions:
                return layer.positions[journal]
        return 0

    def push(self, layer: Layer) -> None:
        self._layers.append(layer)

    def end(self, token: object) -> bool:
        """A fixture ended; True when the journals should go back to the new `top`.

        A layer below a live one stays in the journal until that one ends too: undoing it earlier
        would take away what the live fixture built upon.
        """
        for layer in self._layers:
            if layer.token is token:
                layer.ended = True
                break
        else:
            return False
        if not self._layers[-1].ended:
            return False
        while self._layers and self._layers[-1].ended:
            self._layers.pop()
        return True

"""Where scenarios have come to, for those that are loaded on top of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """What scenarios that are loaded on top go on from, so that what they make is new.

    Attributes:
        sequences: the next number of each factory, by its name.
        runs: how often each scenario ran, by its full name.
    """

    sequences: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)


FROM_THE_START = Progress()

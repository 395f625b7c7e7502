"""What the engine did in a run: counts and seconds, mergeable across workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

KINDS = {
    "started": "services started",
    "cached": "datasets from cache",
    "loaded": "states loaded",
    "switched": "switches between states",
    "rewound": "rewinds",
    "clean": "found clean",
    "verified": "full comparisons",
}


@dataclass(slots=True)
class Figure:
    count: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Figures:
    """Figures by kind, see `KINDS`; and remarks that the summary tells, each once.

    Attributes:
        remarks: late writes, replacements and the like, as sentences.
    """

    by_kind: dict[str, Figure] = field(default_factory=lambda: {kind: Figure() for kind in KINDS})
    remarks: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, kind: str, count: int = 1) -> Iterator[None]:
        """Count `count` of `kind`, and the time that the block takes unless it fails."""
        start = perf_counter()
        yield
        self.add(kind, perf_counter() - start, count)

    def add(self, kind: str, seconds: float, count: int = 1) -> None:
        figure = self.by_kind[kind]
        figure.count += count
        figure.seconds += seconds

    def as_data(self) -> dict[str, Any]:
        """Plain builtins, fit for JSON and for an xdist worker's output."""
        return {
            "figures": {
                kind: {"count": figure.count, "seconds": round(figure.seconds, 6)}
                for kind, figure in self.by_kind.items()
            },
            "remarks": list(self.remarks),
        }

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add another worker's `as_data`."""
        for kind, other in data["figures"].items():
            figure = self.by_kind[kind]
            figure.count += other["count"]
            figure.seconds += other["seconds"]
        self.remarks.extend(remark for remark in data["remarks"] if remark not in self.remarks)

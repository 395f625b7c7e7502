"""What the engine did in a run: counts and seconds, mergeable across workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_seedstate.engine.keeping import KeptState

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


@dataclass(frozen=True, slots=True)
class Replaced:
    """Something that a test did and that could not be undone in place.

    Attributes:
        test: its node id; None before the first test.
        store: the journal's name.
        reason: what was replaced, and why.
        milliseconds: what the whole rewind of that journal took.
    """

    test: str | None
    store: str
    reason: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Late:
    """What was written after a test had ended, and undone before the next one.

    Attributes:
        test: the test that ended; None before the first test.
        changes: the change set, as text for people.
    """

    test: str | None
    changes: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A transaction that a test left open, and that was ended.

    Attributes:
        test: the test.
        transaction: whose it was and what it had done.
    """

    test: str | None
    transaction: str


@dataclass(slots=True)
class Baselines:
    """Baselines of states.

    Attributes:
        kept: how many are there now.
        memory: bytes that they take in processes.
        files: bytes that they take in files.
        forgotten: how many had to go, for room.
        loaded_again: how many of those were asked for again.
    """

    kept: int = 0
    memory: int = 0
    files: int = 0
    forgotten: int = 0
    loaded_again: int = 0


@dataclass(slots=True)
class Figures:
    """Figures by kind, see `KINDS`; and what the summary tells besides.

    Attributes:
        test: the test that runs, or that ran last: whose doing is noted.
        replaced: what could not be rewound in place.
        late: what was written after a test had ended.
        ended: transactions that had to be ended.
        baselines: what is kept.
        remarks: anything else, as sentences, each once.
        kept: the state of a failed test that stays after the run; no part of `as_data`.
    """

    test: str | None = None
    by_kind: dict[str, Figure] = field(default_factory=lambda: {kind: Figure() for kind in KINDS})
    replaced: list[Replaced] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    baselines: Baselines = field(default_factory=Baselines)
    remarks: list[str] = field(default_factory=list)
    kept: KeptState | None = None

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

    def note_replaced(self, store: str, reasons: Iterable[str], seconds: float) -> None:
        """Note what the rewind of a store had to replace, and what that took."""
        reason = "; ".join(reasons)
        self.replaced.append(Replaced(self.test, store, reason, round(seconds * 1000, 1)))

    def note_late(self, changes: str) -> None:
        """Note what was written after the last test had ended, as text."""
        self.late.append(Late(self.test, changes))

    def remark(self, text: str) -> None:
        """Tell something in the summary, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def note_ended(self, transactions: Iterable[str]) -> None:
        """Note transactions that the rewind had to end."""
        self.ended.extend(Ended(self.test, transaction) for transaction in transactions)

    def as_data(self) -> dict[str, Any]:
        """Plain builtins, fit for JSON and for an xdist worker's output."""
        return {
            "figures": {
                kind: {"count": figure.count, "seconds": round(figure.seconds, 6)}
                for kind, figure in self.by_kind.items()
            },
            "replaced": [asdict(each) for each in self.replaced],
            "late": [asdict(each) for each in self.late],
            "ended": [asdict(each) for each in self.ended],
            "baselines": asdict(self.baselines),
            "remarks": list(self.remarks),
        }

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add another worker's `as_data`."""
        for kind, other in data["figures"].items():
            figure = self.by_kind[kind]
            figure.count += other["count"]
            figure.seconds += other["seconds"]
        self.replaced.extend(Replaced(**each) for each in data["replaced"])
        self.late.extend(Late(**each) for each in data["late"])
        self.ended.extend(Ended(**each) for each in data["ended"])
        for name, number in data["baselines"].items():
            setattr(self.baselines, name, getattr(self.baselines, name) + number)
        self.remarks.extend(remark for remark in data["remarks"] if remark not in self.remarks)

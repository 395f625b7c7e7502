"""Ways of doing one thing, measured in turns, and the goals that their figures are held against."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FLAT = 1.3
"""What a figure may grow by from the smallest data to the largest and still be called flat."""


ROW = 4
"""Rewinds that follow each other at once, with nothing between them but a test's changes."""


def nothing() -> None:
    """What is done before a way that needs nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways to the same end.

    Attributes:
        name: as it is printed.
        timed: what is measured.
        before: what is done each time before it, unmeasured: a test's changes.
        every: how many rounds pass from one time to the next; above 1 for what takes long.
        in_a_row: how often it is done in one round, like tests that follow each other at once;
            what a way prepares in the background has no more time for it than there.
    """

    name: str
    timed: Callable[[], object]
    before: Callable[[], object] = nothing
    every: int = 1
    in_a_row: int = 1


def in_turns(rounds: int, ways: Sequence[Way]) -> dict[str, float]:
    """Median milliseconds by name; every round goes through all ways, so that what else happens
    on the machine happens to all of them.
    """
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            for _ in range(0 if number % way.every else way.in_a_row):
                way.before()
                start = time.perf_counter()
                way.timed()
                times[way.name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


@contextmanager
def on_one_processor() -> Iterator[None]:
    """A client and the server that it starts take turns on one processor, where it can be had.

    On two, each sleeps while the other works. A virtual processor that has slept for longer than
    some 0.1 ms takes as long again to wake up: that is then measured, and not the work.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


def milliseconds(figure: float) -> str:
    """With as many digits as mean something."""
    return (
        f"{figure:.0f} ms"
        if figure >= 20
        else f"{figure:.1f} ms"
        if figure >= 2
        else f"{figure:.2f} ms"
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of goals."""

    measured: str
    goal: str
    figure: str
    met: bool | None


_WORDS = {True: "met", False: "missed", None: ""}


@dataclass(slots=True)
class Run:
    """One run of the benchmarks: how much of it, and what it has found.

    Attributes:
        folder: where services put their files.
        rounds: how often the quick ways are measured.
        quick: smaller data and fewer rounds, to see that the programs work.
        provider: who runs the services: ``embedded`` or ``containers``.
        rows: the table of goals.
    """

    folder: Path
    rounds: int
    quick: bool
    provider: str = "embedded"
    rows: list[Row] = field(default_factory=list)

    def tell(self, text: str) -> None:
        print(text, flush=True)

    def compare(self, what: str, ours: float, others: dict[str, float]) -> None:
        """One line: our figure and the others', with their ratios to it."""
        told = ", ".join(
            f"{name} {milliseconds(figure)} ({figure / ours:.0f} times)"
            for name, figure in others.items()
        )
        self.tell(f"{what}: {milliseconds(ours)}" + (f"; {told}" if told else ""))

    def at_most(self, measured: str, figure: float, goal: float) -> None:
        """A goal in milliseconds."""
        self.rows.append(
            Row(measured, f"{goal:g} ms or less", milliseconds(figure), figure <= goal)
        )

    def figure(self, measured: str, figure: float) -> None:
        """What has no goal of its own."""
        self.rows.append(Row(measured, "", milliseconds(figure), None))

    def times_faster(self, measured: str, ours: float, other: float, goal: float) -> None:
        """A goal against the usual way."""
        ratio = other / ours
        figure = f"{ratio:.0f} times ({milliseconds(other)} / {milliseconds(ours)})"
        self.rows.append(Row(measured, f"{goal:g} times", figure, ratio >= goal))

    def ratio(self, measured: str, ratio: float, goal: float) -> None:
        """A goal for how much more something may take than something else."""
        self.rows.append(
            Row(measured, f"{goal:g} times or less", f"{ratio:.2f} times", ratio <= goal)
        )

    def flat(self, measured: str, by_size: dict[int, float]) -> None:
        """A goal for what may not grow with the data."""
        smallest, largest = by_size[min(by_size)], by_size[max(by_size)]
        self.ratio(f"{measured}, from {min(by_size)} to {max(by_size)}", largest / smallest, FLAT)

    def table(self) -> str:
        """All goals, as markdown."""
        lines = ["| measured | goal | figure | |", "|---|---|---|---|"]
        lines += [
            f"| {row.measured} | {row.goal} | {row.figure} | {_WORDS[row.met]} |"
            for row in self.rows
        ]
        return "\n".join(lines)

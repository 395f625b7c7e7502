"""Runs that are killed at any moment leave nothing that the next run does not remove, or trip over.

A few kills by default; SEEDSTATE_TEST_KILLS=100 makes so many, and SEEDSTATE_TEST_SEED others.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.plugin.inner_runs import InnerProject, wait_until
from tests.proof.killed_project import FILES, TESTS

KILLS = int(os.environ.get("SEEDSTATE_TEST_KILLS", "2"))
SEED = os.environ.get("SEEDSTATE_TEST_SEED", "0")
LONGEST = 120.0
"""Seconds; no run takes that, also where a service of it was killed."""

WAYS = ("pytest", "group", "service", "worker", "all")
"""Whom the kill hits: pytest alone; its process group; one process of a service, of which pytest
then has to tell; with two workers, one of the pytest processes; everything at once."""


@dataclass
class Victim:
    """A project whose runs are killed, and what its processes left."""

    inner: InnerProject
    seconds: float = 0.0
    shared_memory: set[int] = field(default_factory=set)
    before: dict[int, int] = field(default_factory=lambda: _shared_memory())

    @property
    def temporary(self) -> Path:
        return self.inner.root / "tmp"

    @property
    def cache(self) -> Path:
        return self.inner.root / "cache"

    def start(self, *options: str) -> subprocess.Popen[str]:
        """A run in a process group of its own."""
        (self.inner.root / "ports").unlink(missing_ok=True)
        return self.inner.start(
            *options,
            prefix=("setsid",),
            TMPDIR=str(self.temporary),
            XDG_CACHE_HOME=str(self.cache),
        )

    def run(self, *options: str) -> str:
        """A run that nobody disturbs, which passes."""
        process = self.start(*options)
        output, _ = process.communicate(timeout=LONGEST)
        assert process.returncode == pytest.ExitCode.OK, output
        return output

    def watch(self, pids: list[int]) -> None:
        """Note what lies outside of the run's folder and is to go with a process."""
        for pid in pids:
            with contextlib.suppress(OSError):
                mapped = Path(f"/proc/{pid}/maps").read_text()
                # Memory that is shared by a name is in the run's folder, or in none.
                assert not re.findall(r" (/dev/shm/(?!pytest-seedstate-).*)", mapped)
        self.shared_memory |= {
            segment
            for segment, maker in _shared_memory().items()
            # What was there before was made by another process of that pid.
            if maker in pids and segment not in self.before
        }

    def assert_all_is_gone(self) -> None:
        """Now, or in a moment: what ends by itself may take one."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.leftovers() == [])
        assert self.leftovers() == []

    def leftovers(self) -> list[object]:
        """What is still there of runs that are over."""
        return [
            *self.inner.leftovers(),
            *(self.shared_memory & _shared_memory().keys()),
            # Pytest's own folder is for looking into later.
            *self.temporary.glob("[!p]*"),
            *self.temporary.glob("pytest-seedstate-*/*"),
            *(path for path in self.cache.rglob("*") if path.name.startswith(".")),
        ]


def _shared_memory() -> dict[int, int]:
    """System V segments, and who has made each."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {int(line.split()[1]): int(line.split()[4]) for line in lines}


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A project with a short path, for its folder below `temporary` holds sockets."""
    root = tmp_path_factory.mktemp("k")
    victim = Victim(InnerProject(root, TESTS, FILES))
    victim.temporary.mkdir()
    victim.run()
    start = time.monotonic()
    victim.run()
    victim.seconds = time.monotonic() - start
    yield victim
    victim.assert_all_is_gone()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_is_killed_is_no_burden_for_the_next(victim: Victim, number: int) -> None:
    """The next run passes, whose tests look at all that is there, and nothing is left after it."""
    chance = random.Random(f"{SEED}-{number}")
    way = WAYS[number % len(WAYS)]
    options = ("-p", "xdist", "-n", "2") if way == "worker" else ()
    moment = chance.uniform(0, victim.seconds * 1.1)
    at_once = chance.random() < 0.5
    print(f"seed {SEED}-{number}: {way} after {moment:.3f} of {victim.seconds:.3f} s")

    process = victim.start(*options)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    services = victim.inner.processes()
    victim.watch(services)
    _kill(way, process, services, chance)
    output, _ = process.communicate(timeout=LONGEST)

    assert "INTERNALERROR" not in output, output
    if not at_once:
        wait_until(lambda: victim.inner.processes() == [])
    victim.run(*(options if chance.random() < 0.3 else ()))
    victim.assert_all_is_gone()


def _kill(
    way: str, process: subprocess.Popen[str], services: list[int], chance: random.Random
) -> None:
    targets = [process.pid]
    if way == "service" and services:
        targets = [chance.choice(services)]
    elif way == "worker":
        targets = [chance.choice([process.pid, *_children(process.pid)])]
    elif way == "all":
        targets = [process.pid, *services]
    if way == "group":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return
    for pid in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """The pytest processes that one has started."""
    found: list[int] = []
    for folder in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += map(int, (folder / "children").read_text().split())
    return found

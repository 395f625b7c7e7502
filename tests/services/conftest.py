"""What the tests of services share: short folders, one cache, and processes to kill."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_seedstate.services import platform
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir

REPOSITORY = Path(__file__).parents[2]
HOLDER = Path(__file__).with_name("holder.py")

#: For interpreters that tests start: our package, and what this interpreter was told to see.
PYTHONPATH = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder for runs of this test alone; short, because Unix sockets lie below it."""
    folder = Path(tempfile.mkdtemp(prefix="sst", dir=platform.run_roots()[0]))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def rundir(root: Path) -> Iterator[RunDir]:
    """A run folder of this test alone."""
    with RunDir(root, root=root) as made:
        yield made


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the image of a cluster."""
    cache = tmp_path_factory.mktemp("cache")
    with RunDir(cache) as made:
        server = EmbeddedPostgres(made, cache)
        server.start()
        server.stop()
    return cache


@pytest.fixture
def cache(warm_cache: Path, tmp_path: Path) -> Path:
    """A cache folder with an image, for this test to spoil."""
    return Path(shutil.copytree(warm_cache, tmp_path / "cache"))


class Holder:
    """A running `holder.py`; `told` is what it printed."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.close()
            pytest.fail(f"holder.py ended with {self.process.returncode}")
        self.told: dict[str, Any] = json.loads(line)

    def processes(self) -> list[int]:
        """The pids of supervisor and server that still run."""
        pids = (self.told["supervisor"], self.told["postgres"])
        return [pid for pid in pids if platform.process_start(pid) is not None]

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it in order."""
        with contextlib.suppress(OSError):
            self.process.communicate(timeout=30)


@pytest.fixture
def hold(root: Path, warm_cache: Path) -> Iterator[Callable[..., Holder]]:
    """Start processes that hold a server; they end with the test."""
    started: list[Holder] = []

    def start(
        *wishes: str,
        prefix: tuple[str, ...] = (sys.executable,),
        cache: Path = warm_cache,
        script: Path = HOLDER,
        path: str = PYTHONPATH,
        root: Path = root,
    ) -> Holder:
        environment = {**os.environ, "PYTHONPATH": path}
        holder = Holder([*prefix, str(script), str(root), str(cache), *wishes], environment)
        started.append(holder)
        return holder

    yield start
    for holder in started:
        holder.close()


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that is to happen; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)

"""Runs of pytest in processes of their own, and what they leave behind."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_seedstate.services.platform import all_roots
from tests.plugin.projects import SHOP, clean_environment, write_text

INI = """
    [pytest]
    addopts = -p no:cacheprovider -p seedstate --strict-markers
    filterwarnings = error
"""

PRELUDE = """
    import os, signal, sys, time
    from pathlib import Path
    import pytest

    def look(postgres, dynamodb, count=3):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (count,)
        assert dynamodb.Table("shop").scan()["Count"] == count

    def tell_ports(endpoints):
        with open("ports", "a") as file:
            file.writelines(service["port"] + chr(10) for service in endpoints.values())

"""
"""What the test module of an inner project begins with; `tell_ports` is for `leftovers`."""

HIDE = """
    import os, sys
    from importlib.machinery import PathFinder

    class Hiding(PathFinder):
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            return None if name == os.environ["HIDDEN"] else super().find_spec(name, path, target)

    sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""
"""A sitecustomize that hides the module that the variable HIDDEN names."""


@dataclass(frozen=True)
class Finished:
    """How a run ended, and all it printed."""

    code: int
    output: str


class InnerProject:
    """A project with the pack `shop` and one module of tests.

    Args:
        root: its folder, empty.
        tests: the module, after `PRELUDE`; indented like that.
        files: more files by their names.
    """

    def __init__(self, root: Path, tests: str, files: dict[str, str] | None = None) -> None:
        self.root = root
        texts = {"pytest.ini": INI, "scenarios/shop.py": SHOP, "test_it.py": PRELUDE + tests}
        for name, text in (texts | (files or {})).items():
            write_text(root / name, text)
        # As the run folder's name begins, see `rundir`.
        self._digest = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:8]

    @property
    def mark(self) -> str:
        """What the command line of every process of this project's services contains."""
        return f"/{self._digest}-"

    def start(
        self, *options: str, prefix: tuple[str, ...] = (), **variables: str
    ) -> subprocess.Popen[str]:
        """Start pytest; its output is one stream.

        Args:
            options: of pytest.
            prefix: a program that runs what follows it.
            variables: for the environment.
        """
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "pytest", *options],
            cwd=self.root,
            env=clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, prefix: tuple[str, ...] = (), **variables: str) -> Finished:
        """Run pytest to its end, see `start`."""
        process = self.start(*options, prefix=prefix, **variables)
        output, _ = process.communicate()
        return Finished(process.returncode, output)

    def wait_for(self, name: str, process: subprocess.Popen[str]) -> None:
        """Wait until a test has made a file."""
        wait_until(lambda: (self.root / name).exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[0]

    def processes(self) -> list[int]:
        """Processes that work in a run folder of this project, or were told its name."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "cmdline").read_bytes() + os.fsencode((folder / "cwd").readlink())
            except OSError:
                continue
            if self.mark.encode() in told:
                found.append(int(folder.name))
        return found

    def folders(self) -> list[Path]:
        """The run folders of this project."""
        return [
            path
            for root in all_roots()
            for path in root.glob(f"pytest-seedstate-{os.geteuid()}/{self._digest}-*")
        ]

    def leftovers(self) -> list[object]:
        """Processes, run folders, and ports of a run's services that are still listened on."""
        ports = (self.root / "ports").read_text().split() if (self.root / "ports").exists() else ()
        return [*self.processes(), *self.folders(), *filter(_is_open, ports)]


def _is_open(port: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(port))) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that is to happen; fail when it does not within half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def told_once_each(run: Finished, problem: str, *names: str) -> None:
    """Each of these tests, and no other, has failed with one message, and without a traceback."""
    assert not re.search(r"Traceback|INTERNALERROR|Warning|\.py:\d", run.output), run.output
    messages = re.findall(r"^seedstate: (?!provider: )(.*)", run.output, re.MULTILINE)
    assert len(messages) == len(names)
    assert [message for message in messages if not message.startswith(problem)] == []
    for name in names:
        assert f"ERROR test_it.py::{name} - " in run.output
    assert run.output.count("ERROR test_it.py::") == len(names)
    assert "FAILED test_it.py::" not in run.output

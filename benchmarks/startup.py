"""What the plugin costs a project that does not use it: pytest with it and without, in turns.

    python benchmarks/startup.py [--rounds 30] [--tests 1000]

Prints medians of whole pytest runs: of a project with one empty test (the start), and of one with
many (per test).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(folder: Path, options: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
        # Other plugins would add their noise, and are no part of the question.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": ""},
    )
    return time.perf_counter() - start


def compare(folder: Path, rounds: int) -> tuple[float, float]:
    """Median seconds with and without the plugin; the order changes every round."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds):
        for with_plugin in (True, False) if number % 2 else (False, True):
            options = ["-p", "pytest_seedstate.plugin"] if with_plugin else []
            times[with_plugin].append(run(folder, options))
    return statistics.median(times[True]), statistics.median(times[False])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--tests", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for count in (1, arguments.tests):
            folder = Path(name) / str(count)
            folder.mkdir()
            folder.joinpath("test_nothing.py").write_text(
                "\n".join(f"def test_{number}(): pass" for number in range(count))
            )
            with_plugin, without = compare(folder, arguments.rounds)
            difference = (with_plugin - without) * 1000
            print(
                f"{count:>5} tests: {with_plugin * 1000:7.1f} ms with, {without * 1000:7.1f} ms "
                f"without, {difference:+.1f} ms ({difference / count * 1000:+.1f} us a test), "
                f"ratio {with_plugin / without:.3f}"
            )


if __name__ == "__main__":
    main()

"""The demo's tests really need the rewind: without it nearly all of its writing modules fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.on_demand import on_demand

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "directory_api"


def run_demo(tmp_path: Path, *, rewind: bool) -> dict[str, list[str]]:
    """Run the demo in random order; which modules wrote, and which failed."""
    observed = tmp_path / f"observed {rewind}.json"
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environment |= {"OBSERVER_FILE": str(observed), "PYTHONPATH": str(Path(__file__).parent)}
    if not rewind:
        environment["NO_REWIND"] = "1"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "observer", "-p", "no:cacheprovider"),
            # Of hundreds of failures nobody reads what had changed.
            *("--tb=no", "--seedstate-diff=off"),
        ],
        cwd=DEMO,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if rewind else 1), done.stdout[-4000:]
    found: dict[str, list[str]] = json.loads(observed.read_text("utf-8"))
    return found


@on_demand
def test_without_the_rewind_most_writing_modules_fail(tmp_path: Path) -> None:
    """At least 80 % of them, in an order that changes with every run."""
    with ThreadPoolExecutor(2) as pool:
        with_rewinds = pool.submit(run_demo, tmp_path, rewind=True)
        without = pool.submit(run_demo, tmp_path, rewind=False)
    wrote = set(with_rewinds.result()["wrote"])
    failed = set(without.result()["failed"])

    assert len(wrote) >= 8
    assert len(wrote & failed) >= 0.8 * len(wrote), f"unharmed: {sorted(wrote - failed)}"

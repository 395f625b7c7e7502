"""The same tests on containers: ``python -m tests.on_containers [pytest arguments]``.

The demo, the tattoo directory and the stores run on PostgreSQL, LocalStack and OpenSearch in
containers, in pytest processes that are told so as a user tells his. What is run is chosen to take
about three minutes; SEEDSTATE_TEST_CASES=all runs everything. Without Docker nothing is run, and the
reason is said; in CI (CI=true) that is an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.docker import why_no_docker
from tests.on_demand import ALL_CASES

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "examples" / "directory_api"

DEMO_SAMPLE = (
    "tests/test_bookings.py",
    "tests/test_indexer.py",
    "tests/test_scores.py",
    "tests/test_server.py",
    "tests/test_states.py",
)
STORES = (
    "tests/postgres/test_cases.py",
    "tests/postgres/test_machine.py",
    "tests/stores/test_dynamodb_loading.py",
    "tests/stores/test_opensearch_loading.py",
    "tests/stores/test_s3_loading.py",
    "tests/opensearch_host/test_changes.py",
    "tests/opensearch_host/test_machine.py",
    "tests/opensearch_host/test_rewind.py",
    "tests/aws/test_cases.py",
    "tests/aws/test_changes.py",
    "tests/aws/test_localstack.py",
    "tests/aws/test_machine.py::test_whatever_is_done_comes_back",
    "tests/aws/test_positions.py",
)
DIRECTORY_SAMPLE = ("tests/packs/tattoo_directory/test_in_the_stores.py",)


def main(arguments: list[str]) -> int:
    """Run them; the first exit status that is not 0."""
    reason = why_no_docker()
    if reason is not None:
        must_run = os.environ.get("CI") == "true"
        word = "FAILED" if must_run else "SKIPPED"
        print(f"{word}: no test was run on containers: {reason}")
        return int(must_run)
    directory = ("tests/packs/tattoo_directory",) if ALL_CASES else DIRECTORY_SAMPLE
    stores = ("tests/containers/test_application.py", *directory, *STORES)
    with ThreadPoolExecutor(1) as pool:
        # One pytest leaves half of two cores idle; what it prints is shown when it has ended.
        demo = pool.submit(run_suite, DEMO, [*arguments, *(() if ALL_CASES else DEMO_SAMPLE)])
        status, _ = run_suite(ROOT, [*arguments, *stores], shown=True)
        demo_status, printed = demo.result()
    print(printed)
    return max(status, demo_status)


def run_suite(folder: Path, arguments: Sequence[str], *, shown: bool = False) -> tuple[int, str]:
    """Run pytest; its exit status, and what it printed that was not shown."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--durations=5", *arguments],
        cwd=folder,
        env={**os.environ, "SEEDSTATE_PROVIDER": "containers"},
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"on containers, in {folder.name}: {time.perf_counter() - began:.0f} s", flush=True)
    return done.returncode, done.stdout or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

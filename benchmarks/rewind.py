"""What going back to a state costs, beside what people use today, in one run.

    python benchmarks/rewind.py [--provider containers] [--only PART ...] [--rounds 40] [--quick]

Services are real ones, clients are those of applications; ways that are compared are measured in
turns. Prints medians with their ratios, and at the end one table: goals, figures, met or missed.
`--quick` takes less data and fewer rounds, to see that everything works. pytest-postgresql is
compared with where it is installed. With `--provider containers` the same is asked of PostgreSQL,
LocalStack and OpenSearch in containers: rows, aws, opensearch, proxy and all.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from rewinding import all_stores, aws, containers, loading, opensearch, postgres, proxy, suite
from rewinding.measuring import Run

PARTS = {
    "rows": postgres.rows,
    "tables": postgres.tables,
    "writes": postgres.writes,
    "aws": aws.aws,
    "opensearch": opensearch.opensearch,
    "proxy": proxy.proxy,
    "all": all_stores.all_stores,
    "switch": all_stores.switching,
    "suite": suite.suite,
    "loading": loading.loading,
}
ON_CONTAINERS = {
    "rows": postgres.rows,
    "aws": containers.aws,
    "opensearch": containers.opensearch,
    "proxy": proxy.proxy,
    "all": all_stores.all_stores,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--provider", choices=("embedded", "containers"), default="embedded")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART")
    parser.add_argument("--rounds", type=int, help="of the quick ways (40; 10 with --quick)")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    rounds = given.rounds or (10 if given.quick else 40)
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name), rounds, given.quick, given.provider)
        parts = ON_CONTAINERS if given.provider == "containers" else PARTS
        began = os.getloadavg()[0]
        for part in given.only or parts:
            start = time.perf_counter()
            print(f"-- {part}", flush=True)
            parts[part](run)
            print(f"   ({time.perf_counter() - start:.0f} s)", flush=True)
        print(f"\n{run.table()}")
        print(
            f"\n{os.cpu_count()} cores; load average {began:.1f} before, {os.getloadavg()[0]:.1f} after"
        )


if __name__ == "__main__":
    main()

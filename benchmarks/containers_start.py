"""How long a run on containers takes until its first test's body begins.

    python benchmarks/containers_start.py [--rounds 10] [--cold 2] [--only all]

Cold means that each run starts containers of its own, whose images are there; reused that it takes
those that the run before has kept. Stores are asked for alone and all together. Beside them the
same on embedded services.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from first_test import PACK, TEST, seconds_to_first_test

from pytest_seedstate.services.containers.docker_engine import DockerEngine
from pytest_seedstate.services.containers.sweeping import remove_kept

PARTS = {
    "PostgreSQL": "postgres",
    "S3": "s3",
    "DynamoDB": "dynamodb",
    "OpenSearch": "opensearch",
    "all": "postgres, dynamodb, s3, opensearch",
}
# What of the record is left out where a store is not asked for, so that it is not started.
LINES_OF = {
    "postgres": ['        Row("products"),'],
    "s3": ['        Object("photos", key="{sku}", body="photo"),', '    photo: bytes = b"photo"'],
    "dynamodb": ['        Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"),'],
    "opensearch": ['        Document("products", id="{sku}"),'],
}
GOAL = 1.5


def make_project(folder: Path, fixtures: str) -> None:
    for part in ("scenarios", "tests"):
        (folder / part).mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    pack = PACK
    for store, lines in LINES_OF.items():
        for line in lines if store not in fixtures else ():
            pack = pack.replace(f"{line}\n", "")
    (folder / "scenarios" / "shop.py").write_text(pack)
    marker = '@pytest.mark.scenario("three-products")'
    (folder / "tests" / "test_it.py").write_text(TEST.format(marker=marker, fixtures=fixtures))


def measure(folder: Path, rounds: int, **variables: str) -> list[float]:
    os.environ.update(variables)
    cache = folder.parent / "cache"
    return [seconds_to_first_test(folder, "test_it.py", cache) for _ in range(rounds)]


def told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):7.2f} ({min(seconds):5.2f} to {max(seconds):5.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cold", type=int, default=2)
    parser.add_argument("--only", choices=PARTS, help="one of the lines")
    given = parser.parse_args()
    print(f"{'seconds to the first test':26} {'cold':>24} {'reused':>24} {'embedded':>24}")
    with tempfile.TemporaryDirectory() as name:
        for title, fixtures in PARTS.items():
            if given.only not in (None, title):
                continue
            folder = Path(name) / title
            make_project(folder, fixtures)
            embedded = measure(folder, 1, SEEDSTATE_PROVIDER="embedded", SEEDSTATE_REUSE="0")
            embedded = measure(folder, given.rounds)
            cold = measure(folder, given.cold, SEEDSTATE_PROVIDER="containers")
            try:
                measure(folder, 1, SEEDSTATE_REUSE="1")
                reused = measure(folder, given.rounds)
            finally:
                with closing(DockerEngine("the benchmark")) as engine:
                    remove_kept(engine, folder)
            print(
                f"{title:26} {told(cold):>24} {told(reused):>24} {told(embedded):>24}", flush=True
            )
    met = "met" if statistics.median(reused) <= GOAL else "missed"
    print(f"goal: all reused in {GOAL} s or less: {met}")


if __name__ == "__main__":
    main()

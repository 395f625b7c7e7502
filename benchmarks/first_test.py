"""How long a run takes until its first test's body begins, on all embedded services.

    python benchmarks/first_test.py [--rounds 10]

Cold means that nothing was prepared on this machine (an empty cache folder), warm that an earlier
run has left its cache. Beside them the same test without any data, so that what pytest and its
other plugins take can be subtracted.
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

PACK = """
from decimal import Decimal

import factory
from pytest_seedstate import Document, Item, Object, Record, RecordFactory, Row, scenario


class Product(Record):
    sku: str
    name: str
    price: Decimal
    photo: bytes = b"photo"
    stored_in = (
        Row("products"),
        Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"),
        Object("photos", key="{sku}", body="photo"),
        Document("products", id="{sku}"),
    )


class ProductFactory(RecordFactory[Product]):
    sku = factory.Sequence("p{:03}".format)
    name = factory.Faker("word")
    price = factory.Faker("pydecimal", min_value=1, max_value=99, right_digits=2)


@scenario("three-products")
def three_products(seed, count=3):
    yield from ProductFactory.build_batch(count)
"""

TEST = """
import os, time
import pytest

{marker}
def test_first({fixtures}):
    with open(os.environ["BEGAN"], "w") as file:
        file.write(repr(time.time()))
"""


def seconds_to_first_test(folder: Path, name: str, cache: Path) -> float:
    began = folder / "began"
    start = time.time()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_seedstate.plugin", f"tests/{name}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
        env={
            **os.environ,
            "BEGAN": str(began),
            "XDG_CACHE_HOME": str(cache),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    return float(began.read_text()) - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for part in ("scenarios", "tests"):
            (folder / part).mkdir()
        (folder / "scenarios/shop.py").write_text(PACK)
        marker = '@pytest.mark.scenario("three-products")'
        (folder / "tests/test_data.py").write_text(
            TEST.format(marker=marker, fixtures="postgres, dynamodb, s3, opensearch")
        )
        (folder / "tests/test_bare.py").write_text(TEST.format(marker="", fixtures=""))
        cache = folder / "cache"
        seconds_to_first_test(folder, "test_data.py", cache)  # compiles bytecode
        times: dict[str, list[float]] = {"bare": [], "cold": [], "warm": []}
        for number in range(rounds):
            times["bare"].append(seconds_to_first_test(folder, "test_bare.py", cache))
            empty = folder / f"cache-{number}"
            times["cold"].append(seconds_to_first_test(folder, "test_data.py", empty))
            times["warm"].append(seconds_to_first_test(folder, "test_data.py", cache))
        median = {kind: statistics.median(values) for kind, values in times.items()}
        for kind in ("cold", "warm"):
            print(
                f"{kind}: {median[kind]:.2f} s to the first test, "
                f"{median[kind] - median['bare']:.2f} s more than without data "
                f"(pytest alone: {median['bare']:.2f} s)"
            )


if __name__ == "__main__":
    main()

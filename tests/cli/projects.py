"""Projects for commands, and what their commands leave behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_seedstate.services.platform import all_roots, process_start
from pytest_seedstate.services.rundir import base_folder, project_digest
from tests.plugin.inner_runs import InnerProject
from tests.plugin.projects import clean_environment, write_text

SEEDSTATE = Path(sys.executable).with_name("seedstate")

PACK = """
    from decimal import Decimal

    import factory
    from pytest_seedstate import (
        Document, Item, Object, Record, RecordFactory, Row, reset_state, scenario
    )


    class Product(Record):
        sku: str
        name: str
        price: Decimal
        stored_in = (
            Row("products"),
            Item("shop", pk="PRODUCT#{sku}", sk="PROFILE"),
            Document("products", id="{sku}"),
        )


    class Photo(Record):
        sku: str
        picture: bytes
        stored_in = (Object("photos", key="{sku}.jpg", body="picture", content_type="image/jpeg"),)


    class ProductFactory(RecordFactory[Product]):
        sku = factory.Sequence("p{:03}".format)
        name = factory.Faker("word")
        price = factory.Faker("pydecimal", min_value=1, max_value=99, right_digits=2)


    @scenario("three-products")
    def three_products(seed, count=3):
        '''Products without photos.'''
        yield from ProductFactory.build_batch(count)


    @scenario("with-photos", extends="three-products")
    def with_photos(seed):
        for product in seed.records(Product):
            yield Photo(sku=product.sku, picture=product.sku.encode())


    @scenario("written", stores=["postgres"])
    def written(seed):
        seed.postgres.execute("INSERT INTO products VALUES ('own', 'own', 1)")


    @scenario("written-on-top", extends="three-products", stores=["postgres"])
    def written_on_top(seed):
        seed.postgres.execute("INSERT INTO products SELECT sku || '-2', name, price FROM products")
        yield ProductFactory.build()


    @scenario("broken")
    def broken(seed):
        yield ProductFactory.build()
        raise RuntimeError("the scenario's own fault")


    reset_state("fresh", scenario="with-photos", description="three products with photos")
    reset_state("double", scenario="three-products", copies=2, stores=("postgres", "dynamodb"))
    reset_state("failing", scenario="broken")
    reset_state("written-on-top", scenario="written-on-top")
    reset_state("clean")
"""
"""Three products are 3 rows, 3 items and 3 documents, with photos 3 objects more."""

ENDPOINTS = ("DATABASE_URL", "AWS_ENDPOINT_URL", "OPENSEARCH_URL", "COLUMNS")


class CliProject:
    """A project in which commands are run.

    Args:
        root: its folder, made here.
        files: its files by path; None for the pack `shop` alone.
    """

    def __init__(self, root: Path, files: dict[str, str] | None = None) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        for name, text in (files or {"scenarios/shop.py": PACK}).items():
            write_text(root / name, text)

    def start(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.Popen[str]:
        """Start ``seedstate`` with these arguments."""
        environment = clean_environment(**variables)
        for name in ENDPOINTS:
            if name not in variables:
                environment.pop(name, None)
        return subprocess.Popen(
            [str(SEEDSTATE), *arguments],
            cwd=cwd or self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``seedstate`` to its end; what it prints is never a traceback."""
        process = self.start(*arguments, cwd=cwd, **variables)
        out, err = process.communicate()
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def told(self, *arguments: str, code: int = 0, **variables: str) -> Any:
        """What a command says with ``--json``."""
        done = self.run(*arguments, "--json", **variables)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def refused(self, *arguments: str, code: int, **variables: str) -> str:
        """The error of a command that does not do what it is asked for."""
        done = self.run(*arguments, **variables)
        assert (done.returncode, done.stdout) == (code, ""), done.stdout + done.stderr
        return done.stderr

    def counts(self, **variables: str) -> dict[str, dict[str, int]]:
        """What the stores hold, by store and collection."""
        stores = self.told("status", **variables)["stores"]
        return {name: store["counts"] for name, store in stores.items()}

    def leftovers(self) -> list[object]:
        """Processes and files of a run of this project."""
        inner = InnerProject.__new__(InnerProject)
        inner.root, inner._digest = self.root, project_digest(self.root)
        files = [
            path
            for root in all_roots()
            for path in base_folder(root).glob(f"{project_digest(self.root)}-*")
        ]
        return [*inner.processes(), *files]


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return process_start(pid) is None


EMPTY = {
    "postgres": {"products": 0},
    "dynamodb": {"shop": 0},
    "s3": {"photos": 0},
    "opensearch": {"products": 0},
}
THREE = {
    "postgres": {"products": 3},
    "dynamodb": {"shop": 3},
    "s3": {"photos": 0},
    "opensearch": {"products": 3},
}
FRESH = {**THREE, "s3": {"photos": 3}}

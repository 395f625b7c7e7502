"""``--seedstate-keep=failed``: the state of the first failed test stays after the run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_seedstate.engine.uprun import find_kept
from tests.cli.projects import SEEDSTATE
from tests.on_demand import on_demand
from tests.plugin.inner_runs import Finished, InnerProject, wait_until
from tests.plugin.projects import RERUN, clean_environment

TESTS = """
    pytestmark = pytest.mark.scenario("with-photos")

    @pytest.fixture(scope="module")
    def lamp(seedstate_env):
        import psycopg
        with psycopg.connect(seedstate_env["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO products VALUES ('lamp', 'lamp', 1)")

    @pytest.fixture
    def tidies_up(postgres, s3):
        yield
        postgres.execute("DELETE FROM products")
        s3.delete_object(Bucket="photos", Key="kept.jpg")

    def test_passes(postgres, lamp):
        look_for(postgres, 4)
        postgres.execute("DELETE FROM products")

    def test_fails(postgres, dynamodb, s3, lamp, tidies_up, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        look_for(postgres, 4)
        postgres.execute("DELETE FROM products WHERE sku = 'p001'")
        DDL
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
        s3.put_object(Bucket="photos", Key="kept.jpg", Body=b"kept")
        assert False, "on purpose"

    def test_fails_too(postgres, s3, lamp):
        look_for(postgres, 4)
        assert len(s3.list_objects_v2(Bucket="photos")["Contents"]) == 3
        postgres.execute("TRUNCATE products")
        assert False, "this one too"

    def look_for(postgres, count):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (count,)
"""

LATER = """
    import pytest
    from test_it import look

    @pytest.mark.scenario("one-more")
    def test_another_state(postgres, dynamodb): look(postgres, dynamodb, 1)
"""

LOOK = """
import os
import boto3, psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    rows = connection.execute("SELECT sku FROM products ORDER BY sku").fetchall()
items = boto3.resource("dynamodb").Table("shop").scan()["Items"]
objects = boto3.resource("s3").Bucket("photos").objects.all()
print(" ".join(sku for (sku,) in rows))
print(" ".join(sorted(item["sku"] for item in items)))
print(" ".join(each.key for each in objects))
"""
KEPT = "lamp p000 p002\np000 p002\nkept.jpg p000.jpg p001.jpg p002.jpg\n"


def command(inner: InnerProject, *arguments: str, **variables: str) -> Finished:
    """Run a command of ours, or Python with ``-c``, in the project."""
    start = sys.executable if arguments[0] == "-c" else str(SEEDSTATE)
    done = subprocess.run(
        [start, *arguments],
        cwd=inner.root,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Finished(done.returncode, done.stdout)


def exported(inner: InnerProject) -> dict[str, str]:
    """The variables of the kept state, as the summary says to get them."""
    told = command(inner, "up", "--export").output
    return dict(re.findall(r"^export (\w+)='?(.*?)'?$", told, re.MULTILINE))


@pytest.mark.parametrize(
    "ddl", [pytest.param(False, id="", marks=on_demand), pytest.param(True, id="ddl")]
)
def test_it_can_be_looked_at_and_dropped(tmp_path: Path, ddl: bool) -> None:
    """As the test left it when it failed, before its fixtures tidied up; later tests run as usual."""
    statement = 'postgres.execute("ALTER TABLE products ADD COLUMN stock int")' if ddl else ""
    inner = InnerProject(tmp_path, TESTS.replace("DDL", statement), {"test_later.py": LATER})

    run = inner.run("--seedstate-keep=failed", "--seedstate-order=off", "--seedstate-verify")

    try:
        assert "2 failed, 2 passed" in run.output, run.output
        assert "the state of test_it.py::test_fails is kept" in run.output
        assert "module fixture 'lamp'" in run.output
        assert 'eval "$(seedstate up --export)"' in run.output
        summary = run.output.partition("the state of test_it.py::test_fails is kept")[2]
        assert exported(inner)["DATABASE_URL"] not in summary
        assert command(inner, "-c", LOOK, **exported(inner)).output == KEPT
        status = command(inner, "status")
        assert status.code == 0
        assert "this is the state that test_it.py::test_fails left" in status.output
        assert "with the state that test_it.py::test_fails left" in command(inner, "up").output
        # A run meanwhile has services of its own.
        assert "2 failed, 2 passed" in inner.run("--seedstate-order=off").output
        assert command(inner, "-c", LOOK, **exported(inner)).output == KEPT
    finally:
        down = command(inner, "down")
    assert down.output == "stopped\n"
    assert inner.leftovers() == []
    assert command(inner, "status").code == 1


ONE = """
    pytestmark = pytest.mark.scenario("three-products")

    def test_NAME(postgres, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        postgres.execute("INSERT INTO products VALUES ('NAME', 'NAME', 1)")
        assert False
"""


def test_a_later_run_replaces_it_and_a_killed_holder_leaves_nothing(tmp_path: Path) -> None:
    """The next failed state takes the place of the earlier one, which is told."""
    first = InnerProject(tmp_path, ONE.replace("NAME", "first"))
    first.run("--seedstate-keep=failed")
    inner = InnerProject(tmp_path, ONE.replace("NAME", "second"))

    run = inner.run("-o", "seedstate_keep=failed")

    assert "that of test_it.py::test_first, kept by an earlier run, is gone" in run.output
    assert len(inner.folders()) == 1
    kept = find_kept(tmp_path)
    assert kept is not None
    assert kept.kept == "test_it.py::test_second"
    os.kill(kept.pid, signal.SIGKILL)
    wait_until(lambda: not inner.processes())
    inner.run("--seedstate-keep=off")
    assert inner.leftovers() == []


@pytest.mark.parametrize("phase", ["setup", "teardown", "readonly"])
def test_failures_of_other_phases(tmp_path: Path, phase: str) -> None:
    """A fixture that fails, and a readonly test that writes in its teardown."""
    inner = InnerProject(
        tmp_path,
        """
    @pytest.fixture
    def fails(postgres):
        if "PHASE" == "setup":
            postgres.execute("DELETE FROM products WHERE sku = 'p000'")
            raise RuntimeError
        yield
        postgres.execute("DELETE FROM products WHERE sku = 'p000'")
        if "PHASE" == "teardown":
            raise RuntimeError

    @pytest.mark.scenario("three-products", readonly="PHASE" == "readonly")
    def test_it(fails): pass

    @pytest.mark.scenario("three-products")
    def test_next(postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """.replace("PHASE", phase),
    )

    run = inner.run("--seedstate-keep=failed")
    counts = command(inner, "status", "--json")
    command(inner, "down")

    assert "the state of test_it.py::test_it is kept" in run.output
    assert '"products": 2' in counts.output
    assert inner.leftovers() == []


def test_with_workers_the_first_failure_of_all_is_kept(tmp_path: Path) -> None:
    """The others keep nothing; the controller's summary tells of it."""
    inner = InnerProject(
        tmp_path, ONE.replace("NAME", "first"), {"test_b.py": "from test_it import *"}
    )

    run = inner.run("--seedstate-keep=failed", "-p", "xdist", "-n", "2", "--dist", "loadfile")
    folders = inner.folders()
    command(inner, "down")

    assert "2 failed" in run.output, run.output
    assert run.output.count("is kept, by process") == 1
    assert len(folders) == 1
    assert inner.leftovers() == []


def test_of_a_test_that_is_run_again_the_last_run_counts(tmp_path: Path) -> None:
    """Where it passes, the first failure is another's."""
    inner = InnerProject(
        tmp_path,
        """
    tries = []

    @pytest.mark.rerun
    @pytest.mark.scenario("three-products")
    def test_flaky(postgres, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        postgres.execute("DELETE FROM products WHERE sku = 'p001'")
        tries.append(1)
        assert len(tries) > 1

    @pytest.mark.scenario("three-products")
    def test_broken(postgres):
        assert postgres.execute("DELETE FROM products WHERE sku = 'p002'").rowcount == 0
        """,
        {"conftest.py": RERUN},
    )

    run = inner.run("--seedstate-keep=failed")

    assert "1 failed, 1 passed" in run.output
    assert "test_broken is kept, by process" in run.output
    command(inner, "down")
    assert inner.leftovers() == []


def test_a_run_without_failures_keeps_nothing(tmp_path: Path) -> None:
    """Nor do failures of tests that ask for no state, or without the option."""
    inner = InnerProject(
        tmp_path,
        """
    def test_of_something_else(): assert False

    @pytest.mark.scenario("three-products")
    def test_passes(postgres, seedstate_endpoints): tell_ports(seedstate_endpoints)
        """,
    )

    run = inner.run("--seedstate-keep=failed")

    assert "1 failed, 1 passed" in run.output
    assert "is kept" not in run.output
    assert inner.leftovers() == []

"""A suite of 1 000 tests, 10 scenarios and four stores, half of them writing: what of it is ours?

The same tests run twice in pytest processes of their own: with the plugin, and without it, with
clients of their own on services that run already and are never put back. A small plugin notes how
long every test takes from its first hook to its last, in both. The difference is ours: hooks,
fixtures, rewinds, and what the first calls after a rewind take longer.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.project import Project
from rewinding.measuring import Run

SCENARIOS = 10
TESTS = 1_000
_RECORDS = 100

PACK = """
from pytest_seedstate import Document, Item, Object, Record, Row, scenario


class Thing(Record):
    number: int
    text: str
    stored_in = (
        Row("things"),
        Item("things", pk="{number}"),
        Document("things", id="{number}"),
    )


class Picture(Record):
    number: int
    photo: bytes
    stored_in = Object("things", key="{number}", body="photo")


@scenario("things")
def things(seed, kind=0):
    for number in range(%d):
        yield Thing(number=number, text=f"thing {number} of kind {kind}")
    for number in range(10):
        yield Picture(number=number, photo=b"x" * 1000)
"""

TIMING = """
import json
import os
import time

import pytest

taken = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    start = time.perf_counter()
    try:
        return (yield)
    finally:
        taken[item.nodeid] = time.perf_counter() - start


def pytest_sessionfinish(session):
    with open(os.environ["TAKEN"], "w") as file:
        json.dump(taken, file)
"""

OWN_CLIENTS = """
import json
import os

import boto3
import opensearchpy
import psycopg
import pytest
from botocore.config import Config

at = json.loads(os.environ["SERVICES"])
aws = {
    "endpoint_url": at["aws"]["url"],
    "region_name": at["aws"]["region"],
    "aws_access_key_id": "x",
    "aws_secret_access_key": "x",
}


@pytest.fixture(scope="session")
def connection():
    with psycopg.connect(at["postgres"]["url"], autocommit=True, prepare_threshold=None) as made:
        yield made


@pytest.fixture
def postgres(connection):
    return connection


@pytest.fixture(scope="session")
def dynamodb():
    return boto3.resource("dynamodb", **aws)


@pytest.fixture(scope="session")
def s3():
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **aws)


@pytest.fixture(scope="session")
def opensearch():
    return opensearchpy.OpenSearch(at["opensearch"]["url"])
"""

MODULE = """
import pytest

pytestmark = pytest.mark.scenario("things", kind={kind})


@pytest.mark.parametrize("number", range({tests}))
def test_reads(number, postgres, dynamodb, s3, opensearch):
    found = postgres.execute("SELECT text FROM things WHERE number = 7").fetchone()
    assert found
    assert dynamodb.Table("things").get_item(Key={{"pk": 7}})["Item"]
    assert opensearch.get(index="things", id="7")["found"]
    assert s3.get_object(Bucket="things", Key="7")["Body"].read()


@pytest.mark.parametrize("number", range({tests}))
def test_writes(number, postgres, dynamodb, s3, opensearch):
    postgres.execute("UPDATE things SET text = 'new' WHERE number = 7")
    dynamodb.Table("things").put_item(Item={{"pk": 7, "text": "new"}})
    opensearch.index(index="things", id="7", body={{"text": "new"}}, refresh=True)
    s3.put_object(Bucket="things", Key="7", Body=b"new")
"""

ORDER = """

def pytest_collection_modifyitems(items):
    # Reading and writing in turns, as in a suite that nobody has sorted.
    items.sort(key=lambda item: (item.path.name, item.callspec.params["number"]))
"""


@dataclass(frozen=True, slots=True)
class _Taken:
    """One run: seconds of the whole, milliseconds of each test by its name, our own report."""

    whole: float
    tests: dict[str, float]
    report: dict[str, Any]


def _write_suite(folder: Path, scenarios: int, tests: int) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios/things.py").write_text(PACK % _RECORDS)
    (folder / "timing.py").write_text(TIMING)
    (folder / "own_clients.py").write_text(OWN_CLIENTS)
    (folder / "conftest.py").write_text(ORDER)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    for kind in range(scenarios):
        module = MODULE.format(kind=kind, tests=tests // scenarios // 2)
        (folder / f"test_{kind:02}.py").write_text(module)


def _run(folder: Path, options: list[str], environment: dict[str, str]) -> _Taken:
    taken, report = folder / "taken.json", folder / "report.json"
    report.write_text("{}")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "timing", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            **environment,
            "TAKEN": str(taken),
            # Other plugins would add their noise, and are no part of the question.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    whole = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"the suite has failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    tests = {name: seconds * 1000 for name, seconds in json.loads(taken.read_text()).items()}
    return _Taken(whole, tests, json.loads(report.read_text()))


def _with_plugin(folder: Path) -> _Taken:
    options = ["-p", "pytest_seedstate.plugin", "--seedstate-report=report.json"]
    return _run(folder, options, {})


def _without_plugin(folder: Path) -> _Taken:
    project = Project(Settings.read(folder, lambda setting: None))
    try:
        state = project.state(["things"], params={"kind": 0})
        project.engine.enter(state, state.stores)
        # The marker is not known without the plugin.
        options = ["-p", "own_clients", "-W", "ignore::pytest.PytestUnknownMarkWarning"]
        return _run(folder, options, {"SERVICES": json.dumps(project.endpoints())})
    finally:
        project.close()


def suite(run: Run) -> None:
    """The whole comparison."""
    scenarios, tests = (2, 100) if run.quick else (SCENARIOS, TESTS)
    with TemporaryDirectory(dir=run.folder) as name:
        folder = Path(name)
        _write_suite(folder, scenarios, tests)
        _with_plugin(folder)  # compiles bytecode
        taken = [
            (_without_plugin(folder), _with_plugin(folder)) for _ in range(1 if run.quick else 2)
        ]
    without, ours = min(taken, key=lambda pair: pair[1].whole)
    run.tell(
        f"a suite of {len(ours.tests)} tests, {scenarios} scenarios, four stores: "
        f"{ours.whole:.1f} s, without us {without.whole:.1f} s"
    )
    for kind, figure in ours.report["figures"].items():
        if figure["count"]:
            seconds = figure["seconds"]
            run.tell(
                f"  {kind}: {figure['count']} in {seconds * 1000:.0f} ms, "
                f"{seconds / figure['count'] * 1000:.2f} ms each"
            )
    for remark in ours.report["remarks"]:
        run.tell(f"  {remark}")
    for what, goal in (("reads", 1.0), ("writes", 10.0)):
        more = [
            taken - without.tests[test]
            for test, taken in ours.tests.items()
            if f"test_{what}" in test and not _is_first(test)
        ]
        mean, median = statistics.fmean(more), statistics.median(more)
        run.tell(f"  a test that {what}: {mean:.2f} ms of ours on average, median {median:.2f} ms")
        run.at_most(f"suite of {len(ours.tests)} tests, ours in each that {what}", mean, goal)


def _is_first(test: str) -> bool:
    """Whether it is the first of its module, which starts services or loads its scenario."""
    return test.endswith("test_reads[0]")

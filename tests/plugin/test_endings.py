"""However a run ends, nothing of it is left: no process, no port, no folder."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.inner_runs import InnerProject, wait_until

ENDLESS = {
    "scenarios/endless.py": """
        import time
        from pathlib import Path
        from pytest_seedstate import scenario

        def wait():
            Path("ready").touch()
            while True:
                time.sleep(0.01)

        @scenario("endless")
        def endless(seed):
            wait()

        @scenario("writes-endlessly", stores=("postgres", "dynamodb"))
        def writes_endlessly(seed):
            seed.postgres.execute("INSERT INTO products VALUES ('half', 'half', 1)")
            wait()

        @scenario("runs-endlessly", stores="postgres")
        def runs_endlessly(seed):
            seed.run(["sh", "-c", "echo $$ > ready; exec sleep 600"])
    """
}

TESTS = """
    @pytest.mark.scenario("three-products")
    def test_first(postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        look(postgres, dynamodb)

    @pytest.mark.scenario("endless")
    def test_endless(postgres, dynamodb): pass

    @pytest.mark.scenario("writes-endlessly")
    def test_writes_endlessly(postgres, dynamodb): pass

    @pytest.mark.scenario("runs-endlessly")
    def test_runs_endlessly(postgres, dynamodb): pass

    @pytest.mark.scenario("three-products")
    def test_hangs(postgres, dynamodb):
        postgres.execute("BEGIN")
        postgres.execute("DELETE FROM products")
        Path("ready").touch()
        time.sleep(600)

    def test_only_aws(s3):
        s3.create_bucket(
            Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        Path("ready").touch()
        time.sleep(600)

    @pytest.mark.scenario("three-products")
    def test_fine(postgres, dynamodb): look(postgres, dynamodb)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def inner(tmp_path: Path) -> InnerProject:
    """A project some of whose tests never end."""
    return InnerProject(tmp_path, TESTS, ENDLESS)


@pytest.fixture
def start(inner: InnerProject) -> Iterator[Start]:
    """Start tests of it and wait until the last of them never ends; ended with the test."""
    started = []

    def start_and_wait(*names: str) -> subprocess.Popen[str]:
        nodes = [f"test_it.py::{name}" for name in names]
        process = inner.start("--seedstate-order=off", *nodes)
        started.append(process)
        inner.wait_for("ready", process)
        return process

    yield start_and_wait
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    "name", ["test_endless", "test_writes_endlessly", "test_runs_endlessly", "test_hangs"]
)
def test_ctrl_c_cleans_up_at_once(inner: InnerProject, start: Start, name: str) -> None:
    """In a scenario that never ends, in a command that one runs, in a test."""
    process = start("test_first", name)
    assert len(inner.processes()) > 3
    assert len(inner.folders()) == 1

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert inner.leftovers() == []
    assert "1 passed" in output
    assert "Traceback" not in output
    if name == "test_runs_endlessly":
        wait_until(lambda: not Path("/proc", (inner.root / "ready").read_text().strip()).exists())


@pytest.mark.parametrize("name", ["test_writes_endlessly", "test_hangs"])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_ends_by_itself(
    inner: InnerProject, start: Start, name: str, signum: signal.Signals
) -> None:
    """Python hears nothing of either signal; the services notice that their run is gone."""
    process = start("test_first", name)
    assert len(inner.processes()) > 3

    process.send_signal(signum)
    process.communicate()

    assert process.returncode == -signum
    wait_until(lambda: inner.leftovers() == [])


def test_the_next_run_sweeps_what_nobody_could_remove(inner: InnerProject, start: Start) -> None:
    """Pytest and the supervisor are killed, so that nobody is there to remove the folder."""
    process = start("test_first", "test_hangs")
    (folder,) = inner.folders()
    supervisors = [pid for pid in inner.processes() if b"supervisor.py" in command(pid)]
    assert len(supervisors) == 1
    # Stopped first: between two kills it could do its work.
    os.kill(supervisors[0], signal.SIGSTOP)
    process.kill()
    process.communicate()
    os.kill(supervisors[0], signal.SIGKILL)
    wait_until(lambda: inner.processes() == [])
    assert folder.exists()

    assert inner.run("test_it.py::test_fine").code == pytest.ExitCode.OK

    assert inner.leftovers() == []


def test_a_killed_run_of_the_aws_host_alone(inner: InnerProject, start: Start) -> None:
    """Its processes end by themselves; a folder with a log may stay for the next run's sweep."""
    process = start("test_only_aws")
    assert inner.processes()

    process.kill()
    process.communicate()
    wait_until(lambda: inner.processes() == [])

    assert inner.run("test_it.py::test_fine").code == pytest.ExitCode.OK
    assert inner.leftovers() == []


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


CRASH = """
    pytestmark = pytest.mark.scenario("three-products")

    @pytest.mark.parametrize("number", range(12))
    def test_work(number, postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        look(postgres, dynamodb)
        postgres.execute("DELETE FROM products")
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
        if number == 5:
            HOW
"""


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_worker_that_crashes_leaves_nothing(tmp_path: Path, how: str) -> None:
    """Its test fails; another worker takes its place, and its services go with it."""
    inner = InnerProject(tmp_path, CRASH.replace("HOW", how))

    run = inner.run("-p", "xdist", "-n", "2")

    assert "1 failed, 11 passed" in run.output, run.output
    assert run.output.count("crashed while running 'test_it.py::test_work[5]'") == 1
    assert "INTERNALERROR" not in run.output
    # The crashed worker's services may take a moment after the run, which does not wait for them.
    wait_until(lambda: inner.leftovers() == [])


def test_ctrl_c_under_xdist(tmp_path: Path) -> None:
    """Workers that are ended by the controller clean up too."""
    inner = InnerProject(
        tmp_path,
        """
    pytestmark = pytest.mark.scenario("three-products")

    @pytest.mark.parametrize("number", [1, 2])
    def test_hangs(number, postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        Path("ready" + str(number)).touch()
        time.sleep(600)
""",
    )
    process = inner.start("-p", "xdist", "-n", "2")
    try:
        inner.wait_for("ready1", process)
        inner.wait_for("ready2", process)
        assert len(inner.folders()) == 2

        process.send_signal(signal.SIGINT)
        process.communicate()
    finally:
        process.kill()
        process.wait()

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    wait_until(lambda: inner.leftovers() == [])

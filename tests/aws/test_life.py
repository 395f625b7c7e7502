"""How the host starts and ends, and what the user's own processes can do to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.rundir import RunDir

from .helpers import Clients, item, key, make_client, make_table


def processes_of(root: int) -> dict[int, str]:
    """The host's processes by pid with their start: the root leads a session of its own."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            session = (entry / "stat").read_text().rpartition(")")[2].split()[3]
        except OSError:
            continue
        start = platform.process_start(int(entry.name))
        if int(session) == root and start is not None:
            found[int(entry.name)] = start
    return found


def wait_until_gone(processes: dict[int, str]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not any(platform.is_same_process(pid, start) for pid, start in processes.items()):
            return
        time.sleep(0.02)
    pytest.fail("processes of the host are left")


def root_of(rundir: Path) -> int:
    return int((rundir / "processes").read_text().split()[0])


def test_stop_leaves_nothing(tmp_path: Path) -> None:
    """No process and no listener; a second stop does no harm."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        aws.start()
        make_table(make_client(aws, "dynamodb"))
        aws.journal.keep("a")
        make_table(make_client(aws, "dynamodb"), "b")
        aws.journal.mark()
        processes = processes_of(root_of(rundir.path))
        assert len(processes) >= 4
        port = int(aws.variables["port"])
        aws.stop()
        aws.stop()
        wait_until_gone(processes)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)
    assert not rundir.path.exists()


OWNER = """
import sys, time
from pathlib import Path
from pytest_seedstate.services.aws import EmbeddedAws
from pytest_seedstate.services.rundir import RunDir
sys.path.insert(0, {tests!r})
from tests.aws.helpers import make_client, make_table
rundir = RunDir(Path({folder!r}))
aws = EmbeddedAws(rundir)
aws.start()
make_table(make_client(aws, "dynamodb"))
aws.journal.keep("a")
make_client(aws, "dynamodb").delete_table(TableName="shop")
aws.journal.mark()
{more}
print(rundir.path, flush=True)
time.sleep(60)
"""


def start_owner(folder: Path, more: str = "") -> tuple[subprocess.Popen[str], Path]:
    """Another process that runs a host, as a pytest process does."""
    root = str(Path(__file__).parents[2])
    code = OWNER.format(folder=str(folder), tests=root, more=textwrap.dedent(more))
    owner = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert owner.stdout is not None
    with owner.stdout:
        return owner, Path(owner.stdout.readline().strip())


def test_a_killed_owner_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL gives the owner no chance to say anything; all processes end all the same."""
    owner, rundir = start_owner(tmp_path)
    processes = processes_of(root_of(rundir))
    assert len(processes) >= 4
    owner.kill()
    owner.wait()
    wait_until_gone(processes)


def test_a_forked_child_does_not_keep_the_host_alive(tmp_path: Path) -> None:
    """A process that the owner forked, and that outlives it, holds nothing of the host."""
    owner, rundir = start_owner(
        tmp_path,
        """
        import os
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        (rundir.path / "child").write_text(str(child))
        """,
    )
    processes = processes_of(root_of(rundir))
    child = int((rundir / "child").read_text())
    owner.kill()
    owner.wait()
    try:
        wait_until_gone(processes)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_stopped_reader_of_our_end_does_not_keep_the_host_alive(tmp_path: Path) -> None:
    """Somebody else has our sockets open: the host still notices that its owner is gone."""
    owner, rundir = start_owner(
        tmp_path,
        """
        import os, subprocess
        from pytest_seedstate.services.host import processes
        ends = [channel.fileno() for channel in processes._open_channels]
        child = subprocess.Popen(["sleep", "60"], pass_fds=ends, stdout=subprocess.DEVNULL)
        (rundir.path / "child").write_text(str(child.pid))
        """,
    )
    processes = processes_of(root_of(rundir))
    child = int((rundir / "child").read_text())
    owner.kill()
    owner.wait()
    try:
        wait_until_gone(processes)
    finally:
        os.kill(child, signal.SIGKILL)


def test_an_interrupt_at_the_terminal_is_for_the_owner(tmp_path: Path) -> None:
    """Ctrl-C reaches a whole process group; the host is in another."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        aws.start()
        for pid in processes_of(root_of(rundir.path)):
            assert os.getpgid(pid) != os.getpgrp()
        aws.stop()


def test_a_port_of_ones_own(tmp_path: Path) -> None:
    """The port is ours from the moment it is known, and the configured one if it is free."""
    with RunDir(tmp_path) as rundir, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SeedstateError, match=f"port {port}.*already used"):
            _ = EmbeddedAws(rundir, port=port).variables
        taken.close()
        aws = EmbeddedAws(rundir, port=port)
        assert aws.variables["url"] == f"http://127.0.0.1:{port}"
        aws.start()
        assert make_client(aws, "dynamodb").list_tables()["TableNames"] == []
        aws.stop()


def test_a_service_that_is_not_switched_on(aws: EmbeddedAws) -> None:
    """The answer names the setting, in the protocol of the service, and is not retried."""
    kinesis = make_client(aws, "kinesis")
    with pytest.raises(kinesis.exceptions.ClientError, match="seedstate_aws_services"):
        kinesis.list_streams()
    iam = make_client(aws, "iam")
    with pytest.raises(iam.exceptions.ClientError, match="'iam' is not switched on"):
        iam.list_users()
    assert aws.journal.is_clean()


def test_more_services(tmp_path: Path) -> None:
    """What is named is served and rewound like the rest; without any tuning of moto too."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir, services=("dynamodb", "kinesis", "cloudwatch"))
        aws.start()
        kinesis, cloudwatch = make_client(aws, "kinesis"), make_client(aws, "cloudwatch")
        aws.journal.keep("a")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        cloudwatch.put_metric_alarm(
            AlarmName="a",
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        assert set(aws.journal.changes().notes) == {
            "kinesis: CreateStream",
            "monitoring: PutMetricAlarm",
        }
        aws.journal.rewind()
        assert kinesis.list_streams()["StreamNames"] == []
        assert cloudwatch.describe_alarms()["MetricAlarms"] == []
        aws.stop()


def test_an_unknown_service(tmp_path: Path) -> None:
    """A service that moto has not is told before anything runs, with the closest name."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir, services=("dynamodb", "kinesiss"))
        with pytest.raises(SeedstateError, match=r"unknown AWS service 'kinesiss'(.|\n)*'kinesis'"):
            aws.start()
        aws.stop()


def test_all_services(tmp_path: Path) -> None:
    """All of moto, on one word."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir, services=("all",))
        aws.start()
        iam = make_client(aws, "iam")
        aws.journal.keep("a")
        iam.create_user(UserName="u")
        assert aws.journal.changes().notes == ("iam: CreateUser",)
        aws.journal.rewind()
        assert iam.list_users()["Users"] == []
        aws.stop()


def test_a_broken_moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that cannot start says why, in moto's words, and leaves nothing."""
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise RuntimeError('moto is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        with pytest.raises(SeedstateError, match="moto is broken"):
            aws.start()
        wait_until_gone(processes_of(root_of(rundir.path)))


def test_a_missing_moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The install line, when a package is not there."""
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("import flask_is_not_here")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        with pytest.raises(SeedstateError, match=r"flask_is_not_here(.|\n)*\[embedded\]"):
            aws.start()


def test_a_server_that_dies(aws: EmbeddedAws) -> None:
    """A killed server is never clean; what it held is gone, and the next rewind replaces it."""
    make_table(make_client(aws, "dynamodb"))
    aws.journal.keep("a")
    dynamodb = make_client(aws, "dynamodb")
    dynamodb.put_item(TableName="shop", Item=item(1))
    aws.journal.rewind()
    assert aws.journal.is_clean()
    os.kill(aws.journal.serving_pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while aws.journal.is_clean():
        assert time.monotonic() < deadline
    rewound = aws.journal.rewind()
    assert rewound.replaced == ("the serving process of the embedded AWS, which had died",)
    assert aws.journal.is_clean()
    assert make_client(aws, "dynamodb").scan(TableName="shop")["Count"] == 0


def test_a_host_that_dies(tmp_path: Path) -> None:
    """All gone: each question is answered with one clear message."""
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        aws.start()
        root = root_of(rundir.path)
        make_table(make_client(aws, "dynamodb"))
        os.killpg(root, signal.SIGKILL)
        with pytest.raises(SeedstateError, match="embedded AWS ended unasked"):
            aws.journal.rewind()
        with pytest.raises(SeedstateError, match="embedded AWS ended unasked"):
            aws.journal.mark()
        assert not aws.journal.is_clean()
        aws.stop()


def test_mock_aws_in_a_test(filled: HostJournal, clients: Clients, aws: EmbeddedAws) -> None:
    """A moto in the test's own process, and its end, touch nothing of the host."""
    import boto3
    from moto import mock_aws

    with mock_aws():
        mocked = boto3.client("dynamodb", region_name="eu-west-2")
        make_table(mocked, "mocked")
        assert mocked.list_tables()["TableNames"] == ["mocked"]
        during = make_client(aws, "dynamodb")
        assert during.list_tables()["TableNames"] == ["shop"]
        clients.dynamodb.put_item(TableName="shop", Item=item(9))
        assert not filled.is_clean()
        filled.rewind()
    assert clients.dynamodb.list_tables()["TableNames"] == ["shop"]
    assert filled.is_clean()


def test_a_frozen_clock(filled: HostJournal, clients: Clients) -> None:
    """A test with freezegun stops the test's clocks; the host's go on, and no wait of ours hangs."""
    from freezegun import freeze_time

    with freeze_time("2020-01-01"):
        clients.s3.put_object(Bucket="images", Key="x", Body=b"x")
        found = clients.s3.head_object(Bucket="images", Key="x")
        assert found["LastModified"].year > 2020
        filled.mark()
        clients.dynamodb.delete_item(TableName="shop", Key=key(1))
        filled.rewind()
        assert filled.is_clean()


def test_a_forked_child_cannot_use_the_journal(filled: HostJournal, aws: EmbeddedAws) -> None:
    """In a process that a test forked, the service says that it is not there, and stop is inert."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            aws.stop()
            _ = aws.journal
            told = b"no error"
        except SeedstateError as error:
            told = str(error).encode()
        os.write(writing, told)
        os._exit(0)
    os.waitpid(child, 0)
    assert b"does not run in this process" in os.read(reading, 1000)
    os.close(reading)
    os.close(writing)
    assert filled.is_clean()
    assert make_client(aws, "dynamodb").list_tables()["TableNames"] == ["shop"]


def test_settings_of_the_user_do_not_reach_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that does not exist, an endpoint, moto's settings: the host starts as ever."""
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111111111111")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        aws.start()
        monkeypatch.delenv("AWS_PROFILE")
        dynamodb = make_client(aws, "dynamodb")
        make_table(dynamodb)
        assert "123456789012" in dynamodb.describe_table(TableName="shop")["Table"]["TableArn"]
        aws.stop()


def test_a_start_without_tuning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a stand-in does not fit the installed packages, the host starts without any."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "if 'untuned' not in sys.orig_argv:\n"
        "    sys.modules['s3transfer.manager'] = types.ModuleType('s3transfer.manager')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with RunDir(tmp_path) as rundir:
        aws = EmbeddedAws(rundir)
        aws.start()
        assert "ImportError" in (rundir.path / "aws" / "log").read_text()
        make_table(make_client(aws, "dynamodb"))
        assert not aws.journal.is_clean()
        aws.stop()

"""The proxy's process: it lives as long as its owner, and says why it does not start."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir, sweep

from .services import KEYS, PATIENCE, Raw, Wire, answer, free_port

REPOSITORY = Path(__file__).parents[2]

OWNER = """
import subprocess, sys, time
from pathlib import Path
from pytest_seedstate.services.proxy.service import RecordingProxy
from pytest_seedstate.services.rundir import RunDir

folder = Path(sys.argv[1])
rundir = RunDir(folder, root=folder)
upstream = {"url": "http://127.0.0.1:1", "region": "a", "access_key": "a", "secret_key": "a"}
proxy = RecordingProxy(rundir, title="the proxy", upstream=lambda: upstream, classifier="aws")
proxy.start()
held = 1
if "hold" in sys.argv:
    held = subprocess.Popen(["sleep", "60"], pass_fds=[proxy._channel.fileno()]).pid
print(proxy._child.pid, held, flush=True)
time.sleep(60)
"""


def proxy_in(rundir: RunDir, port: int | None = None, classifier: str = "aws") -> RecordingProxy:
    return RecordingProxy(
        rundir,
        title="the recording proxy",
        upstream=lambda: {"url": "http://127.0.0.1:1", **KEYS},
        classifier=classifier,
        port=port,
    )


def pid_of(proxy: RecordingProxy) -> int:
    assert proxy._child is not None
    return proxy._child.pid


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while platform.process_start(pid) is not None:
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


@contextlib.contextmanager
def owner(folder: Path, *wishes: str):  # type: ignore[no-untyped-def]
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), *wishes],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        yield process, *pids
    finally:
        process.kill()
        process.communicate()


def test_the_url_is_known_before_the_start(tmp_path: Path) -> None:
    """The port is reserved when it is first asked for, and listened on from the start."""
    with RunDir(tmp_path, root=tmp_path) as rundir:
        proxy = proxy_in(rundir)
        url = proxy.url
        assert url == f"http://{proxy.host}:{proxy.port}"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((proxy.host, proxy.port))
        proxy.start()
        proxy.start()
        assert proxy.url == url
        socket.create_connection((proxy.host, proxy.port)).close()
        pid = pid_of(proxy)
        proxy.stop()
        proxy.stop()
        assert platform.process_start(pid) is None


def test_a_port_of_ones_own(tmp_path: Path) -> None:
    """The port that was asked for is taken, or refused in the words of the setting."""
    port = free_port()
    with RunDir(tmp_path, root=tmp_path) as rundir:
        proxy = proxy_in(rundir, port)
        proxy.start()
        assert proxy.port == port
        with pytest.raises(SeedstateError, match="seedstate_aws_port"):
            _ = proxy_in(rundir, port).url
        proxy.stop()


def test_nobody_else_can_connect(raw: Raw) -> None:
    """It listens on the loopback address alone."""
    listening = Path("/proc/net/tcp").read_text().splitlines()
    wanted = f":{raw.proxy.port:04X}"
    found = [line.split()[1] for line in listening if line.split()[1].endswith(wanted)]
    assert f"0100007F{wanted}" in found
    assert set(found) == {f"0100007F{wanted}"}


def test_secrets_are_on_no_command_line(raw: Raw) -> None:
    """What a process is called with can be read by everybody on the machine."""
    told = Path(f"/proc/{pid_of(raw.proxy)}/cmdline").read_bytes()
    assert b"proxy" in told
    assert KEYS["secret_key"].encode() not in told


def test_a_proxy_that_died_is_reported(raw: Raw) -> None:
    """Whoever asks it hears why, and its clients' connections end."""
    there, _ = raw.connect()
    os.kill(pid_of(raw.proxy), signal.SIGKILL)
    assert there.read_end() == b""
    error = raw.proxy.failure(PATIENCE)
    assert error is not None
    assert "the recording proxy ended unasked" in str(error)
    with pytest.raises(SeedstateError, match="ended unasked"):
        raw.proxy.take()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((raw.proxy.host, raw.proxy.port))
    raw.proxy.stop()


def test_a_kind_that_there_is_not(tmp_path: Path) -> None:
    """What goes wrong at the start is told, and nothing stays behind."""
    with RunDir(tmp_path, root=tmp_path) as rundir:
        proxy = proxy_in(rundir, classifier="gopher")
        with pytest.raises(SeedstateError, match="the recording proxy did not start"):
            proxy.start()
        assert proxy.failure() is None


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    """A killed owner takes the proxy along."""
    with owner(tmp_path) as (process, pid, _):
        assert platform.process_start(pid) is not None
        process.send_signal(signal.SIGKILL)
        wait_until_gone(pid)
    assert sweep([tmp_path])


def test_it_ends_with_its_owner_whose_child_lives(tmp_path: Path) -> None:
    """A process that holds the owner's channel open does not keep the proxy alive."""
    with owner(tmp_path, "hold") as (process, pid, child):
        try:
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_until_gone(pid)
            assert platform.process_start(child) is not None
        finally:
            os.kill(child, signal.SIGKILL)


def test_it_can_change_owners(raw: Raw, tmp_path: Path) -> None:
    """Given to another process, it lives as long as that holds its channel, with its port."""
    pid = pid_of(raw.proxy)
    start = platform.process_start(os.getpid())
    assert start is not None
    (descriptor,) = raw.proxy.give_to(os.getpid(), start)
    there = Wire(socket.create_connection((raw.proxy.host, raw.proxy.port)))
    here = raw.accept()
    there.send(b"GET / HTTP/1.1\r\n\r\n")
    assert here.read(18) == b"GET / HTTP/1.1\r\n\r\n"
    here.send(answer(204))
    assert there.read(10) == answer(204)[:10]
    there.close()
    os.close(descriptor)
    wait_until_gone_or_zombie(pid)


def wait_until_gone_or_zombie(pid: int) -> None:
    """It is this process's child still, which `process_start` takes into account."""
    wait_until_gone(pid)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_forked_child_leaves_it_alone(raw: Raw) -> None:
    """What a forked child of the owner does to its copy does not reach the proxy."""
    child = os.fork()
    if child == 0:
        raw.proxy.stop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert raw.proxy.failure() is None
    assert raw.proxy.settle(0) == []
    assert raw.proxy.take().written == 0

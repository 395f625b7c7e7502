"""The calls that only Linux has, tried on Linux."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_seedstate.services import platform
from tests.services.conftest import PYTHONPATH, wait_until

ENVIRONMENT = {**os.environ, "PYTHONPATH": PYTHONPATH}

TAKE_LOCK = """
import sys, time
from pathlib import Path
from pytest_seedstate.services.platform import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.acquire(create=True), flush=True)
time.sleep(60)
"""


def taken_elsewhere(path: Path) -> tuple[subprocess.Popen[bytes], bool]:
    """Another process that tries to take the lock, and whether it got it."""
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_LOCK, str(path)], stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdout is not None
    return process, process.stdout.readline() == b"True\n"


def test_a_process_is_told_from_a_later_one_with_its_pid() -> None:
    """The start stays the same while it runs, and no zombie counts as running."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = platform.process_start(process.pid)
    assert start is not None
    assert platform.is_same_process(process.pid, start)
    assert not platform.is_same_process(process.pid, start + "1")
    process.kill()
    # Not waited for yet: its pid is still in the table.
    wait_until(lambda: platform.process_start(process.pid) is None)
    process.communicate()
    assert not platform.is_same_process(process.pid, start)


def test_a_lock_is_held_against_other_processes_until_its_owner_is_killed(tmp_path: Path) -> None:
    """SIGKILL frees it; nothing has to be cleared up."""
    path = tmp_path / "lock"
    owner, got = taken_elsewhere(path)
    assert got
    lock = platform.FileLock(path)
    assert not lock.acquire()
    owner.kill()
    owner.communicate()
    assert lock.acquire()
    other, got = taken_elsewhere(path)
    assert not got
    other.kill()
    other.communicate()
    lock.release()


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    """A test may fork a process that outlives the run."""
    path = tmp_path / "lock"
    code = TAKE_LOCK.replace(
        "time.sleep(60)",
        "import os; child = os.fork(); print(child, flush=True) if child else time.sleep(60)",
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env=ENVIRONMENT
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"True\n"
    child = int(owner.stdout.readline())
    owner.wait()
    lock = platform.FileLock(path)
    try:
        assert platform.process_start(child) is not None
        assert lock.acquire()
    finally:
        lock.release()
        os.kill(child, signal.SIGKILL)
        owner.stdout.close()


def test_a_child_dies_with_its_parent() -> None:
    """PR_SET_PDEATHSIG reaches the program that the child has become."""
    code = """
import os, signal, time
from pytest_seedstate.services import platform
parent = os.getpid()
child = os.fork()
if child == 0:
    platform.die_with_parent(parent, signal.SIGTERM)
    os.execvp("sleep", ["sleep", "60"])
print(child, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: platform.process_start(child) is None)
    parent.stdout.close()


def test_a_user_namespace_gives_this_process_another_user() -> None:
    """Which is how a program that refuses root can run where root runs the tests."""
    code = """
import os
from pytest_seedstate.services import platform
platform.enter_user_namespace(4321, 4322)
print(os.geteuid(), os.getegid())
"""
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if "Error: [Errno" in told.stderr:
        pytest.skip(f"this system forbids user namespaces: {told.stderr.splitlines()[-1]}")
    assert told.stdout.split() == ["4321", "4322"]

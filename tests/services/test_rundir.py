"""The run's folder: made for this user alone, removed at the end, swept after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.rundir import RunDir, sweep
from tests.services.conftest import PYTHONPATH, Holder, wait_until

ENVIRONMENT = {**os.environ, "PYTHONPATH": PYTHONPATH}
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")

OWNER = """
import sys
from pathlib import Path
from pytest_seedstate.services.rundir import RunDir
rundir = RunDir(Path("project"), worker="gw0", root=Path(sys.argv[1]))
for pid in sys.argv[2:]:
    rundir.record(int(pid))
print(rundir.path, flush=True)
input()
"""


def owner_of_a_folder(root: Path, *pids: int) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a run folder that recorded some processes."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root), *map(str, pids)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def test_only_this_user_may_enter_and_nothing_stays(root: Path) -> None:
    """Folders have mode 0700; closing removes them and the one that holds all runs."""
    with RunDir(root, root=root) as rundir:
        inside = rundir.folder("a")
        (inside / "file").write_text("x")
        for folder in (rundir.path.parent, rundir.path, inside):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    rundir.close()
    assert list(root.iterdir()) == []


def test_two_folders_of_one_process_are_two(root: Path) -> None:
    """Pytest in pytest: the inner run must not get the outer one's folder."""
    with RunDir(root, root=root) as outer:
        with RunDir(root, root=root) as inner:
            assert inner.path != outer.path
            assert sweep([root]) == []
        assert outer.path.is_dir()


def test_a_forked_child_does_not_remove_its_parents_folder(root: Path) -> None:
    """A child that ends in order runs the same finalizers."""
    with RunDir(root, root=root) as rundir:
        child = os.fork()
        if child == 0:
            rundir.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert rundir.path.is_dir()


def test_the_sweep_leaves_a_living_run_alone(root: Path) -> None:
    """Its folder and its processes stay."""
    process = sleeper()
    owner, folder = owner_of_a_folder(root, process.pid)
    assert sweep([root]) == []
    assert folder.is_dir()
    assert process.poll() is None
    for started in (process, owner):
        started.kill()
        started.communicate()


def test_the_sweep_removes_what_a_killed_run_left(root: Path) -> None:
    """Its processes end, its folder goes, whatever lies in it."""
    process = sleeper()
    owner, folder = owner_of_a_folder(root, process.pid)
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("x")
    (folder / "link").symlink_to(root)
    kill(owner)
    assert sweep([root]) == [folder]
    assert process.wait() == -signal.SIGTERM
    assert root.is_dir()
    assert not folder.exists()


def test_the_sweep_kills_a_process_that_does_not_obey(root: Path) -> None:
    """After SIGTERM comes SIGKILL."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    owner, folder = owner_of_a_folder(root, process.pid)
    kill(owner)
    assert sweep([root]) == [folder]
    assert process.wait() == -signal.SIGKILL
    process.communicate()


def test_the_sweep_spares_a_process_that_got_a_recorded_pid_later(root: Path) -> None:
    """Only pid and start together name a process; a line that was cut off names none."""
    process = sleeper()
    owner, folder = owner_of_a_folder(root)
    kill(owner)
    start = platform.process_start(process.pid)
    with (folder / "processes").open("a") as file:
        file.write(f"{process.pid} {start}9 15\n{process.pid} {start}\n{process.pid}")
    assert sweep([root]) == [folder]
    assert process.poll() is None
    process.kill()
    process.wait()


def test_half_made_folders_go_when_their_maker_is_gone(root: Path) -> None:
    """A run killed while it made its folder, or while it removed it, leaves one without a lock."""
    gone = sleeper()
    gone.kill()
    gone.wait()
    base = root / f"pytest-seedstate-{os.geteuid()}"
    base.mkdir(mode=0o700)
    dead = [base / f".new-{gone.pid}-abcd", base / f"01234567-{gone.pid}-main"]
    living = [base / f".new-{os.getpid()}-abcd", base / f"01234567-{os.getpid()}-main"]
    strange = base / "strange"
    for folder in (*dead, *living, strange):
        folder.mkdir()
    assert sorted(sweep([root])) == sorted(dead)
    assert sorted(base.iterdir()) == sorted([*living, strange])


def test_many_sweepers_at_once_do_no_harm(root: Path) -> None:
    """Each folder is removed by one of them; no one fails, and the living run stays."""
    owners = [owner_of_a_folder(root) for _ in range(8)]
    for owner, _ in owners[1:]:
        kill(owner)
    code = """
import sys
from pathlib import Path
from pytest_seedstate.services.rundir import sweep
print(len(sweep([Path(sys.argv[1])])))
"""
    sweepers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(root)],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        for _ in range(4)
    ]
    removed = [int(sweeper.communicate()[0]) for sweeper in sweepers]
    assert [sweeper.returncode for sweeper in sweepers] == [0] * 4
    assert sum(removed) >= 7
    living, folder = owners[0]
    assert list(folder.parent.iterdir()) == [folder]
    kill(living)


@AS_ROOT
def test_a_strangers_folder_is_neither_used_nor_swept(root: Path) -> None:
    """Somebody who made our folder's name first could read or plant files in it."""
    base = root / f"pytest-seedstate-{os.geteuid()}"
    (base / "01234567-1-main").mkdir(parents=True)
    os.chown(base, 65534, 65534)
    with pytest.raises(SeedstateError, match="does not belong to this user"):
        RunDir(root, root=root)
    assert sweep([root]) == []
    assert [path.name for path in base.iterdir()] == ["01234567-1-main"]


def test_no_place_for_a_folder_is_one_clear_message(root: Path) -> None:
    """The message names the place and what to do."""
    (root / "file").write_text("no folder")
    with pytest.raises(SeedstateError) as caught:
        RunDir(root, root=root / "file")
    assert caught.value.checked == f"{root}/file: Not a directory"
    assert "TMPDIR" in str(caught.value)


def test_a_full_disk_is_one_clear_message(root: Path) -> None:
    """A real file system of 2 MB: the folder fits, a database cluster does not."""
    code = """
import sys
from pathlib import Path
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir
full = Path(sys.argv[1])
with RunDir(full, root=full) as rundir:
    try:
        EmbeddedPostgres(rundir, Path(sys.argv[2])).start()
    except SeedstateError as error:
        print(error)
print([path.name for path in full.iterdir()])
"""
    small = root / "small"
    small.mkdir()
    cache = root / "cache"
    cache.mkdir()
    mapped = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    told = subprocess.run(
        [
            *("unshare", "--mount", *mapped, "sh", "-c"),
            'mount -t tmpfs -o size=2m none "$2" && exec "$0" -c "$1" "$2" "$3"',
            *(sys.executable, code, str(small), str(cache)),
        ],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    if "unshare failed" in told.stderr or "permission denied" in told.stderr:
        pytest.skip(f"no file system can be mounted here: {told.stderr}")
    assert "No space left on device" in told.stdout
    assert told.stdout.splitlines()[-1] == "[]"
    assert list(cache.iterdir()) == []


def test_a_killed_run_leaves_neither_process_nor_folder(hold: Callable[..., Holder]) -> None:
    """The supervisor notices and clears up without any later run."""
    holder = hold()
    assert holder.processes()
    holder.kill()
    wait_until(lambda: not holder.processes())
    wait_until(lambda: not Path(holder.told["folder"]).exists())


def test_the_sweep_clears_up_when_the_supervisor_was_killed_too(
    hold: Callable[..., Holder], root: Path
) -> None:
    """The kernel ends the server; the folder waits for the next run."""
    holder = hold()
    os.kill(holder.told["supervisor"], signal.SIGKILL)
    holder.kill()
    wait_until(lambda: not holder.processes())
    assert Path(holder.told["folder"]).is_dir()
    assert sweep([root]) == [Path(holder.told["folder"])]


def test_a_fork_of_the_test_process_does_not_keep_the_server_alive(
    hold: Callable[..., Holder],
) -> None:
    """The child has a copy of the pipe whose end tells the supervisor; it lives on for a minute."""
    holder = hold("fork")
    holder.kill()
    try:
        assert platform.process_start(holder.told["forked"]) is not None
        wait_until(lambda: not holder.processes())
        wait_until(lambda: not Path(holder.told["folder"]).exists())
    finally:
        os.kill(holder.told["forked"], signal.SIGKILL)

"""As whom the server runs: PostgreSQL refuses root, and folders may be closed to others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_seedstate.services.postgres.binaries import find_binaries
from tests.services.conftest import HOLDER, PYTHONPATH, REPOSITORY, Holder, wait_until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can start processes as another user"
)

NOBODY = 65534


def as_nobody(*command: str) -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


@pytest.fixture
def python() -> str:
    """An interpreter that an ordinary user may run."""
    # setpriv itself may start what the user that it becomes may not.
    check = (
        "import os, sys; "
        "sys.exit(sys.version_info < (3, 11) or not os.access(sys.executable, os.X_OK))"
    )
    for candidate in (sys.executable, "/usr/bin/python3"):
        if subprocess.run(as_nobody(candidate, "-c", check), check=False).returncode == 0:
            return candidate
    pytest.skip("no interpreter of version 3.11 or newer that an ordinary user may run")


@pytest.fixture
def copies(root: Path) -> Path:
    """The package, the holder and the server's wheel, in a folder of their own."""
    folder = root / "copies"
    folder.mkdir()
    found = find_binaries(None)
    shutil.copytree(REPOSITORY / "pytest_seedstate", folder / "pytest_seedstate")
    shutil.copy(HOLDER, folder)
    prefix = found.folder.parent
    shutil.copytree(prefix, folder / prefix.parent.name / prefix.name)
    (folder / prefix.parent.name / "__init__.py").touch()
    if found.libraries is not None:
        shutil.copytree(found.libraries, folder / found.libraries.name)
    return folder


def give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def program_of(holder: Holder) -> Path:
    return Path(f"/proc/{holder.told['postgres']}/exe").readlink()


def test_an_ordinary_user_runs_it_as_himself(
    hold: Callable[..., Holder], root: Path, copies: Path, python: str
) -> None:
    """Under a home folder that others cannot enter."""
    root.chmod(0o711)
    give(copies, NOBODY)
    copies.chmod(0o700)
    (root / "cache").mkdir()
    give(root / "cache", NOBODY)
    (root / "runs").mkdir()
    give(root / "runs", NOBODY)
    holder = hold(
        prefix=tuple(as_nobody(python)),
        script=copies / "holder.py",
        path=str(copies),
        root=root / "runs",
        cache=root / "cache",
    )
    assert holder.told["owner_of_server"] == NOBODY
    assert program_of(holder).is_relative_to(copies)
    assert len(list((root / "cache").iterdir())) == 1
    holder.kill()
    wait_until(lambda: not holder.processes())
    wait_until(lambda: not Path(holder.told["folder"]).exists())


def test_root_runs_it_in_place_below_a_closed_folder(
    hold: Callable[..., Holder], copies: Path
) -> None:
    """In a user namespace: nothing is copied, no rights are changed."""
    copies.chmod(0o700)
    holder = hold(path=str(copies))
    if holder.told["owner_of_server"] != 0:
        pytest.skip("this system forbids user namespaces")
    assert program_of(holder).is_relative_to(copies)
    assert copies.stat().st_mode & 0o777 == 0o700


def test_root_runs_it_as_nobody_from_a_copy_when_it_must(
    hold: Callable[..., Holder], copies: Path, root: Path
) -> None:
    """Nobody cannot enter the closed folder; the copy is in the run folder and goes with it."""
    root.chmod(0o711)
    copies.chmod(0o700)
    holder = hold("as-user", path=str(copies))
    assert holder.told["owner_of_server"] == NOBODY
    assert program_of(holder).is_relative_to(holder.told["folder"])
    assert copies.stat().st_mode & 0o777 == 0o700
    holder.kill()
    wait_until(lambda: not holder.processes())
    wait_until(lambda: not Path(holder.told["folder"]).exists())


def test_root_runs_it_as_nobody_with_a_cluster_made_by_nobody(
    hold: Callable[..., Holder], root: Path, tmp_path: Path
) -> None:
    """Without a cached cluster, initdb runs as that user too."""
    root.chmod(0o711)
    holder = hold("as-user", cache=tmp_path)
    assert holder.told["owner_of_server"] == NOBODY
    assert Path(holder.told["data"]).stat().st_uid == NOBODY
    assert len(list(tmp_path.iterdir())) == 1
    assert next(tmp_path.iterdir()).stat().st_uid == 0


def test_root_without_namespaces_falls_back_to_nobody(
    hold: Callable[..., Holder], root: Path
) -> None:
    """As in a container that forbids them: a limit of none, set inside a namespace of our own."""
    root.chmod(0o711)
    code = """
import os, sys
from pathlib import Path
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    from pytest_seedstate.services import platform
    if platform._libc().unshare(0x10000000):
        os._exit(9)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    Path(f"/proc/{child}/{name}").write_text("0 0 70000")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    holder = hold(prefix=(sys.executable, "-c", code))
    assert holder.told["owner_of_server"] == NOBODY


def test_root_that_may_become_nobody_is_told(root: Path, warm_cache: Path) -> None:
    """Neither a namespace nor another user: one message with both reasons."""
    limited = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" "$@"'
    told = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "sh", "-c", limited),
            *(sys.executable, str(HOLDER), str(root), str(warm_cache)),
        ],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "PostgreSQL refuses to run as root, and this system allows nothing else" in told
    assert "in a user namespace: " in told
    assert f"as user {NOBODY}: " in told
    assert not list(root.glob("*/*/pg"))


def test_a_run_folder_that_nobody_can_reach_is_told(
    hold: Callable[..., Holder], root: Path
) -> None:
    """Where TMPDIR is a folder of root's alone; rights of folders not ours stay as they are."""
    holder = hold("as-user")
    assert "cannot enter the folder of this run as the user" in holder.told["error"]
    assert "set TMPDIR to a folder that every user may enter" in holder.told["error"]
    assert root.stat().st_mode & 0o777 == 0o700


def test_programs_are_copied_to_where_programs_may_run(
    hold: Callable[..., Holder], copies: Path, root: Path
) -> None:
    """Docker mounts /dev/shm noexec: the copy lies elsewhere, and goes with the run all the same."""
    root.chmod(0o711)
    copies.chmod(0o700)
    closed = root / "closed"
    closed.mkdir()
    mount = 'mount -t tmpfs -o noexec,mode=755 none "$0" && exec "$@"'
    probe = ["unshare", "--mount", "sh", "-c", mount, str(closed), "true"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    holder = hold(
        "as-user",
        prefix=(*probe[:-1], sys.executable),
        path=str(copies),
        script=copies / "holder.py",
        root=closed,
    )
    program = program_of(holder)
    assert holder.told["owner_of_server"] == NOBODY
    assert not program.is_relative_to(closed)
    assert not program.is_relative_to(copies)
    assert program.exists()
    holder.kill()
    wait_until(lambda: not holder.processes())
    wait_until(lambda: not program.exists())

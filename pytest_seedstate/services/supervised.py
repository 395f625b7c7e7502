"""The owner's side of `supervisor`: a program that cannot outlive this test run."""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.rundir import RunDir, end_processes

_SUPERVISOR = Path(__file__).with_name("supervisor.py")

#: Seconds for the supervisor, a bare interpreter, to say what became of the program.
_ANSWER_SECONDS = 30.0
#: Seconds for a program without supervisor to end before it is killed.
_ENDING_SECONDS = 5.0


@dataclass(frozen=True)
class Identity:
    """As whom a program runs.

    ``plain``: as this user. ``namespace``: in place, under another name (see
    `platform.enter_user_namespace`). ``user``: as the unprivileged user `uid`, which only root can
    do, and which needs files that this user may read.
    """

    kind: Literal["plain", "namespace", "user"]
    uid: int = 0
    gid: int = 0

    def give(self, path: Path) -> None:
        """Make this identity the owner of a file or folder of ours, where that is another user.

        Raises:
            OSError: the system forbids it.
        """
        if self.kind == "user":
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def identities() -> list[Identity]:
    """The identities under which a program that refuses root, or needs a named user, may run.

    Returns:
        The best first; the next is for where the system forbids the one before.
    """
    plain = Identity("plain")
    named = _is_named(os.geteuid())
    if os.geteuid() != 0 and named:
        return [plain]
    nobody = _unprivileged()
    if nobody is None:
        return [plain]
    inside = Identity("namespace", *nobody)
    return [inside, Identity("user", *nobody)] if os.geteuid() == 0 else [inside, plain]


def _is_named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _unprivileged() -> tuple[int, int] | None:
    """User and group number of ``nobody``, or of any user but root where there is none."""
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return next(((user.pw_uid, user.pw_gid) for user in pwd.getpwall() if user.pw_uid), None)


class NotStartedError(Exception):
    """The program could not be started.

    Attributes:
        step: ``identity`` when the system forbids it, ``program`` or ``folder`` when the identity
            cannot reach that, ``log``, or ``supervisor`` when that itself failed.
    """

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class SupervisedProcess:
    """A program under a supervisor, prepared at once and started by `go`.

    Args:
        rundir: the run it belongs to.
        command: the program's absolute path and its arguments.
        identity: as whom it runs.
        folder: where it runs; must be open to `identity`.
        log: the file that gets what it prints.
        stop_signal: what ends it at once.
        environment: its environment, besides ``PATH`` and ``LD_LIBRARY_PATH``.
        standard_input: the file that it reads as its standard input.
    """

    def __init__(
        self,
        rundir: RunDir,
        command: Sequence[str],
        *,
        identity: Identity,
        folder: Path,
        log: Path,
        stop_signal: signal.Signals,
        environment: Mapping[str, str],
        standard_input: Path = Path(os.devnull),
    ) -> None:
        self._owner = os.getpid()
        self._rundir = rundir
        self._stop_signal = stop_signal
        self._told = b""
        self._status: int | None = None
        self._start: str | None = None
        self.pid = 0
        inherited = {
            name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ
        }
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-E", str(_SUPERVISOR)),
                *(str(self._owner), platform.process_start(self._owner) or ""),
                "\n".join(map(str, rundir.folders)),
                *(str(log), str(int(stop_signal))),
                *(identity.kind, str(identity.uid), str(identity.gid)),
                *(str(folder), str(standard_input)),
                *command,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**inherited, **environment},
            bufsize=0,
            start_new_session=True,
        )
        rundir.record(self._process.pid)

    def go(self) -> None:
        """Start the program.

        Raises:
            NotStartedError: it does not run.
        """
        self._send(b"go\n")
        deadline = time.monotonic() + _ANSWER_SECONDS
        while b"\n" not in self._told:
            if not self._listen(deadline - time.monotonic()):
                self.stop()
                raise NotStartedError("supervisor", "it ended or did not answer")
        word, *rest = self._told.partition(b"\n")[0].decode("ascii").split()
        if word == "failed":
            self.stop()
            raise NotStartedError(rest[0], os.strerror(int(rest[1])))
        self.pid = int(rest[0])
        self._start = platform.process_start(self.pid)
        self._rundir.record(self.pid, self._stop_signal)

    @property
    def status(self) -> int | None:
        """The program's exit status (negative: the signal that ended it); None while it runs."""
        while self._status is None and self._listen(0.0):
            pass
        return self._status

    def wait(self, seconds: float) -> int | None:
        """Wait for the program's end.

        Returns:
            The `status` after at most `seconds`.
        """
        deadline = time.monotonic() + seconds
        while self._status is None and self._listen(deadline - time.monotonic()):
            pass
        return self._status

    def give_to(self, pid: int, start: str) -> int:
        """Have the program live as long as another process does; nothing can be asked afterwards.

        Args:
            pid: the other process.
            start: its start, see `platform.process_start`.

        Returns:
            A descriptor which that process has to hold: the program ends when it is closed.

        Raises:
            SeedstateError: program or supervisor has ended.
        """
        self._send(f"o{pid} {start}\n".encode("ascii"))
        while b"owned\n" not in self._told:
            if not self._listen(_ANSWER_SECONDS) or self._status is not None:
                raise SeedstateError("a service has ended")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        descriptor = os.dup(self._process.stdin.fileno())
        self._process.stdin.close()
        self._process.stdout.close()
        # Nobody here will wait for it, which would warn.
        self._process.returncode = 0
        return descriptor

    def stop(self) -> None:
        """End program and supervisor and wait for that; harmless when done, or in a forked child."""
        if os.getpid() != self._owner or self._process.returncode is not None:
            return
        self._send(b"q")
        self.wait(_ANSWER_SECONDS)
        try:
            self._process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._start is not None:
            # A supervisor that was killed could not wait for the program.
            end_processes(
                [(self.pid, self._start, int(self._stop_signal))], seconds=_ENDING_SECONDS
            )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, order: bytes) -> None:
        assert self._process.stdin is not None
        # A supervisor that was killed reads nothing; what to do about that is seen in its answer.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(order)

    def _listen(self, seconds: float) -> bool:
        """Read what the supervisor says within `seconds`; False when that is nothing."""
        pipe = self._process.stdout
        if pipe is None or pipe.closed:
            return False
        # Not select(): that fails above descriptor 1023.
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if not poll.poll(max(0.0, seconds) * 1000):
            return False
        told = os.read(pipe.fileno(), 4096)
        self._told += told
        # A quick program's start and end may be told in one piece.
        self._read_status()
        if not told and self._status is None:
            # The supervisor was killed; the kernel then ends the program too.
            self._status = -signal.SIGKILL
        return bool(told)

    def _read_status(self) -> None:
        for line in self._told.split(b"\n")[:-1]:
            if line.startswith(b"ended "):
                self._status = os.waitstatus_to_exitcode(int(line.split()[1]))

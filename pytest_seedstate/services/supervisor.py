"""Runs one program for a test run and ends it when the run is gone, however the run ended.

Started as ``python -I -S -E supervisor.py ARGUMENTS`` by `supervised.SupervisedProcess`, with the
arguments that `Supervisor` lists. It speaks lines: standard input carries ``go``, then nothing until it
is to stop (any byte, or the end of the pipe because its other end is gone), or ``oPID START`` when
another process holds the pipe from then on; standard output carries ``started PID``,
``failed STEP ERRNO``, ``owned`` and ``ended STATUS``.

A killed test process cannot close the pipe's copies in children that it forked, so its pid is
looked at once a second as well.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path
from types import FrameType

# This folder as a package's: found without site-packages, and without making our own modules
# top-level names, which would hide `platform` of the standard library.
sys.path.append(str(Path(__file__).absolute().parents[2]))

from pytest_seedstate.services import platform

#: Seconds between two looks at the owner.
_WATCH_SECONDS = 1.0
#: Seconds that the program has to end before it is killed.
_ENDING_SECONDS = 5.0
#: Seconds that the owner's lock may outlive its pipes.
_LOCK_SECONDS = 5.0
#: Signals that we, or Python, treat otherwise than a new program expects.
_OWN_SIGNALS = (
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGCHLD,
    signal.SIGPIPE,
    signal.SIGXFSZ,
)


class Supervisor:
    """One program and the run that it belongs to.

    Args:
        arguments: in this order

            * the owner's pid and start (`platform.process_start`; empty: unknown),
            * the run's folders, one a line,
            * the file for what the program prints, and the number of the signal that ends it,
            * `supervised.Identity`: kind, uid, gid,
            * the program's working folder and its standard input,
            * the program and its arguments.
    """

    def __init__(self, arguments: list[str]) -> None:
        owner, self.owner_start, self.run_folder, self.log, signum, *rest = arguments
        self.owner = int(owner)
        self.stop_signal = int(signum)
        self.identity, uid, gid, self.folder, self.input, *self.command = rest
        self.uid, self.gid = int(uid), int(gid)
        self.child = 0
        self.asked_to_stop = False
        self.owner_is_gone = False
        self.wakeup, wakeup_writer = os.pipe()
        os.set_blocking(wakeup_writer, False)
        os.set_blocking(self.wakeup, False)
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
        # Ctrl-C and a closed terminal are for the owner, who then stops us in its own order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_to_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def run(self) -> int:
        """Run the program to its end.

        Returns:
            The exit status for this process.
        """
        platform.load_system_calls()
        told = os.read(0, 3)
        self.owner_is_gone = told == b""
        status = self._start_and_watch() if told == b"go\n" else 0
        if self.owner_is_gone:
            self._remove_run_folder()
        return status

    def _start_and_watch(self) -> int:
        failure = self._start()
        if failure:
            _say(f"failed {failure}")
            return 1
        _say(f"started {self.child}")
        status = self._watch()
        if status is None:
            status = self._end()
        _say(f"ended {status}")
        return 0

    def _start(self) -> str:
        """Fork the program.

        Returns:
            Why it could not be started, as ``STEP ERRNO``; empty when it runs.
        """
        supervisor = os.getpid()
        reader, writer = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            self._become_program(supervisor, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            failure = pipe.read().decode("ascii")
        if failure:
            os.waitpid(self.child, 0)
        return failure

    def _become_program(self, supervisor: int, writer: int) -> None:
        step = "log"
        try:
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(os.open(self.input, os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            signal.set_wakeup_fd(-1)
            for signum in _OWN_SIGNALS:
                signal.signal(signum, signal.SIG_DFL)
            step = "identity"
            if self.identity == "namespace":
                platform.enter_user_namespace(self.uid, self.gid)
            elif self.identity == "user":
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
            step = "folder"
            os.chdir(self.folder)
            step = "program"
            platform.die_with_parent(supervisor, self.stop_signal)
            os.execv(self.command[0], self.command)  # noqa: S606  # what it is for
        except OSError as error:
            os.write(writer, f"{step} {error.errno or 0}".encode("ascii"))
        os._exit(1)

    def _watch(self) -> int | None:
        """Wait for the program's end or the owner's.

        Returns:
            The program's wait status, or None when it is to be ended.
        """
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self.wakeup, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(_WATCH_SECONDS * 1000)]
            if self.wakeup in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wakeup, 512)
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return status
            if 0 in ready:
                order = os.read(0, 1)
                if order == b"o":
                    self._change_owner()
                    continue
                self.owner_is_gone = order == b""
            elif not ready and self.owner_start:
                self.owner_is_gone = not platform.is_same_process(self.owner, self.owner_start)
            if 0 in ready or self.asked_to_stop or self.owner_is_gone:
                return None

    def _change_owner(self) -> None:
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(0, 1)
        pid, self.owner_start = line.decode("ascii").split()
        self.owner = int(pid)
        _say("owned")

    def _end(self) -> int:
        os.kill(self.child, self.stop_signal)
        deadline = time.monotonic() + _ENDING_SECONDS
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                return status
            select.select([self.wakeup], [], [], 0.01)
            with contextlib.suppress(BlockingIOError):
                os.read(self.wakeup, 512)
        os.kill(self.child, signal.SIGKILL)
        return os.waitpid(self.child, 0)[1]

    def _remove_run_folder(self) -> None:
        """Remove what the owner left; the lock tells whether it is gone."""
        # Another supervisor of the run may be at it already, and end us.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        from pytest_seedstate.services.rundir import remove_if_abandoned

        for folder in self.run_folder.split("\n"):
            remove_if_abandoned(Path(folder), wait=_LOCK_SECONDS)


def _say(line: str) -> None:
    # Nobody listens any more when the owner is gone.
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{line}\n".encode("ascii"))


if __name__ == "__main__":
    # Without the interpreter's clearing up, for which the owner would have to wait.
    os._exit(Supervisor(sys.argv[1:]).run())

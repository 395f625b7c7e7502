"""The embedded AWS services: one process tree on 127.0.0.1, seen from the pytest process."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import MissingExtraError, SeedstateError, closest
from pytest_seedstate.services import platform
from pytest_seedstate.services.aws.channel import ChannelClosedError
from pytest_seedstate.services.aws.journal import AwsJournal
from pytest_seedstate.services.aws.processes import Keeper, Slots, channel_pair
from pytest_seedstate.services.aws.tally import Tally
from pytest_seedstate.services.ports import HOST, ReservedPort
from pytest_seedstate.services.rundir import RunDir

DEFAULT_SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "sns")
_ALWAYS = ("sts",)
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_LOG_LINES = 15


class EmbeddedAws:
    """DynamoDB, S3 and more, emulated by moto in processes of their own.

    Args:
        rundir: the run's folder; the log and the counters go there.
        port: the TCP port on 127.0.0.1, or None for a free one.
        services: names of AWS services as boto3 has them, or ``("all",)``.
        region: the region that applications are told.

    Raises:
        SeedstateError: this system cannot fork.
    """

    name = "aws"

    def __init__(
        self,
        rundir: RunDir,
        *,
        port: int | None = None,
        services: Sequence[str] = DEFAULT_SERVICES,
        region: str = "eu-west-2",
    ) -> None:
        if not hasattr(os, "fork"):
            raise SeedstateError(
                "the embedded AWS services keep states by forking, which this system cannot",
                fix="run under Linux or WSL",
            )
        self._rundir = rundir
        self._wanted_port = port
        self._services = tuple(services)
        self._region = region
        self._owner = os.getpid()
        self._reserving = threading.Lock()
        self._port: ReservedPort | None = None
        self._root: subprocess.Popen[bytes] | None = None
        self._tally: Tally | None = None
        self._journal: AwsJournal | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """``url``, ``host``, ``port``, ``region``, ``access_key``, ``secret_key``.

        Raises:
            SeedstateError: the port is taken.
        """
        with self._reserving:
            if self._port is None:
                self._port = ReservedPort(
                    self._wanted_port, service="the embedded AWS", setting="seedstate_aws_port"
                )
        number = str(self._port.number)
        return {
            "url": f"http://{HOST}:{number}",
            "host": HOST,
            "port": number,
            "region": self._region,
            "access_key": "seedstate",
            "secret_key": "seedstate-secret",
        }

    @property
    def journal(self) -> AwsJournal:
        """What rewinds all services of the host, since it was started.

        Raises:
            SeedstateError: it does not run, or belongs to the process that this one was forked of.
        """
        if self._journal is None or os.getpid() != self._owner:
            raise SeedstateError("the embedded AWS services do not run in this process")
        return self._journal

    def start(self) -> None:
        """Start the host and wait until it serves; harmless when it runs.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
            MissingExtraError: moto, or something that a service of it needs, is not installed.
        """
        if self._journal is not None:
            return
        region = self.variables["region"]
        folder = self._rundir.folder("aws")
        self._log = folder / "log"
        self._tally = Tally.create(folder / "tally")
        channel, theirs = channel_pair()
        with theirs:
            self._root = self._spawn(theirs.fileno(), folder)
        self._rundir.record(self._root.pid, signal.SIGTERM)
        atexit.register(self.stop)
        try:
            answer = channel.receive(_START_SECONDS)
        except (ChannelClosedError, TimeoutError):
            answer = None
        if answer is None or "ready" not in answer:
            channel.close()
            error = self._failed("did not start") if answer is None else self._refused(answer)
            self.stop()
            raise error
        assert self._port is not None
        # It listens now: with a copy of ours, requests to a host that died would wait for ever.
        self._port.close()
        self._journal = AwsJournal(
            Keeper(channel, segment=0),
            Slots(self._tally),
            region,
            lambda: self._failed("ended unasked"),
        )

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a host that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """
        if self._journal is None or self._root is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._root.wait(patience)
        return None if self._root.returncode is None else self._failed("ended unasked")

    def stop(self) -> None:
        """Stop it; harmless when it does not run, or in a forked child."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._root is not None:
            self._end_root(self._root)
            self._root = None
        if self._tally is not None:
            self._tally.close()
            self._tally = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def _spawn(self, control: int, folder: Path) -> subprocess.Popen[bytes]:
        assert self._port is not None
        config = {
            "control": control,
            "listener": self._port.socket.fileno(),
            "tally": str(folder / "tally"),
            "services": [] if "all" in self._services else [*self._services, *_ALWAYS],
            "region": self._region,
            "owner": [self._owner, platform.process_start(self._owner)],
        }
        # The package may be importable here only through a path that pytest added.
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r}); "
            "from pytest_seedstate.services.aws.process import main; main()"
        )
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", code, json.dumps(config)],
                pass_fds=(control, self._port.socket.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                # Ctrl-C at the terminal is for pytest, which needs the host until it is done.
                start_new_session=True,
            )

    def _end_root(self, root: subprocess.Popen[bytes]) -> None:
        try:
            root.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The whole tree: the root leads a session of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(root.pid, signal.SIGKILL)
            root.wait()

    def _refused(self, answer: dict[str, Any]) -> SeedstateError:
        if "unknown" in answer:
            near = closest(answer["unknown"], answer["known"])
            return SeedstateError(
                f"unknown AWS service '{answer['unknown']}'",
                where="seedstate_aws_services",
                checked="the services of boto3 that the installed moto emulates",
                fix=f"did you mean '{near}'?" if near else None,
            )
        if answer["missing"]:
            return MissingExtraError("embedded", answer["missing"], "the embedded AWS")
        return SeedstateError(
            f"the embedded AWS services did not start: {answer['failed']}", detail=self._log_tail()
        )

    def _failed(self, what: str) -> SeedstateError:
        status = self._root.poll() if self._root is not None else None
        return SeedstateError(
            f"the embedded AWS host {what}",
            checked=f"its process has exit status {status}" if status is not None else None,
            fix="run again; if it happens again, please report it with the lines below",
            detail=self._log_tail(),
        )

    def _log_tail(self) -> str | None:
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return None
        return "\n".join(lines[-_LOG_LINES:]) or None


def _environment() -> dict[str, str]:
    """Ours, without what would change how the host's Python runs."""
    unwanted = ("PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONPROFILEIMPORTTIME", "COVERAGE_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}

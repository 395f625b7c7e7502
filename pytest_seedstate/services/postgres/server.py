"""The embedded PostgreSQL: one server for one run, gone with it."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.cache import Note, log_note
from pytest_seedstate.services.ports import HOST, ReservedPort, port_taken
from pytest_seedstate.services.postgres import wire
from pytest_seedstate.services.postgres.binaries import Binaries, find_binaries
from pytest_seedstate.services.postgres.cluster import DBNAME, ROLE, scram_verifier, write_settings
from pytest_seedstate.services.postgres.making import DataMaker, last_lines
from pytest_seedstate.services.rundir import RunDir, no_space, remove_tree
from pytest_seedstate.services.supervised import (
    Identity,
    NotStartedError,
    SupervisedProcess,
    identities,
)

#: The ini setting that names a port; only messages need it here.
PORT_SETTING = "seedstate_postgres_port"

#: Seconds between two attempts to connect to a server that is starting.
_POLL_SECONDS = 0.002
#: Seconds after which a server that does not answer is given up.
_START_SECONDS = 60.0
#: How often a port that was snatched from us is tried again, and the seconds between.
_PORT_TRIES = 5
_PORT_PAUSE_SECONDS = 0.1


class EmbeddedPostgres:
    """A `Service`: a PostgreSQL server of our own on 127.0.0.1 and a Unix socket.

    Args:
        rundir: the run that it belongs to.
        cache: where an initialised cluster is kept for the next run; None to keep none.
        bin_dir: the folder of the machine's own server programs; None for the wheel's.
        port: the port to listen on; None for a free one.
        settings: server settings besides ours, e.g. ``{"shared_preload_libraries": "..."}``.
        run_as: as whom to run it, the first possible one; None for what fits this user.
        note: is told what went wrong without failing the run (a cache that cannot be written).
    """

    # A superuser of a server of ours: nothing hinders its journal.
    clones = False
    beside = None

    def __init__(
        self,
        rundir: RunDir,
        cache: Path | None,
        *,
        bin_dir: Path | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        run_as: list[Identity] | None = None,
        note: Note = log_note,
    ) -> None:
        self._rundir = rundir
        self._cache = cache
        self._bin_dir = bin_dir
        self._configured_port = port
        self._owner = os.getpid()
        self._settings = dict(settings or {})
        self._identities = identities() if run_as is None else list(run_as)
        self._note = note
        self._password = secrets.token_hex(16)
        self._port: ReservedPort | None = None
        self._announced = False
        self._binaries: Binaries | None = None
        self._copied = False
        # Short names: the path of a Unix socket has 107 bytes at most.
        self._folder = rundir.path / "pg"
        self._sockets = self._folder / "s"
        self._process: SupervisedProcess | None = None

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    @property
    def variables(self) -> Mapping[str, str]:
        """What applications are told.

        ``url``, ``host``, ``port``, ``user``, ``password``, ``dbname``; ``authority``:
        user:password@host:port; ``socket``: the folder of the Unix socket.

        Raises:
            SeedstateError: the configured port is taken.
        """
        self._announced = True
        port = self._port_number
        authority = f"{ROLE}:{self._password}@{HOST}:{port}"
        return {
            "url": f"postgresql://{authority}/{DBNAME}",
            "host": HOST,
            "port": str(port),
            "user": ROLE,
            "password": self._password,
            "dbname": DBNAME,
            "authority": authority,
            "socket": str(self._sockets),
        }

    @property
    def conninfo(self) -> str:
        """Keywords of libpq for our own sessions: the socket is quicker and asks for no password."""
        port = self._port_number
        return f"host={self._sockets} port={port} user={ROLE} dbname={DBNAME}"

    @property
    def _port_number(self) -> int:
        # Known after `stop` as well, when it is not ours any more.
        return (self._port or self._reserve()).number

    @property
    def log(self) -> Path:
        """The server's log; gone with the server."""
        return self._folder / "log"

    def start(self) -> None:
        """Start the server and wait until it answers; harmless when it runs.

        Raises:
            SeedstateError: why it did not start, with the last lines of its log.
            MissingExtraError: the wheel is not installed and no `bin_dir` is given.
        """
        if self._process is not None:
            return
        if self._binaries is None:
            self._binaries = find_binaries(self._bin_dir)
        version = self._binaries.version()
        try:
            for tries_left in reversed(range(_PORT_TRIES)):
                port = self._reserve()
                try:
                    self._start_as_possible(version)
                except _PortSnatchedError:
                    if port.configured or not tries_left:
                        raise port_taken(port, port.number) from None
                    self._give_up_port()
                else:
                    return
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server at once, remove its files; harmless when it does not run."""
        if os.getpid() != self._owner:
            return
        if self._process is not None:
            self._process.stop()
            self._process = None
        remove_tree(self._folder)
        if self._port is not None:
            self._port.close()

    def give_to(self, pid: int, start: str) -> list[int]:
        """Have it outlive this process, see `Service.give_to`."""
        if self._process is None:
            raise SeedstateError("the embedded PostgreSQL does not run")
        descriptor = self._process.give_to(pid, start)
        self._process = None
        if self._port is not None:
            self._port.close()
        return [descriptor]

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why a server that was started does not run any more; None while it runs.

        Args:
            patience: seconds to wait for news of its end, when something points to one.
        """
        status = None if self._process is None else self._process.wait(patience)
        if status is None:
            return None
        return SeedstateError(
            "the embedded PostgreSQL has ended during the run",
            checked=f"it {_told(status)}",
            detail=last_lines(self.log),
        )

    # -- ports ------------------------------------------------------------------------------------

    def _reserve(self) -> ReservedPort:
        known = self._port
        if known is None or known.closed:
            self._port = ReservedPort(
                self._configured_port if known is None else known.number,
                service="the embedded PostgreSQL",
                setting=PORT_SETTING,
                configured=self._configured_port is not None,
            )
            return self._port
        return known

    def _give_up_port(self) -> None:
        """Before another try: another port if nobody was told ours, else a moment's patience."""
        if self._announced:
            time.sleep(_PORT_PAUSE_SECONDS)
        elif self._port is not None:
            self._port.close()
            self._port = None

    # -- starting ---------------------------------------------------------------------------------

    def _start_as_possible(self, version: str) -> None:
        """Start under the first identity that the system allows, in place or else from a copy."""
        assert self._binaries is not None
        refusals: list[str] = []
        while True:
            identity = self._identities[0]
            try:
                self._start_as(identity, self._binaries, version)
            except NotStartedError as failure:
                if failure.step == "identity":
                    refusals.append(f"{_described(identity)}: {failure.reason}")
                    if len(self._identities) == 1:
                        raise _nobody_fits(refusals) from None
                    del self._identities[0]
                elif failure.step == "program" and identity.kind != "plain" and not self._copied:
                    self._binaries = self._binaries.copy(self._rundir)
                    self._copied = True
                else:
                    raise _not_started(failure, identity, self._binaries) from None
            else:
                return

    def _start_as(self, identity: Identity, binaries: Binaries, version: str) -> None:
        maker = DataMaker(self._rundir, self._cache, binaries, version, identity, self._note)
        try:
            self._start_on(maker)
        except SeedstateError as error:
            if not maker.from_image or "configuration file" in (error.detail or ""):
                raise
            # An image can be whole and still not fit this server: make it again, once.
            maker.forget_image()
            self._start_on(maker)

    def _start_on(self, maker: DataMaker) -> None:
        port = self._reserve()
        data = self._folder / "data"
        self._prepare_folder(maker.identity)
        try:
            configuration = write_settings(
                self._folder,
                maker.version,
                port=port.number,
                sockets=self._sockets,
                extra=self._settings,
            )
        except OSError as error:
            raise no_space(self._folder, error) from None
        # Its interpreter gets ready while the data directory is made.
        self._process = SupervisedProcess(
            self._rundir,
            [
                maker.binaries.program("postgres"),
                *("-D", str(data), "-c", f"config_file={configuration}"),
            ],
            identity=maker.identity,
            folder=self._folder,
            log=self.log,
            stop_signal=signal.SIGQUIT,
            environment={"LC_ALL": "C", "TZ": "UTC"},
        )
        try:
            maker.make(data)
            port.hand_over()
            self._process.go()
            maker.keep()
            self._await_answer(self._process, port)
        except BaseException:
            self._process.stop()
            self._process = None
            raise

    def _prepare_folder(self, identity: Identity) -> None:
        remove_tree(self._folder)
        self._rundir.folder(self._folder.name)
        try:
            self._sockets.mkdir(mode=0o700)
            if identity.kind == "user":
                self._rundir.open_to_others()
                self._folder.chmod(0o711)
        except OSError as error:
            raise no_space(self._folder, error) from None
        try:
            identity.give(self._sockets)
        except OSError as error:
            raise NotStartedError("identity", error.strerror or str(error)) from None

    def _await_answer(self, process: SupervisedProcess, port: ReservedPort) -> None:
        deadline = time.monotonic() + _START_SECONDS
        path = self._sockets / f".s.PGSQL.{port.number}"
        while True:
            try:
                session = wire.Session(path, ROLE, DBNAME)
                break
            except OSError:
                pass
            except wire.ServerError as error:
                if error.code != wire.STARTING_UP:
                    raise self._failed(f"refused us: {error}") from None
            if process.status is not None:
                if "could not bind" in last_lines(self.log):
                    raise _PortSnatchedError
                raise self._failed(_told(process.status))
            if time.monotonic() > deadline:
                raise self._failed(f"did not answer within {_START_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        with session:
            session.execute(f"ALTER ROLE {ROLE} PASSWORD '{scram_verifier(self._password)}'")

    def _failed(self, what: str) -> SeedstateError:
        return SeedstateError(
            f"the embedded PostgreSQL did not start: it {what}", detail=last_lines(self.log)
        )


class _PortSnatchedError(Exception):
    """Another program listens on the port that was free when it was reserved."""


def _told(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


def _described(identity: Identity) -> str:
    return {
        "plain": "as this user",
        "namespace": "in a user namespace",
        "user": f"as user {identity.uid}",
    }[identity.kind]


def _nobody_fits(refusals: list[str]) -> SeedstateError:
    return SeedstateError(
        "PostgreSQL refuses to run as root, and this system allows nothing else",
        checked="; ".join(refusals),
        fix="run the tests as an ordinary user",
    )


def _not_started(
    failure: NotStartedError, identity: Identity, binaries: Binaries
) -> SeedstateError:
    if failure.step == "folder":
        return SeedstateError(
            "the embedded PostgreSQL cannot enter the folder of this run as the user that it runs "
            f"as ({identity.uid})",
            fix="set TMPDIR to a folder that every user may enter, such as /tmp",
        )
    return SeedstateError(
        f"the embedded PostgreSQL cannot be started: {failure.step}: {failure.reason}",
        where=binaries.where,
        checked=f"{binaries.program('postgres')}, {_described(identity)}",
    )

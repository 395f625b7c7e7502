"""Making a data directory: unpacked from the cached image, or by initdb and then cached."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.cache import Note, forget_old, write_atomically
from pytest_seedstate.services.postgres import image
from pytest_seedstate.services.postgres.binaries import Binaries
from pytest_seedstate.services.postgres.cluster import first_statement, image_name, initdb_options
from pytest_seedstate.services.rundir import RunDir, no_space
from pytest_seedstate.services.supervised import Identity, SupervisedProcess

_INITDB_SECONDS = 300.0
_IMAGES_KEPT = 4
_LOG_LINES = 12


class DataMaker:
    """Makes the data directory of one server.

    Args:
        rundir: the run that it belongs to.
        cache: where images are kept; None to keep none.
        binaries: the server's programs.
        version: the server's version line.
        identity: as whom initdb runs.
        note: is told of an image that could not be used or kept.
    """

    def __init__(
        self,
        rundir: RunDir,
        cache: Path | None,
        binaries: Binaries,
        version: str,
        identity: Identity,
        note: Note,
    ) -> None:
        self.binaries = binaries
        self.version = version
        self.from_image = False
        self._to_keep: image.Cluster | None = None
        self._rundir = rundir
        self.identity = identity
        self._note = note
        program = Path(binaries.program("postgres"))
        self._image = None if cache is None else cache / image_name(version, program)

    def make(self, data: Path) -> None:
        """Make `data`, in a folder of ours.

        Raises:
            SeedstateError: no space, or initdb failed.
            NotStartedError: initdb could not be started as `identity`.
        """
        self.from_image = self._unpack(data)
        if not self.from_image:
            try:
                # Made by us: the folder around it stays ours where the server's user is another.
                data.mkdir(mode=0o700)
                self.identity.give(data)
            except OSError as error:
                raise no_space(data, error) from None
            self._initialise(data)
            if self._image is not None:
                self._to_keep = image.read(data)

    def keep(self) -> None:
        """Cache what initdb made; apart from `make`, to be done while the server starts."""
        if self._to_keep is None or self._image is None:
            return
        parts = image.pack(self._to_keep, self.version)
        self._to_keep = None
        if write_atomically(self._image, parts, self._note):
            forget_old(self._image.parent, ".cluster", keep=_IMAGES_KEPT)

    def forget_image(self) -> None:
        """Remove the image, so that `make` makes the next one."""
        if self._image is not None:
            with contextlib.suppress(OSError):
                self._image.unlink(missing_ok=True)
            self._image = None if self._image.exists() else self._image

    def _unpack(self, data: Path) -> bool:
        if self._image is None:
            return False
        try:
            image.unpack(self._image, data, self.version)
            if self.identity.kind == "user":
                # The folder itself last: until then nobody else is in it.
                for path in (*data.rglob("*"), data):
                    self.identity.give(path)
        except FileNotFoundError:
            return False
        except image.BadImageError:
            # Seen before anything was written: it is simply made again.
            self.forget_image()
            return False
        except PermissionError as error:
            self._note(f"seedstate: the cached cluster cannot be read: {error}")
            return False
        except OSError as error:
            raise no_space(data, error) from None
        # The images used last are the ones that are kept.
        with contextlib.suppress(OSError):
            os.utime(self._image)
        return True

    def _initialise(self, data: Path) -> None:
        statements = data.with_name("initialise.sql")
        statements.write_text(first_statement(self.version), encoding="ascii")
        log = data.with_name("initdb.log")
        postgres = [self.binaries.program("postgres"), "--single", "-D", str(data)]
        # Both supervisors get ready at the same time.
        steps = [
            self._prepare(
                [self.binaries.program("initdb"), *initdb_options(self.version), "-D", str(data)],
                log,
                Path(os.devnull),
            ),
            self._prepare(
                [*postgres, "-c", "exit_on_error=on", "-F", "postgres"],
                log,
                statements,
            ),
        ]
        try:
            for step in steps:
                step.go()
                if step.wait(_INITDB_SECONDS) != 0:
                    raise SeedstateError(
                        "the data directory of the embedded PostgreSQL could not be made",
                        where=self.binaries.where,
                        checked=f"initdb of {self.version} in {data}",
                        detail=last_lines(log),
                    )
        finally:
            for step in steps:
                step.stop()

    def _prepare(self, command: list[str], log: Path, standard_input: Path) -> SupervisedProcess:
        return SupervisedProcess(
            self._rundir,
            command,
            identity=self.identity,
            folder=log.parent,
            log=log,
            stop_signal=signal.SIGTERM,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            standard_input=standard_input,
        )


def last_lines(log: Path) -> str:
    """The end of a log, as errors show it; says so when there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log was written)"
    return "\n".join(lines[-_LOG_LINES:]) or "(the log is empty)"

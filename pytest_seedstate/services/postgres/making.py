"""Making a data directory: unpacked from the cached image, or by initdb and then cached."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from ...errors import SeedstateError
from ..cache import Note, forget_old, write_atomically
from ..rundir import RunDir, no_space
from ..supervised import Identity, SupervisedProcess
from . import image
from .binaries import Binaries
from .cluster import SQL, image_name, initdb_options

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
        self._rundir = rundir
        self._identity = identity
        self._note = note
        program = Path(binaries.program("postgres"))
        self._image = None if cache is None else cache / image_name(version, program)

    def make(self, data: Path) -> None:
        """Make `data`, whose parent is empty.

        Raises:
            SeedstateError: no space, or initdb failed.
            NotStartedError: initdb could not be started as `identity`.
        """
        self.from_image = self._unpack(data)
        if not self.from_image:
            self._give(data.parent)
            self._initialise(data)
            if self._image is not None:
                self._keep(self._image, data)

    def give_away(self, data: Path) -> None:
        """Let the server's user own its files, where that is another.

        Raises:
            OSError: the system forbids it.
        """
        if self._identity.kind == "user":
            self._give(data.parent)
            for parent, folders, files in os.walk(data):
                for name in (*folders, *files):
                    os.chown(os.path.join(parent, name), self._identity.uid, self._identity.gid)
            self._give(data)

    def forget_image(self) -> None:
        """Remove the image, so that `make` makes the next one."""
        if self._image is not None:
            with contextlib.suppress(OSError):
                self._image.unlink(missing_ok=True)
            self._image = None if self._image.exists() else self._image

    def _give(self, folder: Path) -> None:
        if self._identity.kind == "user":
            self._rundir.open_to_others()
            os.chown(folder, self._identity.uid, self._identity.gid)

    def _unpack(self, data: Path) -> bool:
        if self._image is None:
            return False
        try:
            image.unpack(self._image, data, self.version)
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
        statements.write_text(SQL, encoding="ascii")
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
            identity=self._identity,
            folder=log.parent,
            log=log,
            stop_signal=signal.SIGTERM,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            standard_input=standard_input,
        )

    def _keep(self, path: Path, data: Path) -> None:
        if write_atomically(path, image.pack(data, self.version), self._note):
            forget_old(path.parent, ".cluster", keep=_IMAGES_KEPT)


def last_lines(log: Path) -> str:
    """The end of a log, as errors show it; says so when there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log was written)"
    return "\n".join(lines[-_LOG_LINES:]) or "(the log is empty)"

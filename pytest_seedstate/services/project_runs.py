"""Finding a project's run that stays up, from other processes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.rundir import (
    OWNER,
    base_folder,
    check_own,
    first_process,
    project_digest,
)


def folders_of(project: Path, worker: str) -> list[Path]:
    """The run folders of a project and worker, of living and of killed runs.

    Args:
        project: the project's root folder.
        worker: as `RunDir` was told it.
    """
    pattern = f"{project_digest(project)}-*-{worker}"
    return [
        path
        for root in platform.all_roots()
        for base in (base_folder(root),)
        # A stranger's folder of that name may say anything.
        if _is_own(base)
        for path in sorted([*base.glob(pattern), *base.glob(f"{pattern}-*")])
    ]


def owner_of(folder: Path) -> tuple[int, str] | None:
    """The process whose run folder this is, while it lives: pid and start."""
    owner = first_process(folder / OWNER)
    return owner if owner is not None and platform.is_same_process(*owner) else None


def beside_runs(project: Path, name: str) -> Path:
    """A file of a project that outlives its runs, beside their folders; it need not exist yet.

    Raises:
        SeedstateError: no folder is there for it.
    """
    failures = []
    for root in platform.all_roots():
        base = base_folder(root)
        try:
            _make_own(base)
        except OSError as error:
            failures.append(f"{base}: {error.strerror or error}")
        else:
            return base / f"{project_digest(project)}-{name}"
    raise SeedstateError(
        "no folder can be made for the files of this project",
        checked="; ".join(failures) or "no temporary folder is writable",
    )


def _make_own(base: Path) -> None:
    while True:
        with contextlib.suppress(FileExistsError):
            base.mkdir(mode=0o700)
        # A run that just ended may have removed the empty folder.
        with contextlib.suppress(FileNotFoundError):
            check_own(base)
            return


def _is_own(base: Path) -> bool:
    try:
        check_own(base)
    except OSError:
        return False
    return True

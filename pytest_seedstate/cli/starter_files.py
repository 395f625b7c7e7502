"""What ``seedstate init`` writes: the files under ``starter/``, which the README shows."""

from __future__ import annotations

from pathlib import Path

from pytest_seedstate.errors import SeedstateError

STARTER = Path(__file__).parent / "starter"


def write_starter(folder: Path) -> list[Path]:
    """Copy the starter files into a project.

    Args:
        folder: the project's folder; made if it does not exist.

    Returns:
        The files written, relative to `folder`.

    Raises:
        SeedstateError: one of them exists, or the folder cannot be written to; nothing is written
            in the first case.
    """
    files = sorted(path.relative_to(STARTER) for path in STARTER.rglob("*.py"))
    existing = [str(file) for file in files if (folder / file).exists()]
    if existing:
        raise SeedstateError(
            f"{', '.join(existing)} already exists, so nothing was written",
            where=str(folder.resolve()),
            fix="move it away, or write your pack beside it",
        )
    try:
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes((STARTER / file).read_bytes())
    except OSError as error:
        raise SeedstateError(
            f"'{error.filename}' cannot be written: {error.strerror}", where=str(folder.resolve())
        ) from None
    return files

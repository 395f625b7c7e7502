"""``seedstate init``: a first pack, and tests that use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pytest_seedstate.cli.options import Json
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.settings import pytest_setup
from pytest_seedstate.cli.starter_files import write_starter
from pytest_seedstate.errors import SeedstateError


def init(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The project's folder; pytest's root directory unless given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a first pack and two tests that use it; existing files are never touched.

    \b
    Examples:
      seedstate init && pytest

    Exit codes: 0 written; 2 a file is already there, or pytest's root is elsewhere, and nothing
    was written.
    """
    output = Output(as_json=as_json)
    with reporting(output), asking():
        place = Path() if folder is None else folder
        root = _root(place)
        if root.resolve() != place.resolve():
            if folder is not None:
                raise SeedstateError(
                    f"'{folder}' belongs to the project above it, where pytest looks for packs",
                    where=str(root),
                    fix=f"seedstate init {root}, or give '{folder}' a pytest.ini of its own",
                )
            output.remark(f"pytest's root directory is {root}")
            place = root
        written = [str(path) for path in write_starter(place)]

        def render(console: Console) -> None:
            for path in written:
                console.print(f"written  {path}", markup=False, soft_wrap=True)
            console.print("now run  pytest", markup=False)

        output.show({"folder": str(place.resolve()), "written": written}, render)


def _root(folder: Path) -> Path:
    """Pytest's root directory for a folder, which need not exist yet."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    root, ini_file, _ = pytest_setup(there)
    return root if ini_file is not None or there is folder else folder

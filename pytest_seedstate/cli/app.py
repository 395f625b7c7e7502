"""The commands, one function each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pytest_seedstate.cli.starter_files import write_starter
from pytest_seedstate.errors import SeedstateError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
USAGE_ERROR = 2


@app.callback()
def seedstate() -> None:
    """The exact data that tests ask for, in every store."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
) -> None:
    """Write a first pack and two tests that use it; existing files are never touched.

    Example: seedstate init && pytest

    Exit codes: 0 written; 2 a file is already there, and nothing was written.
    """
    console = Console(highlight=False)
    try:
        written = write_starter(folder)
    except SeedstateError as error:
        Console(stderr=True, highlight=False).print(str(error), markup=False)
        raise typer.Exit(USAGE_ERROR) from None
    for path in written:
        console.print(f"written  {path}", markup=False)
    console.print("now run  pytest", markup=False)

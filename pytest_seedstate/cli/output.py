"""What commands print: tables or JSON on standard output, progress and errors beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.status import Status

from pytest_seedstate.cli.exits import FAILED, USAGE
from pytest_seedstate.errors import SeedstateError

_WIDTH = 200
"""Columns where there is no terminal: what reads a pipe has no need of folded tables."""

Render = Callable[[Console], None]


class Output:
    """One command's output.

    Args:
        as_json: whether standard output gets JSON and nothing else.
        to_errors: whether tables go to standard error, because standard output is for a shell.
    """

    def __init__(self, *, as_json: bool = False, to_errors: bool = False) -> None:
        self.as_json = as_json
        self.errors = _console(stderr=True)
        self._tables = self.errors if to_errors else _console(stderr=False)
        self._shown: Status | None = None

    def show(self, data: Mapping[str, Any], render: Render) -> None:
        """Print the result: `data` as JSON, or what `render` makes of it."""
        if self.as_json:
            self.plain(json.dumps(data, indent=2, ensure_ascii=False, default=str))
        else:
            render(self._tables)

    def plain(self, text: str) -> None:
        """Print text as it is to standard output."""
        typer.echo(text)

    def remark(self, text: str) -> None:
        """Tell something beside the result."""
        self.errors.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Live progress on a terminal, gone when it is done; silence elsewhere."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        live = self.errors.is_terminal
        bars = Progress(*columns, console=self.errors, transient=True, disable=not live)
        with self._in_front(), bars as progress:
            yield progress

    @contextmanager
    def doing(self, text: str) -> Iterator[Callable[[str], None]]:
        """A line that says what is being done, on a terminal; yields what changes its text."""
        if not self.errors.is_terminal:
            yield lambda _: None
            return
        with self._in_front(), self.errors.status(text) as status:
            self._shown = status
            yield status.update

    @contextmanager
    def _in_front(self) -> Iterator[None]:
        """Hide the line that is shown meanwhile: a terminal has one live display at a time."""
        hidden, self._shown = self._shown, None
        if hidden is not None:
            hidden.stop()
        try:
            yield
        finally:
            self._shown = hidden
            if hidden is not None:
                hidden.start()


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(stderr=stderr, highlight=False, emoji=False, width=_WIDTH)
    return console


class WrongUsageError(Exception):
    """Something that the command was given is wrong.

    Args:
        error: what.
    """

    def __init__(self, error: SeedstateError) -> None:
        super().__init__(str(error))


@contextmanager
def asking() -> Iterator[None]:
    """What fails in here was asked for wrongly: a name, a value, a setting, a pack."""
    try:
        yield
    except SeedstateError as error:
        raise WrongUsageError(error) from None


@contextmanager
def reporting(output: Output) -> Iterator[None]:
    """Tell errors on standard error and end with their exit code; see `exits`."""
    try:
        yield
    except WrongUsageError as error:
        output.remark(str(error))
        raise typer.Exit(USAGE) from None
    except SeedstateError as error:
        output.remark(str(error))
        raise typer.Exit(FAILED) from None

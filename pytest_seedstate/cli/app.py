"""The commands, by name; each is a function of a module of its group."""

from __future__ import annotations

import typer

from pytest_seedstate.cli.data import clear, reset, seed
from pytest_seedstate.cli.initial import init
from pytest_seedstate.cli.listing import scenarios, states
from pytest_seedstate.cli.looking import health, status
from pytest_seedstate.cli.running import down, up

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def seedstate() -> None:
    """The exact data that tests ask for, in every store, outside of tests too.

    \b
    A first round:
      seedstate init
      seedstate up --reset-state fresh
      seedstate status
      seedstate down

    Every command takes --json, and its own --help has examples and exit codes.
    """


for command in (init, scenarios, states, up, down, status, health, seed, reset, clear):
    app.command()(command)

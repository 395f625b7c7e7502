"""``seedstate up`` and ``seedstate down``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pytest_seedstate.cli.kept import refuse_those_in_use, remove_kept
from pytest_seedstate.cli.loading import reset_to, seed_with
from pytest_seedstate.cli.options import Json, Stores, store_names
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.starting import start_daemon
from pytest_seedstate.cli.tables import up_tables
from pytest_seedstate.cli.target import Target, check_project, opened, settings_here
from pytest_seedstate.config import Settings
from pytest_seedstate.engine.endpoints import places
from pytest_seedstate.engine.environment import export_lines
from pytest_seedstate.engine.uprun import UpRun, changing, find_up, take_down
from pytest_seedstate.errors import SeedstateError


def up(
    reset_state: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Load this reset state into the new services."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Load this scenario into the new services."),
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="Print lines for the shell; all else to stderr.")
    ] = False,
    stores: Stores = None,
    provider: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER", help="Who runs the services, as seedstate_provider says it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the project's services, which stay up until `seedstate down`.

    They have the schema and the data that is asked for, and their ports and passwords stay what
    they are while they live. When they are up already, nothing changes: not their data either.

    \b
    Examples:
      seedstate up
      seedstate up --reset-state fresh
      seedstate up --provider containers
      eval "$(seedstate up --export)"

    Exit codes: 0 they are up; 1 they could not be started or loaded, and nothing is left; 2 wrong
    usage, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json, to_errors=export)
    with reporting(output):
        with asking():
            if export and as_json:
                raise SeedstateError("--export and --json exclude each other")
            if reset_state and scenario:
                raise SeedstateError("--reset-state and --scenario exclude each other")
            here = settings_here(provider=provider)
            project = check_project(here)
            wanted = store_names(stores)
            # A name that does not exist should be told before anything is started.
            if reset_state or scenario:
                project.state([scenario] if scenario else [], reset_state=reset_state)
        with changing(here.root):
            run = find_up(here.root)
            if run is None:
                _start(output, here, wanted, provider, reset_state, scenario, export=export)
                return
        with opened(here, run) as target:
            if provider is not None:
                _check_providers(here, run)
            _say_already_up(output, run, target, wanted, reset_state or scenario)
            _print(output, run, target, export=export)


def _start(
    output: Output,
    settings: Settings,
    wanted: list[str] | None,
    provider: str | None,
    reset_state: str | None,
    scenario: str | None,
    *,
    export: bool,
) -> None:
    """Start the services, load them and tell of them; whatever fails, nothing is left."""
    # What a killed run has left.
    take_down(settings.root)
    with output.doing("starting") as step:
        run = start_daemon(Path.cwd(), settings.root, wanted, provider, step)
    try:
        with opened(settings, run) as target:
            if reset_state:
                reset_to(output, target, reset_state)
            elif scenario:
                seed_with(output, target, scenario, {})
            if reset_state or scenario:
                _check_lives(settings.root)
            _print(output, run, target, export=export)
    except BaseException:
        take_down(settings.root)
        raise


def _check_lives(root: Path) -> None:
    # A scenario that writes for itself may not notice.
    if find_up(root) is None:
        raise SeedstateError(
            "the process that holds the services has ended while data was loaded",
            checked="somebody has stopped or killed it",
            fix="try again",
        )


def _check_providers(wanted: Settings, run: UpRun) -> None:
    others = [
        f"{service} is {had}"
        for service, had in run.providers.items()
        if service in {one.service for one in run.endpoints} and had != wanted.providers[service]
    ]
    if others:
        raise SeedstateError(
            f"the services are up from another provider: {', '.join(others)}",
            fix="seedstate down, and seedstate up again",
        )


def _say_already_up(
    output: Output, run: UpRun, target: Target, wanted: list[str] | None, name: str | None
) -> None:
    if run.failures:
        raise SeedstateError(
            f"the services are up, but {' and '.join(run.failures)} has ended",
            fix="seedstate down, and seedstate up again",
            detail="\n".join(run.failures.values()),
        )
    missing = [store for store in wanted or () if store not in target.stores]
    if missing:
        raise SeedstateError(
            f"the services are up without {', '.join(missing)}",
            checked=f"up: {', '.join(target.stores)}",
            fix="seedstate down, and seedstate up again",
        )
    output.remark(
        ("already up" if run.kept is None else f"already up, with the state that {run.kept} left")
        + (
            f"; the data was left as it is, '{name}' was not loaded: see seedstate reset"
            * bool(name)
        )
    )


def _print(output: Output, run: UpRun, target: Target, *, export: bool) -> None:
    project = target.project
    if export:
        for line in export_lines(project.environment()):
            output.plain(line)
    shown = {name: places(one.variables) for name, one in target.endpoints.items()}
    data = {
        "up": True,
        "since": run.since,
        "pid": run.pid,
        "kept": run.kept,
        "folder": str(run.folder),
        "log": str(run.log),
        "services": {name: dict(one.variables) for name, one in target.endpoints.items()},
        "stores": list(target.stores),
        "environment": project.environment(),
        "last": run.last,
    }
    output.show(data, lambda console: up_tables(console, shown, project.shown_environment()))


def down(as_json: Json = False) -> None:
    """Stop the services of `seedstate up`, with all that is in them.

    The state of a failed test that `pytest --seedstate-keep=failed` has kept goes too, and
    containers that `--seedstate-reuse` keeps go unless a run uses them.

    \b
    Examples:
      seedstate down

    Exit codes: 0 nothing is up any more; 1 a kept container stays, because a run uses it or Docker
    cannot be asked; 2 a setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            root = settings_here().root
        with output.doing("stopping"), changing(root):
            found = take_down(root)
            kept = remove_kept(root)
        removed = [one for one in kept if not one.users]
        data: dict[str, Any] = {
            "up": False,
            "was_up": found,
            "removed": [asdict(one) for one in removed],
            "in_use": [asdict(one) for one in kept if one.users],
        }
        text = "stopped" if found else "nothing was up"
        if removed:
            text += f"; kept containers removed: {', '.join(one.service for one in removed)}"
        output.show(data, lambda console: console.print(text, markup=False))
        refuse_those_in_use(kept)

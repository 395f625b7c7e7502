"""``seedstate seed``, ``reset`` and ``clear``: the data of services that run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from pytest_seedstate.cli.loading import (
    Counts,
    check_collections,
    clear_stores,
    counted,
    made,
    name_what_is_not_ours,
    reset_to,
    seed_with,
    without_existing,
)
from pytest_seedstate.cli.options import Json, Stores, parameter_texts, store_names
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.tables import counts_table
from pytest_seedstate.cli.target import (
    Target,
    check_project,
    opened,
    settings_here,
)
from pytest_seedstate.engine.states import State


def seed(
    name: Annotated[str, typer.Argument(help="The scenario, or pack/scenario.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A parameter of it; may be repeated."),
    ] = None,
    stores: Stores = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be loaded, and write nothing.")
    ] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave records whose key is there already.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load a scenario on top of what the stores hold.

    \b
    Examples:
      seedstate seed search-basic
      seedstate seed performance-test --param artists=200 --stores postgres,opensearch
      seedstate seed minimal --dry-run

    Exit codes: 0 loaded; 1 it could not be made or loaded, or nothing is up; 2 an unknown
    scenario, parameter or store, a store that does not run, a wrong value, or a pack or setting
    is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            project = check_project(settings)
            texts = parameter_texts(param)
            wanted = store_names(stores)
            scenario = project.registry.scenario(name)
            params = scenario.parameters.parse(texts, scenario.where)
            state = project.state([name], params=params)
        if dry_run and not skip_existing:
            _show_dry_run(output, state, wanted, None)
            return
        with opened(settings) as target:
            with asking():
                target.check_named(wanted)
            if dry_run:
                _show_dry_run(output, state, wanted, target)
                return
            loaded, skipped = seed_with(
                output, target, name, params, wanted, skip_existing=skip_existing
            )
        data = {
            "scenario": scenario.full_name,
            "parameters": dict(params),
            "loaded": loaded,
            "skipped": skipped,
        }
        output.show(data, lambda console: counts_table(console, "Loaded", loaded, skipped))


def reset(
    name: Annotated[str, typer.Argument(help="The reset state, or pack/state.")],
    stores: Stores = None,
    as_json: Json = False,
) -> None:
    """Empty the stores and load a reset state into them.

    The data is made before anything is removed, against the records' models, and the stores are
    asked for its collections. What a store alone can tell, such as a reference to a row that is
    not there or a field that a mapping refuses, is found when it is loaded, after the stores were
    emptied. A scenario that writes through clients runs after that too.

    \b
    Examples:
      seedstate reset fresh
      seedstate reset clean --stores opensearch

    Exit codes: 0 the stores are in that state; 1 it could not be made or loaded, or nothing is up;
    2 an unknown state or store, a store that does not run, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            state = check_project(settings).registry.reset_state(name)
            wanted = store_names(stores)
        with opened(settings) as target:
            with asking():
                target.check_named(wanted)
            loaded = reset_to(output, target, name, wanted)
        data = {"state": state.full_name, "cleared": wanted or list(target.stores)}
        output.show(
            {**data, "loaded": loaded},
            lambda console: counts_table(console, f"Reset to {state.name}", loaded, {}),
        )


def clear(
    stores: Annotated[
        list[str] | None, typer.Argument(metavar="[STORE]...", help="All unless named.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove all records; what the schema created stays.

    \b
    Examples:
      seedstate clear
      seedstate clear dynamodb s3

    Exit codes: 0 the stores are empty; 1 one could not be emptied, or nothing is up; 2 an unknown
    store or one that does not run, or a setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            named = store_names(stores, where="seedstate clear")
        with opened(settings) as target:
            with asking():
                target.check_named(named)
            wanted = named or list(target.stores)
            name_what_is_not_ours(output, target)
            told = {"command": "clear", "stores": wanted}
            with target.writing(), output.doing("clearing"):
                target.remember({**told, "unfinished": True})
                clear_stores(target, wanted)
                target.remember(told)
        text = f"cleared: {', '.join(wanted)}"
        output.show({"cleared": wanted}, lambda console: console.print(text, markup=False))


def _show_dry_run(
    output: Output, state: State, wanted: Sequence[str] | None, target: Target | None
) -> None:
    if state.writes_itself:
        stores = sorted(state.stores)
        text = (
            f"'{state.title}' writes through clients to {', '.join(stores)}: what it would write "
            "is not known before it runs"
        )
        data = {"dry_run": True, "would_load": None, "writes_itself_to": stores}
        output.show(data, lambda console: console.print(text, markup=False))
        return
    entries = made(output, state, wanted)
    skipped: Counts = {}
    if target is not None:
        check_collections(target, entries, state.title)
        entries, skipped = without_existing(target, entries)
    counts = counted(entries)
    output.show(
        {"dry_run": True, "would_load": counts, "would_skip": skipped},
        lambda console: counts_table(console, "Would be loaded", counts, skipped),
    )

"""``seedstate seed``, ``reset`` and ``clear``: the data of services that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from pytest_seedstate.cli.options import Json, Stores, parameter_texts, store_names
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.target import (
    Target,
    check_project,
    find_target,
    nothing_runs,
    opened,
    settings_here,
)
from pytest_seedstate.engine.inserting import PartlyLoadedError, insert
from pytest_seedstate.engine.states import State
from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.progress import FROM_THE_START

Entries = Mapping[str, Mapping[str, Sequence[Any]]]
"""What is loaded: store, then collection, then entries."""


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
    scenario, parameter or store, a wrong value, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            project = check_project(settings)
            texts = parameter_texts(param)
            scenario = project.registry.scenario(name)
            params = scenario.parameters.parse(texts, scenario.where)
            state = project.state([name], params=params)
            target = find_target(settings)
        if dry_run and not skip_existing and target is None:
            known: Sequence[str] = sorted(state.stores)
            with asking():
                wanted = store_names(stores, known)
            _show_dry_run(output, state, wanted, None)
            return
        if target is None:
            raise nothing_runs(settings)
        try:
            with asking():
                wanted = store_names(stores, list(target.stores))
            if dry_run:
                state = target.project.state([name], params=params)
                _show_dry_run(output, state, wanted, target if skip_existing else None)
                return
            loaded, skipped = seed_with(
                output, target, name, params, wanted, skip_existing=skip_existing
            )
        finally:
            target.close()
        data = {
            "scenario": scenario.full_name,
            "parameters": dict(params),
            "loaded": loaded,
            "skipped": skipped,
        }
        output.show(data, lambda console: _counts_table(console, "Loaded", loaded, skipped))


def reset(
    name: Annotated[str, typer.Argument(help="The reset state, or pack/state.")],
    stores: Stores = None,
    as_json: Json = False,
) -> None:
    """Empty the stores and load a reset state into them.

    The data is made and checked before anything is removed.

    \b
    Examples:
      seedstate reset fresh
      seedstate reset clean --stores opensearch

    Exit codes: 0 the stores are in that state; 1 it could not be made or loaded, or nothing is up;
    2 an unknown state or store, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            state = check_project(settings).registry.reset_state(name)
        with opened(settings) as target:
            with asking():
                wanted = store_names(stores, list(target.stores))
            loaded = reset_to(output, target, name, wanted)
        data = {"state": state.full_name, "cleared": wanted or list(target.stores)}
        output.show(
            {**data, "loaded": loaded},
            lambda console: _counts_table(console, f"Reset to {state.name}", loaded, {}),
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
    store, or a setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
        with opened(settings) as target:
            with asking():
                wanted = store_names(stores, list(target.stores)) or list(target.stores)
            _name_what_is_not_ours(output, target)
            with target.writing({"command": "clear", "stores": wanted}), output.doing("clearing"):
                _clear(target, wanted)
        text = f"cleared: {', '.join(wanted)}"
        output.show({"cleared": wanted}, lambda console: console.print(text, markup=False))


# -- what `up` does too


def seed_with(
    output: Output,
    target: Target,
    name: str,
    params: Mapping[str, Any],
    wanted: Sequence[str] | None = None,
    *,
    skip_existing: bool = False,
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Load a scenario.

    Returns:
        How many entries were loaded and how many left out, by store and collection.

    Raises:
        SeedstateError: it could not be made, or a store refused its part.
    """
    state = target.project.state([name], params=params)
    _check_stores(state, target, wanted)
    _name_what_is_not_ours(output, target)
    told = {"command": "seed", "name": name, "parameters": dict(params)}
    with target.writing(told):
        entries = _made(output, state, wanted)
        skipped: dict[str, dict[str, int]] = {}
        if skip_existing:
            with output.doing("looking for what is there already"):
                entries, skipped = _without_existing(target, entries)
        _load(
            output,
            target,
            state.title,
            entries,
            f"seedstate seed {name} --skip-existing loads the rest; "
            "seedstate clear or reset starts again",
        )
    return _counted(entries), skipped


def reset_to(
    output: Output, target: Target, name: str, wanted: Sequence[str] | None = None
) -> dict[str, dict[str, int]]:
    """Empty the stores and load a reset state.

    Returns:
        How many entries were loaded, by store and collection.

    Raises:
        SeedstateError: it could not be made, and nothing was removed; or a store refused, and what
            the stores hold then.
    """
    state = target.project.state(reset_state=name)
    if state.generate is not None:
        _check_stores(state, target, wanted)
    names = list(wanted or target.stores)
    _name_what_is_not_ours(output, target)
    with target.writing({"command": "reset", "name": name, "stores": names}):
        entries: Entries = {}
        if not state.writes_itself:
            entries = _made(output, state, wanted)
            _check_collections(target, entries, state.title)
        with output.doing("clearing"):
            _clear(target, names)
        if state.writes_itself:
            entries = _made(output, state, wanted)
        _load(
            output, target, state.title, entries, f"mend it, and run seedstate reset {name} again"
        )
    return _counted(entries)


def _name_what_is_not_ours(output: Output, target: Target) -> None:
    text = target.not_of_ours
    if text is not None:
        output.remark(text)


def _made(output: Output, state: State, wanted: Sequence[str] | None) -> Entries:
    if state.generate is None:
        return {}
    with output.doing(f"making the data of {state.title}"):
        entries = state.generate(FROM_THE_START).entries
    return {store: each for store, each in entries.items() if wanted is None or store in wanted}


def _check_stores(state: State, target: Target, wanted: Sequence[str] | None) -> None:
    """Refuse a scenario that writes for itself where its stores are not all there."""
    if not state.writes_itself:
        return
    missing = sorted(state.stores - set(target.stores if wanted is None else wanted))
    if missing:
        raise SeedstateError(
            f"'{state.title}' writes through clients, so it cannot be kept from {', '.join(missing)}",
            fix="leave --stores out"
            if wanted is not None
            else "start all its stores: seedstate up",
        )


def _check_collections(target: Target, entries: Entries, title: str) -> None:
    """Refuse data for stores and collections that are not there, before anything is removed."""
    for store in entries:
        if store not in target.stores:
            raise unknown_name("running store", store, list(target.stores), where=title)
    nothing = {store: dict.fromkeys(each, ()) for store, each in entries.items()}
    outcomes = target.each(list(entries), lambda store: store.absent(nothing[store.name]))
    for found in outcomes.values():
        if isinstance(found, SeedstateError):
            raise found


def _clear(target: Target, names: Sequence[str]) -> None:
    outcomes = target.each(names, lambda store: store.clear())
    failed = {name: each for name, each in outcomes.items() if isinstance(each, SeedstateError)}
    if failed:
        cleared = [name for name in names if name not in failed]
        error = next(iter(failed.values()))
        raise SeedstateError(
            f"{', '.join(failed)} could not be cleared: {error.problem}",
            where=error.where,
            checked=f"cleared: {', '.join(cleared) or 'none'}",
            fix=error.fix,
            detail=error.detail,
        )


def _load(output: Output, target: Target, title: str, entries: Entries, way_on: str) -> None:
    with output.progress() as progress:
        bars = {
            store: progress.add_task(store, total=sum(len(each) for each in collections.values()))
            for store, collections in entries.items()
        }
        try:
            insert(
                target.stores,
                title,
                entries,
                lambda store, number: progress.advance(bars[store], number),
            )
        except PartlyLoadedError as error:
            state = [f"loaded: {', '.join(sorted(error.loaded)) or 'nothing'}"]
            state.append(f"refused, and as before: {', '.join(sorted(error.failed))}")
            others = [f"{each}" for each in list(error.failed.values())[1:]]
            raise SeedstateError(
                error.problem,
                where=error.where,
                checked="; ".join([*state, *filter(None, [error.checked])]),
                fix="; ".join(filter(None, [error.fix, way_on])),
                detail="\n".join(filter(None, [error.detail, *others])) or None,
            ) from None


def _without_existing(
    target: Target, entries: Entries
) -> tuple[Entries, dict[str, dict[str, int]]]:
    outcomes = target.each(list(entries), lambda store: store.absent(entries[store.name]))
    absent: dict[str, Mapping[str, Sequence[Any]]] = {}
    for store, found in outcomes.items():
        if isinstance(found, SeedstateError):
            raise found
        absent[store] = found
    skipped = {
        store: {
            name: len(each) - len(absent[store][name])
            for name, each in collections.items()
            if len(each) > len(absent[store][name])
        }
        for store, collections in entries.items()
    }
    return absent, {store: counts for store, counts in skipped.items() if counts}


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
    entries = _made(output, state, wanted)
    skipped: dict[str, dict[str, int]] = {}
    if target is not None:
        entries, skipped = _without_existing(target, entries)
    counted = _counted(entries)
    output.show(
        {"dry_run": True, "would_load": counted, "would_skip": skipped},
        lambda console: _counts_table(console, "Would be loaded", counted, skipped),
    )


def _counted(entries: Entries) -> dict[str, dict[str, int]]:
    return {
        store: {name: len(each) for name, each in collections.items()}
        for store, collections in entries.items()
    }


def _counts_table(
    console: Console,
    title: str,
    counts: Mapping[str, Mapping[str, int]],
    skipped: Mapping[str, Mapping[str, int]],
) -> None:
    table = Table("store", "collection", Column("records", justify="right"), title=title)
    if skipped:
        table.add_column("there already", justify="right")
    total = 0
    for store, collections in counts.items():
        for name, number in collections.items():
            total += number
            there = skipped.get(store, {}).get(name, 0)
            table.add_row(store, name, str(number), *([str(there)] if skipped else []))
    console.print(table)
    console.print(f"{total} record{'' if total == 1 else 's'}", markup=False)

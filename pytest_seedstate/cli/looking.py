"""``seedstate status`` and ``seedstate health``: what runs, and whether it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

import typer

from pytest_seedstate.cli.exits import FAILED
from pytest_seedstate.cli.kept import kept_containers
from pytest_seedstate.cli.options import Json
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.tables import health_table, kept_table, status_tables
from pytest_seedstate.cli.target import Target, find_target, nothing_runs, opened, settings_here
from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import STORES_OF_SERVICE
from pytest_seedstate.engine.endpoints import masked
from pytest_seedstate.engine.uprun import find_kept
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.base import Store


def status(as_json: Json = False) -> None:
    """Say what runs, where and since when, what is in it, and what was loaded last.

    Containers that `--seedstate-reuse` keeps are listed with the processes that use them.

    \b
    Examples:
      seedstate status
      seedstate status --json | jq '.stores.postgres.counts'

    Exit codes: 0 services run and all of them answer; 1 one does not, or nothing is up; 2 a
    setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
            target = find_target(settings)
        if target is None:
            containers = _kept(output, settings)
            none = {"up": False, "services": {}, "stores": {}, "containers": containers}
            output.show(none, lambda console: kept_table(console, containers))
            raise nothing_runs(settings)
        try:
            with output.doing("counting"):
                stores = _ask(target, "counts", lambda store: store.counts())
        finally:
            target.close()
        run = target.up
        kept = find_kept(settings.root)
        data = {
            "up": run is not None,
            "since": run.since if run else None,
            "pid": run.pid if run else None,
            "kept": kept.kept if kept else None,
            "kept_folder": str(kept.folder) if kept else None,
            "folder": str(run.folder) if run else None,
            "log": str(run.log) if run else None,
            "root": str(settings.root),
            "last": run.last if run else None,
            "services": _services(target),
            "stores": stores,
            "containers": _kept(output, settings),
        }
        output.show(data, lambda console: status_tables(console, data))
        _end_if_any_failed(stores, target)


def _kept(output: Output, settings: Settings) -> list[dict[str, Any]]:
    try:
        return [asdict(one) for one in kept_containers(settings.root)]
    except SeedstateError as error:
        # What runs can be told all the same.
        output.remark(str(error))
        return []


def health(as_json: Json = False) -> None:
    """Ask every store whether it answers, how quickly, and how much it holds.

    \b
    Examples:
      seedstate health
      seedstate health --json

    Exit codes: 0 all answer; 1 one does not or has ended, or nothing is up; 2 a setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output):
        with asking():
            settings = settings_here()
        with opened(settings) as target:
            with output.doing("asking"):
                answers = _ask(target, "answer", lambda store: store.health())
                counted = target.each(list(target.stores), lambda store: store.counts())
            for name, counts in counted.items():
                if isinstance(counts, dict):
                    answers[name]["collections"] = len(counts)
                    answers[name]["records"] = sum(counts.values())
                elif answers[name]["problem"] is None:
                    problem = counts if target.up else _without_fix(counts)
                    answers[name]["problem"] = str(problem)
            services = _services(target)
            for name, service in services.items():
                stores = (answers[store] for store in STORES_OF_SERVICE[name])
                service["answers"] = all(store["problem"] is None for store in stores)
            healthy = not _any_failed(answers, target)
            data = {"healthy": healthy, "services": services, "stores": answers}
        output.show(data, lambda console: health_table(console, data))
        _end_if_any_failed(answers, target)


def _services(target: Target) -> dict[str, Any]:
    failures = target.up.failures if target.up else {}
    return {
        name: {**masked(one.variables), "named_by": one.source, "problem": failures.get(name)}
        for name, one in target.endpoints.items()
    }


def _ask(target: Target, key: str, question: Callable[[Store], Any]) -> dict[str, dict[str, Any]]:
    """The answer of each store under `key`, with its time, or its problem."""

    def timed(store: Store) -> tuple[Any, float]:
        start = perf_counter()
        answer = question(store)
        return answer, round((perf_counter() - start) * 1000, 1)

    answers: dict[str, dict[str, Any]] = {}
    for name, outcome in target.each(list(target.stores), timed).items():
        if isinstance(outcome, SeedstateError):
            problem = str(outcome if target.up else _without_fix(outcome))
            answers[name] = {key: None, "milliseconds": None, "problem": problem}
        else:
            answers[name] = {key: outcome[0], "milliseconds": outcome[1], "problem": None}
    return answers


def _without_fix(error: SeedstateError) -> SeedstateError:
    """The same without what to do, which is meant for services that we started ourselves."""
    return SeedstateError(
        error.problem, where=error.where, checked=error.checked, detail=error.detail
    )


def _any_failed(stores: dict[str, dict[str, Any]], target: Target) -> bool:
    if target.up is not None and target.up.failures:
        return True
    return any(store["problem"] is not None for store in stores.values())


def _end_if_any_failed(stores: dict[str, dict[str, Any]], target: Target) -> None:
    if _any_failed(stores, target):
        raise typer.Exit(FAILED)

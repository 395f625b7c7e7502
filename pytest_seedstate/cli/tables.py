"""The commands' results as tables, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from pytest_seedstate.config.services import SERVICE_OF_STORE
from pytest_seedstate.engine.endpoints import places


def scenario_table(console: Console, found: list[dict[str, Any]]) -> None:
    """All scenarios, as `seedstate scenarios` has them in JSON."""
    # Names are there to be copied: they are never cut.
    table = Table(
        Column("scenario", no_wrap=True), "pack", "parameters", "what it is", title="Scenarios"
    )
    for one in found:
        table.add_row(one["name"], one["pack"], one["signature"], one["description"])
    console.print(table)


def state_table(console: Console, found: list[dict[str, Any]]) -> None:
    """All reset states, as `seedstate states` has them in JSON."""
    table = Table(
        Column("state", no_wrap=True),
        "pack",
        "scenarios",
        "copies",
        "stores",
        "what it is",
        title="Reset states",
    )
    for one in found:
        stores = "all" if one["stores"] is None else ", ".join(one["stores"])
        names = ", ".join(one["scenarios"]) or "-"
        table.add_row(
            one["name"], one["pack"], names, str(one["copies"]), stores, one["description"]
        )
    console.print(table)


def up_tables(console: Console, services: dict[str, str], environment: dict[str, str]) -> None:
    """Services by URL and the environment, both without secrets."""
    table = Table(
        Column("service", no_wrap=True), Column("at", overflow="fold"), title="Services that are up"
    )
    for name, url in services.items():
        table.add_row(name, url)
    console.print(table)
    table = Table(
        Column("variable", no_wrap=True), Column("value", overflow="fold"), title="Environment"
    )
    for name, value in environment.items():
        table.add_row(name, value)
    console.print(table)
    console.print('for your shell: eval "$(seedstate up --export)"', markup=False)


def status_tables(console: Console, data: dict[str, Any]) -> None:
    """What `seedstate status` has in JSON."""
    since = f"up since {data['since']}, process {data['pid']}" if data["up"] else "not of ours"
    table = Table(
        "service", Column("at", overflow="fold"), "named by", "state", title=f"Services, {since}"
    )
    # Nobody looks after the services of others: whether their stores answer stands below.
    state = "runs" if data["up"] else "-"
    for name, service in data["services"].items():
        table.add_row(name, places(service), service["named_by"], service["problem"] or state)
    console.print(table)
    table = Table("store", "collection", Column("records", justify="right"), title="Data")
    for name, store in data["stores"].items():
        if store["problem"] is not None:
            table.add_row(name, store["problem"], "-", style="red")
            continue
        for collection, number in store["counts"].items():
            table.add_row(name, collection, str(number))
        table.add_row(name, "all", str(sum(store["counts"].values())), style="bold")
    console.print(table)
    last = data["last"]
    if last:
        what = " ".join(filter(None, (last["command"], last.get("name"))))
        end = ", not finished" if last.get("unfinished") else ""
        console.print(f"last: {what}, {last['at']}{end}", markup=False)
    if data["kept"]:
        here = data["folder"] == data["kept_folder"]
        where = "this is" if here else "besides, kept in services of its own:"
        console.print(f"{where} the state that {data['kept']} left", markup=False, soft_wrap=True)
    kept_table(console, data["containers"])
    if data["log"]:
        console.print(f"log: {data['log']}", markup=False, soft_wrap=True)


def kept_table(console: Console, kept: list[dict[str, Any]]) -> None:
    """Containers that stay for later runs, as `seedstate status` has them in JSON; none: nothing."""
    if not kept:
        return
    table = Table("service", "container", "state", "used by processes", title="Kept containers")
    for one in kept:
        users = ", ".join(map(str, one["users"])) or "-"
        state = "runs" if one["running"] else "has ended"
        table.add_row(one["service"], one["container"][:12], state, users)
    console.print(table)


def health_table(console: Console, data: dict[str, Any]) -> None:
    """What `seedstate health` has in JSON."""
    table = Table(
        "store",
        "health",
        Column("at", overflow="fold"),
        "answer",
        Column("ms", justify="right"),
        Column("collections", justify="right"),
        Column("records", justify="right"),
        title="Health",
    )
    for name, store in data["stores"].items():
        service = data["services"][SERVICE_OF_STORE[name]]
        url = service.get(f"{name}_url", service["url"])
        if store["problem"] is not None:
            table.add_row(name, "fails", url, store["problem"], "-", "-", "-", style="red")
        else:
            numbers = (str(store[key]) for key in ("milliseconds", "collections", "records"))
            health = "ok" if service["problem"] is None else "ended"
            table.add_row(name, health, url, store["answer"], *numbers)
    console.print(table)
    for name, service in data["services"].items():
        if service["problem"] is not None:
            still = "still answers" if service["answers"] else "does not answer"
            text = f"{name} has ended, and {still}: seedstate down, and up again\n"
            console.print(text + service["problem"], markup=False, soft_wrap=True)


def counts_table(
    console: Console,
    title: str,
    counts: Mapping[str, Mapping[str, int]],
    skipped: Mapping[str, Mapping[str, int]],
) -> None:
    """How many records, by store and collection, and how many were there already."""
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

"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from typing import Annotated

import typer

from pytest_seedstate.config.services import SERVICE_OF_STORE
from pytest_seedstate.errors import SeedstateError, unknown_name

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Stores = Annotated[
    list[str] | None,
    typer.Option("--stores", metavar="STORE,...", help="Only these stores; may be repeated."),
]


def store_names(given: list[str] | None, *, where: str = "--stores") -> list[str] | None:
    """The stores that are named, each once; None where none is.

    Args:
        given: the values of the option or argument.
        where: how it is called, for messages.

    Raises:
        SeedstateError: a store that does not exist, or no name in what is given.
    """
    if not given:
        return None
    names = [name.strip() for each in given for name in each.split(",") if name.strip()]
    for name in names:
        if name not in SERVICE_OF_STORE:
            raise unknown_name("store", name, sorted(SERVICE_OF_STORE), where=where)
    if not names:
        raise SeedstateError(
            f"{where} names no store", checked=f"known: {', '.join(SERVICE_OF_STORE)}"
        )
    return list(dict.fromkeys(names))


def parameter_texts(given: list[str] | None) -> dict[str, str]:
    """The texts of ``--param NAME=VALUE`` by name.

    Raises:
        SeedstateError: one without a name or sign, or a name that is given twice.
    """
    texts: dict[str, str] = {}
    for each in given or ():
        name, sign, text = each.partition("=")
        if not sign or not name.strip().isidentifier():
            raise SeedstateError(f"--param got '{each}'", fix="write --param NAME=VALUE")
        if name.strip() in texts:
            raise SeedstateError(f"--param {name.strip()} is given twice")
        texts[name.strip()] = text
    return texts

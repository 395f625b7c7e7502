"""A scenario: a named recipe for data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.declared import Site, calling_site, put
from pytest_seedstate.records.parameters import Parameter, Parameters, read_parameters

if TYPE_CHECKING:
    from pytest_seedstate.records.pack import Pack

COLLECTION_WORDS = {
    "postgres": "table",
    "dynamodb": "table",
    "s3": "bucket",
    "opensearch": "index",
}
"""What each store calls the thing that entries go to."""

STORES = tuple(COLLECTION_WORDS)
"""The stores there are."""


class Scenario:
    """What `@scenario` makes of a function: an object that markers and other scenarios can name.

    It has no ``__name__``: pytest would take an object with a name for the function that the
    marker decorates.

    Attributes:
        name: the name without the pack.
        function: what makes the data.
        extends: scenarios that run before it, names or objects.
        stores: stores that it writes to through clients itself.
        inputs: files that it reads.
        ddl: tests that start from it change tables.
        site: where it is declared.
        pack: the pack it belongs to, None outside of packs.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        extends: tuple[str | Scenario, ...],
        stores: tuple[str, ...],
        inputs: tuple[Path, ...],
        ddl: bool,
        parameters: Parameters,
        site: Site,
    ) -> None:
        self.name = name
        self.function = function
        self.extends = extends
        self.stores = stores
        self.inputs = inputs
        self.ddl = ddl
        self.parameters = parameters
        self.site = site
        self.pack: Pack | None = None

    @property
    def full_name(self) -> str:
        """``pack/name``, or the bare name outside of packs."""
        return f"{self.pack.name}/{self.name}" if self.pack and self.pack.name else self.name

    @property
    def params(self) -> Mapping[str, Parameter]:
        """The parameters by name, in order."""
        return self.parameters.known

    @property
    def where(self) -> str:
        """Name and place, for messages."""
        return f"scenario '{self.full_name}' at {self.site}"

    @property
    def signature_text(self) -> str:
        """The parameters with their defaults: ``count=3, city``."""
        return ", ".join(str(parameter) for parameter in self.params.values())

    @property
    def summary(self) -> str:
        """The first line of the function's docstring, or nothing."""
        return next(iter((inspect.getdoc(self.function) or "").splitlines()), "")

    def __call__(self, seed: Any, /, **params: Any) -> Any:
        """Call the function itself."""
        return self.function(seed, **params)

    def __repr__(self) -> str:
        return f"<Scenario {self.full_name} at {self.site}>"


def scenario(
    name: str,
    *,
    extends: str | Scenario | Sequence[str | Scenario] = (),
    stores: str | Sequence[str] = (),
    inputs: str | Path | Sequence[str | Path] = (),
    ddl: bool = False,
) -> Callable[[Callable[..., Any]], Scenario]:
    """Declare a scenario: a function that yields records, or writes through clients itself.

    The function's first parameter is the seed (see `Seed`), further ones are the scenario's own.
    It may be a generator, return records, or return nothing, and each of these ``async`` too.

    Args:
        name: its name, unique in its pack.
        extends: scenarios whose data comes first.
        stores: the stores it writes to itself, whose clients and variables it needs.
        inputs: files that it reads, relative to the file that declares it; when one of them
            changes, the data is made again.
        ddl: tests that start from it run DDL: PostgreSQL is a disposable clone for them, without
            a journal, and is replaced by another one after each test that wrote.

    Raises:
        SeedstateError: a bad name, an unknown store, a reserved parameter name, a missing file.
    """
    site = calling_site()
    where = f"scenario '{name}' at {site}"
    if not isinstance(name, str):
        raise SeedstateError(
            "a scenario needs a name", where=str(site), fix='write @scenario("a-name")'
        )
    check_name("scenario", name, str(site))
    wanted = tuple(_listed(stores))
    for store in wanted:
        if store not in STORES:
            raise unknown_name("store", store, STORES, where=where)
    files = tuple(site.path.parent / path for path in _listed(inputs))
    for path in files:
        if not path.exists():
            raise SeedstateError(f"the input '{path}' does not exist", where=where)

    def declare(function: Callable[..., Any]) -> Scenario:
        declared = Scenario(
            name,
            function,
            extends=tuple(_listed(extends)),
            stores=wanted,
            inputs=files,
            ddl=ddl,
            parameters=read_parameters(function, where),
            site=site,
        )
        put(site.declared().scenarios, declared)
        return declared

    return declare


def check_name(kind: str, name: str, where: str) -> None:
    """Refuse names that no marker, option or key could hold.

    Raises:
        SeedstateError: the name is empty, or has spaces or a slash in it.
    """
    if not name or any(char.isspace() or char in "/[]," for char in name):
        raise SeedstateError(
            f"'{name}' cannot be the name of a {kind}",
            where=where,
            fix="use letters, digits, '-', '_' and '.'; the pack's name comes by itself",
        )


def _listed(given: Any) -> Sequence[Any]:
    return (given,) if isinstance(given, (str, Path, Scenario)) else tuple(given)

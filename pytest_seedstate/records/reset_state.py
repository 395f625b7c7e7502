"""A reset state: a named base condition of the stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_seedstate.errors import SeedstateError, unknown_name
from pytest_seedstate.records.declared import Site, calling_site, put
from pytest_seedstate.records.scenario import STORES, Scenario, check_name

if TYPE_CHECKING:
    from pytest_seedstate.records.pack import Pack


@dataclass(eq=False)
class ResetState:
    """A named base condition.

    Attributes:
        name: the name without the pack.
        wanted: the scenarios whose data it holds, in order, names or objects; none for empty
            stores.
        copies: how often, each time with other keys.
        stores: the stores it fills; None means all.
        description: one line for lists.
        site: where it is declared.
        pack: the pack it belongs to, None outside of packs.
    """

    name: str
    wanted: tuple[str | Scenario, ...]
    copies: int
    stores: tuple[str, ...] | None
    description: str
    site: Site
    pack: Pack | None = field(default=None)

    @property
    def full_name(self) -> str:
        """``pack/name``, or the bare name outside of packs."""
        return f"{self.pack.name}/{self.name}" if self.pack and self.pack.name else self.name

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The names of its scenarios, for lists."""
        return tuple(one if isinstance(one, str) else one.full_name for one in self.wanted)

    @property
    def where(self) -> str:
        """Name and place, for messages."""
        return f"reset state '{self.full_name}' at {self.site}"

    def __repr__(self) -> str:
        return f"<ResetState {self.full_name} at {self.site}>"


def reset_state(
    name: str,
    scenario: str | Scenario | Sequence[str | Scenario] | None = None,
    *,
    copies: int = 1,
    stores: str | Sequence[str] | None = None,
    description: str = "",
) -> ResetState:
    """Declare a reset state.

    Args:
        name: its name, unique in its pack.
        scenario: the scenario or scenarios whose data it holds; None for empty stores.
        copies: how often the named scenarios' data is made, 1 or more; what they extend is made
            once. Each copy is made anew: sequences go on and the random values differ, so keys
            that come from them differ too.
        stores: the stores it fills, the others stay empty; None means all.
        description: one line for lists.

    Raises:
        SeedstateError: a bad name, an unknown store, fewer copies than one.
    """
    site = calling_site()
    where = f"reset state '{name}' at {site}"
    check_name("reset state", name, str(site))
    if copies < 1:
        raise SeedstateError(f"copies must be 1 or more, not {copies}", where=where)
    filled = (stores,) if isinstance(stores, str) else None if stores is None else tuple(stores)
    for store in filled or ():
        if store not in STORES:
            raise unknown_name("store", store, STORES, where=where)
    if scenario is None:
        scenarios: tuple[str | Scenario, ...] = ()
    elif isinstance(scenario, (str, Scenario)):
        scenarios = (scenario,)
    else:
        scenarios = tuple(scenario)
    state = ResetState(name, scenarios, copies, filled, description, site)
    put(site.declared().states, state)
    return state

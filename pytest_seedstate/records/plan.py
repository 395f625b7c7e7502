"""A plan: which scenarios run in which order, with which parameters, checked beforehand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.pack import Pack
from pytest_seedstate.records.registry import Registry
from pytest_seedstate.records.scenario import STORES, Scenario
from pytest_seedstate.stores.canonical import encode

ONCE = 0
"""The round of what runs once: outside of a reset state, or only extended by what it copies."""

FIRST_COPY = 1
"""The round of what a reset state names itself, which goes on with each copy."""

_KEY_DIGITS = 16


@dataclass(frozen=True)
class Step:
    """One run of a scenario.

    Attributes:
        scenario: what runs.
        params: all its parameters.
        copy: how often it ran before in the same plan; every copy has its own seed.
        round: which copy of a reset state it belongs to: `ONCE`, `FIRST_COPY` or a later one.
        below: the scenarios that it extends, directly or not.
        stores: the stores that its records go to; None means all.
    """

    scenario: Scenario
    params: Mapping[str, Any]
    copy: int
    round: int
    below: frozenset[Scenario]
    stores: tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """What makes one dataset.

    Attributes:
        title: how it is called in messages: ``fresh + search-basic(count=5)``.
        steps: in order; what a scenario extends comes before it.
        root: the project's root directory, where commands run.
        derived_tables: PostgreSQL tables whose key is the first field.
    """

    title: str
    steps: tuple[Step, ...]
    root: Path
    derived_tables: frozenset[str]

    @cached_property
    def stores(self) -> frozenset[str]:
        """The stores that scenarios write to themselves, which must run before they do."""
        return frozenset(store for step in self.steps for store in step.scenario.stores)

    @cached_property
    def possible_stores(self) -> frozenset[str]:
        """All stores that the data may touch: `stores`, and where the packs' records live."""
        found = set(self.stores)
        for step in self.steps:
            allowed = STORES if step.stores is None else step.stores
            pack = step.scenario.pack
            found.update(store for store in (pack.stores if pack else ()) if store in allowed)
        return frozenset(found)

    @property
    def writes_itself(self) -> bool:
        """Whether a scenario writes through clients, so that services must run first."""
        return bool(self.stores)

    @property
    def ddl(self) -> bool:
        """Whether tests that start from it change tables."""
        return any(step.scenario.ddl for step in self.steps)

    @property
    def namespaces(self) -> list[dict[str, Any]]:
        """The names of the modules that take part."""
        found: dict[int, dict[str, Any]] = {}
        for step in self.steps:
            pack = step.scenario.pack
            for names in (step.scenario.site.names, *(pack.namespaces if pack else ())):
                found[id(names)] = names
        return list(found.values())

    def key(self, seed_number: int, now: dt.datetime) -> str:
        """A name for the state that the plan leads to: equal where all that makes the data is.

        Args:
            seed_number: the run's seed.
            now: the run's clock.
        """
        parts = [
            [
                step.scenario.full_name,
                str(step.scenario.site.path),
                dict(step.params),
                step.copy,
                step.stores,
                [_content_hash(path) for path in step.scenario.inputs],
            ]
            for step in self.steps
        ]
        digest = hashlib.sha256(encode([parts, seed_number, now])).hexdigest()
        return f"{self.title} #{digest[:_KEY_DIGITS]}"


def plan(
    registry: Registry,
    scenarios: Iterable[str | Scenario],
    params: Mapping[str, Any] | None = None,
    *,
    reset_state: str | None = None,
    visible_from: Path | None = None,
) -> Plan:
    """Resolve and check what a test asks for; nothing runs yet.

    Args:
        registry: the project's names.
        scenarios: names or objects, layered in this order.
        params: parameters of a single scenario.
        reset_state: the state below them.
        visible_from: the file that asks, for scenarios of conftests.

    Raises:
        SeedstateError: an unknown or ambiguous name, an unknown or missing parameter or one that
            cannot be part of a key, parameters for several scenarios, scenarios that extend each
            other in a circle.
    """
    given = dict(params or {})
    asked = [registry.scenario(one, visible_from=visible_from) for one in scenarios]
    if given and len(asked) != 1:
        raise SeedstateError(
            f"parameters ({', '.join(given)}) go to a single scenario, not to {len(asked)}"
        )
    builder = _Builder(registry, visible_from)
    titles = []
    if reset_state is not None:
        state = registry.reset_state(reset_state, visible_from=visible_from)
        below = [builder.named(one, state.pack, state.where) for one in state.wanted]
        builder.fill(state.stores)
        for number in range(state.copies):
            builder.begin_copy(FIRST_COPY + number, below)
            for one in below:
                builder.add(one, {})
        titles.append(state.name)
        builder.end_state()
    for one in asked:
        builder.add(one, given)
        titles.append(one.name + (f"({_shown(given)})" if given else ""))
    return Plan(
        " + ".join(titles) or "no data",
        tuple(builder.steps),
        registry.root,
        registry.derived_tables,
    )


class _Builder:
    def __init__(self, registry: Registry, visible_from: Path | None) -> None:
        self.steps: list[Step] = []
        self._registry = registry
        self._visible_from = visible_from
        self._done: set[bytes] = set()
        self._done_of_copy: set[bytes] = set()
        self._round = ONCE
        self._copied: frozenset[Scenario] = frozenset()
        self._stores: tuple[str, ...] | None = None
        self._runs: dict[int, int] = {}

    def fill(self, stores: tuple[str, ...] | None) -> None:
        """What comes now goes into these stores."""
        self._stores = stores

    def begin_copy(self, number: int, scenarios: Collection[Scenario]) -> None:
        """These scenarios run again; what they extend besides is there already."""
        self._round = number
        self._copied = frozenset(scenarios)
        self._done_of_copy = set()

    def end_state(self) -> None:
        """What comes now is layered on top of the first copy."""
        self._done |= self._done_of_copy
        self._copied = frozenset()
        self._round = ONCE
        self._stores = None

    def add(
        self, scenario: Scenario, params: Mapping[str, Any], *path: Scenario
    ) -> frozenset[Scenario]:
        """Add a scenario after what it extends, unless it is there already.

        Returns:
            The scenario and all that it extends.
        """
        if scenario in path:
            circle = [*path[path.index(scenario) :], scenario]
            raise SeedstateError(
                "scenarios extend each other in a circle: "
                + " -> ".join(one.full_name for one in circle),
                where=", ".join(str(one.site) for one in circle[:-1]),
            )
        below: frozenset[Scenario] = frozenset()
        for name in scenario.extends:
            base = self.named(name, scenario.pack, f"extends= of {scenario.where}")
            below |= self.add(base, {}, *path, scenario)
        bound = scenario.parameters.bind(params, scenario.where)
        try:
            identity = encode([id(scenario), bound])
        except SeedstateError as error:
            raise SeedstateError(
                f"a parameter cannot be used: {error.problem}", where=scenario.where
            ) from None
        is_copied = scenario in self._copied
        done = self._done_of_copy if is_copied else self._done
        if identity not in done:
            done.add(identity)
            copy = self._runs.get(id(scenario), 0)
            self._runs[id(scenario)] = copy + 1
            number = self._round if is_copied else ONCE
            self.steps.append(Step(scenario, bound, copy, number, below, self._stores))
        return below | {scenario}

    def named(self, name: str | Scenario, within: Pack | None, where: str) -> Scenario:
        """The scenario that another scenario or a reset state names."""
        try:
            return self._registry.scenario(name, visible_from=self._visible_from, within=within)
        except SeedstateError as error:
            raise SeedstateError(
                error.problem, where=where, checked=error.checked, fix=error.fix
            ) from None


def _shown(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in params.items())


def _content_hash(path: Path) -> str:
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        about = file.stat()
        total.update(
            f"{file.name}\0{_file_hash(file, about.st_mtime_ns, about.st_size)}\0".encode()
        )
    return total.hexdigest()


@lru_cache(maxsize=4096)
def _file_hash(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
